#include "quorum/operation.hpp"

#include "base/limits.hpp"

#include <array>
#include <charconv>
#include <span>

namespace starling::quorum {
namespace {

constexpr char separator = '#';
constexpr std::size_t own_stream_bytes = 1 + NodeId::size + 8;
constexpr std::size_t own_name_bytes = own_stream_bytes + 16;
static_assert(own_name_bytes <= limits::operation_stream_bytes);
constexpr char own_mark = '\0';

// A number from 1, as it is usually written.
std::optional<std::uint64_t> number_of(std::string_view text) {
    if (text.empty() || text[0] == '0') return std::nullopt;
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

}  // namespace

std::string stream_of(const NodeId& node, Boot boot) {
    std::array<std::uint8_t, 8> number{};
    store_u64(number, boot.value);
    std::string stream(1, own_mark);
    stream += text_of(node.view());
    stream += text_of(number);
    return stream;
}

bool is_older_boot(std::string_view stream, std::string_view later) {
    constexpr std::size_t boot_at = 1 + NodeId::size;
    if (stream.size() != own_stream_bytes || later.size() != stream.size()) return false;
    return stream[0] == own_mark && stream.substr(0, boot_at) == later.substr(0, boot_at) &&
           load_u64(view_of(stream.substr(boot_at))) < load_u64(view_of(later.substr(boot_at)));
}

bool is_client_stream(std::string_view stream) {
    return !stream.empty() && stream.size() <= limits::operation_stream_bytes &&
           stream[0] != own_mark;
}

Bytes operation_name(const Receipt& receipt) {
    const auto& [stream, seq] = receipt.id;
    Bytes name = bytes_of(stream);
    if (stream.size() == own_stream_bytes && stream[0] == own_mark) {
        name.resize(own_name_bytes);
        store_u64(std::span(name).subspan(own_stream_bytes), seq);
        store_u64(std::span(name).subspan(own_stream_bytes + 8), receipt.after);
    } else if (seq != 0) {
        const std::string suffix = separator + std::to_string(seq);
        name.insert(name.end(), suffix.begin(), suffix.end());
    }
    return name;
}

std::optional<Receipt> receipt_of(ByteView operation_name) {
    const std::string_view text = text_of(operation_name);
    if (text.empty() || text.size() > limits::operation_stream_bytes) return std::nullopt;
    if (text[0] == own_mark) {
        if (text.size() != own_name_bytes) return std::nullopt;
        const ByteView numbers = operation_name.subspan(own_stream_bytes);
        return Receipt{{std::string(text.substr(0, own_stream_bytes)), load_u64(numbers)},
                       load_u64(numbers.subspan(8))};
    }
    const auto mark = text.rfind(separator);
    if (mark != std::string_view::npos && mark > 0) {
        const auto seq = number_of(text.substr(mark + 1));
        if (seq) return Receipt{{std::string(text.substr(0, mark)), *seq}, 0};
    }
    return Receipt{{std::string(text), 0}, 0};
}

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::applied:
            return "applied";
        case Outcome::not_applied:
            return "not_applied";
        case Outcome::unknown:
            return "unknown";
    }
    return "";
}

std::string_view name_of(Reason reason) {
    switch (reason) {
        case Reason::none:
            return "none";
        case Reason::version_mismatch:
            return "version_mismatch";
        case Reason::wrong_content:
            return "wrong_content";
        case Reason::no_quorum:
            return "no_quorum";
        case Reason::deadline:
            return "deadline";
        case Reason::overloaded:
            return "overloaded";
        case Reason::table_full:
            return "register_table_full";
        case Reason::expired:
            return "expired";
        case Reason::cancelled:
            return "cancelled";
        case Reason::bad_name:
            return "bad_name";
        case Reason::too_large:
            return "too_large";
        case Reason::invalid:
            return "invalid";
        case Reason::held:
            return "held";
        case Reason::not_holder:
            return "not_holder";
        case Reason::exists:
            return "exists";
        case Reason::not_found:
            return "not_found";
        case Reason::closed:
            return "closed";
        case Reason::not_elector:
            return "not_elector";
        case Reason::already_voted:
            return "already_voted";
        case Reason::no_such_option:
            return "no_such_option";
    }
    return "";
}

}  // namespace starling::quorum
