// Legal but rare turns: chunks smaller than allowed, timers at the early end of their range, a
// retry at once.  A simulated world takes them on purpose, a real node never does.
//
//      World ── BuggifyScope(source) ──> STARLING_BUGGIFY(site) is true now and then
//      real node: no source              always false, by one load
//
// Invariants:
//   I1  Whatever a site does, no promise of the node depends on its not doing it.
//   I2  Of the sites a quarter is armed in a run, by its seed; an armed one fires with 1/4.
//   I3  Each draw is a function of seed, site and how often that site was asked.
//
// Reading is thread safe; at most one world of a process has a source at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace starling {

enum class BuggifySite : std::uint8_t {
    heads_in_small_frames,
    answers_in_small_frames,
    one_batch_a_frame,
    pull_expires_early,
    ballot_expires_early,
    loser_retries_at_once,
    reader_asks_again_early,
    promise_ceiling_low,
    promises_folded_early,
    idle_proposers_forgotten,
    resend_early,
    duty_looked_at_early,
    custodians_all_at_once,
    custodians_in_reverse,
    redial_at_once,
    heal_early,
};

inline constexpr std::size_t buggify_sites = 16;

class Buggify {
public:
    explicit Buggify(std::uint64_t seed);

    [[nodiscard]] bool fires(BuggifySite site);

private:
    std::uint64_t seed_;
    std::array<bool, buggify_sites> armed_{};
    std::array<std::uint64_t, buggify_sites> asked_{};
};

namespace detail {

inline std::atomic<Buggify*> buggify = nullptr;

}  // namespace detail

// Installs a source for as long as it lives; none: nothing fires.
class BuggifyScope {
public:
    explicit BuggifyScope(Buggify* source) : source_(source) {
        if (source_ != nullptr) detail::buggify.store(source_, std::memory_order_relaxed);
    }

    ~BuggifyScope() {
        if (source_ != nullptr) detail::buggify.store(nullptr, std::memory_order_relaxed);
    }

    BuggifyScope(const BuggifyScope&) = delete;
    BuggifyScope& operator=(const BuggifyScope&) = delete;

private:
    Buggify* source_;
};

[[nodiscard]] inline bool buggify_fires(BuggifySite site) {
    Buggify* source = detail::buggify.load(std::memory_order_relaxed);
    return source != nullptr && source->fires(site);
}

}  // namespace starling

#define STARLING_BUGGIFY(site) ::starling::buggify_fires(::starling::BuggifySite::site)
