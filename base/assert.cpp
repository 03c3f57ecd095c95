#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace starling {

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "starling: assertion failed at %s:%d: %s\n", file, line, condition);
    std::abort();
}

}  // namespace starling
