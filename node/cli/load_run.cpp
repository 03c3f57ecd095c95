#include "node/cli/load_run.hpp"

#include "node/cli/json.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto attach_within = 5s;
constexpr auto still_max = 30s;
constexpr auto load_turn_max = 20ms;
constexpr auto metrics_every = 500ms;
constexpr std::size_t control_channels = 2;
constexpr std::size_t items_of_shard = 1000;
constexpr std::size_t shards_max = 64;

// A stream begins with all that is there, and a node ends one whose reader is 1 MiB behind.
LoadStreams streams_of(const LoadSetup& setup, std::size_t shards) {
    LoadStreams streams{"infer", setup.slots, {}};
    for (std::size_t i = 0; i < shards; ++i)
        streams.prefixes.push_back(fmt::format("done/{}.{}.", setup.run, i));
    return streams;
}

}  // namespace

LoadRun::LoadRun(LoadSetup setup, Ledger& ledger, Terminal& terminal)
    : setup_(std::move(setup)),
      ledger_(ledger),
      terminal_(terminal),
      totals_(setup_.targets.size()),
      items_(setup_.requests.size()),
      shards_(std::min(items_.size() / items_of_shard + 1, shards_max)),
      freshness_(setup_.targets.size(), setup_.requests.size()) {
    LoadListener& listener = *this;
    for (const LoadTarget& target : setup_.targets) {
        nodes_.push_back(std::make_unique<LoadNode>(nodes_.size(), target,
                                                    streams_of(setup_, shards_), listener));
    }
    if (!setup_.control.empty())
        control_ = std::make_unique<HttpPool>(setup_.control, control_channels, load_ask_within);
}

Result<void> LoadRun::begin() {
    for (const LoadTarget& target : setup_.targets) {
        const auto status = HttpClient(target.socket, load_ask_within).get("/v1/status");
        if (!status) return tl::unexpected(status.error());
        ids_.push_back(text_at(*status, "id"));
    }
    const auto before = executions(HttpClient(setup_.targets.front().socket, load_ask_within));
    if (!before) return tl::unexpected(before.error());
    executions_before_ = *before;
    const auto deadline = Clock::now() + attach_within;
    const auto waits = [](const auto& node) { return !node->is_current(); };
    began_ = Clock::time_point::max();
    while (std::ranges::any_of(nodes_, waits) && Clock::now() < deadline) turn(load_turn_max);
    for (const auto& node : nodes_) {
        if (!node->is_current()) return tl::unexpected(node->trouble());
    }
    return {};
}

void LoadRun::run(const Signals& signals) {
    began_ = Clock::now() + 100ms;
    moved_at_ = began_;
    ledger_.add("begin",
                {{"run", setup_.run}, {"requests", static_cast<std::int64_t>(items_.size())}});
    kill_at_ = began_ + setup_.kill_every;
    for (std::size_t i = 0; i < items_.size(); ++i)
        items_[i].due = began_ + setup_.requests[i].at / setup_.speed;
    while (!is_over()) {
        if (signals.take()) interrupted_ = true;
        turn(load_turn_max);
        show_progress(Clock::now());
    }
    if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
    look_at_metrics();
    for (int i = 0; i < 5; ++i) turn(load_turn_max);  // for the answers
}

bool LoadRun::is_over() const {
    if (interrupted_ || Clock::now() - moved_at_ > still_max) return true;
    return next_item_ == items_.size() && written_ + dead_ == items_.size();
}

milliseconds LoadRun::patience(milliseconds most) const {
    const auto until = [&](Clock::time_point at) {
        return std::clamp(std::chrono::ceil<milliseconds>(at - Clock::now()), 0ms, most);
    };
    milliseconds least = most;
    if (!running_.empty()) least = std::min(least, until(running_.begin()->first));
    if (!looks_.empty() && looking_ < looking_max)
        least = std::min(least, until(looks_.begin()->first));
    if (next_item_ < items_.size()) least = std::min(least, until(items_[next_item_].due));
    return least;
}

void LoadRun::turn(milliseconds timeout_max) {
    std::vector<Pollable*> polled;
    for (const auto& node : nodes_) node->add_to(polled);
    if (control_) control_->add_to(polled);
    poll_once(polled, patience(timeout_max));
    const auto now = Clock::now();
    for (const auto& node : nodes_) node->turn(now);
    if (control_) control_->expire(now);
    if (now < began_) return;
    finish_due(now);
    offer_due(now);
    look_due(now);
    kill_due(now);
    if (now >= metrics_at_) look_at_metrics();
}

void LoadRun::look_at_metrics() {
    metrics_at_ = Clock::now() + metrics_every;
    for (const auto& node : nodes_) {
        if (!node->is_attached()) continue;
        node->pool().get("/metrics", [this, name = node->name()](const Result<HttpReply>& reply) {
            if (reply && reply->status == 200) sums_.observe(name, reply->body);
        });
    }
}

std::string LoadRun::progress_text() const {
    return fmt::format("{:6.1f} s  offered {}  running {}  done {}  reassigned {}  p95 {:.0f} ms",
                       ms_of(Clock::now() - began_) / 1000, offered_, running_.size(), completed_,
                       reassigned_, ms_of(latency_.percentile(95)));
}

void LoadRun::show_progress(Clock::time_point now) {
    const bool live = ::isatty(STDERR_FILENO) != 0;
    if (now < shown_at_ || now < began_) return;
    shown_at_ = now + (live ? milliseconds(500ms) : milliseconds(5s));
    if (live)
        std::fputs(("\r\033[K" + progress_text()).c_str(), stderr);
    else
        terminal_.note(progress_text());
}

}  // namespace starling::cli
