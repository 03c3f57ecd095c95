#include "node/cli/plan_judge.hpp"

#include "node/cli/sim_verdict.hpp"

#include <algorithm>
#include <utility>

namespace starling::cli {

std::vector<sim::Broken> PlanJudge::judge(std::span<const sim::Plan> candidates) {
    SimCrew crew(setup_.jobs, setup_.cpu);
    std::vector<std::optional<sim::Broken>> known(candidates.size());
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
        on_verdict_(candidates[done->number]);
        sim::Broken broken = verdict_of(candidates[done->number], *done).broken;
        if (std::ranges::find(broken, setup_.wanted) != broken.end() && done->number < wanted) {
            wanted = done->number + 1;
            crew.drop_above(done->number);
        }
        known[done->number] = std::move(broken);
    }
    known.resize(wanted);  // I1: some behind it may have been faster
    std::vector<sim::Broken> answers;
    for (auto& broken : known) {
        if (!broken) break;
        answers.push_back(std::move(*broken));
    }
    return answers;
}

void PlanJudge::start(SimCrew& crew, std::size_t place, const sim::Plan& candidate) {
    if (auto started = crew.start(place, work_of(candidate, std::nullopt)); !started) {
        error_ = started.error();
    }
}

}  // namespace starling::cli
