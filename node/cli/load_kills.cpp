#include "base/rng.hpp"
#include "node/cli/load_run.hpp"
#include "node/cli/words.hpp"

#include <algorithm>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t away_ms = 1000;
constexpr auto postponed = 100ms;
constexpr std::uint64_t load_kill_stream = 0x6b696c6c;

}  // namespace

void LoadRun::kill_due(Clock::time_point now) {
    const bool offering = next_item_ < items_.size();
    if (setup_.kill_every == 0ns || !control_ || !offering || now < kill_at_) return;
    const bool all =
        std::ranges::all_of(nodes_, [](const auto& each) { return each->is_current(); });
    if (!all) {
        kill_at_ = now + postponed;
        return;
    }
    kill_at_ = now + setup_.kill_every;
    kill(*busiest());
}

// The node with the most running tasks; of equals, one by lot.
LoadNode* LoadRun::busiest() {
    std::vector<std::size_t> best;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::int64_t most = best.empty() ? -1 : totals_[best.front()].running;
        if (totals_[i].running < most) continue;
        if (totals_[i].running > most) best.clear();
        best.push_back(i);
    }
    const std::uint64_t lot = draw(setup_.seed, load_kill_stream, kills_.size());
    return nodes_[best[lot % best.size()]].get();
}

void LoadRun::kill(LoadNode& node) {
    ++totals_[node.number()].killed;
    kills_.push_back({node.number(), ids_[node.number()], Clock::now(), 0});
    ledger_.add("killed", {{"node", node.name()}, {"running", totals_[node.number()].running}});
    terminal_.note("kill -9 " + node.name());
    control_->post("/v1/dev/restart/" + node.name(), Value::Map{{"after_ms", away_ms}},
                   [this](const Result<HttpReply>& reply) {
                       const auto answer = document_of(reply);
                       if (!answer) terminal_.error(answer.error());
                   });
}

}  // namespace starling::cli
