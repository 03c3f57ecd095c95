#include "node/io/driver_loop.hpp"

#include "base/limits.hpp"
#include "node/envelope.hpp"
#include "node/io/clocks.hpp"
#include "node/io/identity.hpp"
#include "node/io/thread.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace starling::io {
namespace {

// The watchdog counts seconds without a turn, so an idle driver turns more often than that.
constexpr Duration idle_max = std::chrono::milliseconds{500};

void abort_because_of_hang() {
    constexpr std::string_view text =
        "starling: the driver has not turned for 30 s; this is a bug, the process ends\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    std::abort();
}

// Two processes with one key would contradict each other: the older one ends before it says more.
[[noreturn]] void end_superseded(Boot boot) {
    const std::string text =
        "starling: error node_superseded: another process runs with this node's key"
        " and boot " +
        std::to_string(boot.value) +
        "; this one ends. Give each node a data directory of its own.\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    std::_Exit(EXIT_FAILURE);
}

WatchdogOptions watching(const std::string& directory) {
    WatchdogOptions options;
    options.rounds_max =
        static_cast<unsigned>(limits::driver_abort_after / std::chrono::seconds{1});
    options.on_hang = abort_because_of_hang;
    options.directory = directory;
    return options;
}

}  // namespace

DriverLoop::DriverLoop(Parts parts, node::Setup setup)
    : poller_(std::move(parts.poller)), transport_(std::move(parts.transport)), log_(*parts.log) {
    const Moment now = read_clocks();
    TurnStore::Turn first = turns_.next();
    core_ =
        std::make_unique<node::NodeCore>(std::move(setup), verifier_, *parts.journal, now, *first);
    read_failure_ = parts.journal->read_failure();
    watchdog_ = std::make_unique<Watchdog>(watching(parts.directory));
    journal_ = std::make_unique<JournalThread>(std::move(parts.journal),
                                               std::move(parts.on_journal_failure));
    poller_->add(journal_->fd(), Interest::readable, nudge_);
    poller_->add(calls_.fd(), Interest::readable, nudge_);
    if (!read_failure_) carry_out(std::move(first), now);
}

DriverLoop::~DriverLoop() {
    poller_->remove(calls_.fd());
    poller_->remove(journal_->fd());
}

void DriverLoop::stop(Duration within) {
    stop_within_ = within;
    stopping_ = true;
    calls_.close();
    calls_.ring();
}

void DriverLoop::run() {
    while (!stopping_) {
        wait();
        turn();
    }
    finish();
}

void DriverLoop::wait() {
    if (backlog_ == node::Backlog::left || transport_->busy() || !own_frames_.empty()) {
        poller_->wait(Duration{0});
        return;
    }
    const BootTime now = read_clocks().boot_time;
    const auto wake = wake_at();
    const Duration pause = wake ? std::clamp(*wake - now, Duration{0}, idle_max) : idle_max;
    poller_->wait(pause);
}

std::optional<BootTime> DriverLoop::wake_at() const {
    return earlier(core_->next_deadline(), transport_->next_deadline());
}

void DriverLoop::turn() {
    const Moment now = read_clocks();
    TurnStore::Turn turn = turns_.next();
    backlog_ = take_in(now, *turn);
    tell_health(now, *turn);
    core_->on_tick(now, backlog_, *turn);
    ready_ = core_->ready();
    if (const auto boot = core_->superseded()) give_way(*boot);
    release(now);
    carry_out(std::move(turn), now);
    release(now);
    watchdog_->turned();
    publish(now, read_clocks().boot_time - now.boot_time);
}

node::Backlog DriverLoop::take_in(Moment now, Effects& out) {
    transport_->step(now);
    for (const node::LinkEvent& event : transport_->take_events()) core_->on_link(event, now, out);
    const auto frames = transport_->receive(
        limits::frames_per_turn,
        [&](const NodeId& from, ByteView frame) { core_->on_frame(from, frame, now, out); });
    for (const Bytes& frame : std::exchange(own_frames_, {})) {
        core_->on_frame(core_->id(), frame, now, out);
    }
    const auto calls = take_calls(now, out);
    take_fetched(now, out);
    const bool left = frames == node::Backlog::left || calls == node::Backlog::left;
    return left ? node::Backlog::left : node::Backlog::drained;
}

node::Backlog DriverLoop::take_calls(Moment now, Effects& out) {
    for (PostedCall& call : calls_.take()) waiting_calls_.push_back(std::move(call));
    // While the disk is far behind, calls wait: they are what makes it write most.
    if (turns_.size() >= limits::journal_batches_waiting) return node::Backlog::drained;
    for (std::size_t i = 0; i < limits::calls_per_turn && !waiting_calls_.empty(); ++i) {
        PostedCall call = std::move(waiting_calls_.front());
        waiting_calls_.pop_front();
        take_call(std::move(call), now, out);
    }
    return waiting_calls_.empty() ? node::Backlog::drained : node::Backlog::left;
}

void DriverLoop::take_call(PostedCall call, Moment now, Effects& out) {
    if (!call.sink) {
        if (sinks_.erase(call.id) == 1) core_->on_call_ended(call.id);
        return;
    }
    sinks_.emplace(call.id, std::move(call.sink));
    core_->on_call(call.id, call.request, now, out);
}

void DriverLoop::take_fetched(Moment now, Effects& out) {
    for (const Fetched& fetched : journal_->take_fetched()) {
        core_->on_fetched(fetched.tag, fetched.records, now, out);
    }
}

void DriverLoop::tell_health(Moment now, Effects& out) {
    node::DriverHealth health;
    if (const auto oldest = turns_.oldest()) health.oldest_batch = now.boot_time - *oldest;
    health.last_turn = last_turn_;
    health.free_bytes = watchdog_->free_bytes();
    core_->on_health(health, out);
}

void DriverLoop::carry_out(TurnStore::Turn turn, Moment now) {
    const Effects& wanted = *turn;
    log_.write(wanted.traced());
    for (const LinkCommand& command : wanted.links()) {
        transport_->run(command, starling::text_of(wanted.view(command.address)), now);
    }
    send(wanted, Gate::open, now);
    answer(wanted, Gate::open);
    if (!wanted.stored().empty()) journal_->hand(wanted, ++handed_);
    order_fetches(wanted);
    log_.write(transport_->take_traced());
    const auto waits = [](const auto& each) { return each.gate == Gate::durable; };
    const bool promises = std::ranges::any_of(wanted.outgoing(), waits) ||
                          std::ranges::any_of(wanted.answers(), waits);
    if (promises || !wanted.stored().empty()) {
        turns_.hold(std::move(turn), handed_, now.boot_time);
    } else {
        turns_.recycle(std::move(turn));
    }
}

void DriverLoop::order_fetches(const Effects& turn) {
    for (const Fetch& fetch : turn.fetches()) {
        journal_->fetch({fetch.tag, fetch.table, copy_of(turn.view(fetch.first)),
                         copy_of(turn.view(fetch.last))});
    }
}

void DriverLoop::send(const Effects& turn, Gate gate, Moment now) {
    for (const Outgoing& frame : turn.outgoing()) {
        if (frame.gate != gate) continue;
        if (frame.to == core_->id()) {
            keep_own(frame.kind, turn.view(frame.body), now);
        } else {
            transport_->send(frame.to, frame.kind, turn.view(frame.body), now);
        }
    }
}

void DriverLoop::keep_own(Kind kind, ByteView body, Moment now) {
    node::FrameHeader fields;
    fields.kind = kind;
    fields.sent_ms = node::sent_ms_of(now.boot_time);
    const auto header = node::header_bytes(fields);
    Bytes& frame = own_frames_.emplace_back(header.begin(), header.end());
    frame.insert(frame.end(), body.begin(), body.end());
}

void DriverLoop::answer(const Effects& turn, Gate gate) {
    for (const Answer& each : turn.answers()) {
        if (each.gate != gate) continue;
        const auto sink = sinks_.find(each.call);
        if (sink == sinks_.end()) continue;  // the caller is gone
        sink->second(turn.view(each.body), each.last);
        if (each.last) sinks_.erase(sink);
    }
}

void DriverLoop::release(Moment now) {
    const std::uint64_t durable = journal_->durable();
    while (TurnStore::Turn due = turns_.take_due(durable)) {
        send(*due, Gate::durable, now);
        answer(*due, Gate::durable);
        turns_.recycle(std::move(due));
    }
    log_.write(transport_->take_traced());
}

void DriverLoop::finish() {
    // The rest of the time is for the threads to end.
    const BootTime deadline = read_clocks().boot_time + stop_within_.load() / 4 * 3;
    while (!turns_.empty() && read_clocks().boot_time < deadline) {
        poller_->wait(std::chrono::milliseconds{10});
        const Moment now = read_clocks();
        transport_->step(now);
        release(now);
        watchdog_->turned();
    }
    ready_ = false;
    for (PostedCall& call : calls_.take()) waiting_calls_.push_back(std::move(call));
    for (PostedCall& call : waiting_calls_) {
        if (call.sink) {
            sinks_.emplace(call.id, std::move(call.sink));
        } else {
            sinks_.erase(call.id);
        }
    }
    for (const auto& [id, sink] : sinks_) sink({}, true);
    sinks_.clear();
    transport_.reset();
    watchdog_.reset();  // the disk may take longer than a driver may
    journal_->close();
}

// Where the boot was this node's own, on a disk that is gone, its next process goes beyond it
// however far its clock is behind.
void DriverLoop::give_way(Boot boot) {
    const TurnStore::Turn last = turns_.next();
    keep_boot(boot, *last);
    journal_->hand(*last, ++handed_);
    journal_->close();
    end_superseded(boot);
}

void DriverLoop::publish(Moment now, Duration worked) {
    last_turn_ = worked;
    const std::scoped_lock lock(numbers_mutex_);
    const auto oldest = turns_.oldest();
    numbers_.oldest_batch = oldest ? now.boot_time - *oldest : Duration{0};
    numbers_.last_turn = worked;
    numbers_.longest_turn = std::max(numbers_.longest_turn, worked);
    ++numbers_.turns;
    numbers_.batches = handed_;
    numbers_.batches_waiting = handed_ - journal_->durable();
    numbers_.calls_open = sinks_.size();
    numbers_.transport = transport_->numbers();
}

LoopNumbers DriverLoop::numbers() const {
    const std::scoped_lock lock(numbers_mutex_);
    return numbers_;
}

}  // namespace starling::io
