// Whether replicas follow up what others tell them that they lack.
//
//      heard: heads that show more ──> lacked ──want said, or heads said that show as much──> gone
//                                        └──heads said that show less, followed_within later──> !
//
// Invariants:
//   heads_are_followed_up  a node that was told of batches which it lacks, and again and again,
//                          asks somebody for them; not while a fault strikes it: over a throttled
//                          link all places for questions may be taken
//
// Nothing is looked at once an origin forked: its batches are wanted no more.
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "crdt/messages.hpp"
#include "sim/check.hpp"
#include "sim/fitness.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace starling::sim {

class HeadCheck final : public Check {
public:
    static constexpr Duration followed_within = std::chrono::seconds{5};
    static constexpr Duration told_again_within = std::chrono::seconds{2};  // by who stays
    static constexpr std::uint32_t told_times = 3;  // a frame may be of an old link

    HeadCheck(std::vector<NodeId> ids, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;

    void on_fault(const Fault& fault, Phase phase, Duration now) override;

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

private:
    using Key = std::pair<std::uint32_t, crdt::Origin>;  // host, origin

    struct Lack {
        NodeId teller;  // the last
        std::uint64_t counter = 0;
        Duration since{};
        Duration heard{};                    // last
        std::uint32_t times = 1;             // heard
        std::optional<Duration> long_ago{};  // when it had heard of it for long enough
    };

    void forget_lacks(std::uint32_t host);
    void on_heads_said(const Told& frame, const crdt::Heads& heads);
    void shows(const Told& frame, const crdt::Origin& origin, std::uint64_t counter);

    std::vector<NodeId> ids_;
    Findings& findings_;
    Decoder decoder_{Decoder::large_chunk};
    std::map<Key, Lack> lacks_;
    std::map<Key, Duration> wanted_;  // last
    Fitness fitness_;
    bool forked_ = false;
};

}  // namespace starling::sim
