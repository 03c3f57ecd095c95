#include "sim/shrink.hpp"

#include "sim/plan_fields.hpp"
#include "sim/plan_flaw.hpp"
#include "sim/plan_text.hpp"
#include "sim/shrink_odds.hpp"
#include "sim/smaller_plan.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration lasts_min = 1ms;     // a shorter fault is no simpler one
constexpr std::uint32_t hosts_few = 5;  // as most plans have
constexpr std::size_t faults_few = 10;  // as many as one can think of at once
constexpr std::size_t removals_at_once = 8;
constexpr std::string_view run_section = "run";
constexpr std::string_view load_section = "load";

Duration floor_to(Duration time, Duration unit) {
    return time / unit * unit;
}

Duration ceil_to(Duration time, Duration unit) {
    return floor_to(time + unit - 1ns, unit);
}

class Shrinker {
public:
    Shrinker(const Plan& plan, const Shrinking& how, const Judge& judge)
        : best_(plan), broke_(how.broke_at), how_(how), judge_(judge) {
        judged_.insert(text_of(plan));
    }

    Shrunk shrink() {
        bool removed = true;
        while (removed && !stopped_) {
            const std::string before = text_of(best_);
            one_pass();
            removed = text_of(best_) != before;
        }
        return {std::move(best_), trials_, !stopped_};
    }

private:
    using Make = Plan (*)(const Plan& plan, std::span<const std::uint32_t> kept);

    // What makes a trial cheaper comes first; what makes a failure unlikely in another run, fainter
    // faults, last.
    void one_pass() {
        nothing_behind();
        if (!best_.faults.empty()) try_all({with_faults(best_, {})});
        fewer_clients();
        if (!first_hosts()) fewer_hosts_by_luck(how_.seeds);
        reduce(with_kinds, kinds_in(best_));
        fewer_faults();
        reduce(with_hosts, all_places(best_.nodes));
        fewer_hosts_by_luck(how_.seeds_more);
        less_load();
        plain_models();
        less_time();
        each_fault();
    }

    void fewer_clients() {
        if (!clients_in(best_).empty()) try_all({with_clients(best_, {})});
        reduce(with_clients, clients_in(best_));
    }

    // What comes after the break is not its cause.  Of what breaks in the end alone nobody knows
    // when it was lost: then a part of the time with faults may do.
    void nothing_behind() {
        const Duration behind = ceil_to(broke_ + 1ns, 1ms);
        if (behind < best_.healed_at && try_all({healed_sooner(best_, behind)})) return;
        while (!stopped_) {
            const Duration healed_at = best_.healed_at;
            std::vector<Plan> candidates;
            for (const int quarters : {1, 2, 3}) {
                const Duration sooner = floor_to(healed_at * quarters / 4, 1ms);
                candidates.push_back(healed_sooner(best_, sooner));
            }
            if (best_.faults.empty() || !try_all(std::move(candidates))) return;
        }
    }

    // As few as possible.
    bool first_hosts() {
        std::vector<Plan> candidates;
        const std::uint32_t most = std::min(best_.nodes - 1, hosts_few);
        for (std::uint32_t nodes = plan_nodes_min; nodes <= most; ++nodes) {
            candidates.push_back(with_hosts(best_, all_places(nodes)));
        }
        return try_all(std::move(candidates));
    }

    // As many as most plans have, those that faults strike before others, or with all that goes
    // wrong: another run, which may need another seed.
    void fewer_hosts_by_luck(std::uint64_t seeds) {
        if (best_.nodes <= hosts_few || stopped_) return;
        const std::vector<Plan> plans = {with_hosts(best_, struck_hosts(best_, hosts_few)),
                                         folded(best_, hosts_few)};
        try_all(with_other_seeds(plans, seeds));
    }

    void fewer_faults() {
        reduce(with_faults, all_places(best_.faults.size()));
        while (best_.faults.size() > faults_few && !stopped_) {
            std::vector<Plan> halves;
            for (const Places& half : split(all_places(best_.faults.size()), 2)) {
                halves.push_back(with_faults(best_, half));
            }
            if (!try_all(with_other_seeds(halves, how_.seeds))) return;
            reduce(with_faults, all_places(best_.faults.size()));
        }
    }

    [[nodiscard]] std::vector<Plan> with_other_seeds(const std::vector<Plan>& plans,
                                                     std::uint64_t seeds) const {
        std::vector<Plan> candidates;
        for (std::uint64_t other = 0; other < seeds; ++other) {
            for (const Plan& plan : plans) {
                candidates.push_back(plan);
                candidates.back().seed += other;
            }
        }
        return candidates;
    }

    // Afterwards none of the places can leave alone.
    void reduce(Make make, Places places) {
        const Plan whole = best_;
        Odds odds(std::move(places));
        while (!stopped_) {
            const std::vector<Places> removals = next_removals(odds);
            if (removals.empty()) return;
            std::vector<Plan> candidates;
            for (const Places& removal : removals) {
                candidates.push_back(make(whole, without(odds.left(), removal)));
            }
            const auto kept = keep_first(std::move(candidates));
            for (std::size_t i = 0; i < kept.value_or(removals.size()); ++i) {
                odds.need(removals[i]);
            }
            if (kept) odds.leave(removals[*kept]);
        }
    }

    // One after another, as long as none of them is possible.
    static std::vector<Places> next_removals(Odds odds) {
        std::vector<Places> removals;
        while (removals.size() < removals_at_once) {
            Places removal = odds.proposal();
            if (removal.empty()) break;
            odds.need(removal);
            removals.push_back(std::move(removal));
        }
        return removals;
    }

    // Each rate to nothing, or at least to half.
    void less_load() {
        for (const PlanField& field : plan_fields()) {
            if (field.section != load_section) continue;
            while (!stopped_ && try_all({with(field, field.min), with(field, half_of(field))})) {
            }
        }
    }

    [[nodiscard]] std::uint64_t half_of(const PlanField& field) const {
        return std::max(field.min, field.read(best_) / 2);
    }

    // Machines and networks as in any plan: all at once, or else each of their numbers.
    void plain_models() {
        Plan plain = best_;
        for (const PlanField* field : model_fields()) field->write(plain, field->read(Plan{}));
        if (try_all({plain})) return;
        for (const PlanField* field : model_fields()) try_all({with(*field, field->read(Plan{}))});
    }

    static std::vector<const PlanField*> model_fields() {
        std::vector<const PlanField*> fields;
        for (const PlanField& field : plan_fields()) {
            if (field.section != run_section && field.section != load_section) {
                fields.push_back(&field);
            }
        }
        return fields;
    }

    [[nodiscard]] Plan with(const PlanField& field, std::uint64_t value) const {
        Plan smaller = best_;
        field.write(smaller, value);
        return smaller;
    }

    // Gaps between faults close, then the one behind the last.
    void less_time() {
        for (std::size_t place = 0; place < best_.faults.size() && !stopped_; ++place) {
            const auto gap = [&] {
                const Duration before = place == 0 ? Duration{0} : best_.faults[place - 1].at;
                return best_.faults[place].at - before;
            };
            while (gap() > 0s && try_all(sooner(place, gap()))) {
            }
        }
        while (try_all(sooner(best_.faults.size(), best_.healed_at - last_end(best_) - 1s))) {
        }
    }

    // By the whole gap, or by a part of it: what happens may hang on the phase of some period.
    [[nodiscard]] std::vector<Plan> sooner(std::size_t place, Duration gap) const {
        const Duration most = std::min(gap, best_.duration - plan_duration_min);
        std::vector<Plan> candidates;
        for (const int part : {1, 2, 3, 5}) {
            const Duration by = part == 1 ? most : floor_to(most / part, 1ms);
            if (by > 0s) candidates.push_back(earlier_from(best_, place, by));
        }
        return candidates;
    }

    void each_fault() {
        for (std::size_t place = 0; place < best_.faults.size() && !stopped_; ++place) {
            while (try_all(weaker(place))) {
            }
            while (try_all(shorter(place))) {
            }
            try_all(rounder(place, &Fault::lasts, 1ns));
            const Duration before = place == 0 ? Duration{0} : best_.faults[place - 1].at;
            try_all(rounder(place, &Fault::at, before));
        }
        try_all(rounder_end());
    }

    // A smaller amount of what is worse the more there is of it.
    [[nodiscard]] std::vector<Plan> weaker(std::size_t place) const {
        const Fault& fault = best_.faults[place];
        const Amount kind = row_of(fault.kind).amount;
        if (kind == Amount::none || kind == Amount::byte_rate) return {};
        Plan smaller = best_;
        smaller.faults[place].amount = half_of(kind, fault.amount);
        if (smaller.faults[place].amount == 0) return {};
        return {smaller};
    }

    // To milliseconds or whole percents, as long as there are some.
    static std::int64_t half_of(Amount kind, std::int64_t amount) {
        constexpr std::int64_t ms = 1'000'000;
        constexpr std::int64_t percent = 10'000;
        const std::int64_t unit = kind == Amount::time ? ms : kind == Amount::share ? percent : 1;
        const std::int64_t half = amount / 2;
        return half / unit == 0 ? half : half / unit * unit;
    }

    [[nodiscard]] std::vector<Plan> shorter(std::size_t place) const {
        const Duration lasts = std::max(lasts_min, floor_to(best_.faults[place].lasts / 2, 1ms));
        if (lasts >= best_.faults[place].lasts) return {};
        Plan smaller = best_;
        smaller.faults[place].lasts = lasts;
        return {smaller};
    }

    // Down to whole seconds, or to tenths, or to milliseconds; not below the least.
    [[nodiscard]] std::vector<Plan> rounder(std::size_t place, Duration Fault::*time,
                                            Duration least) const {
        std::vector<Plan> candidates;
        for (const Duration unit : {Duration{1s}, Duration{100ms}, Duration{1ms}}) {
            const Duration round = floor_to(best_.faults[place].*time, unit);
            if (round < least || round == best_.faults[place].*time) continue;
            Plan smaller = best_;
            smaller.faults[place].*time = round;
            candidates.push_back(std::move(smaller));
        }
        return candidates;
    }

    // The whole second behind the last fault, and as much time after it as there was, or a little
    // more.
    [[nodiscard]] std::vector<Plan> rounder_end() const {
        Plan smaller = best_;
        smaller.healed_at = std::max<Duration>(1s, floor_to(best_.healed_at, 1s));
        smaller.duration = smaller.healed_at + ceil_to(best_.duration - best_.healed_at, 1s);
        const bool fits = smaller.healed_at > last_end(best_) &&
                          smaller.duration >= plan_duration_min &&
                          smaller.duration <= plan_duration_max;
        if (!fits) return {};
        return {smaller};
    }

    bool try_all(std::vector<Plan> candidates) {
        return keep_first(std::move(candidates)).has_value();
    }

    // The place of the first that breaks what is wanted; it is the best from here on.
    std::optional<std::size_t> keep_first(std::vector<Plan> candidates) {
        std::vector<std::size_t> places;
        std::vector<Plan> fresh;
        std::set<std::string> names;
        for (std::size_t place = 0; place < candidates.size(); ++place) {
            if (flaw_of(candidates[place])) continue;
            std::string name = text_of(candidates[place]);
            if (judged_.contains(name) || !names.insert(std::move(name)).second) continue;
            places.push_back(place);
            fresh.push_back(std::move(candidates[place]));
        }
        const auto kept = first_that_breaks(fresh);
        if (!kept) return std::nullopt;
        best_ = std::move(fresh[*kept]);
        return places[*kept];
    }

    std::optional<std::size_t> first_that_breaks(std::span<const Plan> plans) {
        const std::uint64_t room = how_.trials_max - trials_;
        const bool too_many = plans.size() > room;
        if (too_many) plans = plans.first(static_cast<std::size_t>(room));
        if (stopped_ || plans.empty()) {
            stopped_ = stopped_ || too_many;
            return std::nullopt;
        }
        std::vector<Candidate> candidates;
        for (const Plan& plan : plans) candidates.push_back({plan, patience(plan)});
        const std::vector<Broke> verdicts = judge_(candidates);
        for (std::size_t place = 0; place < verdicts.size(); ++place) {
            ++trials_;
            judged_.insert(text_of(plans[place]));
            if (!verdicts[place]) continue;
            broke_ = *verdicts[place];
            return place;
        }
        stopped_ = too_many || verdicts.size() < plans.size();
        return std::nullopt;
    }

    // A smaller plan breaks about when the larger one did, or not at all.
    [[nodiscard]] Duration patience(const Plan& plan) const {
        if (broke_ >= best_.duration) return plan.duration;
        return std::min(plan.duration, broke_ + broke_ / 4 + 1s);
    }

    Plan best_;
    Duration broke_;  // when the best did
    const Shrinking& how_;
    const Judge& judge_;
    std::set<std::string> judged_;  // every plan that was, as text
    std::uint64_t trials_ = 0;
    bool stopped_ = false;
};

}  // namespace

Shrunk shrink(const Plan& plan, const Shrinking& how, const Judge& judge) {
    return Shrinker(plan, how, judge).shrink();
}

}  // namespace starling::sim
