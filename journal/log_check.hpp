// Whether SQLite's write-ahead log lost something that had been synced.
//
//      header | frame frame COMMIT | frame COMMIT | frame frame ...
//                                       ^ the first frame that is not as it was written
//
// SQLite takes whatever follows such a frame for the rest of a commit that a crash cut off, and
// forgets it.  That is right for the last commit alone: each is synced before the next one begins.
// A crash may tear the header of a frame, too: the old log's word for the end of a commit stands
// then beside the new salts.  So only a frame whose sum goes on from the one before it is believed.
//
// Invariants:
//   I1  A log is damaged if a frame that is not whole is followed by a commit that goes on from the
//       frame before it, and one frame more.  A commit that rotted itself is not seen: with the
//       last commit the one before it may be lost.
//   I2  A log whose last commit alone is not whole is not called damaged: a crash may have torn it.
//   I3  A log whose first frame is struck out is empty: what it held is in the main file.  The mark
//       is one byte, which no crash tears, and no page has such a number.
//
// Source of the format: sqlite.org, "Database File Format", section 4.  Pure functions.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace starling::journal {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t log_header_bytes = 32;
inline constexpr std::size_t log_frame_header_bytes = 24;
inline constexpr std::size_t log_frame_bytes = log_frame_header_bytes + page_bytes;
inline constexpr std::uint8_t struck_out = 0xFF;  // the first byte of the first frame

// Fills `to` from this offset on; false when that is not all there.
using ReadAt = std::function<bool(std::uint64_t offset, std::span<std::uint8_t> to)>;

// REQUIRES: no commit was given up since the log was empty; it was synced when it was emptied, and
// its first frame was struck out, and synced, before it began anew.
[[nodiscard]] bool is_log_damaged(const ReadAt& read, std::uint64_t log_bytes);

// Whether a page that was read at this offset of the log is as it was written.
[[nodiscard]] bool is_page_whole(const ReadAt& read, ByteView page, std::uint64_t offset);

}  // namespace starling::journal
