// What nodes say of each other, checked against what really happened.
//
// Invariants (gossip/README.md says why they hold):
//   standing_never_falls     (boot, incarnation, dead) of a subject never falls at an observer that
//                            goes on running
//   death_is_outbid_only     a dead member is alive again only with a higher (boot, incarnation)
//   only_subject_raises      nobody names a boot that was never started, nor an incarnation that
//                            the subject never claimed
//   no_false_death           nobody calls a node dead that ran and was reachable for a while
//   crash_is_noticed         a crashed node is dead everywhere within `notice_within`
//   one_accuser_never_kills  while at least two others could judge, a death has two accusers who
//                            did not withdraw, as far as their judge has heard
//
// Excuses of no_false_death, each for a while after its reason:
//   the subject was crashed, stopped or frozen; it was cut off from the observer, or one way from
//   anybody, or such a cut healed; it was strained: slow, throttled, dialled in vain, or behind a
//   network that delays or loses; the partition was not clean, so that two who could not hear the
//   subject told the observer so; the observer itself was out or cut off, and learns on its return
//   what held good in that time.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "sim/check.hpp"
#include "sim/history.hpp"
#include "sim/host_numbers.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::sim {

class MembershipCheck final : public Check {
public:
    // K * T_hb + 2 * T_ack + T_max of gossip.md, and room for the spread.
    static constexpr Duration notice_within = std::chrono::milliseconds{10'000};
    // How long an outage excuses a death: suspicion takes as long, and its end must spread.
    static constexpr Duration excused_for = std::chrono::milliseconds{12'000};
    // How long a healed cut excuses one: each side still has to learn that the other lives.
    static constexpr Duration healing_for = std::chrono::seconds{30};

    // Until an observer that was away has read what waited for it.
    static constexpr Duration caught_up_within = std::chrono::milliseconds{1000};
    // Who is accused for this long may be dead: a partition that is not clean for longer excuses.
    static constexpr Duration partly_for = std::chrono::milliseconds{1000};

    MembershipCheck(const std::vector<NodeId>& ids, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;
    [[nodiscard]] std::optional<Duration> next_time() const override;
    void on_time(Duration now) override;

    // How often it took so many milliseconds from a crash to the death at an observer.
    [[nodiscard]] const std::map<std::int64_t, std::uint64_t>& notice_ms() const {
        return notice_ms_;
    }

private:
    // What an observer holds of a subject.
    struct Standing {
        Boot boot;
        Incarnation incarnation;
        bool ended = false;  // dead or left

        friend auto operator<=>(const Standing&, const Standing&) = default;
    };

    struct Crash {
        std::uint32_t host = 0;
        Boot boot;
        Duration at{};
    };

    using Life = std::pair<Boot, Incarnation>;

    // Who accused somebody, until it withdraws that, and who has heard that it did.
    struct Accuser {
        bool withdrew = false;
        std::set<std::uint32_t> heard;
    };

    using Accusers = std::map<std::uint32_t, Accuser>;

    [[nodiscard]] Life life_of(std::uint32_t subject) const;
    [[nodiscard]] std::vector<Life> lives_known(std::uint32_t observer,
                                                std::uint32_t subject) const;
    void note_crash(std::uint32_t host, Duration now);
    void on_member(std::uint32_t observer, const TraceRecord& record, Duration now);
    void on_opinion(std::uint32_t observer, const TraceRecord& record);
    void on_opinion_heard(std::uint32_t listener, const TraceRecord& record);
    void on_claimed(std::uint32_t host, Boot boot, Incarnation incarnation);
    void check_standing(std::uint32_t observer, std::uint32_t subject, const Standing& standing,
                        Duration now);
    void check_claimed(std::uint32_t observer, std::uint32_t subject, const Standing& standing,
                       Duration now);
    void check_death(std::uint32_t observer, std::uint32_t subject, const Standing& standing,
                     Duration now);
    void check_accusers(std::uint32_t observer, std::uint32_t subject, const Standing& standing,
                        Duration now);
    [[nodiscard]] bool note_notice(std::uint32_t subject, Boot boot, Duration now);
    void check_noticed(const Crash& crash, Duration now);
    [[nodiscard]] bool was_met(const Crash& crash) const;
    [[nodiscard]] bool has_excuse(std::uint32_t observer, std::uint32_t subject,
                                  Duration now) const;
    [[nodiscard]] std::uint32_t judges(Duration now) const;
    void violated(const char* invariant, std::uint32_t observer, std::uint32_t subject,
                  Duration now);
    [[nodiscard]] const Standing& seen(std::uint32_t observer, std::uint32_t subject) const;
    void see(std::uint32_t observer, std::uint32_t subject, const Standing& standing);
    [[nodiscard]] std::optional<std::uint32_t> host_of(std::uint64_t prefix) const;

    Findings& findings_;
    std::uint64_t& falls_looked_for_;  // of invariants that every news of a member is held against
    std::uint64_t& raises_looked_for_;
    History history_;
    HostNumbers hosts_;
    std::vector<std::vector<Standing>> standings_;  // by subject: all that were ever seen
    std::vector<std::uint16_t> seen_;  // observer * hosts + subject: which of the subject's
    std::vector<bool> restarted_;
    std::vector<std::map<Boot, Incarnation>> claimed_;  // by subject: highest of each boot
    // By subject, of each of its lives: a death may be told after the subject refuted it.
    std::vector<std::map<Life, Accusers>> accusers_;
    std::set<std::pair<std::uint32_t, Life>> judged_;  // deaths that were checked already
    std::vector<Crash> crashes_;                       // not yet checked, in order of time
    std::vector<std::vector<Crash>> past_;             // by host: for notice_ms_
    std::map<std::int64_t, std::uint64_t> notice_ms_;
};

}  // namespace starling::sim
