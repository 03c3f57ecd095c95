// Clients that read and swap registers, and the history that both checkers judge.
//
// Invariants:
//   registers_chain     versions and values form one chain per name (check_chain.hpp)
//   registers_are_one   the answers are those of a single register (check_linearizable.hpp)
//   registers_progress  something was applied, if anything was asked while all voters ran
//   not_applied_stays   a change that was told as not applied was never chosen by the voters
//   calls_are_answered  every call ends, soon after its timeout, while its node runs
//
// A change whose outcome is unknown is settled, by its own node and then by others until one of
// them knows: it counts as the settling says.
//
// In one run of three each register has a keeper, a node that makes most of its changes, as an
// owner does: its ballots are ready when a partition comes, and what it leaves half done nobody
// writes over.
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "base/rng.hpp"
#include "node/calls_register.hpp"
#include "sim/ballot_check.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/register_history.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace starling::sim {

class RegisterLoad final : public Workload {
public:
    RegisterLoad(const LoadSetup& setup, Findings& findings);

    // Who knows what voters chose; before the run.
    void compare_with(const BallotCheck& ballots) { ballots_ = &ballots; }

    [[nodiscard]] std::optional<Duration> next_time() const override;

    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

    [[nodiscard]] const CallHistory& history() const { return history_; }

private:
    // A call that is under way: which of the history, and whether it settles that one.
    struct Waiting {
        std::size_t call = 0;
        bool settles = false;
        Duration since{};
    };

    // A change whose outcome nobody could tell yet.
    struct Open {
        Bytes operation;
        std::uint32_t asked = 0;  // how often
    };

    void operate(std::uint64_t number, Duration now, Clients& clients);
    [[nodiscard]] std::uint32_t host_for(std::uint64_t name, std::uint32_t hosts,
                                         Rng& choice) const;
    void settle(std::uint32_t host, std::size_t number, Duration now);
    bool ask_to_settle(std::uint32_t host, std::size_t number, Duration now);
    void settle_due(Duration now);
    void check_final(Duration now);
    static void note(const node::RegisterAnswer& answer, Call& call);

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    bool kept_;  // registers have keepers
    Decoder decoder_;
    CallHistory history_;
    Clients* clients_ = nullptr;  // of the world, once it acted
    std::map<std::pair<std::uint32_t, CallId>, Waiting> waiting_;
    std::map<std::size_t, Open> open_;            // by place in the history
    std::multimap<Duration, std::size_t> again_;  // when to settle which
    const BallotCheck* ballots_ = nullptr;
    std::map<std::string, std::uint64_t> known_;  // version that clients saw last
    LoadCounts counts_;
};

}  // namespace starling::sim
