// JSON of requests: what is read prints as a text that reads as the same value.
#include "base/assert.hpp"
#include "node/cli/json.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto value = starling::cli::json_value(input);
    if (!value) return 0;
    const std::string text = starling::cli::json_text(*value);
    const auto again = starling::cli::json_value(text);
    STARLING_ASSERT(again.has_value());
    STARLING_ASSERT(*again == *value);
    return 0;
}
