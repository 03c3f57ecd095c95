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
inline constexpr std::size_t frame_bytes = 256 * 1024;       // a whole frame, header included
inline constexpr std::size_t frame_header_bytes = 10;
inline constexpr std::size_t body_bytes = frame_bytes - frame_header_bytes;
inline constexpr std::size_t batch_bytes = 128 * 1024;
inline constexpr std::size_t value_bytes = 64 * 1024;        // value, task payload, register value
inline constexpr std::size_t key_bytes = 256;
inline constexpr std::size_t name_bytes = 256;               // agent, reason, skill, trace id
inline constexpr std::size_t address_bytes = 256;
inline constexpr std::size_t list_entries = 256;             // longer lists are chunked
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
inline constexpr Duration drain_after = 10s;
inline constexpr Duration driver_abort_after = 30s;
inline constexpr Duration close_within = 2s;
inline constexpr std::size_t events_undelivered = 10'000;

// Gossip
inline constexpr std::size_t members = 16'384;
inline constexpr std::uint32_t incarnation_jump = 1U << 20U;
inline constexpr Duration heartbeat_period = 500ms;
inline constexpr Duration ack_timeout_min = 250ms;
inline constexpr Duration pause_tolerance = 1s;              // T_min
inline constexpr Duration suspicion_max = 6 * pause_tolerance;  // T_max
inline constexpr Duration lateness_tolerated = 100ms;
inline constexpr Duration heal_period = 5s;
inline constexpr Duration seed_period = 30s;
inline constexpr Duration tombstone_kept = 24h;

// State
inline constexpr std::uint64_t log_bytes = 1024ULL * 1024 * 1024;
inline constexpr std::size_t operations_per_batch = 256;
inline constexpr std::size_t origins = 65'536;

// Registers
inline constexpr std::size_t registers = 65'536;
inline constexpr std::size_t register_window = 64;
inline constexpr std::uint64_t promise_ceiling_step = 1ULL << 20U;
inline constexpr Duration operation_lifetime = 60s;

// Auctions and tasks
inline constexpr std::size_t tasks_finished_kept = 100'000;
inline constexpr Duration tasks_finished_for = 24h;
inline constexpr std::size_t auctions_open = 10'000;
inline constexpr std::size_t holds = 1024;
inline constexpr std::size_t bids_per_auction = 64;
inline constexpr std::size_t skills_per_node = 64;

}  // namespace starling::limits
