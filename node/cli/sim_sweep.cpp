#include "node/cli/sim_sweep.hpp"

#include "base/rng.hpp"

#include <utility>

namespace starling::cli {
namespace {

constexpr std::uint64_t doubled_stream = 0x74776963ULL;
constexpr std::uint64_t window_max = 256;  // seeds that wait for an earlier one

bool is_doubled(std::uint64_t seed, std::uint32_t share) {
    return draw(seed, doubled_stream, 0) % whole_share < share;
}

std::string mark_of(const Verdict& verdict) {
    return verdict.trace_hash.empty() ? verdict.broken.front() : verdict.trace_hash;
}

}  // namespace

Sweep::Sweep(const SweepSetup& setup, SweepCalls calls)
    : setup_(setup),
      calls_(std::move(calls)),
      crew_(setup.jobs, setup.cpu),
      hasher_("starling/sim/sweep") {}

Result<SweepTotals> Sweep::run(const Signals& signals) {
    while (!is_over()) {
        while (crew_.has_room() && may_begin()) {
            if (auto begun = begin_next(); !begun) return tl::unexpected(begun.error());
        }
        auto done = crew_.wait(signals);
        if (!done) {
            totals_.interrupted = true;
            break;
        }
        if (auto taken = take(std::move(*done)); !taken) return tl::unexpected(taken.error());
        calls_.on_progress(totals_);
    }
    totals_.hash = to_hex(hasher_.finish().view().first(16));
    return totals_;
}

bool Sweep::is_over() const {
    return next_counted_ == seeds() || totals_.failed >= setup_.stop_after;
}

bool Sweep::may_begin() const {
    return second_waits_ || (next_begun_ < seeds() && next_begun_ - next_counted_ < window_max);
}

// A child's number is twice the seed's place, and one more for the second run.
Result<void> Sweep::begin_next() {
    const std::uint64_t place = second_waits_ ? next_begun_ - 1 : next_begun_;
    const std::uint64_t seed = setup_.first + place;
    const auto plan = calls_.plan(seed);
    if (!plan) return tl::unexpected(plan.error());
    const auto started = crew_.start(place * 2 + (second_waits_ ? 1 : 0), calls_.work(*plan));
    if (!started) return tl::unexpected(started.error());
    if (std::exchange(second_waits_, false)) return {};
    begun_[place].doubled = second_waits_ = is_doubled(seed, setup_.doubled);
    ++next_begun_;
    return {};
}

Result<void> Sweep::take(SimCrew::Done done) {
    const std::uint64_t place = done.number / 2;
    const auto plan = calls_.plan(setup_.first + place);
    if (!plan) return tl::unexpected(plan.error());
    Seed& seed = begun_.at(place);
    (done.number % 2 == 0 ? seed.first : seed.second) = verdict_of(plan->plan, done);
    return count_finished();
}

Result<void> Sweep::count_finished() {
    while (!begun_.empty() && totals_.failed < setup_.stop_after) {
        const auto& [place, seed] = *begun_.begin();
        if (!seed.first || (seed.doubled && !seed.second)) return {};
        if (auto counted = count(setup_.first + place, seed); !counted) return counted;
        begun_.erase(begun_.begin());
        ++next_counted_;
    }
    return {};
}

Result<void> Sweep::count(std::uint64_t seed, const Seed& finished) {
    const Verdict& first = *finished.first;
    const auto plan = calls_.plan(seed);
    if (!plan) return tl::unexpected(plan.error());
    ++totals_.seeds;
    totals_.checks += first.checks;
    totals_.virtual_time += plan->plan.duration;
    totals_.cpu += first.cpu;
    hasher_.add(seed).add(mark_of(first));
    count_numbers(first.document);
    if (finished.doubled) {
        ++totals_.doubled;
        totals_.cpu += finished.second->cpu;
    }
    if (!first.broken.empty()) return fail(seed, first.broken.front(), first.what);
    if (!finished.doubled || mark_of(*finished.second) == mark_of(first)) return {};
    return fail(seed, "equal_runs_are_equal",
                "one run gave " + mark_of(first) + ", the other " + mark_of(*finished.second));
}

void Sweep::count_numbers(const Value::Map& document) {
    const auto number = [](const Value& value) {
        return static_cast<std::uint64_t>(*value.as<std::int64_t>());
    };
    if (const auto probes = document.find("probes"); probes != document.end()) {
        for (const auto& [name, hits] : *probes->second.as<Value::Map>()) {
            totals_.probes[name] += number(hits);
        }
    }
    if (const auto faults = document.find("faults"); faults != document.end()) {
        for (const auto& [kind, counts] : *faults->second.as<Value::Map>()) {
            const Value::Map& of_kind = *counts.as<Value::Map>();
            FaultTotals& total = totals_.faults[kind];
            total.struck += number(of_kind.at("struck"));
            total.repaired += number(of_kind.at("repaired"));
        }
    }
}

Result<void> Sweep::fail(std::uint64_t seed, std::string invariant, std::string what) {
    ++totals_.failed;
    auto plan = calls_.plan(seed);
    if (!plan) return tl::unexpected(plan.error());
    return calls_.on_failure({seed, std::move(invariant), std::move(what), std::move(*plan)});
}

}  // namespace starling::cli
