// The registers of one node: its voter if it is one, its proposers, its reads.  Knows names and
// tickets, nothing of leases, decisions or callers.
//
//   change(ticket) ──> Proposer of the name ──prepare, accept──> voters
//   read(ticket) ────> Reading ───────────────read───────────> voters, this node's own among them
//                                                take_finished() <── votes
//
// Invariants:
//   I1  Every ticket ends exactly once, at the latest at its deadline.
//   I2  A minority never gives a result: with too few voters everything ends no_quorum, or unknown
//       when an accept was sent.
//   I3  What the failure detector says (on_reachable) only shortens waiting.
//   I4  This node's own vote is a message to itself: it counts only once its record is durable.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "quorum/acceptor.hpp"
#include "quorum/proposer.hpp"
#include "quorum/reading.hpp"
#include "quorum/timers.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace starling::quorum {

struct Setup {
    Voter self;                     // this node, and the journal it votes from if it is a voter
    Boot boot;                      // persisted before the core is made
    std::vector<Voter> voters;      // of the genesis
    std::uint64_t random_seed = 0;  // jitter only
};

// One operation on one register, until a deadline on this node's boot clock.
struct Request {
    Ticket ticket = 0;
    std::string name;
    Operation operation;
    BootTime deadline{};
};

// What became of a request for a vote.
enum class RequestVerdict : std::uint8_t {
    handled,      // see the voter's own verdict in the trace
    not_a_voter,  // this node is none, or votes from another journal
};

class Registers {
public:
    Registers(Setup setup, const RecordSource& records, Effects& out);
    Registers(const Registers&) = delete;  // proposers point at the desk
    Registers& operator=(const Registers&) = delete;

    // Deadlines further away than limits::operation_lifetime are brought nearer.
    void change(Request request, Moment now, Effects& out);
    void read(Ticket ticket, const std::string& name, BootTime deadline, Moment now, Effects& out);

    RequestVerdict on_prepare(const NodeId& from, const Prepare& message, Effects& out);
    RequestVerdict on_accept(const NodeId& from, const Accept& message, Effects& out);
    RequestVerdict on_read(const NodeId& from, const Read& message, Effects& out);

    VoteCounted on_promise(const NodeId& from, const Promise& message, Moment now, Effects& out);
    VoteCounted on_accepted(const NodeId& from, const Accepted& message, Moment now, Effects& out);
    VoteCounted on_conflict(const NodeId& from, const Conflict& message, Moment now, Effects& out);
    VoteCounted on_read_ok(const NodeId& from, const ReadOk& message, Moment now, Effects& out);

    // From now on this node has no vote: it cannot know how it voted.
    void abstain(Effects& out);

    // The voters that the failure detector believes alive.
    void on_reachable(std::span<const NodeId> alive);

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::vector<Finished> take_finished();

    // The next identifier for an operation of this node.
    [[nodiscard]] OpId next_id() { return {desk_.stream, ++sequence_}; }

    [[nodiscard]] std::size_t voters() const { return desk_.electorate.size(); }

    [[nodiscard]] std::span<const NodeId> voter_nodes() const { return desk_.electorate.nodes(); }

    [[nodiscard]] std::size_t needed() const { return desk_.electorate.majority(); }

    [[nodiscard]] std::size_t reachable() const { return desk_.answering; }

    [[nodiscard]] const Acceptor* acceptor() const { return acceptor_ ? &*acceptor_ : nullptr; }

private:
    struct Named {
        Proposer proposer;
        std::uint64_t used = 0;  // when it was last given work, in calls
    };

    template <class Message, class Handle>
    VoteCounted with_proposer(const Message& message, Moment now, Handle handle);
    void refuse(const Request& request, Reason reason, Effects& out);
    void submit(Request request, Moment now, Effects& out);
    Proposer& proposer_of(const std::string& name);
    void forget_idle();
    void rearm(const std::string& name, const Proposer& proposer);
    void look_at(std::uint64_t sequence, Moment now, Effects& out);
    void end_read(std::uint64_t sequence, Finished finished);

    Desk desk_;
    std::optional<Acceptor> acceptor_;
    std::uint64_t sequence_ = 0;  // operations and reads of this boot
    std::uint64_t calls_ = 0;
    std::size_t waiting_ = 0;  // operations in all proposers
    std::map<std::string, Named> proposers_;
    std::map<std::uint64_t, Reading> readings_;
    Timers<std::string> proposer_timers_;
    Timers<std::uint64_t> reading_timers_;
};

}  // namespace starling::quorum
