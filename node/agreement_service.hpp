// Serves local programs from the quorum: registers, leases, decisions.
//
//   ask ──> Quorum ──take_ended()──> answer: what is there now, or an error that says why not
//
// Invariants:
//   I1  Every call is answered once, at the latest at its deadline (quorum.hpp, I1).
//   I2  An outcome that is not known is answered as unknown, never as success or failure.
//
// Not thread safe.
#pragma once

#include "node/calls_register.hpp"
#include "node/turn.hpp"
#include "quorum/quorum.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace starling::node {

class AgreementService {
public:
    // `quorum` outlives the service.
    AgreementService(quorum::Quorum& quorum, const NodeId& self, Boot boot)
        : quorum_(quorum), self_(self), boot_(boot) {}

    void on(CallId call, const RegisterGetAsk& ask, const Turn& turn);
    void on(CallId call, const RegisterCasAsk& ask, const Turn& turn);
    void on(CallId call, const RegisterSettleAsk& ask, const Turn& turn);
    void on(CallId call, const LeaseAcquireAsk& ask, const Turn& turn);
    void on(CallId call, const LeaseRenewAsk& ask, const Turn& turn);
    void on(CallId call, const LeaseReleaseAsk& ask, const Turn& turn);
    void on(CallId call, const LeaseShowAsk& ask, const Turn& turn);
    void on(CallId call, const DecideProposeAsk& ask, const Turn& turn);
    void on(CallId call, const DecideVoteAsk& ask, const Turn& turn);
    void on(CallId call, const DecideShowAsk& ask, const Turn& turn);
    void on_call_ended(CallId call);

    // Answers what has ended since the last call.
    void on_tick(const Turn& turn);

    // From the call to its answer, of changes that were applied.
    [[nodiscard]] const std::vector<std::uint64_t>& latency_counts() const { return latency_; }

private:
    struct Asked {
        std::string name;
        BootTime since{};
        std::optional<DecideVoteAsk> vote;  // until the decision's options are known
        BootTime deadline{};
        std::optional<Bytes> writes;  // of a cas; nothing: it removes
    };

    [[nodiscard]] quorum::Caller caller(CallId call, const std::string& name, Duration timeout,
                                        const Turn& turn);
    void answer(const quorum::CallEnded& ended, const Asked& asked, const Turn& turn);
    void answer_register(const quorum::CallEnded& ended, const Asked& asked, const Turn& turn);
    void answer_lease(const quorum::CallEnded& ended, const Turn& turn);
    void answer_decision(const quorum::CallEnded& ended, const Asked& asked, const Turn& turn);
    [[nodiscard]] bool cast_vote(const quorum::CallEnded& ended, Asked& asked, const Turn& turn);

    quorum::Quorum& quorum_;
    NodeId self_;
    Boot boot_;
    std::map<CallId, Asked> asked_;
    std::vector<std::uint64_t> latency_ = std::vector<std::uint64_t>(16);
};

// The error of a reason, for a call about `name`.
[[nodiscard]] Error error_of(quorum::Reason reason, quorum::Outcome outcome,
                             const std::string& name, const quorum::Registers& registers);

}  // namespace starling::node
