#include "sim/plan_fields.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "sim/host_clock.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

// The member at the end of a path through Plan.
template <auto... Path>
constexpr auto& member_of(auto& plan) {
    return (plan.*....*Path);
}

template <auto... Path>
std::uint64_t read(const Plan& plan) {
    const auto& member = member_of<Path...>(plan);
    if constexpr (std::is_same_v<const Duration&, decltype(member)>) {
        return static_cast<std::uint64_t>(member.count());
    } else {
        return static_cast<std::uint64_t>(member);
    }
}

template <auto... Path>
void write(Plan& plan, std::uint64_t value) {
    auto& member = member_of<Path...>(plan);
    using Member = std::remove_reference_t<decltype(member)>;
    if constexpr (std::is_same_v<Member, Duration>) {
        member = Duration{static_cast<std::int64_t>(value)};
    } else {
        member = static_cast<Member>(value);
    }
}

struct Word {
    std::string_view section;
    std::string_view name;
};

template <auto... Path>
constexpr PlanField number(Word word, std::uint64_t min, std::uint64_t max) {
    return {word.section, word.name, Quantity::number, min, max, read<Path...>, write<Path...>};
}

template <auto... Path>
constexpr PlanField time(Word word, Duration min, Duration max) {
    return {word.section,
            word.name,
            Quantity::time,
            static_cast<std::uint64_t>(min.count()),
            static_cast<std::uint64_t>(max.count()),
            read<Path...>,
            write<Path...>};
}

template <auto... Path>
constexpr PlanField bytes(Word word, std::uint64_t min, std::uint64_t max) {
    return {word.section, word.name, Quantity::bytes, min, max, read<Path...>, write<Path...>};
}

template <auto... Path>
constexpr PlanField rate(Word word) {
    return {word.section,  word.name,     Quantity::rate, 0,
            plan_rate_max, read<Path...>, write<Path...>};
}

template <auto... Path>
constexpr PlanField share(Word word) {
    return {word.section, word.name, Quantity::share, 0, 1'000'000, read<Path...>, write<Path...>};
}

template <auto... Path>
constexpr PlanField byte_rate(Word word, std::uint64_t max) {
    return {word.section, word.name, Quantity::byte_rate, 0, max, read<Path...>, write<Path...>};
}

constexpr Duration delay_max = 60s;  // of anything that happens often
// A turn takes time, else a process whose timer is due would never see it pass.
constexpr Duration turn_min = 1us;
constexpr Duration turn_max = 1s;
constexpr std::uint64_t cores_max = 1024;
constexpr std::uint64_t pieces_max = 100;
constexpr std::uint64_t log_pages_max = 1U << 20U;
constexpr std::uint64_t pipe_min = 2 * limits::frame_bytes;  // a frame fits
constexpr std::uint64_t pipe_max = 1U << 30U;
constexpr std::int64_t bandwidth_max = 1LL << 40U;
constexpr std::int64_t amount_time_max = Duration{365 * 24h}.count();

constexpr auto net = &Plan::network;
constexpr auto disk = &Plan::disk;
constexpr auto process = &Plan::process;
constexpr auto load = &Plan::load;
constexpr auto workers = &Load::workers;

constexpr auto fields = std::to_array<PlanField>({
    number<&Plan::seed>({"run", "seed"}, 0, UINT64_MAX),
    number<&Plan::nodes>({"run", "nodes"}, plan_nodes_min, plan_nodes_max),
    time<&Plan::duration>({"run", "duration"}, plan_duration_min, plan_duration_max),
    time<&Plan::healed_at>({"run", "healed_at"}, 0s, plan_duration_max),
    number<&Plan::buggify>({"run", "buggify"}, 0, 1),
    time<net, &NetworkModel::latency_min>({"network", "latency"}, 0s, delay_max),
    time<net, &NetworkModel::latency_spread>({"network", "spread"}, 0s, delay_max),
    time<net, &NetworkModel::jitter_mean>({"network", "jitter"}, 0s, delay_max),
    time<net, &NetworkModel::unacked_max>({"network", "unacked"}, 1s, 1h),
    time<net, &NetworkModel::retransmit_base>({"network", "retransmit"}, 1ms, 1min),
    time<net, &NetworkModel::linger>({"network", "linger"}, 0s, delay_max),
    bytes<net, &NetworkModel::pipe_bytes>({"network", "pipe"}, pipe_min, pipe_max),
    byte_rate<net, &NetworkModel::bandwidth>({"network", "bandwidth"}, bandwidth_max),
    number<disk, &DiskModel::journal>({"disk", "journal"}, 0, 1),
    time<disk, &DiskModel::sync_min>({"disk", "sync_min"}, 0s, delay_max),
    time<disk, &DiskModel::sync_mean>({"disk", "sync_mean"}, 0s, delay_max),
    time<disk, &DiskModel::read>({"disk", "read"}, 0s, delay_max),
    time<disk, &DiskModel::work>({"disk", "work"}, 0s, turn_max),
    number<disk, &DiskModel::pieces>({"disk", "pieces"}, 1, pieces_max),
    number<disk, &DiskModel::log_pages>({"disk", "log"}, 1, log_pages_max),
    time<process, &ProcessModel::turn>({"process", "turn"}, turn_min, turn_max),
    time<process, &ProcessModel::input>({"process", "input"}, 0s, turn_max),
    time<process, &ProcessModel::verify>({"process", "verify"}, 0s, turn_max),
    time<process, &ProcessModel::link>({"process", "link"}, 0s, turn_max),
    time<process, &ProcessModel::exit_min>({"process", "exit_min"}, 0s, delay_max),
    time<process, &ProcessModel::exit_mean>({"process", "exit_mean"}, 0s, delay_max),
    number<process, &ProcessModel::cores>({"process", "cores"}, 0, cores_max),
    time<process, &ProcessModel::wake>({"process", "wake"}, 0s, turn_max),
    time<process, &ProcessModel::doze>({"process", "doze"}, 0s, delay_max),
    time<process, &ProcessModel::rouse>({"process", "rouse"}, 0s, turn_max),
    time<process, &ProcessModel::frame>({"process", "frame"}, 0s, turn_max),
    rate<load, &Load::puts>({"load", "puts"}),
    rate<load, &Load::swaps>({"load", "cas"}),
    rate<load, &Load::tasks>({"load", "tasks"}),
    rate<load, &Load::leases>({"load", "leases"}),
    rate<load, &Load::decisions>({"load", "decisions"}),
    rate<load, &Load::edits>({"load", "edits"}),
    share<load, workers, &Workers::fail>({"workers", "fail"}),
    share<load, workers, &Workers::silent>({"workers", "silent"}),
    share<load, workers, &Workers::late>({"workers", "late"}),
    share<load, workers, &Workers::twice>({"workers", "twice"}),
    share<load, workers, &Workers::poison>({"workers", "poison"}),
});

constexpr auto amounts = std::to_array<AmountRow>({
    {Amount::time, Quantity::time, -amount_time_max, amount_time_max},
    {Amount::factor, Quantity::factor, 1, 10'000},
    {Amount::share, Quantity::share, 0, 1'000'000},
    {Amount::byte_rate, Quantity::byte_rate, 1, bandwidth_max},
});

// Narrower than the amount's own.
struct KindRange {
    FaultKind kind{};
    std::int64_t min = 0;
    std::int64_t max = 0;
};

constexpr auto kind_ranges = std::to_array<KindRange>({
    {FaultKind::delay, 0, Duration{1h}.count()},
    {FaultKind::restore_disk, 1, plan_duration_max.count()},
    {FaultKind::drift, -HostClock::drift_max.count(), HostClock::drift_max.count()},
});

}  // namespace

std::span<const PlanField> plan_fields() {
    return fields;
}

const AmountRow& row_of(Amount amount) {
    const auto found = std::ranges::find(amounts, amount, &AmountRow::amount);
    STARLING_ASSERT(found != amounts.end());
    return *found;
}

AmountRow amount_of(FaultKind kind) {
    AmountRow row = row_of(row_of(kind).amount);
    const auto narrow = std::ranges::find(kind_ranges, kind, &KindRange::kind);
    if (narrow == kind_ranges.end()) return row;
    row.min = narrow->min;
    row.max = narrow->max;
    return row;
}

std::string amount_text(Amount amount, std::int64_t value) {
    const Quantity quantity = row_of(amount).quantity;
    const std::int64_t size = value < 0 ? -std::max(value, -INT64_MAX) : value;
    return (value < 0 ? "-" : "") + text_of(quantity, static_cast<std::uint64_t>(size));
}

std::optional<std::string> range_missed(const PlanField& field, std::uint64_t value) {
    if (value >= field.min && value <= field.max) return std::nullopt;
    const auto shown = [&](std::uint64_t each) {
        return text_of(field.quantity, std::min(each, quantity_max(field.quantity)));
    };
    return std::string(field.name) + " is " + shown(value) + ", possible are " + shown(field.min) +
           " to " + shown(field.max);
}

}  // namespace starling::sim
