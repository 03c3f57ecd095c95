// Every bound in one place.  Each has a test at the bound and one past it.
//
// Exceeding one is loud: an error to the caller, a counter, a trace.  Sizes in bytes.
#pragma once

#include "base/moment.hpp"

#include <cstddef>
#include <cstdint>

namespace starling::limits {

using namespace std::chrono_literals;

// Wire and codec
inline constexpr std::size_t frame_bytes = 256 * 1024;  // a whole frame, header included
inline constexpr std::size_t frame_header_bytes = 10;
inline constexpr std::size_t body_bytes = frame_bytes - frame_header_bytes;
inline constexpr std::size_t batch_bytes = 128 * 1024;
inline constexpr std::size_t value_bytes = 64 * 1024;  // value, task payload, register value
inline constexpr std::size_t key_bytes = 256;
inline constexpr std::size_t name_bytes = 256;  // agent, reason, skill, trace id
inline constexpr std::size_t address_bytes = 256;
inline constexpr std::size_t list_entries = 256;  // longer lists are chunked
inline constexpr std::size_t codec_array = 4096;
inline constexpr std::size_t codec_map = 4096;
inline constexpr std::size_t codec_text = frame_bytes;
inline constexpr std::size_t codec_depth = 16;
inline constexpr std::size_t certificate_bytes = 1024;
inline constexpr std::size_t claim_bytes = 2048;

// Links
inline constexpr std::size_t link_queue_frames = 256;
inline constexpr std::size_t link_queue_bytes = 1024 * 1024;
inline constexpr std::size_t all_queues_bytes = 64 * 1024 * 1024;
inline constexpr std::size_t push_sockets = 64;
inline constexpr std::size_t addresses_per_member = 4;
inline constexpr std::size_t frames_per_turn = 512;
inline constexpr std::size_t calls_per_turn = 512;
inline constexpr Duration probe_timeout = 1s;
inline constexpr Duration dial_timeout = 3500ms;
inline constexpr Duration redial_base = 20ms;
inline constexpr Duration redial_cap = 5s;

// Driver and journal
inline constexpr std::size_t journal_batches_waiting = 4096;
inline constexpr std::size_t fetch_bytes = 200 * 1024;
inline constexpr std::uint64_t disk_low_bytes = 64ULL * 1024 * 1024;
inline constexpr Duration degraded_after = 1s;
inline constexpr Duration driver_abort_after = 30s;
inline constexpr Duration close_within = 2s;
inline constexpr std::size_t events_undelivered = 10'000;

// Gossip
inline constexpr std::size_t members = 16'384;
inline constexpr std::uint32_t incarnation_jump = 1U << 20U;
inline constexpr Duration heartbeat_period = 500ms;
inline constexpr Duration ack_timeout_min = 250ms;
inline constexpr Duration pause_tolerance = 1s;                 // T_min
inline constexpr Duration suspicion_max = 6 * pause_tolerance;  // T_max
inline constexpr Duration lateness_tolerated = 100ms;
inline constexpr Duration heal_period = 5s;
inline constexpr Duration seed_period = 30s;
inline constexpr Duration tombstone_kept = 24h;
inline constexpr Duration away_time = 30s;      // an away member is not judged for this long
inline constexpr Duration linger_time = 1s;     // a node that left answers at most this long
inline constexpr Duration left_link_kept = 2s;  // a link to a member that left
// While nobody else can be met, this long after the start a node counts as alone by choice.
inline constexpr Duration alone_after = 2s;

// Marks of journals (node/marks.hpp).
inline constexpr Duration mark_period = 250ms;      // between two of one node
inline constexpr Duration mark_stored_after = 10s;  // between two records of a peer's
inline constexpr Duration recalled_within = 6s;     // a node's silent peers are waited for

// State
inline constexpr std::uint64_t log_bytes = 1024ULL * 1024 * 1024;
inline constexpr std::size_t operations_per_batch = 256;
inline constexpr std::size_t origins = 65'536;
inline constexpr std::size_t encoded_value_bytes = value_bytes + 16;  // a text of value_bytes
inline constexpr std::uint64_t log_reserve_divisor = 8;  // room past log_bytes, for others' batches
inline constexpr std::size_t dependencies_per_batch = 1024;
inline constexpr std::size_t dots_per_operation = 2048;  // siblings or elements that it ends
inline constexpr std::size_t origins_per_batch = 2048;
inline constexpr std::size_t batches_per_frame = 2048;
inline constexpr std::size_t batches_waiting = 4096;  // for an earlier batch or a dependency
inline constexpr std::size_t batches_waiting_bytes = 32 * 1024 * 1024;
inline constexpr std::size_t batches_waiting_per_origin = 256;
inline constexpr std::size_t ranges_per_want = 16;
inline constexpr std::size_t pulls_per_peer = 4;  // ranges asked of one peer at a time
inline constexpr std::size_t pulls = 16;
inline constexpr std::size_t serves_per_peer = 2 * pulls_per_peer;
inline constexpr std::size_t serves = 64;
inline constexpr std::size_t copies_waiting = 1024;  // local batches that wait for k copies
inline constexpr Duration pull_timeout = 2s;
inline constexpr Duration reconcile_period = 1s;  // between two exchanges with one peer
inline constexpr Duration copies_period = 1s;     // between two questions for copies

// Registers
inline constexpr std::size_t registers = 65'536;
inline constexpr std::size_t register_window = 64;
inline constexpr std::uint64_t promise_ceiling_step = 1ULL << 20U;
inline constexpr Duration operation_lifetime = 60s;
inline constexpr std::size_t voters = 7;
inline constexpr std::size_t operation_stream_bytes = 64;  // who numbers its operations
inline constexpr std::size_t register_waiting = 256;       // operations of one node on one register
inline constexpr std::size_t operations_waiting = 4096;    // of one node, on all registers
inline constexpr std::size_t registers_remembered = 1024;  // idle registers a proposer has hints of
inline constexpr std::size_t promises_without_record = 1024;
inline constexpr std::uint64_t round_jump = 1ULL << 48U;  // past a voter's promise ceiling
inline constexpr std::uint64_t round_max = 1ULL << 62U;
inline constexpr Duration lease_term_min = 100ms;
inline constexpr Duration lease_term_max = 1h;
inline constexpr std::size_t leases_observed = 4096;
inline constexpr std::size_t decision_options = 16;
inline constexpr std::size_t decision_electors = 64;
inline constexpr std::size_t decision_question_bytes = 4096;
inline constexpr Duration decision_duration_max = 24h;
inline constexpr std::size_t decisions_watched = 1024;

// Auctions and tasks
inline constexpr std::size_t tasks_finished_kept = 100'000;
inline constexpr Duration tasks_finished_for = 24h;
inline constexpr std::size_t auctions_open = 10'000;
inline constexpr std::size_t holds = 1024;
inline constexpr std::size_t turned_away = 256;  // calls remembered until a worker is free
inline constexpr std::size_t bids_per_auction = 64;
inline constexpr std::size_t skills_per_node = 64;
inline constexpr std::size_t custodians = 3;
inline constexpr std::size_t key_custodians = 6;  // even: two lists that differ by one overlap
inline constexpr std::size_t tasks_in_custody = 65'536;   // not finished, per custodian
inline constexpr std::size_t dead_letters_kept = 10'000;  // per custodian, whatever their age
inline constexpr std::size_t tasks_watched = 10'000;      // not run here, awaited by local programs
inline constexpr std::size_t inquiries = 1024;
inline constexpr std::size_t tasks_concluded = 1024;  // shown until their custodians know it too
inline constexpr std::size_t nodes_asked = 64;
inline constexpr std::size_t workers = 4096;
inline constexpr std::size_t assignments = 256;
inline constexpr std::size_t attempts_kept = 32;
inline constexpr std::size_t attempts_lost = 16;     // without the worker's fault
inline constexpr std::size_t crashes_tolerated = 2;  // nodes; the third makes a task poison
inline constexpr std::uint8_t task_failures = 32;
inline constexpr std::uint32_t task_rounds = 1U << 31U;
inline constexpr Duration task_duration_max = 30 * 24h;

// Local calls
inline constexpr std::size_t page_items = 1000;        // of a listing
inline constexpr std::size_t page_bytes = 160 * 1024;  // a page ends here even when it is not full

}  // namespace starling::limits
