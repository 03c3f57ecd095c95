#include "sim/latency_matrix.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "sim/plan_cursor.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::size_t trip_decimals_max = 9;

// A number such as 34 or 0.175 of units; nothing for any other text.
std::optional<Duration> trip_from(std::string_view cell, Duration unit) {
    std::int64_t whole = 0;
    std::int64_t part = 0;
    std::int64_t scale = 1;
    std::size_t digits = 0;
    bool behind_point = false;
    for (const char each : cell) {
        if (each == '.' && !behind_point) {
            behind_point = true;
            continue;
        }
        if (each < '0' || each > '9') return std::nullopt;
        ++digits;
        if (!behind_point) {
            if (whole > INT32_MAX) return std::nullopt;
            whole = whole * 10 + (each - '0');
        } else if (scale < 1'000'000'000) {
            part = part * 10 + (each - '0');
            scale *= 10;
        }
    }
    if (digits == 0 || whole > matrix_trip_max / unit) return std::nullopt;
    return whole * unit + Duration{part * unit.count() / scale};
}

// Reads a matrix line by line.
class MatrixReader {
public:
    MatrixReader(std::string_view name, Duration unit) : name_(name), unit_(unit) {}

    Result<LatencyMatrix> read(std::string_view text) {
        const std::uint64_t hash = Hasher("starling/sim/latency").add(text).finish64();
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++line_;
            if (line.empty() && text.empty()) break;
            if (auto taken = take_line(line); !taken) return tl::unexpected(taken.error());
        }
        if (rows_ == 0) return wrong(1, 1, "no rows, expected numbers with tabs between them");
        if (rows_ == width_) return LatencyMatrix(std::move(trips_), hash, {});
        return wrong(line_, 1,
                     std::to_string(rows_) + " rows of " + std::to_string(width_) +
                         " cells, expected as many rows as cells");
    }

private:
    Result<void> take_line(std::string_view line) {
        if (rows_ == matrix_rows_max) {
            return wrong(line_, 1, "more than " + std::to_string(matrix_rows_max) + " rows");
        }
        std::size_t cells = 0;
        std::size_t begin = 0;
        while (begin <= line.size()) {
            const std::size_t end = std::min(line.find('\t', begin), line.size());
            const std::string_view cell = line.substr(begin, end - begin);
            const bool measured = !cell.empty() && cell != "-";
            const auto trip =
                measured ? trip_from(cell, unit_) : std::optional(LatencyMatrix::unknown);
            if (!trip) {
                return wrong(line_, begin + 1,
                             "found " + quoted(cell) + ", expected a number such as 34 or 0.175, " +
                                 "of at most " + std::to_string(matrix_trip_max / unit_));
            }
            trips_.push_back(*trip);
            ++cells;
            begin = end + 1;
        }
        if (rows_ == 0) width_ = cells;
        ++rows_;
        if (cells == width_) return {};
        return wrong(line_, line.size() + 1,
                     std::to_string(cells) + " cells, line 1 has " + std::to_string(width_));
    }

    [[nodiscard]] tl::unexpected<Error> wrong(std::size_t line, std::size_t column,
                                              const std::string& what) const {
        return failure(ErrorCode::invalid, "latency_invalid",
                       std::string(name_) + ':' + std::to_string(line) + ':' +
                           std::to_string(column) + ": " + what,
                       "docs/SIMULATION.md says how such a file looks");
    }

    std::string_view name_;
    Duration unit_;
    std::vector<Duration> trips_;
    std::size_t line_ = 0;
    std::size_t rows_ = 0;
    std::size_t width_ = 0;
};

// Why this matrix is not the one that the plan means, or does not do for it.
std::string unfit(const Regions& regions, const LatencyMatrix& matrix, std::uint32_t nodes) {
    if (regions.hash != 0 && regions.hash != matrix.hash()) {
        return "has the hash " + hash_text(matrix.hash()) +
               ", the plan says latency_hash=" + hash_text(regions.hash) +
               ": it is another file, or was changed";
    }
    std::vector<std::uint32_t> rows = regions.rows;
    if (rows.empty()) {
        if (matrix.rows() < nodes) {
            return "has " + std::to_string(matrix.rows()) + " rows, the plan has " +
                   std::to_string(nodes) + " nodes: regions=1-" + std::to_string(matrix.rows()) +
                   " has several share a row";
        }
        rows.resize(nodes);
        std::iota(rows.begin(), rows.end(), 0U);
    }
    for (const std::uint32_t row : rows) {
        if (row < matrix.rows()) continue;
        return "has " + std::to_string(matrix.rows()) + " rows, the plan's regions name row " +
               std::to_string(row + 1);
    }
    const auto gap = matrix.find_gap(rows);
    if (!gap) return "";
    return "line " + std::to_string(gap->first + 1) + ", cell " + std::to_string(gap->second + 1) +
           ": not measured in either direction, and regions do not leave that row out";
}

}  // namespace

LatencyMatrix::LatencyMatrix(std::vector<Duration> trips, std::uint64_t hash,
                             std::vector<std::string> names)
    : trips_(std::move(trips)), hash_(hash), names_(std::move(names)) {
    while (std::size_t{rows_} * rows_ < trips_.size()) ++rows_;
    STARLING_ASSERT(std::size_t{rows_} * rows_ == trips_.size());  // I1
}

Duration LatencyMatrix::trip(std::uint32_t from, std::uint32_t to) const {
    const Duration there = measured(from, to);
    return there != unknown ? there : std::max(Duration{}, measured(to, from));
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> LatencyMatrix::find_gap(
    std::span<const std::uint32_t> rows) const {
    for (const std::uint32_t from : rows) {
        for (const std::uint32_t to : rows) {
            const bool known =
                from == to || measured(from, to) != unknown || measured(to, from) != unknown;
            if (!known) return std::pair(from, to);
        }
    }
    return std::nullopt;
}

Duration LatencyMatrix::measured(std::uint32_t from, std::uint32_t to) const {
    return trips_.at(std::size_t{from} * rows_ + to);
}

Result<LatencyMatrix> matrix_from(std::string_view text, std::string_view name, Duration unit) {
    STARLING_ASSERT(unit > Duration{});
    return MatrixReader(name, unit).read(text);
}

std::uint32_t Regions::row_of(std::uint32_t host) const {
    if (rows.empty()) return host % matrix->rows();
    return rows[host % rows.size()];
}

Duration Regions::latency(std::uint32_t from, std::uint32_t to) const {
    return matrix->trip(row_of(from), row_of(to)) / 2;
}

std::string hash_text(std::uint64_t hash) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = digits[hash >> (60 - 4 * i) & 0xFU];
    return text;
}

Result<void> attach(Regions& regions, std::string_view text, std::uint32_t nodes) {
    STARLING_ASSERT(regions.is_file());
    const std::string name = regions.source.substr(file_prefix.size());
    auto matrix = matrix_from(text, name, regions.unit);
    if (!matrix) return tl::unexpected(matrix.error());
    if (const std::string why = unfit(regions, *matrix, nodes); !why.empty()) {
        return failure(ErrorCode::invalid, "latency_invalid", name + ": " + why,
                       "change [network] in the plan, or take the file that it was made with");
    }
    regions.hash = matrix->hash();
    regions.matrix = std::make_shared<const LatencyMatrix>(std::move(*matrix));
    return {};
}

}  // namespace starling::sim
