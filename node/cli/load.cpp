#include "base/rng.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/json.hpp"
#include "node/cli/load_run.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace starling::cli {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t speed_max = 10'000;
constexpr std::uint64_t slots_max = 256;
constexpr auto synthetic_length = std::chrono::seconds(20);
constexpr std::size_t targets_max = 64;

// A duration option; `fallback` when it is not given.
Result<nanoseconds> duration_of(const Invocation& call, std::string_view option,
                                nanoseconds fallback) {
    if (!call.has(option)) return fallback;
    const auto duration = parse_duration(call.text(option));
    if (duration && duration->count() > 0) return nanoseconds(*duration);
    return failure(ErrorCode::invalid, "bad_option",
                   fmt::format("--{} must be a duration such as 10s, not {}", option,
                               printable(call.text(option))),
                   "starling help load");
}

// All nodes of a running dev mesh, or the one that --node names.
Result<void> find_targets(const Invocation& call, LoadSetup& setup) {
    const auto mesh = call.has("node") ? std::nullopt : running_dev();
    if (mesh && mesh->nodes.size() <= targets_max) {
        setup.control = mesh->control;
        for (const DevNode& node : mesh->nodes) setup.targets.push_back({node.name, node.socket});
        return {};
    }
    const auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    setup.targets.push_back({"node", *socket});
    return {};
}

// The type of the file system that holds a path, from the mount with the longest prefix.
std::string file_system_of(const std::string& path) {
    std::ifstream mounts("/proc/self/mounts");
    std::string best;
    std::size_t length = 0;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string device;
        std::string point;
        std::string type;
        fields >> device >> point >> type;
        const std::string folder = point == "/" ? point : point + "/";
        if (!(path + "/").starts_with(folder) || point.size() < length) continue;
        length = point.size();
        best = type;
    }
    return best;
}

Result<LoadSetup> load_setup_of(const Invocation& call) {
    const auto speed = call.number("speed", 1, speed_max);
    const auto slots = call.number("slots", 1, slots_max);
    const auto seed = call.number("seed", 0, UINT64_MAX);
    if (!speed) return tl::unexpected(speed.error());
    if (!slots) return tl::unexpected(slots.error());
    if (!seed) return tl::unexpected(seed.error());
    const std::string source = call.words.empty() ? "synthetic" : call.words.front();
    const bool endless = source.starts_with("synthetic");
    const auto length =
        duration_of(call, "for", endless ? nanoseconds(synthetic_length) : nanoseconds::max());
    const auto kill_every = duration_of(call, "kill-every", nanoseconds::zero());
    if (!length) return tl::unexpected(length.error());
    if (!kill_every) return tl::unexpected(kill_every.error());
    const bool bounded = *length < nanoseconds::max() / static_cast<std::int64_t>(*speed);
    auto requests = load_requests(
        source, *seed, bounded ? *length * static_cast<std::int64_t>(*speed) : nanoseconds::max());
    if (!requests) return tl::unexpected(requests.error());
    LoadSetup setup;
    setup.run = run_name();
    setup.requests = std::move(*requests);
    setup.speed = static_cast<unsigned>(*speed);
    setup.slots = static_cast<unsigned>(*slots);
    setup.seed = *seed;
    setup.kill_every = *kill_every;
    const auto found = find_targets(call, setup);
    if (!found) return tl::unexpected(found.error());
    if (setup.kill_every.count() == 0 || !setup.control.empty()) return setup;
    return failure(ErrorCode::failed, "dev_not_running",
                   "--kill-every needs a mesh of starling dev", "starling dev -n 5");
}

std::string spread_text(const Value& spread) {
    const auto ms = [&](std::string_view key) {
        const auto* number = at(spread, key).as<double>();
        return number == nullptr ? 0.0 : *number;
    };
    return fmt::format("p50 {:.1f}  p95 {:.1f}  p99 {:.1f} ms", ms("p50"), ms("p95"), ms("p99"));
}

std::string summary_text(const Value& summary) {
    const auto count = [&](std::string_view key) { return number_at(summary, key); };
    const auto* converged = at(summary, "counters_converged").as<bool>();
    const Value& staleness = at(summary, "staleness_ms");
    std::vector<std::vector<std::string>> rows{
        {"NODE", "OFFERED", "EXECUTED", "COMPLETED", "MOST AT ONCE", "KILLED"}};
    for (const Value& node : list_at(summary, "nodes")) {
        rows.push_back({text_at(node, "name")});
        for (const char* key : {"offered", "executed", "completed", "running_max", "killed"})
            rows.back().push_back(std::to_string(number_at(node, key)));
    }
    std::string text = table_text(rows);
    text += fmt::format(
        "\noffered {}  completed {}  lost {}  completed twice {}  dead-lettered {}\n"
        "killed {}  reassigned {}  refused as stale {}  resubmitted {}\n",
        count("offered"), count("completed"), count("lost"), count("completed_twice"),
        count("dead_lettered"), count("kills"), count("reassigned"), count("refused_stale_results"),
        count("resubmitted"));
    text += "award      " + spread_text(at(summary, "award_ms")) + "\n";
    text += fmt::format("staleness  {}  ({} pairs, {} excluded)\n", spread_text(staleness),
                        number_at(staleness, "pairs"), number_at(staleness, "pairs_excluded"));
    if (count("kills") > 0) text += "detection  " + spread_text(at(summary, "detect_ms")) + "\n";
    text += fmt::format("all nodes hold the same results: {}\n",
                        converged != nullptr && *converged ? "yes" : "no");
    return text;
}

Result<Exit> load(const Invocation& call, Terminal& terminal) {
    auto setup = load_setup_of(call);
    if (!setup) return tl::unexpected(setup.error());
    const auto mesh = running_dev();
    const std::string data = mesh ? file_system_of(mesh->directory) : std::string();
    auto ledger = Ledger::open(call.text("ledger"));
    if (!ledger) return tl::unexpected(ledger.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});
    if (!signals) return tl::unexpected(signals.error());
    LoadRun run(std::move(*setup), *ledger, terminal);
    const auto begun = run.begin();
    if (!begun) return tl::unexpected(begun.error());
    run.run(*signals);
    Value::Map summary = run.summary();
    summary["file_system"] = data;
    const auto closed = ledger->close();
    if (!closed) return tl::unexpected(closed.error());
    terminal.item(summary, [&] { return summary_text(Value(summary)); });
    if (run.was_interrupted()) return Exit::interrupted;
    return run.is_good() ? Exit::ok : Exit::failed;
}

}  // namespace

Command load_command() {
    Command command{"load",     "work", "drive a running mesh with many tasks, and count",
                    "[SOURCE]", 0,      1};
    command.options = {
        {"speed", "X", "offer and serve X times as fast as recorded", "20"},
        {"slots", "N", "tasks that a node serves at a time", "4"},
        {"for", "TIME", "offer for so long (synthetic: 20s, a trace: all of it)"},
        {"seed", "N", "for the generator and for choices", "1"},
        {"kill-every", "TIME", "kill -9 the busiest node of dev so often; it is back after 1 s"},
        {"ledger", "FILE", "what happened, an event a line, for scripts/check_ledger"}};
    command.examples = {"starling load synthetic --for 20s --kill-every 10s",
                        "starling load azure:trace.csv --speed 60 --slots 4 --json"};
    command.notes =
        "SOURCE is synthetic (the default), synthetic:SEED or azure:FILE.csv with the columns "
        "TIMESTAMP,ContextTokens,GeneratedTokens. Every request becomes a task of the skill "
        "infer; a demo worker takes 0.2 ms for a token read and 25 ms for one written, divided by "
        "X. Each accepted result writes done/REQUEST and counts executions/NODE. Exit code 0: "
        "nothing lost, nothing done twice, and all nodes hold the same results.";
    command.run = load;
    return command;
}

}  // namespace starling::cli
