#include "auction/retry.hpp"

#include "base/buggify.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <set>

namespace starling::auction {
namespace {

unsigned exponent(std::size_t count) {
    return static_cast<unsigned>(std::min<std::size_t>(count, 32));
}

std::size_t count_of(const Attempts& attempts, AttemptEnd end) {
    return static_cast<std::size_t>(std::count_if(attempts.begin(), attempts.end(),
                                                  [&](const Attempt& a) { return a.end == end; }));
}

std::string last_reason(const Attempts& attempts) {
    return attempts.empty() ? std::string() : attempts.back().reason;
}

}  // namespace

Duration rest_after_failure(Rng& rng, const Timing& timing, std::size_t failures) {
    return full_jitter(rng, timing.retry_base, timing.retry_cap, exponent(failures));
}

Duration rest_after_round(Rng& rng, const Timing& timing, std::size_t rounds) {
    return full_jitter(rng, timing.unsold_base, timing.unsold_cap, exponent(rounds));
}

Duration resend_after(Rng& rng, const Timing& timing, std::size_t repetitions) {
    Duration wait = timing.resend_base;
    for (std::size_t i = 0; i < repetitions && wait < timing.resend_cap; ++i) wait *= 2;
    wait = std::min(wait, timing.resend_cap);
    const Duration later = wait + rng.between(Duration{0}, wait / 4);
    return STARLING_BUGGIFY(resend_early) ? wait / 8 : later;
}

std::size_t failures_in(const Attempts& attempts) {
    return count_of(attempts, AttemptEnd::failed) + count_of(attempts, AttemptEnd::run_limit);
}

std::optional<std::string> given_up(const Attempts& attempts, std::size_t failures_max) {
    std::set<NodeId> crashed;
    for (const Attempt& attempt : attempts) {
        if (attempt.end == AttemptEnd::crashed) crashed.insert(attempt.node);
    }
    if (crashed.size() > limits::crashes_tolerated) return "poison: nodes died while they ran it";
    if (failures_in(attempts) >= failures_max) return "attempts: " + last_reason(attempts);
    const std::size_t lost =
        count_of(attempts, AttemptEnd::crashed) + count_of(attempts, AttemptEnd::lease_lost) +
        count_of(attempts, AttemptEnd::left) + count_of(attempts, AttemptEnd::superseded);
    if (lost >= limits::attempts_lost) return "lost: too many workers went away";
    return std::nullopt;
}

}  // namespace starling::auction
