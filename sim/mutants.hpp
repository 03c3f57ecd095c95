// The planted mistakes (base/mutant.hpp): what each gets wrong, and which invariant should tell.
//
//      scripts/mutants ──> for each: seeds until an invariant breaks ──> how many it took
//
// Invariants:
//   I1  Numbers rise; each stands in the named file, once, and nowhere else.
//
// Values: thread safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace starling::sim {

struct Mutant {
    std::uint32_t number = 0;
    std::string_view file;
    std::string_view what;       // is wrong
    std::string_view invariant;  // expected to break; "crash": the node's own assertions
};

inline constexpr auto mutants = std::to_array<Mutant>({
    {1, "quorum/ballot.hpp", "half of the voters are a majority", "registers_are_one"},
    {2, "quorum/acceptor.cpp", "an accepted value is not persisted", "registers_are_one"},
    {3, "quorum/acceptor.cpp", "a voter that starts again forgets what it promised",
     "registers_are_one"},
    {4, "quorum/acceptor.cpp", "a promise is given below a promise", "registers_are_one"},
    {5, "quorum/acceptor.cpp", "a value is accepted below a promise", "registers_are_one"},
    {6, "quorum/acceptor.cpp", "a promise is given and not remembered", "registers_are_one"},
    {7, "quorum/proposer.cpp", "the oldest of the accepted values goes on instead of the newest",
     "registers_are_one"},
    {8, "quorum/proposer.cpp", "a value that no majority holds is read without a round",
     "registers_are_one"},
    {9, "quorum/proposer.cpp", "a change that may have been applied is told as not applied",
     "registers_chain"},
    {10, "quorum/reading.cpp", "one voter answers for all when a register is read",
     "registers_are_one"},
    {11, "quorum/state.cpp", "compare-and-set does not compare", "registers_chain"},
    {12, "quorum/state.cpp", "an operation that is repeated is applied again", "registers_chain"},
    {13, "quorum/state.cpp", "settle says that nothing happened without forbidding it",
     "registers_chain"},
    {14, "quorum/state.cpp", "a grant keeps the fence of the lease before", "fences_rise"},
    {15, "quorum/lease.cpp", "a lease that was renewed meanwhile is taken over",
     "leases_have_one_holder"},
    {16, "quorum/lease.cpp", "a lease is taken over after half of its term",
     "leases_have_one_holder"},
    {17, "quorum/lease_calls.cpp",
     "the holder counts its term from the answer, not from the question", "leases_have_one_holder"},
    {18, "quorum/lease.hpp", "a lease is renewed and released with an old fence", "fences_rise"},
    {19, "quorum/decision.cpp", "one elector less than a majority decides",
     "decisions_are_counted"},
    {20, "quorum/decision.cpp", "a closed decision takes votes", "decisions_are_final"},
    {21, "quorum/decision.cpp", "an elector may change its vote", "acked_votes_count"},
    {22, "quorum/decision_calls.cpp", "electors close a decision as soon as they hear of it",
     "decisions_take_time"},
    {23, "quorum/decision.cpp", "the first vote decides when the time is over",
     "decisions_are_counted"},
    {24, "quorum/registers.cpp", "the timer of a register is not set again after it was due",
     "calls_are_answered"},
    {25, "crdt/store_receive.cpp", "a gap between batches is not noticed", "crash"},
    {26, "crdt/store_receive.cpp", "a batch that came twice counts as a fork", "replicas_agree"},
    {27, "crdt/store_receive.cpp", "a batch is applied before what its writer saw",
     "deleted_stays_deleted"},
    {28, "crdt/store.cpp", "a replica that lacks one batch of an origin does not notice",
     "replicas_agree"},
    {29, "crdt/values.cpp", "a removal ends what it did not see", "inserted_stays"},
    {30, "crdt/values.cpp", "what is deleted stays in the journal", "deleted_stays_deleted"},
    {31, "crdt/values.cpp", "a value is not persisted", "acked_puts_are_kept"},
    {32, "crdt/values.cpp", "an add of another node counts twice", "counters_add_up"},
    {33, "crdt/origins.cpp", "what was applied is forgotten at a restart", "counters_add_up"},
    {34, "crdt/pulls.cpp", "missing batches are asked for from one too high", "replicas_agree"},
    {35, "crdt/pulls.cpp", "a question for batches that nobody answered is never given up",
     "replicas_agree"},
    {36, "crdt/values.cpp", "a write takes the place of another node's row", "replicas_agree"},
    {37, "gossip/detector.hpp", "one accuser is a majority", "one_accuser_never_kills"},
    {38, "gossip/detector.cpp", "a suspect has no time to refute", "no_false_death"},
    {39, "gossip/gossip.cpp", "a refutation does not raise the incarnation", "truth_is_known"},
    {40, "gossip/gossip_tick.cpp", "nobody refutes", "truth_is_known"},
    {41, "gossip/members.cpp", "an old claim replaces a newer one", "standing_never_falls"},
    {42, "gossip/gossip_table.cpp", "a node that one hears is mourned on the word of others",
     "no_false_death"},
    {43, "gossip/gossip_tick.cpp",
     "nobody dials the dead: two sides of a partition never meet again", "truth_is_known"},
    {44, "gossip/gossip_tick.cpp", "tables that differ are not compared", "members_agree"},
    {45, "gossip/gossip_tick.cpp", "replicas that differ are not compared", "replicas_agree"},
    {46, "gossip/gossip_table.cpp", "accusations outlive their refutation", "no_false_death"},
    {47, "auction/custodian.cpp", "a custodian grants an epoch below one it granted",
     "one_award_accepted"},
    {48, "auction/custodian.cpp", "a custodian stores a result of an old epoch",
     "one_award_accepted"},
    {49, "auction/custodian_upkeep.cpp", "that a result was accepted is not persisted",
     "acked_tasks_end"},
    {50, "auction/custodian_upkeep.cpp", "a key is not remembered once its task is finished",
     "one_result_counts"},
    {51, "auction/custodian_upkeep.cpp", "custodians do not look whether the runner is still there",
     "acked_tasks_end"},
    {52, "auction/custodian_upkeep.cpp",
     "custodians that all started again forget to run their tasks", "acked_tasks_end"},
    {53, "auction/custodian.cpp", "a custodian takes the result of a worker that lost the task",
     "one_award_accepted"},
    {54, "auction/announcer_ledger.cpp", "one custodian less than a majority is enough",
     "one_award_accepted"},
    {55, "auction/announcer_ledger.cpp", "a task is awarded again without a higher round",
     "one_award_accepted"},
    {56, "auction/announcer_ledger.cpp",
     "a result that a custodian holds already is not taken up by who adopts the task",
     "one_award_accepted"},
    {57, "auction/announcer_awards.cpp", "the winner of an earlier round may still report",
     "one_award_accepted"},
    {58, "auction/announcer_awards.cpp", "the end of a worker's lease is not looked for",
     "acked_tasks_end"},
    {59, "auction/participant_reports.cpp", "a result that nobody confirmed is not sent again",
     "acked_tasks_end"},
    {60, "auction/participant_reports.cpp", "a result is lost when its worker's node starts again",
     "one_result_counts"},
    {61, "node/state_service.cpp", "a watch is not told of deletions", "watches_miss_nothing"},
    {62, "base/effects.hpp", "a promise leaves before it is durable", "registers_are_one"},
    {70, "crdt/store_receive.cpp", "the signature of a batch is not checked",
     "values_were_written"},
    {71, "gossip/claim.cpp", "the signature of a claim is not checked", "only_subject_raises"},
    {72, "gossip/certificate.cpp", "the root's signature of a certificate is not checked",
     "only_admitted_are_known"},
    {73, "gossip/gossip_table.cpp", "a node may greet as somebody else", "truth_is_known"},
    {74, "quorum/ballot.hpp", "a vote counts for the journal it names, whoever sent it",
     "registers_are_one"},
    {75, "auction/announcer_awards.cpp", "whoever names the epoch counts as the winner",
     "bids_are_answered"},
    {76, "journal/checked_vfs.cpp", "a page that rotted is taken for what was written",
     "values_were_written"},
    {77, "journal/checked_vfs.cpp", "a log that lost more than its last commit is taken as it is",
     "votes_are_remembered"},
});

}  // namespace starling::sim
