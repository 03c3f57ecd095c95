#include "node/cli/plan_judge.hpp"

#include "sim/run.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace starling::cli {
namespace {

constexpr char stepped = '.';  // no digit

// One mark for every step, so that it is known when it ended; at the end when the invariant broke.
Work trial_of(const sim::Candidate& candidate, const std::string& wanted) {
    return [candidate, wanted](Outlet& outlet) {
        const auto on_step = [&] {
            outlet.write({&stepped, 1});
            outlet.flush();
        };
        const auto broke = sim::time_of_break(candidate.plan, {wanted, candidate.until, on_step});
        if (broke) outlet.write(std::to_string(broke->count()));
    };
}

sim::Broke broke_in(const SimCrew::Done& done, const std::string& wanted) {
    const std::size_t steps = std::min(done.bytes.find_first_not_of(stepped), done.bytes.size());
    if (done.ended.ending != Ending::finished) {
        if (done.ended.what != wanted) return std::nullopt;
        return sim::trial_step * static_cast<std::int64_t>(steps + 1);
    }
    std::int64_t time = 0;
    const char* end = done.bytes.data() + done.bytes.size();
    const auto read = std::from_chars(done.bytes.data() + steps, end, time);
    if (read.ec != std::errc{}) return std::nullopt;
    return Duration{time};
}

}  // namespace

std::vector<sim::Broke> PlanJudge::judge(std::span<const sim::Candidate> candidates) {
    SimCrew crew(setup_.jobs, setup_.cpu);
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
