// One change of one key, as a program asks for it and as a batch carries it.
//
//   type      lww, mv        counter      set
//   verbs     assign clear   increment    insert erase clear
//
// The type is part of a key's identity: "x" as a counter and "x" as a set are two things, so nodes
// that create a name with different types at the same time lose nothing.  Maps are paths: segments
// between '/'.
//
// Values: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "crdt/dot.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace starling::crdt {

enum class Type : std::uint8_t {
    any = 0,  // only in a clear that a program asks for: whatever lives under the name
    lww = 1,  // last writer wins
    mv = 2,   // concurrent writes stay visible as siblings
    counter = 3,
    set = 4,  // add wins
};

enum class Verb : std::uint8_t {
    assign = 1,
    increment = 2,
    insert = 3,
    erase = 4,  // one element
    clear = 5,  // everything its writer saw under the key
};

struct Operation {
    Verb verb{};
    Type type{};
    std::string key;
    Bytes value;              // assign, insert, erase: canonical bytes of one value
    std::int64_t amount = 0;  // increment
    std::vector<Dot> seen;    // live dots that this operation ends; the store fills it in

    [[nodiscard]] static Operation assign(std::string key, Bytes value, Type type = Type::lww);
    [[nodiscard]] static Operation increment(std::string key, std::int64_t amount);
    [[nodiscard]] static Operation insert(std::string key, Bytes element);
    [[nodiscard]] static Operation erase(std::string key, Bytes element);
    [[nodiscard]] static Operation clear(std::string key, Type type = Type::any);

    friend bool operator==(const Operation&, const Operation&) = default;
};

[[nodiscard]] std::string_view name_of(Type type);

// Whether the verb is one of the type's.
[[nodiscard]] bool goes_with(Verb verb, Type type);

// Between 1 and limits::key_bytes bytes in non-empty segments, without control characters.
[[nodiscard]] bool is_key(std::string_view key);

// What is wrong with an operation that a program asks for, by its shape alone.
[[nodiscard]] Result<void> checked(const Operation& operation);

// The origins that a batch names, so that each stands in it once.  Index 0 is the batch's own
// origin.
class OriginTable {
public:
    explicit OriginTable(const Origin& own) : origins_{own}, indices_{{own, 0}} {}

    // The index of an origin, which joins the table when it is new.
    std::uint64_t index_of(const Origin& origin);

    [[nodiscard]] const std::vector<Origin>& origins() const { return origins_; }

    void encode_dots(Writer& out, const std::vector<Dot>& dots);
    [[nodiscard]] std::vector<Dot> decode_dots(Reader& in, std::size_t max) const;

private:
    std::vector<Origin> origins_;
    std::map<Origin, std::uint64_t> indices_;
};

void encode_operation(Writer& out, const Operation& operation, OriginTable& origins);
// Fails the reader on anything that checked() would refuse, and on a type or verb it does not know.
[[nodiscard]] Operation decode_operation(Reader& in, const OriginTable& origins);

}  // namespace starling::crdt
