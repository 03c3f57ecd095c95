// What a run's report tells: what happened when, collected while it happens.
//
//      World ── traces, starts, faults, every second ──> Chronicle ──finish()──> Story ──> a page
//
// Invariants:
//   I1  It only looks: a run with a chronicle has the same trace hash as one without.
//   I2  What it keeps is bounded: samples_max of each kind, then the first ones stand for all.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "sim/check.hpp"
#include "sim/fault.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

// A fault that struck, as long as it was in force.
struct Strike {
    Fault fault;
    Duration from{};
    Duration to{};
};

// How long it took until a share of the nodes that ran knew an update, of every update.
struct Spread {
    static constexpr std::array<std::uint32_t, 4> percents = {50, 90, 99, 100};

    // How many of `nodes` the percentage with this index is.
    [[nodiscard]] static constexpr std::size_t share_of(std::uint32_t nodes, std::size_t index) {
        return (std::size_t{nodes} * percents[index] + 99) / 100;
    }

    std::array<std::vector<Duration>, 4> times;  // ascending
    std::uint64_t unfinished = 0;                // not yet known to all that ran at the end
};

struct TaskLine {
    std::uint64_t task = 0;  // first bytes of its id
    Duration offered{};
    std::vector<Duration> awarded;
    Duration started = Duration::max();
    Duration accepted = Duration::max();
    bool ended_otherwise = false;  // a dead letter, or cancelled
};

// A frame between two nodes.
struct Message {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint8_t kind = 0;
    std::size_t bytes = 0;
    Duration sent{};
    Duration arrived{};
};

struct Story {
    std::uint32_t nodes = 0;
    Duration ends{};
    Duration healed_at{};
    std::vector<Strike> strikes;
    Spread spread;
    std::vector<Duration> staleness;  // from each commit to each node that applied it, ascending
    std::vector<Duration> awards;     // from the record of a task to its award, ascending
    // By node, then second: how many members it was wrong about, as far as the faults tell.
    std::vector<std::vector<std::uint32_t>> wrong;
    std::vector<std::pair<Duration, std::uint32_t>> deaths;  // told when and by whom
    std::vector<TaskLine> tasks;
    // From shortly before the first node was hurt: who told whom what.
    std::vector<Message> messages;
    Duration messages_from{};
    std::vector<std::uint64_t> bytes_sent;  // by node
};

class Chronicle final : public Check {
public:
    static constexpr std::size_t samples_max = 200'000;
    static constexpr std::size_t messages_max = 1500;
    static constexpr Duration messages_before = std::chrono::milliseconds{20};

    explicit Chronicle(const std::vector<NodeId>& ids);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;

    [[nodiscard]] bool wants_frames() const override { return true; }

    void on_frame(const FrameSeen& frame) override;

    // It wants no time of its own (I1): seconds that have passed are looked at with the next event.
    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration /*now*/) override {}

    // At the end.
    [[nodiscard]] Story finish(Duration healed_at, Duration now);

private:
    struct Update {
        Duration committed{};
        std::vector<Duration> heard;  // after the commit, ascending
        std::uint32_t running = 0;    // nodes at the commit
    };

    enum class Belief : std::uint8_t { unknown, alive, dead };

    void look_until(Duration now);
    void look();
    void on_member(std::uint32_t host, const TraceRecord& record, Duration now);
    void on_batch(std::uint32_t host, const TraceRecord& record, Duration now);
    void on_task(const TraceRecord& record, Duration now);
    [[nodiscard]] std::uint32_t running() const;

    std::map<std::uint64_t, std::uint32_t> hosts_;  // first bytes of the id -> host
    std::vector<bool> up_;
    std::vector<std::vector<Belief>> beliefs_;
    std::map<std::uint32_t, std::size_t> in_force_;  // line of a fault -> its strike
    std::map<std::pair<std::uint64_t, std::uint64_t>, Update> updates_;
    std::map<std::uint64_t, std::size_t> lines_;  // task -> its line
    std::map<std::uint64_t, Duration> recorded_;
    bool hurt_ = false;
    Duration next_look_ = std::chrono::seconds{1};  // at the beliefs of all nodes
    Story story_;
};

}  // namespace starling::sim
