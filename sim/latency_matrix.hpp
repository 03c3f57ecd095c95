// How far hosts are from each other, as measured: round trips between places, each way its own.
//
//      text, tab separated             wan10 (ours)
//           │ matrix_from                   │
//           └────────> LatencyMatrix <──────┘ ──trip(row, column)──> Network: half of it each way
//
//      Regions: which matrix a plan names, and which of its rows hosts stand in, in turn
//
// Invariants:
//   I1  A matrix is square; of two places the trip is known in one direction at least, or
//       find_gap() tells it.
//   I2  What a text says is kept to the nanosecond, and is never negative.
//   I3  Equal bytes have equal hashes: a plan names that of its file.
//
// Immutable once made: thread safe to read.
#pragma once

#include "base/moment.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::sim {

class LatencyMatrix {
public:
    static constexpr Duration unknown = Duration{-1};

    // REQUIRES: trips of a square, row by row; `unknown` where nobody measured.
    LatencyMatrix(std::vector<Duration> trips, std::uint64_t hash, std::vector<std::string> names);

    [[nodiscard]] std::uint32_t rows() const { return rows_; }

    [[nodiscard]] std::uint64_t hash() const { return hash_; }

    // Empty when the places have none.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    // There and back as measured from `from`; what was not measured is as from the other side.
    [[nodiscard]] Duration trip(std::uint32_t from, std::uint32_t to) const;

    // Two of these rows between which nobody measured.
    [[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>> find_gap(
        std::span<const std::uint32_t> rows) const;

private:
    [[nodiscard]] Duration measured(std::uint32_t from, std::uint32_t to) const;

    std::vector<Duration> trips_;
    std::uint32_t rows_ = 0;
    std::uint64_t hash_ = 0;
    std::vector<std::string> names_;
};

inline constexpr std::uint32_t matrix_rows_max = 2048;
inline constexpr Duration matrix_trip_max = std::chrono::seconds{120};

// Rows of numbers such as 34 or 0.175, each `unit` long, with tabs between them; an empty cell or
// "-" was not measured.  latency_invalid: the message is "NAME:LINE:COLUMN: what is wrong".
[[nodiscard]] Result<LatencyMatrix> matrix_from(std::string_view text, std::string_view name,
                                                Duration unit);

// Round trips between ten regions of the world.
[[nodiscard]] const std::shared_ptr<const LatencyMatrix>& wan10();

inline constexpr std::string_view wan10_name = "wan10";
inline constexpr std::string_view file_prefix = "file:";

struct Regions {
    std::string source;                            // "wan10" or "file:PATH"; empty: no matrix
    Duration unit = std::chrono::milliseconds{1};  // of a file's cells
    std::uint64_t hash = 0;                        // of the file; 0: any
    std::vector<std::uint32_t> rows;  // hosts stand in them in turn; empty: in all of them
    bool named = false;               // some of them by name
    std::shared_ptr<const LatencyMatrix> matrix;  // of a file only once it was read

    [[nodiscard]] bool is_file() const { return source.starts_with(file_prefix); }

    // REQUIRES: matrix.
    [[nodiscard]] std::uint32_t row_of(std::uint32_t host) const;

    // One way.  REQUIRES: matrix.
    [[nodiscard]] Duration latency(std::uint32_t from, std::uint32_t to) const;
};

// As plans write it.
[[nodiscard]] std::string hash_text(std::uint64_t hash);

// Gives the regions of a plan with so many nodes the matrix that its file holds.  On failure
// nothing changed.  latency_invalid: no matrix, smaller than the mesh or than the rows that the
// plan names, two places without a measurement, or another file than the plan's hash says.
[[nodiscard]] Result<void> attach(Regions& regions, std::string_view text, std::uint32_t nodes);

}  // namespace starling::sim
