// The closed list of trace events: STARLING_EVENT(identifier, "folder.verb", level, "field names").
//
// One section per folder; a name is a sentence's verb.  The last argument names the record's fields
// in order; node ids appear as the first eight bytes.
#pragma once

// clang-format off
// NOLINTBEGIN
#define STARLING_TRACE_EVENTS(STARLING_EVENT)                                                     \
    /* node: links, frames, driver */                                                             \
    STARLING_EVENT(frame_refused, "node.frame_refused", warn, "from kind verdict size")           \
    STARLING_EVENT(link_dialled, "node.link_dialled", debug, "peer link attempt")                 \
    STARLING_EVENT(link_up, "node.link_up", debug, "peer link")                                   \
    STARLING_EVENT(link_down, "node.link_down", debug, "peer link reason")                        \
    STARLING_EVENT(link_heard, "node.link_heard", debug, "peer link boot")                        \
    STARLING_EVENT(peer_refused, "node.peer_refused", warn, "peer reason detail")                 \
    STARLING_EVENT(mesh_foreign, "node.mesh_foreign", error, "peer their_mesh our_mesh")          \
    STARLING_EVENT(send_dropped, "node.send_dropped", warn, "peer kind reason")                   \
    STARLING_EVENT(certificate_learned, "node.certificate_learned", info, "node curve")           \
    STARLING_EVENT(node_started, "node.started", info, "node boot members")                       \
    STARLING_EVENT(node_ready, "node.ready", info, "node members")                                \
    STARLING_EVENT(node_degraded, "node.degraded", warn, "oldest_batch_ms last_turn_ms")          \
    STARLING_EVENT(node_recovered, "node.recovered", info, "oldest_batch_ms last_turn_ms")        \
    STARLING_EVENT(disk_low, "node.disk_low", error, "free_bytes")                                \
    STARLING_EVENT(key_refused, "node.key_refused", warn, "curve address")                        \
    STARLING_EVENT(disk_put_back, "node.disk_put_back", error, "peer mark mark_on_disk")          \
    STARLING_EVENT(node_failed, "node.failed", error, "free_bytes")                               \
    /* gossip */                                                                                  \
    STARLING_EVENT(member_joined, "gossip.member_joined", info, "node boot incarnation")          \
    STARLING_EVENT(member_alive, "gossip.member_alive", info, "node boot incarnation")            \
    STARLING_EVENT(member_suspect, "gossip.member_suspect", warn, "node boot incarnation accusers")\
    STARLING_EVENT(member_dead, "gossip.member_dead", warn, "node boot incarnation cause")        \
    STARLING_EVENT(member_left, "gossip.member_left", info, "node boot incarnation")              \
    STARLING_EVENT(member_draining, "gossip.member_draining", info, "node boot incarnation")      \
    STARLING_EVENT(member_forgotten, "gossip.member_forgotten", info, "node boot incarnation")    \
    STARLING_EVENT(opinion_given, "gossip.opinion_given", info, "about verdict sequence")         \
    STARLING_EVENT(opinion_heard, "gossip.opinion_heard", debug, "about by verdict")              \
    STARLING_EVENT(claim_refuted, "gossip.claim_refuted", warn, "boot incarnation")               \
    STARLING_EVENT(claim_refused, "gossip.claim_refused", warn, "node verdict")                   \
    STARLING_EVENT(isolated, "gossip.isolated", warn, "silent links")                             \
    STARLING_EVENT(heal_dialled, "gossip.heal_dialled", debug, "node")                            \
    STARLING_EVENT(table_reconciled, "gossip.table_reconciled", debug, "peer entries")            \
    /* crdt */                                                                                    \
    STARLING_EVENT(batch_committed, "crdt.batch_committed", debug,                                \
                   "origin counter operations boot")                                              \
    STARLING_EVENT(batch_applied, "crdt.batch_applied", debug,                                    \
                   "origin counter operations boot")                                              \
    STARLING_EVENT(batch_refused, "crdt.batch_refused", warn, "origin counter verdict")           \
    STARLING_EVENT(batch_waiting, "crdt.batch_waiting", debug, "origin counter have")             \
    STARLING_EVENT(values_conflicted, "crdt.values_conflicted", info, "key_hash winner loser")    \
    STARLING_EVENT(origin_forked, "crdt.origin_forked", error, "origin counter")                  \
    STARLING_EVENT(log_full, "crdt.log_full", error, "bytes")                                     \
    STARLING_EVENT(range_wanted, "crdt.range_wanted", debug, "origin from to")                    \
    STARLING_EVENT(clock_ahead, "crdt.clock_ahead", warn, "origin ahead_ms")                      \
    STARLING_EVENT(want_refused, "crdt.want_refused", warn, "from origin verdict")                \
    /* quorum */                                                                                  \
    STARLING_EVENT(register_changed, "quorum.register_changed", debug, "name_hash version round") \
    STARLING_EVENT(round_lost, "quorum.round_lost", debug, "name_hash round rival")               \
    STARLING_EVENT(outcome_unknown, "quorum.outcome_unknown", warn, "name_hash round")            \
    STARLING_EVENT(quorum_missing, "quorum.quorum_missing", warn, "name_hash reachable needed")   \
    STARLING_EVENT(lease_granted, "quorum.lease_granted", info, "name_hash fence")                \
    STARLING_EVENT(lease_ended, "quorum.lease_ended", info, "name_hash fence reason")             \
    STARLING_EVENT(decision_closed, "quorum.decision_closed", info, "name_hash outcome votes")    \
    STARLING_EVENT(vote_refused, "quorum.vote_refused", warn, "name_hash verdict")                \
    STARLING_EVENT(ballot_refused, "quorum.ballot_refused", warn, "name_hash from round verdict") \
    STARLING_EVENT(records_damaged, "quorum.records_damaged", error, "records")                   \
    STARLING_EVENT(decision_opened, "quorum.decision_opened", info, "name_hash electors")         \
    /* auction */                                                                                 \
    STARLING_EVENT(task_offered, "auction.task_offered", info, "task skill_hash")                 \
    STARLING_EVENT(task_recorded, "auction.task_recorded", debug, "task custodians")              \
    STARLING_EVENT(task_called, "auction.task_called", debug, "task epoch invited")               \
    STARLING_EVENT(task_awarded, "auction.task_awarded", info, "task epoch winner cost")          \
    STARLING_EVENT(task_agreed, "auction.task_agreed", debug, "task epoch winner")                \
    STARLING_EVENT(task_started, "auction.task_started", info, "task epoch")                      \
    STARLING_EVENT(task_reported, "auction.task_reported", info, "task epoch outcome")            \
    STARLING_EVENT(task_accepted, "auction.task_accepted", info, "task epoch winner")             \
    STARLING_EVENT(result_stale, "auction.result_stale", warn, "task epoch highest")              \
    STARLING_EVENT(task_reassigned, "auction.task_reassigned", warn, "task epoch cause")          \
    STARLING_EVENT(task_adopted, "auction.task_adopted", warn, "task epoch announcer")            \
    STARLING_EVENT(task_waiting, "auction.task_waiting", info, "task reason")                     \
    STARLING_EVENT(task_dead_lettered, "auction.task_dead_lettered", error, "task attempts reason")\
    STARLING_EVENT(task_cancelled, "auction.task_cancelled", info, "task")                        \
    STARLING_EVENT(task_rehomed, "auction.task_rehomed", warn, "task generation custodians")      \
    STARLING_EVENT(task_superseded, "auction.task_superseded", warn, "task epoch highest")        \
    STARLING_EVENT(task_fenced, "auction.task_fenced", warn, "task epoch")                        \
    STARLING_EVENT(task_completed_twice, "auction.task_completed_twice", error, "task generation")
// NOLINTEND
// clang-format on
