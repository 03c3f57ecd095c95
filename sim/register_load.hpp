// Clients that read and swap registers, and the history that both checkers judge.
//
// Invariants:
//   registers_chain     versions and values form one chain per name (check_chain.hpp)
//   registers_are_one   the answers are those of a single register (check_linearizable.hpp)
//   registers_progress  something was applied, if anything was asked while all voters ran
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_register.hpp"
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

    [[nodiscard]] std::optional<Duration> next_time() const override { return pace_.next(); }

    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

    [[nodiscard]] const CallHistory& history() const { return history_; }

private:
    void operate(std::uint64_t number, Duration now, Clients& clients);
    static void note(const node::RegisterAnswer& answer, Call& call);

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    Decoder decoder_;
    CallHistory history_;
    std::map<std::pair<std::uint32_t, CallId>, std::size_t> waiting_;  // call -> history
    std::map<std::string, std::uint64_t> known_;  // version that clients saw last
    LoadCounts counts_;
};

}  // namespace starling::sim
