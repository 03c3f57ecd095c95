#include "node/cassette_bytes.hpp"

#include "base/codec.hpp"
#include "base/limits.hpp"
#include "base/value_codec.hpp"
#include "node/calls.hpp"

#include <optional>
#include <utility>

namespace starling::detail {
namespace {

constexpr std::string_view title = "starling cassette 1";
constexpr std::uint8_t bin_8 = 0xc4;
constexpr std::uint8_t bin_32 = 0xc6;
constexpr std::size_t last_code = static_cast<std::size_t>(ErrorCode::failed);
constexpr std::size_t last_changed = static_cast<std::size_t>(Changed::unknown);

Bytes entry_of(const CassetteCall& call) {
    Bytes bytes;
    Writer out(bytes);
    out.list(5);
    out.text(call.name);
    encode_value(out, call.payload);
    encode_value(out, call.answer.value_or(Value()));
    if (call.answer) {
        out.nil();
    } else {
        const Error& error = call.answer.error();
        out.list(5);
        out.uint(static_cast<std::uint64_t>(error.code));
        out.text(error.name);
        out.text(error.message);
        out.text(error.hint);
        out.uint(static_cast<std::uint64_t>(error.changed));
    }
    out.duration(call.took);
    return bytes;
}

Error read_error(Reader in) {
    Error error;
    error.code = static_cast<ErrorCode>(in.uint(last_code));
    error.name = in.text();
    error.message = in.text();
    error.hint = in.text();
    error.changed = static_cast<Changed>(in.uint(last_changed));
    return error;
}

std::optional<CassetteCall> call_from(ByteView bytes) {
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CassetteCall call;
    call.name = in.text();
    call.payload = decode_value(in);
    call.answer = decode_value(in);
    if (in.shape() == Shape::nil) {
        in.nil();
    } else {
        call.answer = tl::unexpected<Error>(read_error(in.list()));
    }
    call.took = in.duration();
    if (!in.ok() || call.took < Duration{0}) return std::nullopt;
    return call;
}

// Takes the next binary off the front; nothing when there is none.
std::optional<ByteView> take_binary(ByteView& bytes) {
    if (bytes.empty() || bytes[0] < bin_8 || bytes[0] > bin_32) return std::nullopt;
    const std::size_t width = std::size_t{1} << (bytes[0] - bin_8);
    if (bytes.size() < 1 + width) return std::nullopt;
    std::size_t size = 0;
    for (std::size_t i = 0; i < width; ++i) size = size << 8U | bytes[1 + i];
    if (bytes.size() - 1 - width < size) return std::nullopt;
    const ByteView taken = bytes.subspan(1 + width, size);
    bytes = bytes.subspan(1 + width + size);
    return taken;
}

}  // namespace

Bytes cassette_bytes(const Cassette& cassette) {
    Bytes bytes;
    Writer out(bytes);
    out.bytes(view_of(title));
    for (const CassetteCall& call : cassette.calls()) {
        const Bytes entry = entry_of(call);
        if (entry.size() <= limits::frame_bytes) out.bytes(entry);
    }
    return bytes;
}

Result<Cassette> cassette_from(ByteView bytes, const std::string& source) {
    const auto bad = [&](const std::string& what) {
        return failure(ErrorCode::invalid, "cassette_malformed", source + ": " + what,
                       "record it again: starling::Recorder");
    };
    const auto first = take_binary(bytes);
    if (!first || starling::text_of(*first) != title) return bad("this is no cassette");
    Cassette cassette;
    while (!bytes.empty()) {
        const auto entry = take_binary(bytes);
        auto call = entry ? call_from(*entry) : std::nullopt;
        if (!call)
            return bad("entry " + std::to_string(cassette.calls().size() + 1) + " is broken");
        cassette.add(std::move(*call));
    }
    return cassette;
}

}  // namespace starling::detail
