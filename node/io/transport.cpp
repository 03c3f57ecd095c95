#include "node/io/transport.hpp"

#include "base/limits.hpp"
#include "node/envelope.hpp"

#include <algorithm>
#include <cerrno>
#include <ranges>

namespace starling::io {
namespace {

QueuedFrame framed(const node::FrameHeader& header, ByteView body) {
    QueuedFrame frame{header.kind, limits::frame_header_bytes + body.size(),
                      Message(limits::frame_header_bytes + body.size())};
    const std::span room(frame.message.data(), frame.message.size());
    copy_into(room, node::header_bytes(header));
    copy_into(room.subspan(limits::frame_header_bytes), body);
    return frame;
}

// An IPv4 address as a number; zero for everything else.
std::uint64_t packed(const std::string& address) {
    const auto endpoint = lookup({address, 0}, Names::numeric_only);
    if (!endpoint || endpoint->family() != AF_INET) return 0;
    return ntohl(reinterpret_cast<const sockaddr_in*>(endpoint->get())->sin_addr.s_addr);
}

}  // namespace

Transport::Transport(const CurvePair& own, Poller& poller) : own_(own), poller_(poller) {
    poller_.add(resolver_.fd(), Interest::readable, *this);
}

Result<std::unique_ptr<Transport>> Transport::open(const CurvePair& own, const std::string& bind,
                                                   Poller& poller) {
    std::unique_ptr<Transport> transport(new Transport(own, poller));
    auto inlet = Inlet::open(transport->context_, poller, own, bind);
    if (!inlet) return tl::unexpected<Error>(std::move(inlet.error()));
    transport->inlet_ = std::move(*inlet);
    return transport;
}

Transport::~Transport() {
    poller_.remove(resolver_.fd());
}

void Transport::run(const LinkCommand& command, std::string_view address, Moment now) {
    switch (command.action) {
        case LinkAction::dial:
            return dial(command, address, now);
        case LinkAction::probe:
            return probe(command, address, now);
        case LinkAction::admit:
            return admit(command.peer, command.curve);
        case LinkAction::expel:
            return expel(command.curve);
        case LinkAction::hang_up:
            break;
    }
    const auto found = links_.find(command.peer);
    if (found == links_.end()) return;
    drop_queue(*found->second, DropReason::link_ended);
    links_.erase(found);
}

void Transport::dial(const LinkCommand& command, std::string_view address, Moment now) {
    const auto older = links_.find(command.peer);
    if (older != links_.end()) {  // I1
        drop_queue(*older->second, DropReason::link_replaced);
        links_.erase(older);
    }
    auto made =
        std::make_unique<Link>(poller_, command.peer, command.link, command.curve, now.boot_time);
    Link& link = *made;
    links_.emplace(command.peer, std::move(made));
    const auto parsed = parse_address(address);
    if (!parsed) return end(link, {node::LinkNews::unreachable, EINVAL});
    const auto endpoint = lookup(*parsed, Names::numeric_only);
    if (endpoint) return connect(link, *endpoint);
    link.ticket = ask_name(*parsed);
}

void Transport::connect(Link& link, const Endpoint& to) {
    auto socket = PushSocket::open(context_, poller_, own_, link.curve(), to);
    if (!socket) return end(link, {node::LinkNews::unreachable, static_cast<std::uint32_t>(errno)});
    link.connect(std::move(socket), to);
    stirred_ = true;
}

void Transport::probe(const LinkCommand& command, std::string_view address, Moment now) {
    const BootTime deadline = now.boot_time + limits::probe_timeout;
    const auto parsed = parse_address(address);
    if (!parsed) return tell(command.peer, command.link, node::LinkNews::unreachable, EINVAL);
    NamedProbe probe{command.peer, command.link, 0, deadline, nullptr};
    if (const auto endpoint = lookup(*parsed, Names::numeric_only)) {
        probe.probe = std::make_unique<Probe>(poller_, *endpoint, deadline);
    } else {
        probe.ticket = ask_name(*parsed);
    }
    probes_.push_back(std::move(probe));
    stirred_ = true;
}

std::uint64_t Transport::ask_name(const Address& address) {
    resolver_.ask(++last_ticket_, address);
    return last_ticket_;
}

SendVerdict Transport::send(const NodeId& to, Kind kind, ByteView body, Moment now) {
    if (body.size() > limits::body_bytes) {
        drop(to, kind, DropReason::too_large);
        return SendVerdict::too_large;
    }
    const auto found = links_.find(to);
    if (found == links_.end()) {
        drop(to, kind, DropReason::no_link);
        return SendVerdict::no_link;
    }
    Link& link = *found->second;
    QueuedFrame frame =
        framed({node::wire_version, kind, link.id(), node::sent_ms_of(now.boot_time)}, body);
    const std::size_t size = frame.size;
    if (link.send_at_once(frame)) {
        ++frames_sent_;
        return SendVerdict::sent;
    }
    if (queued_bytes_ + size > limits::all_queues_bytes) {
        drop(to, kind, DropReason::all_full);
        return SendVerdict::all_full;
    }
    const bool greeted = kind == Kind::hello && link.greet(frame);  // I2
    if (!greeted && !link.queue().push(frame)) {
        drop(to, kind, DropReason::queue_full);
        return SendVerdict::queue_full;
    }
    const std::size_t before = link.queue().bytes();
    queued_bytes_ += size;
    frames_sent_ += link.flush();
    queued_bytes_ -= before - link.queue().bytes();
    return link.queue().empty() ? SendVerdict::sent : SendVerdict::queued;
}

void Transport::step(Moment now) {
    stirred_ = false;
    take_names();
    step_links(now);
    step_probes(now);
    trace_denials();
}

void Transport::take_names() {
    for (const auto& [ticket, endpoint] : resolver_.take()) {
        for (NamedProbe& probe : probes_) {
            if (probe.ticket != ticket) continue;
            probe.ticket = 0;
            if (endpoint) probe.probe = std::make_unique<Probe>(poller_, *endpoint, probe.deadline);
        }
        const auto waiting = std::ranges::find_if(links_, [&wanted = ticket](const auto& entry) {
            return entry.second->ticket == wanted;
        });
        if (waiting == links_.end()) continue;
        Link& link = *waiting->second;
        link.ticket = 0;
        if (endpoint) {
            connect(link, *endpoint);
        } else {
            end(link, {node::LinkNews::unreachable, EHOSTUNREACH});
        }
    }
}

void Transport::step_links(Moment now) {
    std::vector<std::pair<Link*, Link::End>> ended;
    for (const auto& [peer, link] : links_) {
        bool connected = false;
        const auto how = link->step(now, connected);
        if (connected) tell(peer, link->id(), node::LinkNews::connected, 0);
        if (how) {
            ended.emplace_back(link.get(), *how);
            continue;
        }
        const std::size_t before = link->queue().bytes();
        frames_sent_ += link->flush();
        queued_bytes_ -= before - link->queue().bytes();
    }
    for (const auto& [link, how] : ended) end(*link, how);
}

void Transport::step_probes(Moment now) {
    std::erase_if(probes_, [&](const NamedProbe& each) {
        std::optional<Probe::Outcome> outcome;
        if (each.probe) {
            outcome = each.probe->outcome(now.boot_time);
        } else if (each.ticket == 0) {
            outcome = {node::LinkNews::unreachable, EHOSTUNREACH};
        } else if (now.boot_time >= each.deadline) {
            outcome = {node::LinkNews::timed_out, ETIMEDOUT};
        }
        if (outcome) tell(each.peer, each.link, outcome->news, outcome->detail);
        return outcome.has_value();
    });
}

void Transport::end(Link& link, Link::End end) {
    drop_queue(link, DropReason::link_ended);
    tell(link.peer(), link.id(), end.news, end.detail);  // I4
    links_.erase(links_.find(link.peer()));
}

void Transport::drop_queue(Link& link, DropReason reason) {
    queued_bytes_ -= link.queue().bytes();
    while (const QueuedFrame* frame = link.queue().front()) {
        drop(link.peer(), frame->kind, reason);
        link.queue().pop();
    }
}

void Transport::drop(const NodeId& to, Kind kind, DropReason reason) {
    ++frames_dropped_;
    traced_.push_back(
        {Event::send_dropped,
         3,
         {to.prefix(), static_cast<std::uint64_t>(kind), static_cast<std::uint64_t>(reason)}});
}

void Transport::tell(const NodeId& peer, LinkId link, node::LinkNews news, std::uint32_t detail) {
    events_.push_back({peer, link, news, detail});
}

void Transport::trace_denials() {
    for (const Denial& denial : inlet_->allowed().take_denials()) {
        traced_.push_back({Event::key_refused, 2, {denial.curve.prefix(), packed(denial.address)}});
    }
}

node::Backlog Transport::receive(std::size_t frames_max, const Inlet::OnFrame& on_frame) {
    if (!inlet_->ready()) return node::Backlog::drained;
    return inlet_->receive(frames_max, [&](const NodeId& from, ByteView frame) {
        ++frames_received_;
        on_frame(from, frame);
    });
}

std::vector<node::LinkEvent> Transport::take_events() {
    return std::exchange(events_, {});
}

std::vector<TraceRecord> Transport::take_traced() {
    return std::exchange(traced_, {});
}

std::optional<BootTime> Transport::next_deadline() const {
    std::optional<BootTime> next;
    for (const auto& [peer, link] : links_) next = earlier(next, link->deadline());
    for (const NamedProbe& probe : probes_) next = earlier(next, probe.deadline);
    return next;
}

TransportNumbers Transport::numbers() const {
    TransportNumbers numbers;
    numbers.links = static_cast<std::size_t>(std::ranges::count_if(
        links_, [](const auto& entry) { return entry.second->is_connected(); }));
    numbers.queued_bytes = queued_bytes_;
    numbers.frames_sent = frames_sent_;
    numbers.frames_received = frames_received_;
    numbers.frames_dropped = frames_dropped_;
    numbers.frames_ignored = inlet_->ignored();
    numbers.keys_denied = inlet_->allowed().denied();
    return numbers;
}

}  // namespace starling::io
