#include "node/io/zap_handler.hpp"

#include "base/assert.hpp"
#include "node/io/thread.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

namespace starling::io {
namespace {

// version, request id, domain, address, routing id, mechanism, key
constexpr std::size_t request_parts = 7;
// Hostile parts beyond this are read and forgotten.
constexpr std::size_t parts_kept = 8;

// Nothing when the context was shut down.
std::optional<std::vector<Message>> receive_request(const Socket& socket) {
    std::vector<Message> parts;
    while (true) {
        Message part;
        if (zmq_msg_recv(part.get(), socket.get(), 0) < 0) {
            if (errno == EINTR) continue;
            return std::nullopt;
        }
        const bool more = zmq_msg_more(part.get()) != 0;
        if (parts.size() < parts_kept) parts.push_back(std::move(part));
        if (!more) return parts;
    }
}

void send_part(const Socket& socket, std::string_view text, int flags) {
    zmq_send(socket.get(), text.data(), text.size(), flags);
}

void reply(const Socket& socket, std::string_view request_id, std::string_view user_id) {
    const bool admitted = !user_id.empty();
    send_part(socket, "1.0", ZMQ_SNDMORE);
    send_part(socket, request_id, ZMQ_SNDMORE);
    send_part(socket, admitted ? "200" : "400", ZMQ_SNDMORE);
    send_part(socket, admitted ? "admitted" : "this key is not admitted here", ZMQ_SNDMORE);
    send_part(socket, user_id, ZMQ_SNDMORE);
    send_part(socket, "", 0);
}

}  // namespace

ZapHandler::ZapHandler(Context& context, AllowList& allowed)
    : context_(context), allowed_(allowed), socket_(context, ZMQ_REP) {
    STARLING_ASSERT(socket_.valid());
    socket_.set(ZMQ_LINGER, 0);
    STARLING_ASSERT(zmq_bind(socket_.get(), "inproc://zeromq.zap.01") == 0);  // I1
    thread_ = start_thread("starling-zap", [this] { run(); });
}

ZapHandler::~ZapHandler() {
    context_.shut_down();
    thread_.join();
}

void ZapHandler::run() {
    while (auto parts = receive_request(socket_)) {
        auto text = [&](std::size_t i) { return starling::text_of((*parts)[i].view()); };
        std::string user_id;
        if (parts->size() == request_parts && text(0) == "1.0" && text(2) == zap_domain &&
            text(5) == "CURVE") {
            const auto curve = CurveKey::from_bytes((*parts)[6].view());
            const auto node = curve ? allowed_.ask(*curve, text(3)) : std::nullopt;
            if (node) user_id = node->hex();
        }
        reply(socket_, parts->size() > 1 ? text(1) : "", user_id);
    }
    socket_.close();  // by the thread that used it
}

}  // namespace starling::io
