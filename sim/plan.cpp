#include "sim/plan.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration settle = 2s;
// Up to as many nodes keep their records in the production journal, which takes its time.
constexpr std::uint32_t journal_nodes_max = 16;
constexpr Duration round_aim = 25s;
constexpr Duration round_min = 3s;
constexpr std::uint64_t plan_stream = 0x706c616eULL;

// The rounds of one plan.  Each fault draws from a stream of its own (I3).
class Generator {
public:
    Generator(const Options& options, Duration begin, Duration end)
        : options_(options), begin_(begin), end_(end) {}

    std::vector<Fault> generate() {
        const auto rounds = std::max<std::int64_t>({1, (end_ - begin_) / round_aim,
                                                    options_.asked.crashes.value_or(0),
                                                    options_.asked.partitions.value_or(0)});
        const Duration length = (end_ - begin_) / rounds;
        for (std::int64_t round = 0; round < rounds; ++round) {
            add_round(static_cast<std::uint64_t>(round), begin_ + length * round, length);
        }
        std::ranges::stable_sort(faults_, {}, &Fault::at);
        return std::move(faults_);
    }

private:
    void add_round(std::uint64_t round, Duration begin, Duration length) {
        // A host is not stopped and killed in one round.
        Rng choice = rng_of(round, 0);
        std::vector<std::uint32_t> hosts(options_.nodes);
        std::iota(hosts.begin(), hosts.end(), 0U);
        choice.shuffle(std::span(hosts));

        // Everything is over at 100 of 100; a crash has 40 of them to be noticed before the cut.
        const FaultNumbers& asked = options_.asked;
        if (round < asked.crashes.value_or(UINT32_MAX)) {
            add_crash(rng_of(round, 1), begin, length, hosts[0]);
        }
        add_pause(rng_of(round, 2), begin, length, hosts[1]);
        if (round < asked.partitions.value_or(UINT32_MAX)) {
            add_cut(rng_of(round, 3), begin, length);
        }
        add_single(rng_of(round, 4), begin, length, FaultKind::break_links);
        add_single(rng_of(round, 5), begin, length, FaultKind::stall_disk);
    }

    // Half of the crashed come back before anybody could be sure, half after everybody is.
    void add_crash(Rng rng, Duration begin, Duration length, std::uint32_t host) {
        const Duration at = begin + rng.between(Duration{0}, length * 4 / 100);
        const Duration down = rng.chance(1, 2) ? rng.between(length * 2 / 100, length * 20 / 100)
                                               : rng.between(length * 42 / 100, length * 90 / 100);
        add(at, down, FaultKind::crash, host);
    }

    void add_pause(Rng rng, Duration begin, Duration length, std::uint32_t host) {
        const Duration at = begin + rng.between(Duration{0}, length * 35 / 100);
        const Duration lasts = rng.between(length * 2 / 100, length * 60 / 100);
        add(at, lasts, FaultKind::pause, host);
    }

    void add(Duration at, Duration lasts, FaultKind kind, std::uint32_t host) {
        Fault fault;
        fault.at = at;
        fault.lasts = lasts;
        fault.kind = kind;
        fault.host = host;
        faults_.push_back(std::move(fault));
    }

    void add_cut(Rng rng, Duration begin, Duration length) {
        std::vector<std::uint32_t> hosts(options_.nodes);
        std::iota(hosts.begin(), hosts.end(), 0U);
        rng.shuffle(std::span(hosts));
        // Isolating one node finds most bugs (Alquraan et al., OSDI'18); else anything up to a
        // half.
        const std::uint64_t few = rng.chance(1, 2) ? 1 : rng.between(1, options_.nodes / 2);
        const auto border = hosts.begin() + static_cast<std::ptrdiff_t>(few);

        Fault fault;
        fault.kind = FaultKind::cut;
        fault.left.assign(hosts.begin(), border);
        fault.right.assign(border, hosts.end());
        fault.direction = rng.chance(1, 4) ? Direction::one_way : Direction::both;
        if (fault.direction == Direction::one_way && rng.chance(1, 2)) {
            std::swap(fault.left, fault.right);
        }
        std::ranges::sort(fault.left);
        std::ranges::sort(fault.right);
        fault.at = begin + rng.between(length * 45 / 100, length * 60 / 100);
        fault.lasts = rng.between(length * 10 / 100, length * 40 / 100);
        faults_.push_back(std::move(fault));
    }

    void add_single(Rng rng, Duration begin, Duration length, FaultKind kind) {
        const auto host = static_cast<std::uint32_t>(rng.below(options_.nodes));
        const Duration at = begin + rng.between(Duration{0}, length * 60 / 100);
        add(at, row_of(kind).has_end ? rng.between(100ms, length * 30 / 100) : 0ms, kind, host);
    }

    [[nodiscard]] Rng rng_of(std::uint64_t round, std::uint64_t purpose) const {
        return Rng(options_.seed, plan_stream << 32U | round << 8U | purpose);
    }

    const Options& options_;
    Duration begin_;
    Duration end_;
    std::vector<Fault> faults_;
};

std::string seconds_of(Duration duration) {
    return std::to_string(duration / std::chrono::seconds{1}) + "s";
}

Result<void> check_shape(const Options& options) {
    if (options.nodes < plan_nodes_min || options.nodes > plan_nodes_max) {
        return failure(ErrorCode::invalid, "nodes_out_of_range",
                       "nodes is " + std::to_string(options.nodes) + ", possible are " +
                           std::to_string(plan_nodes_min) + " to " + std::to_string(plan_nodes_max),
                       "a partition needs two nodes");
    }
    if (options.duration < plan_duration_min || options.duration > plan_duration_max) {
        return failure(ErrorCode::invalid, "duration_out_of_range",
                       "duration is " + seconds_of(options.duration) + ", possible are " +
                           seconds_of(plan_duration_min) + " to " + seconds_of(plan_duration_max),
                       "every run needs time for its faults and as much again to recover");
    }
    return {};
}

Result<void> check_load(const Load& load) {
    for (const LoadRow& row : load_rows) {
        const std::uint32_t rate = load.*row.rate;
        if (rate <= plan_rate_max) continue;
        return failure(ErrorCode::invalid, "load_out_of_range",
                       std::string(row.name) + " is " + std::to_string(rate / 1000) +
                           " a second, possible are 0 to " + std::to_string(plan_rate_max / 1000));
    }
    return {};
}

Result<void> check_faults(const Options& options) {
    const std::uint32_t most = plan_faults_max(options.duration);
    for (const auto& [name, number] : {std::pair{"crashes", options.asked.crashes},
                                       std::pair{"partitions", options.asked.partitions}}) {
        if (number.value_or(0) <= most) continue;
        return failure(ErrorCode::invalid, "faults_out_of_range",
                       std::string(name) + " is " + std::to_string(*number) +
                           ", possible are 0 to " + std::to_string(most) + " in " +
                           seconds_of(options.duration),
                       "a longer run has room for more");
    }
    return {};
}

}  // namespace

Duration plan_healed_at(Duration duration) {
    return std::max(duration * 55 / 100, duration - 40s);
}

std::uint32_t plan_faults_max(Duration duration) {
    const std::int64_t rounds = (plan_healed_at(duration) - settle) / round_min;
    return static_cast<std::uint32_t>(std::max<std::int64_t>(1, rounds));
}

Result<Plan> default_plan(const Options& options) {
    if (auto fine = check_shape(options); !fine) return tl::unexpected(fine.error());
    if (auto fine = check_load(options.load); !fine) return tl::unexpected(fine.error());
    if (auto fine = check_faults(options); !fine) return tl::unexpected(fine.error());
    Plan plan;
    plan.seed = options.seed;
    plan.nodes = options.nodes;
    plan.duration = options.duration;
    plan.healed_at = plan_healed_at(options.duration);
    plan.load = options.load;
    plan.disk.journal = options.nodes <= journal_nodes_max;
    plan.faults = Generator(options, settle, plan.healed_at).generate();
    return plan;
}

}  // namespace starling::sim
