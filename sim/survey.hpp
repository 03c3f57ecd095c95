// Asks every node at one moment who its members are, and compares the answers with each other and
// with the truth.
//
// Invariants:
//   nodes_answer    every running node answers with a whole table
//   members_agree   all tables say the same of every member: state, boot and incarnation
//   truth_is_known  whoever runs is alive in them with its present boot, whoever does not is not
//
// The moment must be one at which the mesh had time to converge.  Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls.hpp"
#include "sim/check.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace starling::sim {

class Survey final : public Workload {
public:
    Survey(Duration at, Findings& findings);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;

    [[nodiscard]] LoadCounts counts() const override { return {}; }

    struct Truth {
        NodeId id;
        bool running = false;
        Boot boot;
    };

    // What is true of each host at the end; before conclude().
    void learn(std::vector<Truth> truths) { truths_ = std::move(truths); }

    void conclude(Duration now) override;

private:
    struct Seen {
        MemberState state{};
        Boot boot;
        Incarnation incarnation;

        friend bool operator==(const Seen&, const Seen&) = default;
    };

    using Members = std::map<NodeId, Seen>;

    struct Table {
        CallId call;
        Members members;
        std::shared_ptr<const Members> whole;  // once all of it came; equal ones are one
    };

    [[nodiscard]] std::shared_ptr<const Members> kept(Members members);
    void ask(std::uint32_t host, std::optional<NodeId> after, Clients& clients);
    void take(std::uint32_t host, Table& table, const node::MembersPage& page);
    void compare_with_truth(std::uint32_t host, const Table& table, const Truth& truth,
                            Duration now);

    Duration at_;
    Findings& findings_;
    bool asked_ = false;
    Clients* clients_ = nullptr;  // of the world, once it acted
    Decoder decoder_;
    std::map<std::uint32_t, Table> tables_;
    std::vector<std::shared_ptr<const Members>> distinct_;  // all that is whole
    std::vector<Truth> truths_;
};

}  // namespace starling::sim
