// One small world for each kind of fault: what it does, and that nothing is left of it afterwards.
#include "node/calls.hpp"
#include "sim/world.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

namespace starling::sim::faults_test {
namespace {

using namespace std::chrono_literals;

Plan plan_of(std::uint32_t nodes, std::vector<Fault> faults) {
    Plan plan;
    plan.seed = 1;
    plan.nodes = nodes;
    plan.duration = 60s;
    plan.healed_at = 40s;
    plan.faults = std::move(faults);
    return plan;
}

// From 10 s to 20 s.
Fault fault_of(FaultKind kind, std::uint32_t host, std::int64_t amount = 0) {
    Fault fault;
    fault.at = 10s;
    fault.lasts = 10s;
    fault.kind = kind;
    fault.host = host;
    fault.amount = amount;
    return fault;
}

Fault between(FaultKind kind, std::vector<std::uint32_t> left, std::vector<std::uint32_t> right,
              std::int64_t amount = 0) {
    Fault fault = fault_of(kind, 0, amount);
    fault.left = std::move(left);
    fault.right = std::move(right);
    return fault;
}

// Counts what hosts trace, and who died for whom when.
class Observer final : public Check {
public:
    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override {
        ++counts[record.event];
        if (record.event == Event::member_dead) deaths.push_back(now);
        if (record.event == Event::member_left) lefts.push_back(now);
        if (record.event == Event::frame_refused) ++refused[host];
    }

    void on_started(std::uint32_t, Boot, Duration now) override { starts.push_back(now); }

    void on_fault(const Fault&, Phase, Duration) override {}

    void on_ended(std::uint32_t, Duration now) override { ends.push_back(now); }

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    std::map<Event, std::size_t> counts;
    std::map<std::uint32_t, std::size_t> refused;
    std::vector<Duration> deaths;
    std::vector<Duration> lefts;
    std::vector<Duration> starts;
    std::vector<Duration> ends;
};

bool all_ready(const World& world) {
    for (std::uint32_t host = 0; host < world.plan().nodes; ++host) {
        if (!world.host(host).ready()) return false;
    }
    return true;
}

Duration boot_time(const World& world, std::uint32_t host) {
    return world.host(host).moment(world.now()).boot_time.time_since_epoch();
}

Duration wall_time(const World& world, std::uint32_t host) {
    return world.host(host).moment(world.now()).wall.time_since_epoch();
}

TEST_CASE("a slow host takes so many times as long for its turns", "[sim][faults]") {
    World brisk(plan_of(3, {}));
    World slow(plan_of(3, {fault_of(FaultKind::slow, 1, 10'000)}));
    const auto turns_meanwhile = [](World& world) {
        world.run_until(10s);
        const std::uint64_t before = world.host(1).counts().turns;
        world.run_until(20s);
        return world.host(1).counts().turns - before;
    };
    CHECK(turns_meanwhile(slow) < turns_meanwhile(brisk) * 3 / 4);
    slow.run_until(40s);
    CHECK(all_ready(slow));
}

TEST_CASE("of two faults that slow a host the worse counts, and the other stays when it ends",
          "[sim][faults]") {
    Fault brief = fault_of(FaultKind::slow, 1, 20'000);
    brief.lasts = 2s;
    World both(plan_of(3, {brief, fault_of(FaultKind::slow, 1, 1000)}));
    World one(plan_of(3, {fault_of(FaultKind::slow, 1, 1000)}));
    both.run_until(12s);
    one.run_until(12s);
    const std::uint64_t both_before = both.host(1).counts().turns;
    const std::uint64_t one_before = one.host(1).counts().turns;
    CHECK(both_before < one_before);
    both.run_until(19s);
    one.run_until(19s);
    const std::uint64_t both_after = both.host(1).counts().turns - both_before;
    const std::uint64_t one_after = one.host(1).counts().turns - one_before;
    CHECK(both_after < one_after * 2);
    CHECK(one_after < both_after * 2);
}

TEST_CASE("a host that leaves is left for the others, not dead, and comes back at the end",
          "[sim][faults]") {
    Observer observer;
    World world(plan_of(5, {fault_of(FaultKind::leave, 2)}));
    world.watch(observer);
    world.run_until(13s);
    CHECK(world.host(2).state() == ProcessState::down);
    CHECK(observer.ends.size() == 1);
    CHECK(observer.lefts.size() >= 4);
    CHECK(observer.deaths.empty());
    world.run_until(23s);
    CHECK(all_ready(world));
    CHECK(observer.starts.size() == 6);
    CHECK(world.faults().repaired(FaultKind::leave) == 1);
}

TEST_CASE("a host that leaves for a moment only starts again at once", "[sim][faults]") {
    Fault leave = fault_of(FaultKind::leave, 2);
    leave.lasts = 1ms;
    Observer observer;
    World world(plan_of(5, {leave}));
    world.watch(observer);
    world.run_until(11s);
    CHECK(observer.starts.size() == 6);
    CHECK(world.host(2).state() == ProcessState::running);
}

TEST_CASE("a wall clock that jumps stays there, and boot time does not move", "[sim][faults]") {
    for (const Duration jump : {Duration{-3600s}, Duration{48h}}) {
        World plain(plan_of(3, {}));
        World world(plan_of(3, {fault_of(FaultKind::step_clock, 1, jump.count())}));
        plain.run_until(40s);
        world.run_until(40s);
        CHECK(wall_time(world, 1) - wall_time(plain, 1) == jump);
        CHECK(boot_time(world, 1) == boot_time(plain, 1));
        CHECK(all_ready(world));
    }
}

TEST_CASE("a clock that drifts gains so much each second until the fault ends", "[sim][faults]") {
    for (const Duration gain : {Duration{500us}, Duration{-500us}}) {
        World plain(plan_of(3, {}));
        World world(plan_of(3, {fault_of(FaultKind::drift, 1, gain.count())}));
        plain.run_until(40s);
        world.run_until(40s);
        CHECK(boot_time(world, 1) - boot_time(plain, 1) == gain * 10);
        CHECK(wall_time(world, 1) - wall_time(plain, 1) == gain * 10);
    }
}

TEST_CASE("a frozen machine does nothing, and its clocks are behind afterwards", "[sim][faults]") {
    World plain(plan_of(3, {}));
    World world(plan_of(3, {fault_of(FaultKind::freeze, 1)}));
    world.run_until(10s + 1ms);
    const std::uint64_t turns = world.host(1).counts().turns;
    world.run_until(19s);
    CHECK(world.host(1).counts().turns == turns);
    plain.run_until(40s);
    world.run_until(40s);
    CHECK(boot_time(plain, 1) - boot_time(world, 1) == 10s);
    CHECK(wall_time(plain, 1) - wall_time(world, 1) == 10s);
    CHECK(all_ready(world));
}

TEST_CASE("nobody reaches a frozen machine, so that its connections break", "[sim][faults]") {
    Fault freeze = fault_of(FaultKind::freeze, 1);
    freeze.lasts = 15s;
    World world(plan_of(3, {freeze}));
    world.run_until(10s);
    const std::uint64_t breaks = world.network().counts().breaks;
    world.run_until(24s);
    CHECK(world.network().counts().breaks > breaks);
}

TEST_CASE("a frozen machine's process is not killed", "[sim][faults]") {
    Fault crash = fault_of(FaultKind::crash, 1);
    crash.at = 12s;
    World world(plan_of(3, {fault_of(FaultKind::freeze, 1), crash}));
    world.run_until(40s);
    CHECK(world.faults().struck(FaultKind::crash) == 0);
    CHECK(world.host(1).counts().crashes == 0);
}

TEST_CASE("a slow disk takes so many times as long for each sync", "[sim][faults]") {
    DiskModel model;
    model.sync_mean = {};
    Disk disk(model, 1, 1);
    REQUIRE(disk.open());
    disk.slow_down(50);
    Effects effects;
    effects.persist(Table::values, view_of("key"), view_of("value"));
    disk.write(effects, 0s);
    CHECK(disk.begin(0s) == model.sync_min * 50);
}

TEST_CASE("a disk that refuses a commit ends the process until the disk is mended",
          "[sim][faults]") {
    for (const FaultKind kind :
         {FaultKind::full_disk, FaultKind::read_only, FaultKind::sync_error}) {
        Observer observer;
        // Who hears that another is dead keeps it.
        Fault crash = fault_of(FaultKind::crash, 0);
        crash.at = 11s;
        World world(plan_of(3, {fault_of(kind, 1), crash}));
        world.watch(observer);
        world.run_until(19s);
        CHECK(observer.ends.size() == 1);
        CHECK(world.host(1).state() == ProcessState::down);
        CHECK(world.host(1).disk().lost_batches() >= 1);
        world.run_until(24s);
        CHECK(all_ready(world));
        CHECK(world.faults().repaired(kind) == 1);
    }
}

TEST_CASE("a process that cannot write or read when it starts waits until its disk is mended",
          "[sim][faults]") {
    for (const FaultKind kind : {FaultKind::full_disk, FaultKind::read_only, FaultKind::sync_error,
                                 FaultKind::read_error}) {
        Observer observer;
        Fault crash = fault_of(FaultKind::crash, 1);
        crash.at = 9s;
        crash.lasts = 2s;
        World world(plan_of(3, {crash, fault_of(kind, 1)}));
        world.watch(observer);
        world.run_until(19s);
        CHECK(world.host(1).state() == ProcessState::down);
        CHECK(observer.starts.size() == 3);
        world.run_until(24s);
        CHECK(all_ready(world));
    }
}

TEST_CASE("a process does not start on a disk that rots before it rots no more", "[sim][faults]") {
    Fault crash = fault_of(FaultKind::crash, 1);
    crash.lasts = 1s;
    World world(plan_of(3, {fault_of(FaultKind::rot, 1, 500'000), crash}));
    world.run_until(19s);
    CHECK(world.host(1).state() == ProcessState::down);
    world.run_until(24s);
    CHECK(all_ready(world));
}

TEST_CASE("a host that loses its disk starts again with nothing, under a journal of its own",
          "[sim][faults]") {
    for (const bool journal : {false, true}) {
        Plan plan = plan_of(5, {fault_of(FaultKind::lose_disk, 1)});
        plan.disk.journal = journal;
        World world(plan);
        world.run_until(9s);
        const Boot before = world.host(1).boot();
        const JournalId journal_before = world.host(1).journal();
        world.run_until(19s);
        CHECK(world.host(1).state() == ProcessState::down);
        if (!journal) {  // nobody reads the other one while it is down
            CHECK(world.host(0).disk().read(Table::meta, view_of("boot")));
            CHECK_FALSE(world.host(1).disk().read(Table::meta, view_of("boot")));
        }
        world.run_until(24s);
        CHECK(all_ready(world));
        CHECK(world.host(1).boot() > before);
        CHECK_FALSE(world.host(1).journal() == journal_before);
        CHECK(world.faults().repaired(FaultKind::lose_disk) == 1);
    }
}

TEST_CASE("a host whose disk is put back starts again with what it knew then, under its journal",
          "[sim][faults]") {
    for (const bool journal : {false, true}) {
        Fault crash = fault_of(FaultKind::crash, 1);
        crash.at = 4s;
        crash.lasts = 1s;
        // To 3 s, before the process whose boot it would know.
        const Fault back = fault_of(FaultKind::restore_disk, 1, Duration{7s}.count());
        Plan plan = plan_of(5, {crash, back});
        plan.disk.journal = journal;
        World world(plan);
        world.run_until(3s);
        const Boot then = world.host(1).boot();
        const JournalId journal_before = world.host(1).journal();
        world.run_until(9s);
        const Boot before = world.host(1).boot();
        REQUIRE(before > then);
        world.run_until(19s);
        CHECK(world.host(1).state() == ProcessState::down);
        if (!journal) {
            CHECK(load_u64(*world.host(1).disk().read(Table::meta, view_of("boot"))) == then.value);
        }
        world.run_until(24s);
        CHECK(all_ready(world));
        CHECK(world.host(1).boot() > before);
        CHECK(world.host(1).journal() == journal_before);
        CHECK(world.faults().repaired(FaultKind::restore_disk) == 1);
    }
}

TEST_CASE("a host that moves is found at its new address, by those who moved meanwhile too",
          "[sim][faults]") {
    std::vector<Fault> moves;
    for (const std::uint32_t host : {1U, 2U, 3U, 4U}) {
        moves.push_back(fault_of(FaultKind::move, host));
    }
    World world(plan_of(5, moves));
    world.run_until(30s);
    CHECK(world.faults().repaired(FaultKind::move) == 4);
    CHECK(all_ready(world));
    CHECK(world.network().open_connections().size() == 20);  // each dialled each
    const auto known = world.host(0).disk().read(Table::members, world.host(1).id().view());
    REQUIRE(known);
    CHECK(text_of(*known).find(address_of(1, 1)) != std::string_view::npos);
}

TEST_CASE("a host that lost its disk finds its way back though its clock is far behind",
          "[sim][faults]") {
    Fault step = fault_of(FaultKind::step_clock, 1, Duration{-48h}.count());
    step.at = 5s;
    step.lasts = {};
    Observer observer;
    World world(plan_of(5, {step, fault_of(FaultKind::lose_disk, 1)}));
    world.watch(observer);
    world.run_until(10s);
    const Boot before = world.host(1).boot();
    world.run_until(30s);
    CHECK(all_ready(world));
    CHECK(observer.ends.size() == 1);
    CHECK(world.host(1).boot() > before);
}

TEST_CASE("a process whose commit failed starts at once when the disk is mended meanwhile",
          "[sim][faults]") {
    Fault crash = fault_of(FaultKind::crash, 0);
    Plan plan = plan_of(3, {crash, fault_of(FaultKind::full_disk, 1)});
    plan.disk.sync_min = 8s;
    Observer observer;
    World world(plan);
    world.watch(observer);
    world.run_until(40s);
    CHECK(observer.ends.size() == 1);
    CHECK(observer.starts.size() == 5);
    CHECK(world.host(1).state() == ProcessState::running);
}

TEST_CASE("a host whose disk is nearly full says so, once", "[sim][faults]") {
    Observer observer;
    World world(plan_of(3, {fault_of(FaultKind::low_disk, 1)}));
    world.watch(observer);
    world.run_until(40s);
    CHECK(observer.counts[Event::disk_low] == 1);
}

TEST_CASE("garbage of one host is refused by the others and kills nobody", "[sim][faults]") {
    Observer observer;
    World world(plan_of(5, {fault_of(FaultKind::garbage, 1, 500'000)}));
    world.watch(observer);
    world.run_until(40s);
    CHECK(world.network().counts().spoilt > 10);
    CHECK(observer.refused[0] > 0);
    CHECK(observer.refused[1] == 0);
    CHECK(observer.deaths.empty());
    CHECK(all_ready(world));
}

TEST_CASE("a hostile network between all hosts leaves a mesh that is whole in the end",
          "[sim][faults]") {
    for (const FaultKind kind : {FaultKind::lose, FaultKind::duplicate, FaultKind::reorder,
                                 FaultKind::replay, FaultKind::flip}) {
        INFO(row_of(kind).word);
        World world(plan_of(5, {between(kind, {0, 1}, {2, 3, 4}, 300'000)}));
        world.run_until(60s);
        CHECK(world.faults().repaired(kind) == 1);
        CHECK(all_ready(world));
        CHECK(world.network().open_connections().size() >= 20);
    }
}

TEST_CASE("a delay longer than any timeout between two sides is over when it ends",
          "[sim][faults]") {
    World world(plan_of(5, {between(FaultKind::delay, {0}, {1, 2, 3, 4}, Duration{5s}.count()),
                            between(FaultKind::clog, {1}, {2, 3})}));
    world.run_until(60s);
    CHECK(all_ready(world));
    CHECK(world.network().open_connections().size() >= 20);
}

}  // namespace
}  // namespace starling::sim::faults_test
