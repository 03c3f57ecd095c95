#include "sim/check_chain.hpp"
#include "sim/check_linearizable.hpp"
#include "tests/quorum/world.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace starling::quorum::schedules_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t first_seed = 20'260'100;
constexpr int steps = 110;

// Clients and faults by chance: one register, a few nodes, everything in any order.
class Chance {
public:
    Chance(World& world, std::size_t nodes) : world_(world), nodes_(nodes) {}

    void step() {
        const std::uint64_t dice = world_.rng.below(100);
        if (dice < 62) return network();
        if (dice < 80) return world_.sync(node());
        if (dice < 91) return ask();
        if (dice < 95) return world_.wait(Duration{1ms} * world_.rng.between(1, 250));
        process();
    }

    // Everybody comes back, and everything that was asked for ends.
    void heal() {
        for (std::size_t each = 0; each < nodes_; ++each) {
            if (!world_.is_up(each)) world_.restart(each);
        }
        for (int i = 0; i < 3000 && open(); ++i) {
            world_.settle_down();
            world_.wait(i < 100 ? 2ms : 100ms);
        }
        if (open()) world_.violated("progress: an operation never ended");
    }

private:
    std::size_t node() { return static_cast<std::size_t>(world_.rng.below(nodes_)); }

    bool open() {
        for (const auto& [ticket, asked] : world_.asked) {
            if (asked.ended < 0 && !lost_.contains(ticket)) return true;
        }
        return false;
    }

    void network() {
        if (world_.packets.empty()) return;
        const auto packet = static_cast<std::size_t>(world_.rng.below(world_.packets.size()));
        const std::uint64_t dice = world_.rng.below(100);
        if (dice < 6) return world_.drop(packet);
        if (dice < 12) world_.repeat(packet);
        world_.deliver(packet);
    }

    void process() {
        const std::size_t victim = node();
        if (!world_.is_up(victim)) return world_.restart(victim);
        for (const auto& [ticket, asked] : world_.asked) {
            if (asked.node == victim && asked.ended < 0) lost_.insert(ticket);
        }
        world_.crash(victim, static_cast<std::size_t>(world_.rng.below(3)));
    }

    void ask() {
        const std::size_t at = node();
        if (!world_.is_up(at)) return;
        const std::uint64_t dice = world_.rng.below(100);
        const std::string token = "t" + std::to_string(++tokens_);
        const Duration within = world_.rng.chance(1, 4) ? Duration{300ms} : Duration{20s};
        if (dice < 35) {
            world_.read(at, within);
        } else if (dice < 60) {
            world_.put(at, std::nullopt, token, within);
        } else if (dice < 85) {
            world_.put(at, latest(), token, within);
        } else {
            again(at);
        }
    }

    // The version a client would expect: of the latest answer.
    std::uint64_t latest() {
        std::uint64_t version = 0;
        for (const auto& [ticket, asked] : world_.asked) {
            if (asked.ended >= 0) version = std::max(version, asked.finished.version);
        }
        return version;
    }

    // A client that got no answer settles, or asks another node for the same operation.
    void again(std::size_t at) {
        for (const auto& [ticket, asked] : world_.asked) {
            const bool silent = asked.ended < 0 || asked.finished.outcome == Outcome::unknown;
            if (!silent || asked.token.empty() || !again_.insert(ticket).second) continue;
            if (world_.rng.chance(1, 2)) {
                const bool known = asked.ended >= 0;
                world_.settle(at, known ? asked.finished.receipt : Receipt{asked.id, 0});
            } else {
                world_.change(at, {asked.id, 0, asked.change, true});
            }
            return;
        }
    }

    World& world_;
    std::size_t nodes_;
    std::uint64_t tokens_ = 0;
    std::set<Ticket> lost_;  // of processes that are gone
    std::set<Ticket> again_;
};

// What is wrong with one schedule; empty when nothing is.
std::string run(std::uint64_t seed, Mutation mutation) {
    const std::size_t voters = seed % 4 == 0 ? 5 : 3;
    World world({voters + seed % 2, voters, seed, mutation});
    Chance chance(world, voters + seed % 2);
    for (int i = 0; i < steps && world.broken().empty(); ++i) chance.step();
    if (world.broken().empty()) chance.heal();
    if (!world.broken().empty()) return world.broken();
    const sim::CallHistory history = world.history();
    if (const auto bad = sim::check_chain(history)) return "chain: " + bad->rule + " " + bad->text;
    const auto verdict = sim::check_linearizable(history).verdict;
    return verdict == sim::LinearVerdict::linearizable ? "" : "not linearizable";
}

// The number of the first schedule in which a broken variant is caught; 0 when it never is.
int caught_at(Mutation mutation, int schedules) {
    for (int i = 0; i < schedules; ++i) {
        if (!run(first_seed + static_cast<std::uint64_t>(i), mutation).empty()) return i + 1;
    }
    return 0;
}

TEST_CASE("in twenty thousand random schedules nothing is lost, doubled or seen too late",
          "[quorum][schedules]") {
    for (std::uint64_t seed = first_seed; seed < first_seed + 20'000; ++seed) {
        const std::string wrong = run(seed, Mutation::none);
        INFO("seed " << seed << ": " << wrong);
        REQUIRE(wrong.empty());
    }
}

TEST_CASE("a schedule is the same when it is run again", "[quorum][schedules]") {
    const auto trace = [] {
        World world({3, 3, first_seed});
        Chance chance(world, 3);
        for (int i = 0; i < 400; ++i) chance.step();
        return std::pair(world.rng.drawn(), world.packets.size());
    };
    CHECK(trace() == trace());
}

TEST_CASE("votes that leave before their records are caught", "[quorum][schedules][negative]") {
    CHECK(caught_at(Mutation::lazy_sync, 5'000) > 0);
}

TEST_CASE("a voter that comes back with an empty disk is caught", "[quorum][schedules][negative]") {
    CHECK(caught_at(Mutation::wiped_disk, 5'000) > 0);
}

TEST_CASE("promises that hide what was accepted are caught", "[quorum][schedules][negative]") {
    CHECK(caught_at(Mutation::lost_records, 5'000) > 0);
}

TEST_CASE("a voter that forgets its promises is caught", "[quorum][schedules][negative]") {
    CHECK(caught_at(Mutation::lost_ceiling, 20'000) > 0);
}

TEST_CASE("a stale read is caught", "[quorum][schedules][negative]") {
    CHECK(caught_at(Mutation::stale_read, 5'000) > 0);
}

}  // namespace
}  // namespace starling::quorum::schedules_test
