// Frames of a member that says whatever it likes, to a node of a mesh of two.
//
// An input is a list of frames: size (two bytes, big-endian), kind, body.  They come over the link
// that the member introduced, so that what is refused is refused for what it says.
#include "node/envelope.hpp"
#include "tests/node/village.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace starling::node {
namespace {

using namespace std::chrono_literals;

void take(ByteView input) {
    Village mesh(2);
    mesh.run(20ms);
    const LinkId link = mesh.link_between(1, 0);
    while (input.size() >= 3) {
        const std::size_t claimed = input[0] * 256U + input[1];
        FrameHeader header;
        header.kind = static_cast<Kind>(input[2]);
        header.link = link;
        input = input.subspan(3);
        const ByteView body = input.first(std::min(claimed, input.size()));
        input = input.subspan(body.size());
        const auto head = header_bytes(header);
        Bytes frame(head.begin(), head.end());
        frame.insert(frame.end(), body.begin(), body.end());
        static_cast<void>(mesh.inject(0, 1, frame));
        mesh.run(2ms);
    }
}

}  // namespace
}  // namespace starling::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const starling::ByteView input{bytes, size};
    static_cast<void>(starling::node::read_header(input));
    starling::node::take(input);
    return 0;
}
