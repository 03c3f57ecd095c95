// What nodes say and hear about members, and whether they act on it as they should.
//
// Invariants:
//   suspects_get_time        the first to call a silent member dead has suspected it for
//                            pause_tolerance
//   heard_are_not_mourned    nobody takes the word of others that a member is silent whom it heard
//                            lately, as its neighbour, and neither suspects nor accuses itself
//   suspects_are_accused     whoever is suspected was accused in this very life, not in one that it
//                            has outbid
//   tables_are_compared      who is greeted by a member with another table compares the two
//   greetings_are_own        nobody takes a greeting in the name of another than its sender
//   dead_are_dialled         who takes half of the members or more for dead, and has no link to
//                            them, dials one of them in every round
//
// None of them is looked at while somebody slanders: opinions and deaths are not signed.  Not
// thread safe.
#pragma once

#include "base/codec.hpp"
#include "base/hash_index.hpp"
#include "gossip/messages.hpp"
#include "sim/check.hpp"
#include "sim/history.hpp"
#include "sim/host_numbers.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class RumourCheck final : public Check {
public:
    // After a greeting, if nobody is asked before: tables are compared one at a time.
    static constexpr Duration compared_within = std::chrono::seconds{1};
    static constexpr Duration dialled_within = std::chrono::seconds{12};  // two rounds

    RumourCheck(std::vector<NodeId> ids, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

private:
    using Life = std::pair<std::uint64_t, std::uint32_t>;  // boot, incarnation

    // When something happened, or never: there is one for every link of every node.
    class Time {
    public:
        Time() = default;

        explicit Time(Duration at) : at_(at) {}

        [[nodiscard]] bool is_known() const { return at_ != never; }

        [[nodiscard]] bool is_within(Duration span, Duration now) const {
            return is_known() && now - at_ <= span;
        }

        // REQUIRES: is_known()
        [[nodiscard]] Duration value() const { return at_; }

        friend bool operator==(const Time&, const Time&) = default;

    private:
        static constexpr Duration never = Duration::min();

        Duration at_ = never;
    };

    // When something happened last, and in an earlier turn: in one turn all that a network held
    // back may come at once, old answers among it.
    struct Last {
        Time at;
        Time before;

        void note(Duration now) {
            if (at != Time(now)) before = at;
            at = Time(now);
        }

        [[nodiscard]] Time earlier_than(Duration now) const {
            return at == Time(now) ? before : at;
        }

        friend bool operator==(const Last&, const Last&) = default;
    };

    // What one node holds of another.  Only neighbours are asked.
    struct View {
        Time suspected;
        Time accused;       // by this node itself
        Last heard;         // anything
        Last answered;      // a ping
        Time asked;         // by the oldest ping without an answer
        Time answer_asked;  // by the one answered last

        void on_answer(Duration now) {
            answered.note(now);
            answer_asked = std::exchange(asked, {});
        }

        [[nodiscard]] bool was_asked_since(Time then) const {
            return answer_asked.is_known() && then.value() < answer_asked.value();
        }

        friend bool operator==(const View&, const View&) = default;
    };

    // Of whom others told one node at this time that they are dead.
    struct Mourned {
        Duration at{};
        std::set<std::uint32_t> hosts;
    };

    // Of a host, as a key.
    struct Number {
        std::uint32_t host = 0;

        friend bool operator==(const Number&, const Number&) = default;

        [[nodiscard]] std::uint64_t prefix() const { return host; }
    };

    // A greeting that showed another table.
    struct Greeting {
        Duration at{};
        std::uint64_t own_root = 0;
    };

    // Greetings of one node to another in the name of a third, in one turn.
    struct Impostor {
        Duration at{};
        std::uint32_t taken = 0;  // not refused so far
    };

    // How one node's table changed.
    struct Table {
        Last changed;  // when somebody came or went: then who hears whom changes, in a large mesh
        std::set<std::uint32_t> dead;
        std::set<std::uint32_t> linked;
        bool has_left = false;                 // the host itself: it observes nobody
        std::optional<Duration> lonely_since;  // or dialled one of the dead
    };

    // The last frame by which a node showed its table: it is read when somebody asks.
    struct Shown {
        Kind kind{};
        Bytes body;
    };

    // What a frame of cells says of deaths and opinions; most of it is claims, which nobody needs
    // here.
    struct Rumours {
        std::vector<gossip::Death> deaths;
        std::vector<gossip::Opinion> opinions;

        static bool decode(Reader& in, Rumours& out);
    };

    static constexpr std::size_t rumours_kept = 1024;

    using Pair = std::pair<std::uint32_t, std::uint32_t>;  // who, about or to whom

    void on_suspect(std::uint32_t host, std::uint32_t subject, const Life& life, Duration now);
    void on_death(std::uint32_t host, std::uint32_t subject, const Life& life, Duration now);
    [[nodiscard]] bool was_heard(std::uint32_t host, const View& view, Duration now) const;
    void on_member(std::uint32_t host, std::uint32_t subject, Event event, Duration now);
    [[nodiscard]] bool is_lonely(const Table& table) const;
    void check_dialled(std::uint32_t host, Duration now);
    void on_opinion(std::uint32_t host, std::uint32_t subject, bool down, Duration now);
    void on_roots_said(const Told& frame);
    void note_asked(const Told& frame);
    void on_greeting(const Told& frame, const gossip::Hello& hello);
    void on_impostor(std::uint32_t host, std::uint32_t peer, Duration now);
    void check_refused(std::uint32_t host, Duration now);
    [[nodiscard]] const Rumours& rumours_in(const Told& frame);
    [[nodiscard]] std::optional<std::uint64_t> own_root(std::uint32_t host);
    [[nodiscard]] View& view_of(std::uint32_t host, std::uint32_t subject);
    [[nodiscard]] View* known_view(std::uint32_t host, std::uint32_t subject);
    void note_mourned(std::uint32_t host, std::uint32_t subject, Duration now);
    [[nodiscard]] bool is_mourned(std::uint32_t host, std::uint32_t subject, Duration now) const;
    void begin_anew(std::uint32_t host, Duration now);
    void forget(std::uint32_t host);
    void forget_duties(std::uint32_t host);
    [[nodiscard]] bool is_slandered(Duration now) const;
    [[nodiscard]] std::optional<std::uint32_t> host_of(std::uint64_t prefix) const;
    void violated(const char* invariant, std::uint32_t host, std::uint32_t subject, Duration now);

    std::vector<NodeId> ids_;
    bool all_are_neighbours_;
    Duration compared_within_;  // however many are asked before, and do not answer
    Findings& findings_;
    Decoder decoder_{Decoder::large_chunk};
    History history_;
    HostNumbers hosts_;
    std::vector<HashIndex<Number, View>> views_;        // by host: of whom it knows something
    std::vector<Mourned> told_dead_;                    // by host
    std::vector<Table> tables_;                         // by host
    std::set<std::pair<std::uint32_t, Life>> mourned_;  // by anybody
    std::map<std::pair<std::uint32_t, Life>, std::set<std::uint32_t>> accusers_;
    std::map<std::pair<std::uint32_t, Life>, Duration> claimed_;
    std::vector<Shown> shown_;         // by host
    std::vector<std::uint64_t> said_;  // the number of the cells that each host said last
    // By number of their frame, the newest of those that share a place.
    std::vector<std::pair<std::uint64_t, Rumours>> rumours_;
    std::vector<std::map<std::uint32_t, Greeting>> greetings_;  // of one host by another
    std::map<Pair, Impostor> impostors_;  // whom one host heard another pretend to be, in this turn
};

}  // namespace starling::sim
