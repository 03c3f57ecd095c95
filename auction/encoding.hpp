// Lists, options and nested parts of messages over the codec's Writer and Reader.
//
// Pure functions, thread safe.
#pragma once

#include "base/codec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace starling::auction {

template <class Part>
void take(Reader& in, Part& part) {
    Reader inner = in.list();
    Part::decode(inner, part);
}

template <class Part>
void put_optional(Writer& out, const std::optional<Part>& part) {
    if (part) {
        part->encode(out);
    } else {
        out.nil();
    }
}

template <class Part>
void take_optional(Reader& in, std::optional<Part>& part) {
    if (in.shape() == Shape::nil) {
        in.nil();
        part.reset();
    } else {
        take(in, part.emplace());
    }
}

template <class Part>
void put_list(Writer& out, const std::vector<Part>& parts) {
    out.list(parts.size());
    for (const Part& part : parts) part.encode(out);
}

template <class Part>
void take_list(Reader& in, std::vector<Part>& parts, std::size_t max) {
    Reader items = in.list(max);
    parts.clear();
    while (items.remaining() > 0) take(items, parts.emplace_back());
}

inline void put_nodes(Writer& out, const std::vector<NodeId>& nodes) {
    out.list(nodes.size());
    for (const NodeId& node : nodes) out.id(node);
}

inline void take_nodes(Reader& in, std::vector<NodeId>& nodes, std::size_t max) {
    Reader items = in.list(max);
    nodes.clear();
    while (items.remaining() > 0) nodes.push_back(items.id<NodeId>());
}

// An enumerator below `count`; anything else fails the reader.
template <class Enum>
Enum take_enum(Reader& in, std::uint64_t count) {
    return static_cast<Enum>(in.uint(count - 1));
}

template <class Enum>
void put_enum(Writer& out, Enum value) {
    out.uint(static_cast<std::uint64_t>(value));
}

inline std::string take_text(Reader& in, std::size_t max) {
    return std::string(in.text(max));
}

inline Bytes take_bytes(Reader& in, std::size_t max) {
    return copy_of(in.bytes(max));
}

}  // namespace starling::auction
