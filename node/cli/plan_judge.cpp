#include "node/cli/plan_judge.hpp"

#include "node/cli/words.hpp"
#include "sim/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr char stepped = '.';

// A mark for every step, so that it is known when a process ended; then what broke, if anything
// did: TIME INVARIANT, and on the next line what it was.
Work trial_of(const sim::Candidate& candidate, const std::string& wanted) {
    return [candidate, wanted](Outlet& outlet) {
        const auto on_step = [&] {
            outlet.write({&stepped, 1});
            outlet.flush();
        };
        const auto broke = sim::first_break(candidate.plan, {wanted, candidate.until, on_step});
        if (!broke) return;
        const sim::Violation& first = broke->first;
        outlet.write(fmt::format("{} {}\nat {:.3f} s on node {}: {}", first.at.count(),
                                 broke->invariant, seconds_of(first.at), first.host + 1,
                                 first.what));
    };
}

// What a process does that is stopped for its time is not known.
std::optional<PlanFailure> failure_in(const SimCrew::Done& done) {
    PlanFailure failure;
    failure.cpu = done.ended.cpu;
    const std::size_t steps = std::min(done.bytes.find_first_not_of(stepped), done.bytes.size());
    if (done.ended.ending == Ending::out_of_time) return std::nullopt;
    if (done.ended.ending != Ending::finished) {
        failure.invariant = done.ended.what;
        failure.at = sim::trial_step * static_cast<std::int64_t>(steps + 1);
        failure.what = done.ended.errors.substr(0, done.ended.errors.find('\n'));
        return failure;
    }
    if (steps == done.bytes.size()) return std::nullopt;
    const std::size_t name = done.bytes.find(' ', steps) + 1;
    const std::size_t line = done.bytes.find('\n', name);
    failure.at = Duration{std::stoll(done.bytes.substr(steps, name - 1 - steps))};
    failure.invariant = done.bytes.substr(name, line - name);
    failure.what = done.bytes.substr(line + 1);
    return failure;
}

sim::Broke broke_in(const SimCrew::Done& done, const std::string& wanted) {
    const auto failure = failure_in(done);
    if (!failure || failure->invariant != wanted) return std::nullopt;
    return failure->at;
}

}  // namespace

Result<std::optional<PlanFailure>> failure_of(const sim::Plan& plan, Duration cpu) {
    auto child = SimChild::start(trial_of({plan, plan.duration}, ""), cpu);
    if (!child) return tl::unexpected(child.error());
    SimCrew::Done done;
    while (child->read(done.bytes)) {
    }
    done.ended = child->end();
    auto failure = failure_in(done);
    if (failure) failure->at = std::min(failure->at, plan.duration);
    return failure;
}

std::vector<sim::Broke> PlanJudge::judge(std::span<const sim::Candidate> candidates) {
    SimCrew crew(setup_.jobs, std::min(setup_.cpu, setup_.budget - spent_ + 1s));
    std::vector<std::optional<sim::Broke>> known(candidates.size());
    std::size_t wanted = candidates.size();  // behind the first that breaks what is wanted
    std::size_t next = 0;
    while (!is_over()) {
        for (; crew.has_room() && next < wanted && !error_; ++next) {
            start(crew, next, candidates[next]);
        }
        if (crew.is_idle()) break;
        const auto done = crew.wait(signals_);
        interrupted_ = !done;
        if (!done) break;
        spent_ += done->ended.cpu;
        on_verdict_(candidates[done->number].plan);
        known[done->number] = broke_in(*done, setup_.wanted);
        if (*known[done->number] && done->number < wanted) {
            wanted = done->number + 1;
            crew.drop_above(done->number);
        }
    }
    known.resize(wanted);  // I1: some behind it may have been faster
    std::vector<sim::Broke> answers;
    for (const auto& broke : known) {
        if (!broke) break;
        answers.push_back(*broke);
    }
    return answers;
}

void PlanJudge::start(SimCrew& crew, std::size_t place, const sim::Candidate& candidate) {
    if (auto started = crew.start(place, trial_of(candidate, setup_.wanted)); !started) {
        error_ = started.error();
    }
}

}  // namespace starling::cli
