// A deterministic world of auction cores: virtual time, latency, loss, crashes with the disk kept,
// stops, partitions.  Everything follows from the seed.
//
//   core ──Effects──> disk (durable after sync) ──gate──> network ──latency──> core
//
// Not thread safe.
#pragma once

#include "auction/auctions.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace starling::auction::test {

using namespace std::chrono_literals;

struct WorldOptions {
    std::size_t nodes = 5;
    std::uint64_t seed = 1;
    Duration latency_min = 200us;
    Duration latency_max = 800us;
    Duration sync = 300us;        // until a journal batch is durable
    std::uint64_t drop = 0;       // frames lost, of 1000
    std::uint64_t duplicate = 0;  // frames sent twice, of 1000
    bool reorder = false;         // otherwise frames between two nodes keep their order
    Duration detect = 300ms;      // from a crash to everybody's verdict
    Timing timing = {};
};

class Disk : public RecordSource {
public:
    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;
    void apply(Table table, bool erase, const Bytes& key, const Bytes& value);

    std::map<Table, std::map<Bytes, Bytes>> tables;
};

inline constexpr std::size_t ann = 0;
inline constexpr std::size_t bob = 1;
inline constexpr std::size_t eve = 2;
inline constexpr std::size_t dan = 3;
inline constexpr std::size_t fay = 4;

// A task that asks for a price.
[[nodiscard]] TaskSpec quote();

struct Execution {
    TaskId task;
    Epoch epoch;
    std::size_t node;
};

class World {
public:
    explicit World(WorldOptions options);

    [[nodiscard]] Moment now() const;

    [[nodiscard]] std::size_t size() const { return hosts_.size(); }

    [[nodiscard]] NodeId id(std::size_t node) const { return hosts_[node].id; }

    [[nodiscard]] std::size_t index_of(const NodeId& id) const;

    [[nodiscard]] Auctions& core(std::size_t node) { return *hosts_[node].core; }

    [[nodiscard]] bool is_up(std::size_t node) const { return hosts_[node].core != nullptr; }

    // It has been up long enough to have met the others.
    [[nodiscard]] bool is_ready(std::size_t node) const;

    // Workers that take `run` for each task and answer "<node>".
    void serve(std::size_t node, const std::string& skill, std::size_t count, Duration run);
    void stop_serving(std::size_t node);
    // What a worker does instead of finishing; nothing restores the default.
    using Handler = std::function<void(World&, std::size_t node, const Assignment&)>;

    void set_handler(Handler handler) { handler_ = std::move(handler); }

    void finish(std::size_t node, const Assignment& assignment, Bytes result);
    void fail(std::size_t node, const Assignment& assignment, const Fault& fault);

    TaskId offer(std::size_t node, const TaskSpec& spec);
    void wait(std::size_t node, const TaskId& task);
    void cancel(std::size_t node, const TaskId& task);
    [[nodiscard]] std::optional<TaskView> show(std::size_t node, const TaskId& task);
    [[nodiscard]] Listed list(std::size_t node, const ListRequest& request);
    // Any other input to a core, as a turn of its own.
    void step(std::size_t node, const std::function<void(Auctions&, Moment, Effects&)>& input);

    void crash(std::size_t node);  // the disk keeps what was durable
    void restart(std::size_t node);
    void pause(std::size_t node);
    void resume(std::size_t node);
    void cut(std::size_t a, std::size_t b);
    void isolate(std::size_t node);
    // These nodes from all others; both sides take the other one for dead at once.
    void split(const std::set<std::size_t>& island);
    void heal();
    // Everybody is told that the node is gone, whatever it does.
    void declare_gone(std::size_t node, Leaving leaving = Leaving::dead);
    void declare_alive(std::size_t node);

    void run(Duration duration);
    // Until the condition holds; false when it did not within `most`.
    bool run_until(const std::function<bool()>& condition, Duration most);
    void at(Duration from_now, std::function<void()> action);

    // Called after every delivered frame with its number, from 1.
    void set_on_delivered(std::function<void(std::size_t)> hook) {
        on_delivered_ = std::move(hook);
    }

    // False loses the frame.
    using Filter = std::function<bool(std::size_t from, std::size_t to, Kind kind)>;

    void set_filter(Filter filter) { filter_ = std::move(filter); }

    // How the task ended by what its custodians keep; nothing while it is unfinished.
    [[nodiscard]] std::optional<Outcome> outcome(const TaskId& task) const;
    // Outcomes that were accepted, by origin: never more than one without a move.
    [[nodiscard]] std::size_t accepted_count(const TaskId& task) const;
    [[nodiscard]] std::size_t executions(const TaskId& task) const;
    [[nodiscard]] Counters sum() const;
    // What the custodians keep of a task, for a failing test.
    [[nodiscard]] std::string describe(const TaskId& task) const;

    [[nodiscard]] bool is_acknowledged(const TaskId& task) const {
        return acknowledged_.contains(task);
    }

    [[nodiscard]] const std::set<TaskId>& acknowledged() const { return acknowledged_; }

    std::vector<Execution> executed;
    std::vector<Acknowledged> answers;
    std::vector<Finished> finished;
    std::vector<CancelAnswer> cancelled;
    std::vector<Settled> settled;
    std::vector<Stopped> stopped;
    std::vector<Awarded> awarded;
    std::map<Kind, std::size_t> sent;  // between different nodes
    std::size_t delivered = 0;
    std::size_t refused = 0;  // frames that did not decode

private:
    struct Host {
        NodeId id;
        Boot boot;
        Disk disk;
        std::unique_ptr<Auctions> core;
        bool paused = false;
        std::vector<std::function<void()>> held_back;  // while paused
        BootTime durable_at{};
        BootTime up_since{};
        std::optional<BootTime> wake;
        std::map<std::string, std::pair<std::size_t, Duration>> serves;
        std::map<std::uint64_t, std::string> workers;
        std::map<std::size_t, BootTime> last_arrival;  // per sender
        Counters counted;                              // of earlier boots
    };

    void turn(std::size_t node);
    void carry_out(std::size_t node);
    void depart(std::size_t from, const Outgoing& outgoing, Bytes body, BootTime when);
    void arrive(std::size_t from, std::size_t to, Kind kind, const Bytes& body, Boot boot);
    void deliver(std::size_t from, std::size_t to, Kind kind, const Bytes& body);
    void collect(std::size_t node);
    void start_worker(std::size_t node, const Assignment& assignment);
    void wake_at(std::size_t node);
    void on_host(std::size_t node, Boot boot, const std::function<void()>& action);
    void connect(std::size_t a, std::size_t b);
    void schedule(BootTime when, std::function<void()> action);
    bool run_one(BootTime end);

    WorldOptions options_;
    Rng rng_;
    BootTime now_{1h};
    std::deque<Host> hosts_;
    std::map<std::pair<BootTime, std::uint64_t>, std::function<void()>> events_;
    std::uint64_t event_count_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t workers_ = 0;
    std::set<std::pair<std::size_t, std::size_t>> cuts_;
    Effects out_;
    Decoder decoder_;
    Handler handler_;
    std::function<void(std::size_t)> on_delivered_;
    Filter filter_;
    std::set<TaskId> acknowledged_;
    std::map<std::uint64_t, TaskId> calls_to_;
    std::map<std::uint64_t, std::set<std::pair<std::uint64_t, std::uint64_t>>> accepted_;
    std::map<std::uint64_t, Shown> shown_;
    std::map<std::uint64_t, Listed> listed_;
};

}  // namespace starling::auction::test
