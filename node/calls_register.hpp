// Calls that need agreement: registers, leases, decisions.
//
// An operation is named by 1 to 64 bytes of the caller's choice; empty lets the node make a name,
// which the answer carries.  Repeating an operation under its name changes nothing twice. Values,
// thread safe.
#pragma once

#include "node/calls.hpp"
#include <starling/register.hpp>

#include <algorithm>

namespace starling {

constexpr RegisterOutcome last_of(RegisterOutcome) {
    return RegisterOutcome::unknown;
}

}  // namespace starling

namespace starling::node {

using starling::RegisterOutcome;

// What a register holds; also the answer to get, cas and settle.
struct RegisterAnswer {
    RegisterOutcome outcome{};
    bool present = false;
    Bytes value;
    std::uint64_t version = 0;  // rises with every change of this name, for ever
    Bytes operation;

    STARLING_FIELDS(outcome, present, value, version, operation)
};

struct RegisterGetAsk {
    static constexpr CallKind call = CallKind::register_get;

    std::string name;
    Duration timeout{};

    STARLING_FIELDS(name, timeout)
};

struct RegisterCasAsk {
    static constexpr CallKind call = CallKind::register_cas;

    std::string name;
    std::optional<std::uint64_t> expected;  // 0: absent; nothing: whatever is there
    std::optional<Bytes> value;             // nothing: remove
    Bytes operation;
    Duration timeout{};

    STARLING_FIELDS(name, expected, value, operation, timeout)
};

// What became of an operation whose outcome was unknown; it is final then.
struct RegisterSettleAsk {
    static constexpr CallKind call = CallKind::register_settle;

    std::string name;
    Bytes operation;
    Duration timeout{};

    STARLING_FIELDS(name, operation, timeout)
};

struct LeaseAcquireAsk {
    static constexpr CallKind call = CallKind::lease_acquire;

    std::string name;
    std::string holder;  // who acts, for people
    Duration term{};
    Duration timeout{};

    STARLING_FIELDS(name, holder, term, timeout)
};

struct LeaseRenewAsk {
    static constexpr CallKind call = CallKind::lease_renew;

    std::string name;
    std::uint64_t fence = 0;
    Duration term{};
    Duration timeout{};

    STARLING_FIELDS(name, fence, term, timeout)
};

struct LeaseReleaseAsk {
    static constexpr CallKind call = CallKind::lease_release;

    std::string name;
    std::uint64_t fence = 0;
    Duration timeout{};

    STARLING_FIELDS(name, fence, timeout)
};

struct LeaseShowAsk {
    static constexpr CallKind call = CallKind::lease_show;

    std::string name;
    Duration timeout{};

    STARLING_FIELDS(name, timeout)
};

struct LeaseAnswer {
    RegisterOutcome outcome{};
    bool held = false;  // by anybody
    bool mine = false;  // by this node in this boot
    NodeId node;
    Boot boot;
    std::string holder;
    std::uint64_t fence = 0;  // check it where the write lands
    Duration term{};
    Duration until{};  // boot-time clock of this machine: as long as the holder, this node in
                       // this boot, may count on it however late it reads this; else zero

    [[nodiscard]] Duration remaining(BootTime now) const {
        return std::max(until - Duration(now.time_since_epoch()), Duration{0});
    }

    STARLING_FIELDS(outcome, held, mine, node, boot, holder, fence, term, until)
};

struct DecideProposeAsk {
    static constexpr CallKind call = CallKind::decide_propose;

    std::string name;
    std::string question;
    std::vector<std::string> options;
    std::string status_quo;        // holds when no option gets a majority
    std::vector<NodeId> electors;  // empty: the voters of the mesh
    Duration within{};
    Duration timeout{};

    STARLING_FIELDS(name, question, options, status_quo, electors, within, timeout)
};

struct DecideVoteAsk {
    static constexpr CallKind call = CallKind::decide_vote;

    std::string name;
    std::string option;
    std::string agent;
    std::string reason;
    Duration timeout{};

    STARLING_FIELDS(name, option, agent, reason, timeout)
};

struct DecideShowAsk {
    static constexpr CallKind call = CallKind::decide_show;

    std::string name;
    bool wait = false;  // until it is closed or the timeout passed
    Duration timeout{};

    STARLING_FIELDS(name, wait, timeout)
};

struct VoteRecord {
    NodeId elector;
    std::string option;
    std::string agent;
    std::string reason;

    STARLING_FIELDS(elector, option, agent, reason)
};

struct DecisionAnswer {
    RegisterOutcome outcome{};  // of the propose or vote that was asked for
    std::string name;
    std::string question;
    std::vector<std::string> options;
    std::string status_quo;
    std::vector<NodeId> electors;
    std::vector<VoteRecord> votes;
    bool closed = false;
    std::string decided;  // once closed
    std::string why;      // majority, or why the status quo holds
    Duration remaining{};

    STARLING_FIELDS(outcome, name, question, options, status_quo, electors, votes, closed, decided,
                    why, remaining)
};

}  // namespace starling::node
