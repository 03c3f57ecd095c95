#include "crdt/operation.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <utility>

namespace starling::crdt {

Operation Operation::assign(std::string key, Bytes value, Type type) {
    return {Verb::assign, type, std::move(key), std::move(value), 0, {}};
}

Operation Operation::increment(std::string key, std::int64_t amount) {
    return {Verb::increment, Type::counter, std::move(key), {}, amount, {}};
}

Operation Operation::insert(std::string key, Bytes element) {
    return {Verb::insert, Type::set, std::move(key), std::move(element), 0, {}};
}

Operation Operation::erase(std::string key, Bytes element) {
    return {Verb::erase, Type::set, std::move(key), std::move(element), 0, {}};
}

Operation Operation::clear(std::string key, Type type) {
    return {Verb::clear, type, std::move(key), {}, 0, {}};
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::any:
            return "any";
        case Type::lww:
            return "lww";
        case Type::mv:
            return "mv";
        case Type::counter:
            return "counter";
        case Type::set:
            return "set";
    }
    return "unknown";
}

bool goes_with(Verb verb, Type type) {
    switch (verb) {
        case Verb::assign:
            return type == Type::lww || type == Type::mv;
        case Verb::increment:
            return type == Type::counter;
        case Verb::insert:
        case Verb::erase:
            return type == Type::set;
        case Verb::clear:
            return type == Type::lww || type == Type::mv || type == Type::set;
    }
    return false;
}

bool is_key(std::string_view key) {
    if (key.empty() || key.size() > limits::key_bytes) return false;
    if (key.front() == '/' || key.back() == '/') return false;
    if (key.find("//") != std::string_view::npos) return false;
    return std::ranges::none_of(key, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

Result<void> checked(const Operation& operation) {
    if (operation.key.size() > limits::key_bytes) {
        return failure(ErrorCode::invalid, "key_too_long",
                       "the key has " + std::to_string(operation.key.size()) +
                           " bytes, the limit is " + std::to_string(limits::key_bytes),
                       "shorten the key");
    }
    if (!is_key(operation.key)) {
        return failure(ErrorCode::invalid, "key_invalid", "'" + operation.key + "' is not a key",
                       "use non-empty segments between '/', without control characters");
    }
    if (operation.verb == Verb::clear && operation.type == Type::counter) {
        return failure(ErrorCode::invalid, "counter_not_deletable",
                       "'" + operation.key +
                           "' is a counter: increments that have not arrived here yet would bring "
                           "it back with a wrong sum",
                       "add the negative of its value instead");
    }
    const bool known = goes_with(operation.verb, operation.type) ||
                       (operation.verb == Verb::clear && operation.type == Type::any);
    if (!known) {
        return failure(ErrorCode::invalid, "type_mismatch",
                       "'" + operation.key + "': a " + std::string(name_of(operation.type)) +
                           " has no such operation");
    }
    if (operation.value.size() > limits::encoded_value_bytes) {
        return failure(ErrorCode::invalid, "value_too_long",
                       "the value of '" + operation.key + "' has " +
                           std::to_string(operation.value.size()) + " bytes, the limit is " +
                           std::to_string(limits::encoded_value_bytes),
                       "keep large things elsewhere and store where they are");
    }
    return {};
}

std::uint64_t OriginTable::index_of(const Origin& origin) {
    const auto [found, added] = indices_.emplace(origin, origins_.size());
    if (added) origins_.push_back(origin);
    return found->second;
}

void OriginTable::encode_dots(Writer& out, const std::vector<Dot>& dots) {
    out.list(dots.size() * 2);
    for (const Dot& dot : dots) {
        out.uint(index_of(dot.origin));
        out.uint(dot.counter);
    }
}

std::vector<Dot> OriginTable::decode_dots(Reader& in, std::size_t max) const {
    Reader items = in.list(max * 2);
    std::vector<Dot> dots;
    dots.reserve(items.remaining() / 2);
    while (items.remaining() > 0) {
        const auto index = static_cast<std::size_t>(items.uint(origins_.size() - 1));
        const std::uint64_t counter = items.uint(counter_max);
        if (counter == 0) items.fail();
        dots.push_back({origins_[index], counter});
    }
    return dots;
}

void encode_operation(Writer& out, const Operation& operation, OriginTable& origins) {
    STARLING_ASSERT(goes_with(operation.verb, operation.type));
    out.list(5);
    out.uint(static_cast<std::uint64_t>(operation.verb));
    out.uint(static_cast<std::uint64_t>(operation.type));
    out.text(operation.key);
    switch (operation.verb) {
        case Verb::assign:
        case Verb::insert:
        case Verb::erase:
            out.bytes(operation.value);
            break;
        case Verb::increment:
            out.sint(operation.amount);
            break;
        case Verb::clear:
            out.nil();
            break;
    }
    origins.encode_dots(out, operation.seen);
}

Operation decode_operation(Reader& in, const OriginTable& origins) {
    Reader fields = in.list();
    Operation operation;
    operation.verb = static_cast<Verb>(fields.uint(static_cast<std::uint64_t>(Verb::clear)));
    operation.type = static_cast<Type>(fields.uint(static_cast<std::uint64_t>(Type::set)));
    operation.key = fields.text(limits::key_bytes);
    if (!goes_with(operation.verb, operation.type) || !is_key(operation.key)) fields.fail();
    switch (operation.verb) {
        case Verb::assign:
        case Verb::insert:
        case Verb::erase:
            operation.value = copy_of(fields.bytes(limits::encoded_value_bytes));
            break;
        case Verb::increment:
            operation.amount = fields.sint();
            break;
        case Verb::clear:
            fields.nil();
            break;
    }
    // An increment ends nothing: every origin counts for itself.
    const bool ends = operation.verb != Verb::increment;
    operation.seen = origins.decode_dots(fields, ends ? limits::dots_per_operation : 0);
    return operation;
}

}  // namespace starling::crdt
