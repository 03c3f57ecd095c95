// Messages as fuzz targets: the first byte of an input chooses a kind, the rest is its bytes.
//
// What decodes must encode to bytes that decode to the same message: whatever a peer sends, what a
// node passes on of it means the same to everybody.
//
// With --seeds=DIR a target writes one message of each kind there and ends.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/codec.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

namespace starling::fuzz {

struct Row {
    void (*take)(Decoder& decoder, ByteView bytes);
    Bytes (*seed)();
};

template <class Message>
Row row() {
    return {[](Decoder& decoder, ByteView bytes) {
                const auto message = decoded<Message>(decoder, bytes);
                if (!message) return;
                const Bytes once = encoded(*message);
                Decoder second;
                const auto again = decoded<Message>(second, once);
                STARLING_ASSERT(again.has_value());
                STARLING_ASSERT(encoded(*again) == once);
            },
            [] { return encoded(Message{}); }};
}

template <class... Messages>
std::span<const Row> rows_of() {
    static const Row all[] = {row<Messages>()...};
    return all;
}

inline void take(std::span<const Row> rows, ByteView input) {
    if (input.empty()) return;
    Decoder decoder;
    rows[input[0] % rows.size()].take(decoder, input.subspan(1));
}

inline void write_seeds(std::span<const Row> rows, std::span<char*> arguments) {
    constexpr std::string_view option = "--seeds=";
    for (const std::string_view argument : arguments) {
        if (!argument.starts_with(option)) continue;
        const std::string folder(argument.substr(option.size()));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            std::ofstream file(folder + "/kind-" + std::to_string(i), std::ios::binary);
            file.put(static_cast<char>(i));
            for (const std::uint8_t byte : rows[i].seed()) file.put(static_cast<char>(byte));
        }
        std::exit(0);
    }
}

}  // namespace starling::fuzz

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define STARLING_FUZZ_MESSAGES(...)                                                           \
    extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {                      \
        starling::fuzz::write_seeds(starling::fuzz::rows_of<__VA_ARGS__>(),                   \
                                    std::span(*arguments, static_cast<std::size_t>(*count))); \
        return 0;                                                                             \
    }                                                                                         \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {      \
        starling::fuzz::take(starling::fuzz::rows_of<__VA_ARGS__>(), {bytes, size});          \
        return 0;                                                                             \
    }
