// Rare paths that a simulator must have been on: the closed list of them, and how often each was
// taken.
//
//      STARLING_PROBE(round_lost);       one more;  sim/run reports the counts as "probes"
//
// A name says what happened, not where.  Invariants:
//   I1  Each probe stands in one place at least; what was never hit is reported as such.
//
// Thread safe: counts of one process, whichever thread or node hit them; of two threads that hit
// the same one at once, one may go uncounted.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

// clang-format off
// NOLINTBEGIN
#define STARLING_PROBES(STARLING_ROW)                                                             \
    /* node */                                                                                    \
    STARLING_ROW(frame_of_old_link, "node.frame_of_old_link")                                     \
    STARLING_ROW(frame_before_hello, "node.frame_before_hello")                                   \
    STARLING_ROW(vouched_for_late, "node.vouched_for_late")                                       \
    STARLING_ROW(asked_before_vouched_for, "node.asked_before_vouched_for")                       \
    STARLING_ROW(offer_waited_for_join, "node.offer_waited_for_join")                             \
    STARLING_ROW(event_of_older_dial, "node.event_of_older_dial")                                 \
    STARLING_ROW(next_address_dialled, "node.next_address_dialled")                               \
    STARLING_ROW(route_unknown, "node.route_unknown")                                             \
    STARLING_ROW(copies_given_up, "node.copies_given_up")                                         \
    /* gossip */                                                                                  \
    STARLING_ROW(hello_superseded, "gossip.hello_superseded")                                     \
    STARLING_ROW(pinged_without_link, "gossip.pinged_without_link")                               \
    STARLING_ROW(tables_compared, "gossip.tables_compared")                                       \
    STARLING_ROW(asked_without_link, "gossip.asked_without_link")                                 \
    STARLING_ROW(entries_missed, "gossip.entries_missed")                                         \
    STARLING_ROW(own_death_heard, "gossip.own_death_heard")                                       \
    STARLING_ROW(death_of_one_heard, "gossip.death_of_one_heard")                                 \
    STARLING_ROW(doubted_death_taken, "gossip.doubted_death_taken")                               \
    STARLING_ROW(accused_observer_asked, "gossip.accused_observer_asked")                         \
    STARLING_ROW(accusation_withdrawn, "gossip.accusation_withdrawn")                             \
    STARLING_ROW(claim_refuted, "gossip.claim_refuted")                                           \
    STARLING_ROW(peer_told_dead, "gossip.peer_told_dead")                                         \
    STARLING_ROW(own_boot_outdated, "gossip.own_boot_outdated")                                   \
    STARLING_ROW(suspect_cleared, "gossip.suspect_cleared")                                       \
    STARLING_ROW(refused_dies_at_once, "gossip.refused_dies_at_once")                             \
    STARLING_ROW(silent_dies, "gossip.silent_dies")                                               \
    STARLING_ROW(accused_accuser_ignored, "gossip.accused_accuser_ignored")                       \
    STARLING_ROW(heal_dialled, "gossip.heal_dialled")                                             \
    STARLING_ROW(death_too_early, "gossip.death_too_early")                                       \
    /* crdt */                                                                                    \
    STARLING_ROW(batch_came_again, "crdt.batch_came_again")                                       \
    STARLING_ROW(gap_parked, "crdt.gap_parked")                                                   \
    STARLING_ROW(dependency_parked, "crdt.dependency_parked")                                     \
    STARLING_ROW(parked_already, "crdt.parked_already")                                           \
    STARLING_ROW(parked_applied, "crdt.parked_applied")                                           \
    STARLING_ROW(parked_came_otherwise, "crdt.parked_came_otherwise")                             \
    STARLING_ROW(parked_waits_on, "crdt.parked_waits_on")                                         \
    STARLING_ROW(heads_reconciled, "crdt.heads_reconciled")                                       \
    STARLING_ROW(heads_show_more, "crdt.heads_show_more")                                         \
    STARLING_ROW(heads_answered, "crdt.heads_answered")                                           \
    STARLING_ROW(pull_peer_busy, "crdt.pull_peer_busy")                                           \
    STARLING_ROW(pull_asked_on, "crdt.pull_asked_on")                                             \
    STARLING_ROW(holder_lost, "crdt.holder_lost")                                                 \
    STARLING_ROW(want_refused, "crdt.want_refused")                                               \
    STARLING_ROW(range_cut_to_frame, "crdt.range_cut_to_frame")                                   \
    STARLING_ROW(write_lost, "crdt.write_lost")                                                   \
    STARLING_ROW(lineage_continued, "crdt.lineage_continued")                                     \
    /* quorum */                                                                                  \
    STARLING_ROW(promise_refused, "quorum.promise_refused")                                       \
    STARLING_ROW(restart_floor_refuses, "quorum.restart_floor_refuses")                           \
    STARLING_ROW(accept_repeated, "quorum.accept_repeated")                                       \
    STARLING_ROW(ceiling_raised, "quorum.ceiling_raised")                                         \
    STARLING_ROW(promises_folded, "quorum.promises_folded")                                       \
    STARLING_ROW(next_round_reserved, "quorum.next_round_reserved")                               \
    STARLING_ROW(slot_used, "quorum.slot_used")                                                   \
    STARLING_ROW(promises_differ, "quorum.promises_differ")                                       \
    STARLING_ROW(round_not_needed, "quorum.round_not_needed")                                     \
    STARLING_ROW(deadline_before_result, "quorum.deadline_before_result")                         \
    STARLING_ROW(round_lost, "quorum.round_lost")                                                 \
    STARLING_ROW(proposer_rests, "quorum.proposer_rests")                                         \
    STARLING_ROW(stragglers_waited_for, "quorum.stragglers_waited_for")                           \
    STARLING_ROW(stragglers_stayed_away, "quorum.stragglers_stayed_away")                         \
    STARLING_ROW(ballot_timed_out, "quorum.ballot_timed_out")                                     \
    STARLING_ROW(outcome_unknown, "quorum.outcome_unknown")                                       \
    STARLING_ROW(window_watched, "quorum.window_watched")                                         \
    STARLING_ROW(quorum_missing, "quorum.quorum_missing")                                         \
    STARLING_ROW(read_asked_again, "quorum.read_asked_again")                                     \
    STARLING_ROW(read_contested, "quorum.read_contested")                                         \
    STARLING_ROW(read_too_late, "quorum.read_too_late")                                           \
    STARLING_ROW(operation_remembered, "quorum.operation_remembered")                             \
    STARLING_ROW(operation_expired, "quorum.operation_expired")                                   \
    STARLING_ROW(operation_cancelled, "quorum.operation_cancelled")                               \
    STARLING_ROW(cas_mismatched, "quorum.cas_mismatched")                                         \
    STARLING_ROW(lease_renewed_by_acquiring, "quorum.lease_renewed_by_acquiring")                 \
    STARLING_ROW(lease_not_holder, "quorum.lease_not_holder")                                     \
    STARLING_ROW(lease_of_older_boot_taken, "quorum.lease_of_older_boot_taken")                   \
    STARLING_ROW(lease_held_by_other, "quorum.lease_held_by_other")                               \
    STARLING_ROW(lease_lost, "quorum.lease_lost")                                                 \
    STARLING_ROW(vote_repeated, "quorum.vote_repeated")                                           \
    STARLING_ROW(decision_split, "quorum.decision_split")                                         \
    STARLING_ROW(decision_ran_out, "quorum.decision_ran_out")                                     \
    STARLING_ROW(watch_read_back, "quorum.watch_read_back")                                       \
    STARLING_ROW(closing_failed, "quorum.closing_failed")                                         \
    STARLING_ROW(closing_awaited_here, "quorum.closing_awaited_here")                             \
    /* auction */                                                                                 \
    STARLING_ROW(record_exists, "auction.record_exists")                                          \
    STARLING_ROW(forgotten_record_refused, "auction.forgotten_record_refused")                    \
    STARLING_ROW(record_superseded, "auction.record_superseded")                                  \
    STARLING_ROW(result_refused_stale, "auction.result_refused_stale")                            \
    STARLING_ROW(result_kept_for_runner, "auction.result_kept_for_runner")                        \
    STARLING_ROW(result_sent_elsewhere, "auction.result_sent_elsewhere")                          \
    STARLING_ROW(record_withdrawn, "auction.record_withdrawn")                                    \
    STARLING_ROW(rival_result_held, "auction.rival_result_held")                                  \
    STARLING_ROW(orphan_adopted, "auction.orphan_adopted")                                        \
    STARLING_ROW(runner_asked, "auction.runner_asked")                                            \
    STARLING_ROW(audience_widened, "auction.audience_widened")                                    \
    STARLING_ROW(found_result_taken_up, "auction.found_result_taken_up")                          \
    STARLING_ROW(announcer_outbid, "auction.announcer_outbid")                                    \
    STARLING_ROW(key_met_rival, "auction.key_met_rival")                                          \
    STARLING_ROW(key_joined, "auction.key_joined")                                                \
    STARLING_ROW(task_rehomed, "auction.task_rehomed")                                            \
    STARLING_ROW(acceptance_spread, "auction.acceptance_spread")                                  \
    STARLING_ROW(bid_too_late, "auction.bid_too_late")                                            \
    STARLING_ROW(bid_unasked, "auction.bid_unasked")                                              \
    STARLING_ROW(bid_late_but_welcome, "auction.bid_late_but_welcome")                            \
    STARLING_ROW(bid_of_an_earlier_round, "auction.bid_of_an_earlier_round")                      \
    STARLING_ROW(bid_used_otherwise, "auction.bid_used_otherwise")                                \
    STARLING_ROW(round_without_bid, "auction.round_without_bid")                                  \
    STARLING_ROW(award_sent_again, "auction.award_sent_again")                                    \
    STARLING_ROW(award_declined, "auction.award_declined")                                        \
    STARLING_ROW(winner_lost, "auction.winner_lost")                                              \
    STARLING_ROW(late_result_taken, "auction.late_result_taken")                                  \
    STARLING_ROW(late_result_refused, "auction.late_result_refused")                              \
    STARLING_ROW(award_again, "auction.award_again")                                              \
    STARLING_ROW(award_refused, "auction.award_refused")                                          \
    STARLING_ROW(result_read_back, "auction.result_read_back")                                    \
    STARLING_ROW(runner_changed, "auction.runner_changed")
// NOLINTEND
// clang-format on

namespace starling {

enum class Probe : std::uint8_t {
#define STARLING_ROW(identifier, name) identifier,
    STARLING_PROBES(STARLING_ROW)
#undef STARLING_ROW
};

// In the order of the list.
inline constexpr auto probe_names = std::to_array<std::string_view>({
#define STARLING_ROW(identifier, name) name,
    STARLING_PROBES(STARLING_ROW)
#undef STARLING_ROW
});

namespace detail {

inline std::array<std::atomic<std::uint64_t>, probe_names.size()> probe_counts{};

}  // namespace detail

inline void hit(Probe probe) {
    // Not fetch_add: a locked instruction in every node, for a count that only a simulator reads.
    auto& count = detail::probe_counts[static_cast<std::size_t>(probe)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Since the process began, in the order of the list; those never hit included.
[[nodiscard]] std::vector<std::pair<std::string_view, std::uint64_t>> probe_hits();

}  // namespace starling

#define STARLING_PROBE(identifier) ::starling::hit(::starling::Probe::identifier)
