// Whom to ping, and who is silent: the watch one node keeps over its subjects.
//
//   heard ──T_hb without a frame──> pinged ──T_ack──> overdue ──others answer──> silent ──frame──>
//   heard
//                                                        └──others silent too──> isolated (I am)
//
// Invariants:
//   I1  At most one routine ping per limits::heartbeat_period, to the subject touched longest ago.
//   I2  A subject is called silent only after a ping stayed unanswered for its ack timeout.
//   I3  With three subjects or more, while over two thirds are silent at once, nobody is called
//   silent:
//       it is me who is cut off.  After limits::suspicion_max the rest of the world counts as gone.
//   I4  A refused subject is not silent.
//   I5  Above a subject's round trip its ack timeout leaves limits::ack_timeout_min, which is one
//       TCP retransmission, or four deviations: at most limits::heartbeat_period in all, and that
//       before the first round trip.  Other lives of a subject answer over the same path.
//   I6  Until idle_until_ time alone changes nothing: most turns are somebody else's pings.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "gossip/judge_clock.hpp"
#include "gossip/messages.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling::gossip {

enum class Heard : std::uint8_t {
    stranger,  // not a subject
    expected,
    answered,   // somebody accuses him, and my answer was owed
    recovered,  // I had called him silent or refused
};

class Heartbeats {
public:
    explicit Heartbeats(JudgeTime phase) : routine_(phase) {}

    // Replaces the subjects; those that stay keep their history.
    void watch(std::span<const NodeId> subjects, JudgeTime now);
    // The subject is somebody new: another boot or incarnation.
    void renew(const NodeId& subject, JudgeTime now);

    Heard on_heard(const NodeId& peer, JudgeTime now);
    // Sequence 0 answers no ping.
    void on_pong(const NodeId& peer, std::uint32_t sequence, JudgeTime now);
    // A handshake ends a refusal; it is no sign of a running loop.  True when it ended one.
    bool on_link_up(const NodeId& peer, JudgeTime now);
    // False when he is no subject of mine or was refused before.
    bool on_refused(const NodeId& peer);
    // A HELLO: ends a refusal too.
    Heard on_hello(const NodeId& peer, JudgeTime now);

    // The number of the last ping to anybody.  The clock is no measure of what came before what: it
    // stands still while there is input.
    [[nodiscard]] std::uint32_t last_ping() const { return sequence_; }

    // Pings him if no ping above this number was sent to him.
    void ask(const NodeId& subject, std::uint32_t above);
    // Whether he answered one.
    [[nodiscard]] bool has_answered(const NodeId& subject, std::uint32_t above) const;

    // Somebody accuses him.  True when he was heard just now: answer `up` at once.
    bool on_accused(const NodeId& subject, JudgeTime now);

    // What is due now; calling again changes nothing.
    struct Due {
        std::vector<NodeId> pings;
        std::vector<NodeId> silent;  // to be accused, each once
    };

    [[nodiscard]] Due tick(JudgeTime now);
    [[nodiscard]] std::optional<JudgeTime> deadline(JudgeTime now) const;

    // What I hold of every subject, ascending: up, or down as silent or refused.
    [[nodiscard]] std::vector<std::pair<NodeId, Vote>> votes() const;
    // Whether I may say so (I3).
    [[nodiscard]] bool may_publish(JudgeTime now) const;

    [[nodiscard]] bool is_isolated() const { return isolated_.has_value(); }

    [[nodiscard]] std::size_t silent_count(JudgeTime now) const;

    [[nodiscard]] bool watches(const NodeId& subject) const {
        return find(subject) != watched_.end();
    }

    [[nodiscard]] bool is_accused_by_me(const NodeId& subject) const;
    [[nodiscard]] bool accuses_anybody() const;
    // Heard within `span`, and not accused by me since.
    [[nodiscard]] bool heard_within(const NodeId& subject, JudgeTime now, Duration span) const;
    [[nodiscard]] Duration ack_timeout(const NodeId& subject) const;

    // From ping to pong, as smoothed of each subject: its median over those that ever answered, and
    // the median of its deviations.  Zero while nobody did.
    struct RoundTrip {
        Duration typical{};
        Duration deviation{};
    };

    [[nodiscard]] RoundTrip round_trip() const;
    // Of the subject that takes longest.
    [[nodiscard]] Duration farthest() const;

    // Grows whenever somebody becomes, or ceases to be, a subject, silent or refused, and when this
    // node becomes isolated or ceases to be: equal numbers, equal votes.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    // The number of the last ping to a subject.
    [[nodiscard]] std::uint32_t sequence_of(const NodeId& subject) const;

private:
    struct Watch {
        JudgeTime since{};  // a subject since
        JudgeTime heard{};
        JudgeTime pinged{};
        std::optional<JudgeTime> asked;  // the first ping he left unanswered
        std::uint32_t sequence = 0;
        std::uint32_t answered = 0;  // the last ping that he answered
        bool was_linked = false;
        bool wants_ping = false;
        bool owes_answer = false;  // I, about him
        bool reported = false;     // called silent
        bool refused = false;
        Duration round_trip{};  // smoothed, and its deviation (RFC 6298)
        Duration deviation{};
    };

    [[nodiscard]] static Duration ack_of(const Watch& watch);
    [[nodiscard]] static JudgeTime overdue_at(const Watch& watch);
    [[nodiscard]] bool is_overdue(const Watch& watch, JudgeTime now) const;
    [[nodiscard]] std::size_t unheard_since(JudgeTime time) const;
    [[nodiscard]] bool most_silent(std::size_t silent) const;
    [[nodiscard]] JudgeTime routine_at() const;

    [[nodiscard]] bool has_doubt(JudgeTime now) const;
    [[nodiscard]] JudgeTime next_after(JudgeTime now) const;

    void ping(const NodeId& subject, Watch& watch, JudgeTime now, Due& due);
    void doubt_all(JudgeTime since);
    void find_silent(JudgeTime now, Due& due);
    void update_isolation(JudgeTime now);
    [[nodiscard]] bool may_accuse(const Watch& watch, JudgeTime now) const;
    void ping_routinely(JudgeTime now, Due& due);

    // Few: a sorted row is faster to search than a tree.
    using Watched = std::vector<std::pair<NodeId, Watch>>;

    [[nodiscard]] Watched::iterator find(const NodeId& subject);
    [[nodiscard]] Watched::const_iterator find(const NodeId& subject) const;

    Watched watched_;    // ascending
    JudgeTime routine_;  // the next routine ping is not earlier
    std::uint32_t sequence_ = 0;
    std::optional<JudgeTime> isolated_;
    JudgeTime idle_until_ = JudgeTime::min();
    std::uint64_t changes_ = 0;
};

}  // namespace starling::gossip
