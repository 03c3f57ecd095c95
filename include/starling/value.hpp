// A value as programs hand it in and get it back: null, bool, int64, double, string, bytes, list,
// map.
//
// Not thread safe; a const value is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace starling {

class Value {
public:
    using Bytes = std::vector<std::uint8_t>;
    using List = std::vector<Value>;
    using Map = std::map<std::string, Value, std::less<>>;
    using Alternatives =
        std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, List, Map>;

    Value() = default;  // null

    Value(bool value) : alternatives_(value) {}  // NOLINT(google-explicit-constructor)

    Value(int value) : alternatives_(std::int64_t{value}) {}  // NOLINT(google-explicit-constructor)

    Value(std::int64_t value) : alternatives_(value) {}  // NOLINT(google-explicit-constructor)

    Value(double value) : alternatives_(value) {}  // NOLINT(google-explicit-constructor)

    Value(const char* value)
        : alternatives_(std::string(value)) {}  // NOLINT(google-explicit-constructor)

    Value(std::string value)
        : alternatives_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

    Value(Bytes value) : alternatives_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

    Value(List value) : alternatives_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

    Value(Map value) : alternatives_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] const Alternatives& alternatives() const { return alternatives_; }

    [[nodiscard]] bool is_null() const {
        return std::holds_alternative<std::monostate>(alternatives_);
    }

    // The alternative, or null when the value is of another type.
    template <class T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&alternatives_);
    }

    friend bool operator==(const Value&, const Value&) = default;

private:
    Alternatives alternatives_;
};

}  // namespace starling
