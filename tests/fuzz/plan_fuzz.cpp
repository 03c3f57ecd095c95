// Plans of simulated runs: what is understood prints as a text that says the same.
#include "base/assert.hpp"
#include "sim/plan_text.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto plan = starling::sim::plan_from(input);
    if (!plan) return 0;
    const std::string text = starling::sim::text_of(*plan);
    const auto again = starling::sim::plan_from(text);
    STARLING_ASSERT(again.has_value());
    STARLING_ASSERT(starling::sim::text_of(*again) == text);
    return 0;
}
