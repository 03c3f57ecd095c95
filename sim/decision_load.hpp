// Clients that propose decisions, vote and look, and what must be true of what they were told.
//
//      propose ──> open ──votes, some of them twice──> closed, told to whoever looks
//                    └── in the end every node is asked
//
// Invariants:
//   decisions_are_final     whoever is told that a decision closed is told the same outcome
//   decisions_are_counted   the outcome follows from the votes: an option with a majority of the
//                           electors, else the status quo; every vote shown was cast, once a voter
//   acked_votes_count       a vote that was taken is among those of the closed decision
//   decisions_take_time     none ends for lack of votes before its time is over
//   decisions_close         in the end each is closed whose time was long over
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_register.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class DecisionLoad final : public Workload {
public:
    DecisionLoad(const LoadSetup& setup, Findings& findings);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

private:
    using Votes = std::map<std::string, std::string>;  // agent -> option

    struct Decision {
        std::string name;
        Duration asked{};
        Duration within{};
        bool opened = false;                                 // acknowledged
        std::set<std::pair<std::string, std::string>> cast;  // agent, option
        Votes acked;
        std::optional<node::DecisionAnswer> closed;  // as it was first told
        std::uint32_t shown_open = 0;                // in the end
    };

    enum class Deed : std::uint8_t { propose, vote, look, last_look };

    struct Step {
        Deed deed{};
        std::size_t decision = 0;
        std::uint32_t host = 0;
        std::string option;
        Duration asked{};
    };

    using CallKey = std::pair<std::uint32_t, CallId>;

    void begin(std::uint64_t number, Duration now, Clients& clients);
    void carry_out(Step step, Duration now, Clients& clients);
    [[nodiscard]] Bytes request_of(const Step& step) const;
    void take(const Step& step, const node::DecisionAnswer& answer, Duration now);
    void take_closed(Decision& decision, const node::DecisionAnswer& answer, std::uint32_t host,
                     Duration now);
    void check_count(const Decision& decision, const node::DecisionAnswer& answer,
                     std::uint32_t host, Duration now);
    void check_end(const Decision& decision, Duration now);
    [[nodiscard]] bool was_cast(const Decision& decision, const node::DecisionAnswer& answer) const;

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    Decoder decoder_;
    bool asked_ = false;
    std::vector<Decision> decisions_;
    std::multimap<Duration, Step> steps_;
    std::map<CallKey, Step> waiting_;
    LoadCounts counts_;
};

}  // namespace starling::sim
