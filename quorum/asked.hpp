// What local programs ask of the registers, and what they get.
//
// Every answer is keyed by the call it belongs to.  Deadlines are on this node's boot clock and at
// most limits::operation_lifetime away.  Values: thread safe to read.
#pragma once

#include "base/ids.hpp"
#include "base/moment.hpp"
#include "quorum/desk.hpp"
#include "quorum/operation.hpp"
#include "quorum/registers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

struct Caller {
    CallId call;
    std::string name;  // of the register, lease or decision: 1 to limits::key_bytes
    BootTime deadline{};
};

struct CasRequest {
    std::optional<std::uint64_t> expected;  // 0: never written; nothing: whatever the version is
    std::optional<Bytes> value;             // nothing: remove
    std::optional<Receipt> operation;  // the client's own name for it; nothing: this node makes one
    bool retried = false;              // asked before, here or elsewhere, without an answer
};

struct AcquireRequest {
    std::string agent;    // who at this node; may be empty
    std::string purpose;  // for people; may be empty
    Duration term{};
    bool wait = false;  // until it is free or may be taken over, at most to the deadline
};

enum class Question : std::uint8_t {
    read,
    cas,
    settle,
    acquire_lease,
    renew_lease,
    release_lease,
    show_lease,
    propose,
    vote,
    show_decision,
};

// How a call ended.
struct CallEnded {
    CallId call;
    Question question{};
    Outcome outcome = Outcome::not_applied;
    Reason reason = Reason::none;
    std::uint64_t version = 0;  // applied: the one it made, or showed; refused: the current one
    Snapshot snapshot;          // what stands there, as far as known
    Receipt receipt;            // cas: names the operation, to settle it
    // Leases: until when this node may act on it; nothing when it does not hold it.
    std::optional<BootTime> valid_until;
};

[[nodiscard]] inline CallEnded ended_of(CallId call, Question question, const Finished& finished) {
    return {call,
            question,
            finished.outcome,
            finished.reason,
            finished.version,
            finished.snapshot,
            finished.receipt,
            std::nullopt};
}

// Ended before anything was asked of the registers.
[[nodiscard]] inline CallEnded refused(CallId call, Question question, Reason reason) {
    Finished finished;
    finished.reason = reason;
    return ended_of(call, question, finished);
}

// Tickets of the registers, shared by the parts that hand work to them: the lowest bits say whose
// it is.
enum class Part : std::uint8_t { registers, leases, decisions };

class Tickets {
public:
    [[nodiscard]] Ticket next(Part part) { return ++last_ << 2U | static_cast<Ticket>(part); }

    [[nodiscard]] static Part part_of(Ticket ticket) { return static_cast<Part>(ticket & 3U); }

private:
    Ticket last_ = 0;
};

// What the parts of one node stand on.  All of it outlives them.
struct Place {
    Registers& registers;
    Tickets& tickets;
    std::vector<CallEnded>& ended;
    NodeId self;
    Boot boot;

    // A change under an operation id of this node.
    [[nodiscard]] Operation operation(Change change) const {
        return {registers.next_id(), 0, std::move(change), false};
    }
};

// A decision that this node is asked to vote on, or that has been closed.
struct DecisionNews {
    std::string name;
    Snapshot snapshot;
};

}  // namespace starling::quorum
