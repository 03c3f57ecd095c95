#include "node/io/clocks.hpp"

#include "base/assert.hpp"

#include <ctime>

namespace starling::io {
namespace {

Duration read(clockid_t clock) {
    timespec time{};
    STARLING_ASSERT(clock_gettime(clock, &time) == 0);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

Moment read_clocks() {
    return {BootTime{read(CLOCK_BOOTTIME)}, WallTime{read(CLOCK_REALTIME)}};
}

}  // namespace starling::io
