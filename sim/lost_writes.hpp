// Which acknowledged writes may be gone for good, since the only disk that held them was lost, or
// put back to a time before.
//
//      committed ──> on its writer's disk ──applied and durable elsewhere──> safe
//                        │  └── what is put back later was kept ──────────────^
//                        └── that disk is lost, or put back ──> may be gone
//
// It may be gone, if no other host said, after it had applied the write, that what it wrote then is
// durable, nor its own host before what is put back was kept; and if it was committed at most
// spread_within before the loss, or another fault was in force at some time between the two, which
// kept it from spreading.  Nothing else is excused: no write of another host, none after the loss,
// none that reached another disk, none that is put back.
//
// Words are listened to in plans that lose or put back a disk, and nothing is noted in others.  Not
// thread safe.
#pragma once

#include "node/calls_state.hpp"
#include "sim/check.hpp"
#include "sim/host_numbers.hpp"
#include "sim/plan.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace starling::sim {

class LostWrites final : public Check {
public:
    // As long as writes take on a day without faults, far places and slow disks included.
    static constexpr Duration spread_within = std::chrono::seconds{5};

    LostWrites(const Plan& plan, const std::vector<NodeId>& ids);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;

    [[nodiscard]] bool wants_words() const override { return loser_.has_value(); }

    void on_said(const Told& frame) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    // Of a write that was acknowledged with this version.
    [[nodiscard]] bool may_be_gone(const node::VersionToken& version) const;

private:
    // Of the host that will lose its disk: boot and last counter of a batch.
    using Batch = std::pair<std::uint64_t, std::uint64_t>;

    struct Life {
        Duration committed{};
        bool safe = false;
    };

    // What a host applied, the writer itself until its disk is kept, and the batch of records that
    // holds it, once that is known.
    struct Applied {
        Batch batch;
        Duration at{};
        std::uint64_t records = 0;
    };

    [[nodiscard]] bool counts(std::uint32_t host, Duration now) const;
    [[nodiscard]] bool was_hampered(Duration from) const;

    std::vector<NodeId> ids_;
    HostNumbers hosts_;
    std::optional<std::uint32_t> loser_;  // the host that loses its disk
    Duration kept_at_{};                  // since the beginning, if it is put back
    std::map<Batch, Life> batches_;
    std::vector<std::deque<Applied>> applied_;   // by host, oldest first
    std::map<std::uint32_t, Duration> hampers_;  // other faults, by line, and when they ended
    std::optional<Duration> lost_;
};

}  // namespace starling::sim
