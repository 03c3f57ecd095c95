#include "node/cli/json.hpp"
#include "node/cli/load_run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto look_after_loss = 300ms;
constexpr auto look_after_service = 3s;
constexpr auto write_again_after = 100ms;

}  // namespace

void LoadRun::on_assigned(LoadNode& node, const Value& task) {
    const auto item = item_of(text_at(task, "key"));
    if (!item) return;
    Item& it = items_[*item];
    const auto now = Clock::now();
    const std::int64_t attempt = number_at(task, "attempt");
    const bool first = it.assignments++ == 0;
    if (first && it.acknowledged != Clock::time_point{}) award_.add(now - it.acknowledged);
    if (first && attempt > 1) ++first_at_later_attempt_;
    if (!first && !it.reassigned) {
        it.reassigned = true;
        ++reassigned_;
    }
    const auto service = service_time(setup_.requests[*item]) / setup_.speed;
    look_later(*item, now + service + look_after_service);
    Totals& totals = totals_[node.number()];
    ++totals.executed;
    totals.running_max = std::max(totals.running_max, ++totals.running);
    const Running run{*item, node.number(), text_at(task, "id"), text_at(task, "epoch")};
    ledger_.add("assigned", {{"key", key_of(*item)},
                             {"task", run.task},
                             {"node", node.name()},
                             {"epoch", run.epoch},
                             {"attempt", attempt}});
    running_.emplace(now + service, run);
}

// Its workers died with it: nothing they did is told any more.
void LoadRun::on_gone(LoadNode& node) {
    std::erase_if(running_, [&](const auto& each) { return each.second.node == node.number(); });
    totals_[node.number()].running = 0;
    freshness_.on_gone(node.number());
    ledger_.add("gone", {{"node", node.name()}});
}

void LoadRun::finish_due(Clock::time_point now) {
    while (!running_.empty() && running_.begin()->first <= now) {
        const Running run = running_.begin()->second;
        running_.erase(running_.begin());
        --totals_[run.node].running;
        finish(run);
    }
}

void LoadRun::finish(const Running& run) {
    LoadNode& node = *nodes_[run.node];
    const Value::Map body{
        {"epoch", run.epoch},
        {"result", Value::Map{{"request", key_of(run.item)}, {"node", node.name()}}}};
    node.pool().post(
        fmt::format("/v1/tasks/{}/finish", run.task), Value(body),
        [this, run](const Result<HttpReply>& reply) { on_finished(run, document_of(reply)); });
}

void LoadRun::on_finished(const Running& run, const Result<Value>& answer) {
    const auto* counts = answer ? at(*answer, "counts").as<bool>() : nullptr;
    Value::Map line{
        {"key", key_of(run.item)}, {"node", nodes_[run.node]->name()}, {"epoch", run.epoch}};
    if (counts != nullptr) line.emplace("counts", *counts);
    if (!answer) line.emplace("error", answer.error().name);
    ledger_.add("finished", std::move(line));
    if (counts == nullptr) return look_later(run.item, Clock::now() + look_after_loss);
    moved();
    if (*counts)
        complete(run.item, run.node, run.epoch);
    else
        ++reports_refused_;
}

void LoadRun::complete(std::size_t item, std::size_t node, const std::string& epoch) {
    Item& it = items_[item];
    if (it.completed) {
        const bool known = !it.epoch.empty() && !epoch.empty();
        if (it.worker == node && (!known || it.epoch == epoch)) return;
        ++twice_;
        ledger_.add("completed_twice", {{"key", key_of(item)}, {"epoch", epoch}});
        return;
    }
    moved();
    it.epoch = epoch;
    it.completed = true;
    it.worker = node;
    ++completed_;
    ++totals_[node].completed;
    latency_.add(Clock::now() - it.due);
    ledger_.add("completed",
                {{"key", key_of(item)}, {"task", it.task}, {"node", nodes_[node]->name()}});
    LoadNode* writer = nodes_[node]->is_attached() ? nodes_[node].get() : next_node();
    if (writer == nullptr)
        writes_again_.emplace(Clock::now() + write_again_after, item);
    else
        write(item, *writer);
}

// The key and the counter in one atomic batch.
void LoadRun::write(std::size_t item, LoadNode& node) {
    const std::string worker = nodes_[items_[item].worker]->name();
    const Value::List steps{
        Value::Map{{"action", "set"}, {"key", "done/" + key_of(item)}, {"value", worker}},
        Value::Map{{"action", "add"}, {"key", "executions/" + worker}, {"amount", 1}}};
    const Value::Map body{{"steps", steps}, {"agent", "load"}, {"reason", "result accepted"}};
    node.pool().post("/v1/state", Value(body),
                     [this, item, number = node.number()](const Result<HttpReply>& reply) {
                         on_written(item, number, document_of(reply));
                     });
}

void LoadRun::on_written(std::size_t item, std::size_t node, const Result<Value>& answer) {
    if (!answer) {
        freshness_.on_doubt(item);
        ledger_.add("not_written", {{"key", key_of(item)},
                                    {"node", nodes_[node]->name()},
                                    {"error", answer.error().name}});
        writes_again_.emplace(Clock::now() + write_again_after, item);
        return;
    }
    moved();
    items_[item].written = true;
    ++written_;
    ++totals_[node].written;
    freshness_.on_committed(item, node, current_nodes(), Clock::now());
    ledger_.add("written", {{"key", key_of(item)}, {"node", nodes_[node]->name()}});
}

NodeSet LoadRun::current_nodes() const {
    NodeSet set = 0;
    for (const auto& node : nodes_) set |= NodeSet{node->is_current()} << node->number();
    return set;
}

void LoadRun::on_state(LoadNode& node, const Value& change) {
    constexpr std::string_view prefix = "done/";
    const std::string key = text_at(at(change, "entry"), "key");
    if (!key.starts_with(prefix)) return;
    const auto item = item_of(std::string_view(key).substr(prefix.size()));
    if (!item) return;
    if (text_at(change, "phase") == "change")
        freshness_.on_seen(*item, node.number(), Clock::now());
    else
        freshness_.on_replayed(*item, node.number());
}

void LoadRun::on_member(LoadNode& node, const Value& event) {
    const Value& member = at(event, "member");
    if (kills_.empty() || text_at(event, "phase") != "change") return;
    if (text_at(member, "state") != "dead" || text_at(member, "id") != kills_.back().id) return;
    const NodeSet self = NodeSet{1} << node.number();
    if ((kills_.back().told & self) != 0) return;
    kills_.back().told |= self;
    detection_.add(Clock::now() - kills_.back().at);
}

}  // namespace starling::cli
