// Your agents in a simulated mesh: the production node on virtual time, with faults, from a seed.
//
//     void shop(starling::sim::World& w) {
//         w.spawn<Seller>(3);
//         w.external("llm.price", starling::sim::Lognormal{1800ms, 20s}, percent(2), fake_model);
//         w.always("no seat is sold twice", [](const auto& v) { return v.sum("sold") <= 100; });
//     }
//     const auto found = starling::sim::explore(shop, {.seeds = 200});
//
//   Scenario(nodes, seed, faults) ──> World ──run()──> Report: rules broken, trace hash, plan
//   explore: seeds until one breaks a rule ──> the least plan that still does
//
// Equal scenarios and equal agents give equal reports, bit by bit, in every build.  That is as true
// as the agents are deterministic: they draw from Ctx::random, tell time by Ctx::now, keep nothing
// in globals.  Link with starling::sim.  Nothing throws.
//
// Not thread safe: one world at a time in a process.
#pragma once

#include <starling/agent.hpp>
#include <starling/cassette.hpp>
#include <starling/error.hpp>
#include <starling/sim_models.hpp>
#include <starling/sim_view.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Inline, since the simulator's own inside has names like these.
namespace starling::sim {
inline namespace agents {

enum class Faults : std::uint8_t {
    none,
    usual,  // a few crashes, pauses, partitions, broken links and slow disks
    swarm,  // another mixture of everything for each seed, most of it worse
};

struct Scenario {
    std::uint32_t nodes = 5;  // 2 to 1,024
    std::uint64_t seed = 1;
    std::chrono::nanoseconds duration = std::chrono::seconds(60);  // virtual, 10 s to 24 h
    Faults faults = Faults::usual;

    // The text of a plan (docs/SIMULATION.md) instead.  With a [run] section it says everything;
    // without one its faults and models are used with the seed, nodes and duration from above.
    std::string plan{};
};

struct BrokenRule {
    std::string rule;
    std::chrono::nanoseconds at{};  // the first time
    std::string what;               // where it showed
};

struct Report {
    std::vector<BrokenRule> broken;  // each rule once
    std::string plan;                // everything to run it again: Scenario::plan
    std::string trace_hash;
    std::uint64_t handlers = 0;   // of agents that ran
    std::uint64_t calls = 0;      // to nodes
    std::uint64_t externals = 0;  // external calls
    std::uint64_t faults = 0;     // that struck
    std::uint64_t looks = 0;      // at rules
    std::vector<Note> notes;

    [[nodiscard]] bool ok() const { return broken.empty(); }

    // For people: what broke, and the plan.
    [[nodiscard]] std::string text() const;
};

class World {
public:
    using Make = std::function<std::unique_ptr<Agent>()>;
    using Condition = std::function<bool(const View& view)>;

    explicit World(Scenario scenario = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Of the plan; 0 when there is none, which run() tells.
    [[nodiscard]] std::uint32_t nodes() const;

    // `count` agents, one a node, beginning with node 0; with more agents than nodes once more from
    // there.  Each process of a node has agents of its own, made with copies of the arguments.
    template <class A, class... Args>
    void spawn(std::uint32_t count, Args... args) {
        for (std::uint32_t each = 0; each < count && nodes() > 0; ++each) {
            spawn_on<A>(each % nodes(), args...);
        }
    }

    // One agent on this node (from 0); on node % nodes() when there are fewer.
    template <class A, class... Args>
    void spawn_on(std::uint32_t node, Args... args) {
        add(node, [args...] { return std::make_unique<A>(args...); });
    }

    void add(std::uint32_t node, Make make);

    // What answers external calls of this name, and after which time.  A share of them fails with
    // external_failed and Changed::unknown, half of those before `answer` was asked and half after.
    void external(const std::string& name, AnswerTime time, Share errors, External answer);

    // Plays what was recorded: of calls with equal payload the first gets the first answer, and so
    // on; the last one again and again.  A call that is not there gets not_in_cassette, which also
    // breaks the rule `cassette`.
    void external(const Cassette& cassette);

    // Must hold whenever something happened to an agent or to a node's state.
    void always(const std::string& rule, Condition condition);

    // Must hold from `within` after the last fault was repaired until the end.
    void eventually(const std::string& rule, std::chrono::nanoseconds within, Condition condition);

    // Runs it, once.  Besides the rules given, no agent may throw (agents_do_not_throw).  Errors:
    // plan_invalid, option_invalid, which name the flaw; rule_too_late: `within` ends after the
    // run; ran_before.
    [[nodiscard]] Result<Report> run();

private:
    friend class Explorer;

    struct Parts;

    std::unique_ptr<Parts> parts_;
};

// Fills a world: agents, externals, rules.  Called anew for each run, so that what it keeps in
// locals of shared ownership begins afresh.
using Setup = std::function<void(World& world)>;

struct Exploration {
    Scenario scenario{};  // its seed aside
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 100;
    std::uint64_t trials_max = 400;    // runs to make a plan that fails smaller; 0: leave it
    std::function<bool()> go_on = {};  // asked before each run; false ends the search
};

[[nodiscard]] inline Exploration seeds(std::uint64_t count) {
    Exploration exploration;
    exploration.seeds = count;
    return exploration;
}

struct Explored {
    std::uint64_t runs = 0;             // of seeds
    std::optional<std::uint64_t> seed;  // the first that breaks a rule
    Report report;             // of the least plan found; without a failure of the last run
    std::string plan;          // before it was made smaller
    std::uint64_t trials = 0;  // runs to make it smaller
    bool finished = true;      // nothing more could be removed
    bool repeatable = true;    // the same run again had the same trace hash; else agents are not
                               // deterministic, and the plan may not show the failure again

    [[nodiscard]] bool ok() const { return !seed; }

    // For people: the seed, what broke, the plan.
    [[nodiscard]] std::string text() const;

    // Writes the least plan.  file_unwritable.
    [[nodiscard]] Result<void> write(const std::string& path) const;
};

// Runs seeds one after another until one breaks a rule, then looks for the least plan (faults,
// nodes, time) that breaks the same rule.  Errors: as World::run.
[[nodiscard]] Result<Explored> explore(const Setup& setup, const Exploration& exploration = {});

// Runs one plan, such as Explored::write left.
[[nodiscard]] Result<Report> replay(const Setup& setup, const std::string& plan);

}  // namespace agents
}  // namespace starling::sim
