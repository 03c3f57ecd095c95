// HTTP requests: bytes mean the same however they are cut into pieces on their way.
#include "base/assert.hpp"
#include "node/cli/http_message.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {
namespace {

struct Heard {
    std::vector<HttpRequest> requests;
    Reading last = Reading::more;
};

Heard hear(std::string_view bytes, std::size_t piece) {
    Heard heard;
    RequestReader reader;
    std::string input;
    while (!bytes.empty()) {
        const std::string_view next = bytes.substr(0, piece);
        bytes.remove_prefix(next.size());
        input += next;
        while (true) {
            heard.last = reader.feed(input);
            if (heard.last != Reading::complete) break;
            heard.requests.push_back(reader.take());
            if (input.empty()) break;
        }
        if (heard.last != Reading::more && heard.last != Reading::complete) return heard;
    }
    return heard;
}

bool is_same(const HttpRequest& one, const HttpRequest& other) {
    return one.method == other.method && one.path == other.path && one.query == other.query &&
           one.body == other.body && one.from_web_page == other.from_web_page &&
           one.keep_alive == other.keep_alive;
}

void take(std::string_view input) {
    if (input.empty()) return;
    const std::size_t piece = static_cast<unsigned char>(input[0]) % 32U + 1;
    input.remove_prefix(1);
    const Heard whole = hear(input, std::max<std::size_t>(input.size(), 1));
    const Heard pieces = hear(input, piece);
    STARLING_ASSERT(std::ranges::equal(whole.requests, pieces.requests, is_same));
}

}  // namespace
}  // namespace starling::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    starling::cli::take({reinterpret_cast<const char*>(bytes), size});
    return 0;
}
