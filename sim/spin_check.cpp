#include "sim/spin_check.hpp"

#include <chrono>
#include <string>

namespace starling::sim {
namespace {

constexpr const char* nobody_spins = "nobody_spins";
constexpr Duration window_min = std::chrono::seconds{1};  // what waited may come all at once

}  // namespace

SpinCheck::SpinCheck(std::uint32_t hosts, Findings& findings) : seen_(hosts), findings_(findings) {
    findings_.expect(nobody_spins);
}

void SpinCheck::look(std::uint32_t host, const HostCounts& counts, Duration now) {
    Seen& seen = seen_.at(host);
    if (now - seen.at < window_min) return;
    findings_.looked(nobody_spins);
    compare(host, turns_per_second_max, counts.turns - seen.turns, "turns", now);
    compare(host, inputs_per_second_max, counts.inputs - seen.inputs, "inputs", now);
    seen = {now, counts.turns, counts.inputs};
}

void SpinCheck::compare(std::uint32_t host, std::uint64_t most, std::uint64_t done,
                        std::string_view of_what, Duration now) {
    const Duration passed = now - seen_.at(host).at;
    const auto ms = static_cast<std::uint64_t>(count_ms(passed));
    if (done <= most * ms / 1000) return;
    found_ = true;
    findings_.violated(nobody_spins, {now, host,
                                      std::to_string(done) + " " + std::string(of_what) + " in " +
                                          std::to_string(ms) + " ms"});
}

}  // namespace starling::sim
