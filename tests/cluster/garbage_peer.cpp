// An admitted member that sends what no node would:
//
//     garbage_peer DATA_DIR MESH_FILE TARGET_ID SEED
//
// Uses the identity in DATA_DIR to connect to the member TARGET_ID, sends frames of random bytes
// (some behind a proper header), frames in several parts, empty ones, and at last one over the
// limit, which ends the connection. Prints "sent N" and ends.
#include "base/rng.hpp"
#include "node/envelope.hpp"
#include "node/io/identity.hpp"
#include "node/io/mesh_file.hpp"
#include "node/io/zmq_socket.hpp"
#include "tests/io/town.hpp"

#include <algorithm>
#include <iostream>

namespace {

using namespace starling;

constexpr int frames = 2000;
constexpr int send_within_ms = 5000;

io::Message message_of(ByteView bytes) {
    io::Message message(bytes.size());
    std::ranges::copy(bytes, message.data());
    return message;
}

// Random bytes; every second time behind a header that a node of this version might send.
Bytes random_frame(Rng& rng) {
    Bytes frame(rng.below(400));
    for (auto& byte : frame) byte = static_cast<std::uint8_t>(rng.below(256));
    if (rng.below(2) == 0 || frame.size() < limits::frame_header_bytes) return frame;
    const auto header = node::header_bytes({node::wire_version, static_cast<Kind>(rng.below(48)),
                                            LinkId{static_cast<std::uint32_t>(rng.below(3))},
                                            static_cast<std::uint32_t>(rng.below(1U << 30U))});
    std::ranges::copy(header, frame.begin());
    return frame;
}

void send(const io::Socket& socket, ByteView frame, int flags) {
    io::Message message = message_of(frame);
    if (zmq_msg_send(message.get(), socket.get(), flags) < 0) {
        throw std::runtime_error(std::string("a frame was not taken: ") + zmq_strerror(errno));
    }
}

io::Socket connected(const io::Context& context, const io::Identity& identity,
                     const node::Contact& target) {
    io::Socket socket(context, ZMQ_PUSH);
    socket.set(ZMQ_LINGER, send_within_ms);
    socket.set(ZMQ_SNDTIMEO, send_within_ms);
    socket.set(ZMQ_IMMEDIATE, 1);
    socket.set(ZMQ_RECONNECT_IVL, -1);
    socket.set(ZMQ_CURVE_SERVERKEY, target.certificate.curve.view());
    socket.set(ZMQ_CURVE_PUBLICKEY, identity.curve.key.view());
    socket.set(ZMQ_CURVE_SECRETKEY, ByteView(identity.curve.secret));
    const std::string endpoint = "tcp://" + target.addresses.at(0);
    if (zmq_connect(socket.get(), endpoint.c_str()) != 0) {
        throw std::runtime_error("cannot connect to " + endpoint);
    }
    return socket;
}

int torment(char** words) {
    const auto identity = tests::must(io::read_identity(words[1]));
    const auto mesh = tests::must(io::read_mesh_file(words[2]));
    const auto target = NodeId::from_hex(words[3]);
    const auto* contact = target ? mesh.find(*target) : nullptr;
    if (contact == nullptr) throw std::runtime_error("the mesh file does not name the target");
    Rng rng(std::stoull(words[4]));
    const io::Context context;
    const io::Socket socket = connected(context, identity, *contact);
    for (int i = 0; i < frames; ++i) {
        const bool more = rng.below(20) == 0;
        if (more) send(socket, random_frame(rng), ZMQ_SNDMORE);
        send(socket, random_frame(rng), 0);
    }
    send(socket, Bytes(limits::frame_bytes + 1), 0);
    std::cout << "sent " << frames << std::endl;
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count != 5) return 2;
    try {
        return torment(words);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
