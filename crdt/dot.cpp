#include "crdt/dot.hpp"

#include <array>
#include <span>

namespace starling::crdt {
namespace {

void append_u64(Bytes& out, std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes, number);
    append(out, ByteView(bytes));
}

}  // namespace

std::string token_of(const Dot& dot) {
    return dot.origin.node.hex() + '.' + std::to_string(dot.origin.boot.value) + '.' +
           std::to_string(dot.counter);
}

Bytes key_of(const Origin& origin) {
    Bytes key = copy_of(origin.node.view());
    append_u64(key, origin.boot.value);
    return key;
}

Bytes key_of(const Dot& dot) {
    Bytes key = key_of(dot.origin);
    append_u64(key, dot.counter);
    return key;
}

void write_origin(Writer& out, const Origin& origin) {
    out.id(origin.node);
    out.ordinal(origin.boot);
}

Origin read_origin(Reader& in) {
    const auto node = in.id<NodeId>();
    return {node, in.ordinal<Boot>()};
}

}  // namespace starling::crdt
