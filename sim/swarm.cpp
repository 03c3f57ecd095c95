#include "sim/swarm.hpp"

#include "sim/swarm_author.hpp"
#include "sim/swarm_moves.hpp"
#include "sim/swarm_partitions.hpp"
#include "sim/swarm_put_back.hpp"
#include "sim/swarm_regions.hpp"
#include "sim/swarm_strobe.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

// Purposes of draws that belong to no fault.
enum class SwarmDraw : std::uint64_t {
    habits = 240,
    network,
    disk,
    process,
    load,
    buggify,
    agreements_and_edits,
    regions,
    quiet,
    lost_disk,
    put_back,
    moves,
    strobe,
};

Rng rng_of(std::uint64_t seed, SwarmDraw purpose) {
    return swarm_rng(seed, static_cast<std::uint64_t>(purpose));
}

// Hosts, one after another, of a kind that has no amount.
template <FaultKind kind>
void now_and_then(Author& author) {
    const std::uint64_t many = author.how_many();
    for (std::uint64_t i = 0; i < many; ++i) {
        Rng rng = author.next_rng();
        const Duration at = author.any_time(rng);
        const std::uint32_t host = author.any_host(rng);
        author.strike(kind, host, at, author.any_length(rng));
    }
}

// One host that does not stay up: down for a moment, up for a moment.
void crash_loop(Author& author) {
    Rng rng = author.next_rng();
    const std::uint32_t host = author.any_host(rng);
    const Duration up = scaled(rng, 50ms, 5s);
    Duration at = author.any_time(rng);
    const Duration end = std::min(author.faulty(), at + scaled(rng, 1s, author.faulty()));
    while (at < end) {
        Rng turn = author.next_rng();
        const Duration down = turn.between(10ms, 1s);
        author.strike(FaultKind::crash, host, at, down);
        at += down + turn.between(up / 2, up);
    }
}

// Everybody at once, as when the power fails.
void crash_all(Author& author) {
    Rng rng = author.next_rng();
    const Duration at = author.any_time(rng);
    const Duration apart = rng.chance(1, 2) ? 0ms : rng.between(0ms, 200ms);
    const Duration lasts = scaled(rng, 100ms, 10s);
    for (std::uint32_t host = 0; host < author.nodes(); ++host) {
        Rng own = author.next_rng();
        const Duration longer = own.between(0ms, 1s);  // drawn here: arguments have no order
        const Duration later = own.between(0ms, apart);
        author.strike(FaultKind::crash, host, at + later, lasts + longer);
    }
}

// Between any two sides, with an amount from least to most.
template <FaultKind kind>
void between_sides(Author& author, std::int64_t least, std::int64_t most) {
    const std::uint64_t many = author.how_many(3);
    for (std::uint64_t i = 0; i < many; ++i) {
        Rng rng = author.next_rng();
        const Duration at = author.any_time(rng);
        const Duration lasts = scaled(rng, 100ms, author.faulty() / 2);
        Fault fault = partitions::sides_of(rng, author.all_hosts(rng));
        fault.kind = kind;
        fault.amount = scaled(rng, least, most);
        author.add(std::move(fault), at, lasts);
    }
}

// Of hosts, with an amount from least to most; at times negative where that means something.
template <FaultKind kind>
void of_hosts(Author& author, std::int64_t least, std::int64_t most, bool both_ways = false) {
    const std::uint64_t many = author.how_many(3);
    for (std::uint64_t i = 0; i < many; ++i) {
        Rng rng = author.next_rng();
        const Duration at = author.any_time(rng);
        const Duration lasts = scaled(rng, 100ms, author.faulty() / 2);
        const std::uint32_t host = author.any_host(rng);
        const std::int64_t amount = scaled(rng, least, most);
        const bool negative = both_ways && rng.chance(1, 2);
        author.strike(kind, host, at, lasts, negative ? -amount : amount);
    }
}

constexpr std::int64_t count_of(Duration duration) {
    return duration.count();
}

void delay(Author& author) {
    between_sides<FaultKind::delay>(author, count_of(100us), count_of(2s));
}

void clog(Author& author) {
    between_sides<FaultKind::clog>(author, 1, 1);
}

void throttle(Author& author) {
    of_hosts<FaultKind::throttle>(author, 4 * 1024, 4 * 1024 * 1024);
}

void slow(Author& author) {
    of_hosts<FaultKind::slow>(author, 2, 200);
}

void step_clock(Author& author) {
    of_hosts<FaultKind::step_clock>(author, count_of(1ms), count_of(30 * 24h), true);
}

void drift(Author& author) {
    of_hosts<FaultKind::drift>(author, count_of(1us), count_of(500us), true);
}

void slow_disk(Author& author) {
    of_hosts<FaultKind::slow_disk>(author, 2, 100);
}

// What rots is met by a process that starts meanwhile, in a file that an earlier start wrote.
void rot(Author& author) {
    const std::uint64_t many = author.how_many(3);
    for (std::uint64_t i = 0; i < many; ++i) {
        Rng rng = author.next_rng();
        const Duration at = author.any_time(rng);
        const Duration lasts = scaled(rng, 1s, author.faulty() / 2);
        const std::uint32_t host = author.any_host(rng);
        author.strike(FaultKind::crash, host, at, lasts / 8);
        author.strike(FaultKind::rot, host, at + lasts / 4, lasts, scaled(rng, 100, 100'000));
        author.strike(FaultKind::crash, host, at + lasts / 2, lasts / 8);
    }
}

// One disk of one host: what a majority promised survives no more.
void lose_disk(Author& author) {
    if (author.nodes() < lost_disk_nodes_min) return;
    Rng rng = author.next_rng();
    const Duration at = author.any_time(rng);
    const std::uint32_t host = author.any_host(rng);
    author.strike(FaultKind::lose_disk, host, at, scaled(rng, 20ms, author.faulty() / 4));
}

template <FaultKind kind>
void share_of_frames(Author& author) {
    between_sides<kind>(author, 100, 300'000);
}

template <FaultKind kind>
void after_frames(Author& author) {
    of_hosts<kind>(author, 1000, 100'000);
}

// A few hosts, each for a while.
template <FaultKind kind>
void some_hosts(Author& author) {
    of_hosts<kind>(author, 1, 1);
}

struct Habit {
    std::string_view name;
    void (*write)(Author&);
};

constexpr auto habits = std::to_array<Habit>({
    {"crash", now_and_then<FaultKind::crash>},
    {"crash_loop", crash_loop},
    {"crash_all", crash_all},
    {"pause", now_and_then<FaultKind::pause>},
    {"partition", partitions::any},
    {"flapping", partitions::flapping},
    {"break", now_and_then<FaultKind::break_links>},
    {"stall", now_and_then<FaultKind::stall_disk>},
    {"delay", delay},
    {"clog", clog},
    {"swizzle", partitions::swizzle},
    {"throttle", throttle},
    {"refuse", some_hosts<FaultKind::refuse>},
    {"slow", slow},
    {"leave", some_hosts<FaultKind::leave>},
    {"step_clock", step_clock},
    {"drift", drift},
    {"freeze", now_and_then<FaultKind::freeze>},
    {"slow_disk", slow_disk},
    {"low_disk", some_hosts<FaultKind::low_disk>},
    {"full_disk", some_hosts<FaultKind::full_disk>},
    {"read_only", some_hosts<FaultKind::read_only>},
    {"sync_error", some_hosts<FaultKind::sync_error>},
    {"read_error", some_hosts<FaultKind::read_error>},
    {"rot", rot},
    {"lose", share_of_frames<FaultKind::lose>},
    {"duplicate", share_of_frames<FaultKind::duplicate>},
    {"reorder", share_of_frames<FaultKind::reorder>},
    {"replay", share_of_frames<FaultKind::replay>},
    {"flip", share_of_frames<FaultKind::flip>},
    {"garbage", after_frames<FaultKind::garbage>},
    {"forge", after_frames<FaultKind::forge>},
    {"impersonate", after_frames<FaultKind::impersonate>},
    {"repeat", after_frames<FaultKind::repeat>},
    {"swamp", after_frames<FaultKind::swamp>},
    {"outsider", after_frames<FaultKind::outsider>},
    {"slander", after_frames<FaultKind::slander>},
    {"split", partitions::split},
    {"lose_disk", lose_disk},
});
// The last is drawn by itself: among the others it would move what every seed draws of them.
constexpr std::size_t lose_disk_habit = habits.size() - 1;
constexpr std::size_t split_habit = lose_disk_habit - 1;
static_assert(habits[split_habit].name == "split");

// Clients keep links alive and dial whom they need: what a mesh without them has to do by itself is
// seen where most of them, or all, are left out.
enum class Quiet : std::uint8_t { no, all, but_state, but_agreements, but_tasks };

struct Company {
    Quiet quiet = Quiet::no;
    bool one_split = false;  // a long partition, and nothing else goes wrong
};

// One seed in eight has clients of one sort at most; half of these have one fault.
Company company_of(std::uint64_t seed) {
    Rng rng = rng_of(seed, SwarmDraw::quiet);
    if (!rng.chance(1, 8)) return {};
    constexpr auto sorts =
        std::to_array({Quiet::all, Quiet::but_state, Quiet::but_agreements, Quiet::but_tasks});
    const Quiet quiet = sorts.at(static_cast<std::size_t>(rng.below(sorts.size())));
    return {quiet, rng.chance(1, 2)};
}

// One seed in eight has one habit alone, one in eight a pair, so that each meets each.
std::vector<std::size_t> chosen(std::uint64_t seed) {
    if (company_of(seed).one_split) return {split_habit};
    Rng rng = rng_of(seed, SwarmDraw::habits);
    std::vector<std::size_t> order(lose_disk_habit);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::uint64_t sort = rng.below(8);
    const bool few = sort < 2;
    if (few) {
        rng.shuffle(std::span(order));
        order.resize(sort + 1);
        std::ranges::sort(order);
    } else {
        std::erase_if(order, [&](std::size_t) { return rng.chance(1, 2); });
    }
    if (rng_of(seed, SwarmDraw::lost_disk).chance(1, few ? 16 : 4)) {
        if (few) order.pop_back();
        order.push_back(lose_disk_habit);
    }
    return order;
}

void choose_models(Plan& plan) {
    Rng net = rng_of(plan.seed, SwarmDraw::network);
    plan.network.latency_min = scaled(net, 20us, 80ms);
    plan.network.latency_spread = scaled(net, 1us, plan.network.latency_min);
    plan.network.jitter_mean =
        scaled(net, 1us, std::max<Duration>(2us, plan.network.latency_min / 4));
    place_in_regions(plan.network, rng_of(plan.seed, SwarmDraw::regions));
    Rng disk = rng_of(plan.seed, SwarmDraw::disk);
    plan.disk.sync_min = scaled(disk, 50us, 20ms);
    plan.disk.sync_mean = scaled(disk, 10us, 20ms);
    plan.disk.read = scaled(disk, 10us, 5ms);
    plan.disk.journal = !disk.chance(1, 4);
    plan.disk.log_pages = 32ULL << (2 * disk.below(4));  // 2048 are not filled in a minute
    Rng process = rng_of(plan.seed, SwarmDraw::process);
    plan.process.turn = scaled(process, 5us, 500us);
    plan.process.input = scaled(process, 1us, 60us);
}

// At times nothing of a kind, at times much.
std::uint32_t rate(Rng& rng, std::int64_t most) {
    const auto some = static_cast<std::uint32_t>(scaled(rng, 100, most));
    return rng.chance(1, 8) ? 0U : some;
}

void choose_agreements_and_edits(Plan& plan) {
    Rng rng = rng_of(plan.seed, SwarmDraw::agreements_and_edits);
    plan.load.leases = rate(rng, 10'000);
    plan.load.decisions = rate(rng, 1000);
    plan.load.edits = rate(rng, 20'000);
}

void choose_load(Plan& plan) {
    Rng rng = rng_of(plan.seed, SwarmDraw::load);
    plan.load.puts = rate(rng, 40'000);
    plan.load.swaps = rate(rng, 10'000);
    plan.load.tasks = rate(rng, 8000);
    if (rng.chance(1, 2)) return;
    // No poison yet: poison_is_contained counts processes, and it is not known whether more than
    // three nodes die of one task.
    Workers& workers = plan.load.workers;
    for (std::uint32_t Workers::*each :
         {&Workers::fail, &Workers::silent, &Workers::late, &Workers::twice}) {
        const auto share = static_cast<std::uint32_t>(scaled(rng, 1000, 300'000));
        workers.*each = rng.chance(1, 2) ? share : 0U;
    }
}

void leave_out_clients(Plan& plan) {
    Load& load = plan.load;
    const Quiet quiet = company_of(plan.seed).quiet;
    if (quiet == Quiet::no) return;
    if (quiet != Quiet::but_state) load.puts = load.edits = 0;
    if (quiet != Quiet::but_agreements) load.swaps = load.leases = load.decisions = 0;
    if (quiet != Quiet::but_tasks) load.tasks = 0;
}

Result<void> check(const SwarmOptions& options) {
    const auto bad = [](std::string name, const std::string& what, const std::string& low,
                        const std::string& high) {
        return failure(ErrorCode::invalid, std::move(name),
                       what + ", possible are " + low + " to " + high);
    };
    const auto seconds = [](Duration time) { return std::to_string(time / 1s) + "s"; };
    if (options.nodes < plan_nodes_min || options.nodes > plan_nodes_max) {
        return bad("nodes_out_of_range", "nodes is " + std::to_string(options.nodes),
                   std::to_string(plan_nodes_min), std::to_string(plan_nodes_max));
    }
    for (const auto& [name, time, least] :
         {std::tuple{"faulty", options.faulty, swarm_faulty_min},
          std::tuple{"healed", options.healed, swarm_healed_min}}) {
        if (time >= least && time <= plan_duration_max / 2) continue;
        return bad("duration_out_of_range", std::string(name) + " is " + seconds(time),
                   seconds(least), seconds(plan_duration_max / 2));
    }
    return {};
}

}  // namespace

std::vector<std::string_view> all_habits() {
    std::vector<std::string_view> names;
    for (const Habit& habit : habits) names.push_back(habit.name);
    return names;
}

std::vector<std::string_view> habits_of(std::uint64_t seed) {
    std::vector<std::string_view> names;
    for (const std::size_t habit : chosen(seed)) names.push_back(habits.at(habit).name);
    return names;
}

Result<Plan> swarm_plan(const SwarmOptions& options) {
    if (auto fine = check(options); !fine) return tl::unexpected(fine.error());
    Plan plan;
    plan.seed = options.seed;
    plan.nodes = options.nodes;
    plan.duration = options.faulty + options.healed;
    plan.healed_at = options.faulty;
    plan.buggify = rng_of(plan.seed, SwarmDraw::buggify).chance(1, 2);
    choose_models(plan);
    choose_load(plan);
    choose_agreements_and_edits(plan);
    leave_out_clients(plan);
    for (const std::size_t habit : chosen(options.seed)) {
        Author author(options, habit, plan.faults);
        habits.at(habit).write(author);
    }
    if (Rng rng = rng_of(plan.seed, SwarmDraw::put_back); rng.chance(1, 5)) {
        put_a_disk_back(plan, rng);
    }
    if (Rng rng = rng_of(plan.seed, SwarmDraw::moves); rng.chance(1, 4)) move_hosts(plan, rng);
    Rng strobe = rng_of(plan.seed, SwarmDraw::strobe);
    if (!company_of(plan.seed).one_split && strobe.chance(1, 16)) strobe_a_clock(plan, strobe);
    std::ranges::stable_sort(plan.faults, {}, &Fault::at);
    return plan;
}

}  // namespace starling::sim
