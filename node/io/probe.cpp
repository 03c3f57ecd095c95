#include "node/io/probe.hpp"

#include <cerrno>

namespace starling::io {
namespace {

Probe::Outcome outcome_of(int error) {
    const auto detail = static_cast<std::uint32_t>(error);
    if (error == 0) return {node::LinkNews::probe_accepted, 0};
    if (error == ECONNREFUSED) return {node::LinkNews::refused, detail};
    if (error == ETIMEDOUT) return {node::LinkNews::timed_out, detail};
    return {node::LinkNews::unreachable, detail};
}

}  // namespace

Probe::Probe(Poller& poller, const Endpoint& to, BootTime deadline)
    : poller_(poller),
      deadline_(deadline),
      socket_(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int error = start(to);
    if (error != EINPROGRESS) {
        finish(error);
        return;
    }
    poller_.add(socket_.get(), Interest::writable, *this);
    watched_ = true;
}

int Probe::start(const Endpoint& to) const {
    if (!socket_.valid()) return errno;  // of the member initializer just before
    return ::connect(socket_.get(), to.get(), to.size()) == 0 ? 0 : errno;
}

Probe::~Probe() {
    if (watched_) poller_.remove(socket_.get());
}

void Probe::on_ready() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    finish(error);
}

void Probe::finish(int error) {
    if (watched_) poller_.remove(socket_.get());
    watched_ = false;
    // A free port of this machine may be given to this very socket, which then meets itself.
    if (error == 0 && connected_to_itself()) error = ECONNREFUSED;
    outcome_ = outcome_of(error);
}

bool Probe::connected_to_itself() const {
    sockaddr_storage own{};
    sockaddr_storage peer{};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    auto* own_address = reinterpret_cast<sockaddr*>(&own);
    auto* peer_address = reinterpret_cast<sockaddr*>(&peer);
    if (getsockname(socket_.get(), own_address, &own_size) != 0) return false;
    if (getpeername(socket_.get(), peer_address, &peer_size) != 0) return false;
    return Endpoint::of(own_address, own_size).text() ==
           Endpoint::of(peer_address, peer_size).text();
}

std::optional<Probe::Outcome> Probe::outcome(BootTime now) const {
    if (outcome_) return outcome_;
    if (now >= deadline_) return Outcome{node::LinkNews::timed_out, ETIMEDOUT};
    return std::nullopt;
}

}  // namespace starling::io
