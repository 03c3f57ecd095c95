#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/load_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto converge_within = 10s;
constexpr auto converge_every = 100ms;

// Hands every entry under a prefix to `take`, page by page.
template <class Take>
Result<void> for_entries(const HttpClient& client, const std::string& prefix, Take take) {
    std::string after;
    while (true) {
        const auto page = client.get(fmt::format("/v1/state?prefix={}&after={}",
                                                 percent_encoded(prefix), percent_encoded(after)));
        if (!page) return tl::unexpected(page.error());
        const auto& items = list_at(*page, "items");
        for (const Value& each : items) take(each);
        const auto* more = at(*page, "more").as<bool>();
        if (items.empty() || more == nullptr || !*more) return {};
        after = text_at(items.back(), "key");
    }
}

}  // namespace

Result<std::int64_t> LoadRun::executions(const HttpClient& client) const {
    std::int64_t sum = 0;
    const auto read = for_entries(client, "executions/", [&](const Value& entry) {
        if (text_at(entry, "type") == "counter") sum += number_at(entry, "value");
    });
    if (!read) return tl::unexpected(read.error());
    return sum - executions_before_;
}

Result<std::size_t> LoadRun::done_keys(const HttpClient& client) const {
    std::size_t count = 0;
    const auto read =
        for_entries(client, fmt::format("done/{}.", setup_.run), [&](const Value&) { ++count; });
    if (!read) return tl::unexpected(read.error());
    return count;
}

// `sum` is that of the first node; the others must show the same.
bool LoadRun::agrees(const HttpClient& client, std::int64_t& sum) const {
    const auto done = done_keys(client);
    if (!done || *done != completed_) return false;
    const auto counted = executions(client);
    if (!counted || *counted < static_cast<std::int64_t>(completed_)) return false;
    if (sum < 0) sum = *counted;
    return sum == *counted;
}

bool LoadRun::converged() {
    const auto asked = Clock::now();
    while (completed_ > 0) {
        std::int64_t sum = -1;
        const bool all = std::ranges::all_of(nodes_, [&](const auto& node) {
            return agrees(HttpClient(node->socket(), load_ask_within), sum);
        });
        convergence_ = std::chrono::duration_cast<milliseconds>(Clock::now() - asked);
        if (all || convergence_ > converge_within) return all;
        std::this_thread::sleep_for(converge_every);
    }
    return false;
}

std::uint64_t LoadRun::lost() const {
    return offered_ - completed_ - dead_;
}

bool LoadRun::is_good() const {
    const std::uint64_t twice = twice_ + sums_.sum("tasks_completed_twice");
    return lost() == 0 && twice == 0 && dead_ == 0 && converged_;
}

Value::List LoadRun::totals_document() const {
    Value::List list;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const Totals& each = totals_[i];
        list.emplace_back(Value::Map{{"name", nodes_[i]->name()},
                                     {"offered", number_value(each.offered)},
                                     {"executed", number_value(each.executed)},
                                     {"completed", number_value(each.completed)},
                                     {"written", number_value(each.written)},
                                     {"running_max", each.running_max},
                                     {"killed", number_value(each.killed)}});
    }
    return list;
}

Value::Map LoadRun::summary() {
    const double seconds = ms_of(moved_at_ - began_) / 1000;
    converged_ = converged();
    Value::Map staleness = freshness_.samples().document();
    staleness["pairs"] = number_value(freshness_.samples().size() + freshness_.excluded());
    staleness["pairs_excluded"] = number_value(freshness_.excluded());
    staleness["pairs_awaited"] = number_value(freshness_.awaited());
    const Value::Map award{{"p50", sums_.percentile_ms("award", 50)},
                           {"p95", sums_.percentile_ms("award", 95)},
                           {"p99", sums_.percentile_ms("award", 99)},
                           {"count", number_value(sums_.sum("award_seconds_count"))}};
    const double per_task = completed_ == 0 ? 0
                                            : static_cast<double>(sums_.sum("task_messages")) /
                                                  static_cast<double>(completed_);
    return {{"run", setup_.run},
            {"seconds", seconds},
            {"offered", number_value(offered_)},
            {"acknowledged", number_value(acknowledged_)},
            {"resubmitted", number_value(resubmitted_)},
            {"completed", number_value(completed_)},
            {"completed_twice", number_value(twice_ + sums_.sum("tasks_completed_twice"))},
            {"lost", number_value(lost())},
            {"dead_lettered", number_value(dead_)},
            {"reassigned", number_value(reassigned_)},
            {"first_at_later_attempt", number_value(first_at_later_attempt_)},
            {"refused_stale_results", number_value(sums_.sum("results_refused_stale"))},
            {"reports_refused", number_value(reports_refused_)},
            {"kills", number_value(kills_.size())},
            {"award_ms", award},
            {"handed_over_ms", award_.document()},
            {"latency_ms", latency_.document()},
            {"staleness_ms", std::move(staleness)},
            {"detect_ms", detection_.document()},
            {"counters_converged", converged_},
            {"converged_after_ms", std::int64_t{convergence_.count()}},
            {"messages_per_task", per_task},
            {"nodes", totals_document()}};
}

}  // namespace starling::cli
