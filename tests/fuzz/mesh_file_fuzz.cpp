// Mesh files: what is read prints as a file that says the same.
#include "base/assert.hpp"
#include "node/io/mesh_file.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto mesh = starling::io::parse_mesh_file(input, "mesh.json");
    if (!mesh) return 0;
    const std::string text = starling::io::text_of(*mesh);
    const auto again = starling::io::parse_mesh_file(text, "mesh.json");
    STARLING_ASSERT(again.has_value());
    STARLING_ASSERT(starling::io::text_of(*again) == text);
    return 0;
}
