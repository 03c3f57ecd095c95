#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/load_run.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto again_after = 200ms;
constexpr milliseconds look_after = 3s;  // without news of a task
constexpr int run_limit_times = 3;
constexpr auto run_limit_least = 10s;

}  // namespace

std::string LoadRun::key_of(std::size_t item) const {
    return fmt::format("{}.{}.{}", setup_.run, item % shards_, item);
}

std::optional<std::size_t> LoadRun::item_of(std::string_view key) const {
    if (!key.starts_with(setup_.run + ".")) return std::nullopt;
    const auto number = parse_number(key.substr(key.rfind('.') + 1));
    if (!number || *number >= items_.size()) return std::nullopt;
    return static_cast<std::size_t>(*number);
}

LoadNode* LoadRun::next_node() {
    for (std::size_t tried = 0; tried < nodes_.size(); ++tried) {
        LoadNode& node = *nodes_[next_target_++ % nodes_.size()];
        if (node.is_attached()) return &node;
    }
    return nullptr;
}

void LoadRun::offer_due(Clock::time_point now) {
    while (next_item_ < items_.size() && items_[next_item_].due <= now) offer(next_item_++);
    while (!offers_again_.empty() && offers_again_.begin()->first <= now) {
        const std::size_t item = offers_again_.begin()->second;
        offers_again_.erase(offers_again_.begin());
        offer(item);
    }
    while (!writes_again_.empty() && writes_again_.begin()->first <= now) {
        const std::size_t item = writes_again_.begin()->second;
        writes_again_.erase(writes_again_.begin());
        LoadNode* node = next_node();
        if (node == nullptr) return static_cast<void>(writes_again_.emplace(now + 100ms, item));
        write(item, *node);
    }
}

void LoadRun::offer_later(std::size_t item, milliseconds after) {
    offers_again_.emplace(Clock::now() + after, item);
}

void LoadRun::offer(std::size_t item) {
    LoadNode* node = next_node();
    if (node == nullptr) return offer_later(item, again_after);
    const LoadRequest& request = setup_.requests[item];
    const auto service = service_time(request) / setup_.speed;
    const Value::Map body{{"skill", "infer"},
                          {"key", key_of(item)},
                          {"payload", Value::Map{{"context", std::int64_t{request.context}},
                                                 {"generated", std::int64_t{request.generated}}}},
                          {"estimate_ms", ms_value(service)},
                          {"run_limit_ms", ms_value(run_limit_times * service + run_limit_least)}};
    const bool again = std::exchange(items_[item].offered, true);
    if (again)
        ++resubmitted_;
    else
        ++offered_;
    ++totals_[node->number()].offered;
    ledger_.add(again ? "resubmitted" : "offered", {{"key", key_of(item)}, {"node", node->name()}});
    node->pool().post("/v1/tasks", Value(body),
                      [this, item, number = node->number()](const Result<HttpReply>& reply) {
                          on_offered(item, number, document_of(reply));
                      });
}

void LoadRun::on_offered(std::size_t item, std::size_t node, const Result<Value>& answer) {
    Item& it = items_[item];
    if (!it.task.empty()) return;
    if (!answer) {
        ledger_.add("not_acknowledged", {{"key", key_of(item)},
                                         {"node", nodes_[node]->name()},
                                         {"error", answer.error().name}});
        return offer_later(item, answer.error().name == "connection_lost" ? 0ms : again_after);
    }
    moved();
    ++acknowledged_;
    it.task = text_at(*answer, "id");
    it.acknowledged = Clock::now();
    if (it.look_at == Clock::time_point{}) look_later(item, it.acknowledged + look_after);
    if (it.assignments > 0) award_.add({});  // a worker had it before we knew
    ledger_.add("acknowledged",
                {{"key", key_of(item)}, {"task", it.task}, {"node", nodes_[node]->name()}});
}

void LoadRun::look_later(std::size_t item, Clock::time_point at) {
    items_[item].look_at = at;
    looks_.emplace(at, item);
}

// Asks for tasks that nobody told about for a while.
void LoadRun::look_due(Clock::time_point now) {
    while (!looks_.empty() && looks_.begin()->first <= now && looking_ < looking_max) {
        const auto [at, item] = *looks_.begin();
        looks_.erase(looks_.begin());
        const Item& it = items_[item];
        if (it.look_at != at || it.looking || it.completed || it.dead) continue;
        LoadNode* node = it.task.empty() ? nullptr : next_node();
        if (node == nullptr)
            look_later(item, now + again_after);
        else
            look(item, *node);
    }
}

void LoadRun::look(std::size_t item, LoadNode& node) {
    items_[item].looking = true;
    ++looking_;
    node.pool().get("/v1/tasks/" + items_[item].task, [this, item](const Result<HttpReply>& reply) {
        on_looked(item, document_of(reply));
    });
}

void LoadRun::on_looked(std::size_t item, const Result<Value>& task) {
    Item& it = items_[item];
    it.looking = false;
    --looking_;
    look_later(item, Clock::now() + look_after);
    if (!task || it.completed || it.dead) return;
    const std::string state = text_at(*task, "state");
    if (state == "dead" || state == "cancelled") {
        it.dead = true;
        ++dead_;
        moved();
        ledger_.add("dead", {{"key", key_of(item)}, {"why", at(*task, "why")}});
    }
    if (state != "done") return;
    const auto accepted = std::ranges::count_if(
        list_at(*task, "attempts"),
        [](const Value& attempt) { return text_at(attempt, "outcome") == "done"; });
    if (accepted > 1) {
        ++twice_;
        ledger_.add("completed_twice", {{"key", key_of(item)}});
    }
    const auto winner = std::ranges::find(ids_, text_at(*task, "winner"));
    if (winner == ids_.end()) return;
    complete(item, static_cast<std::size_t>(winner - ids_.begin()), {});
}

}  // namespace starling::cli
