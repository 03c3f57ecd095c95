#include "node/cli/bench_history.hpp"
#include "node/cli/bench_run.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <csignal>

namespace starling::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t clients_max = 64;
constexpr std::uint64_t keys_max = 1000;

// A duration option, from `least` on; zero when it is not given.
Result<milliseconds> time_of(const Invocation& call, std::string_view option, milliseconds least) {
    if (!call.has(option)) return milliseconds{0};
    const auto duration = parse_duration(call.text(option));
    if (duration && *duration >= least) return *duration;
    return failure(ErrorCode::invalid, "bad_option",
                   fmt::format("--{} must be a duration such as 3s, at least {} ms, not {}", option,
                               least.count(), printable(call.text(option))),
                   "starling help bench registers");
}

// All nodes of a running dev mesh, or the one that --node names.
Result<void> find_nodes(const Invocation& call, BenchSetup& setup) {
    const auto mesh = call.has("node") ? std::nullopt : running_dev();
    if (mesh) {
        setup.control = mesh->control;
        setup.nodes = mesh->nodes;
        return {};
    }
    if (setup.kill_every > milliseconds{0}) {
        return failure(ErrorCode::failed, "dev_not_running",
                       "--kill-every needs a mesh of starling dev", "starling dev -n 5");
    }
    const auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    setup.nodes.push_back({"node", *socket, {}});
    return {};
}

Result<void> take_times(const Invocation& call, BenchSetup& setup) {
    using std::chrono_literals::operator""ms;

    struct Row {
        const char* option;
        milliseconds least;
        milliseconds* time;
    };

    for (const Row& row :
         {Row{"for", 1ms, &setup.length}, Row{"patience", 1ms, &setup.patience},
          Row{"pause", 0ms, &setup.pause}, Row{"kill-every", 100ms, &setup.kill_every},
          Row{"restart-after", 0ms, &setup.away}}) {
        const auto time = time_of(call, row.option, row.least);
        if (!time) return tl::unexpected(time.error());
        *row.time = *time;
    }
    return {};
}

Result<BenchSetup> bench_setup_of(const Invocation& call) {
    const auto clients = call.number("clients", 1, clients_max);
    const auto keys = call.number("keys", 1, keys_max);
    const auto seed = call.number("seed", 0, UINT64_MAX);
    if (!clients) return tl::unexpected(clients.error());
    if (!keys) return tl::unexpected(keys.error());
    if (!seed) return tl::unexpected(seed.error());
    BenchSetup setup;
    setup.run = run_name();
    setup.clients = *clients;
    setup.keys = *keys;
    setup.seed = *seed;
    const auto taken = take_times(call, setup);
    if (!taken) return tl::unexpected(taken.error());
    const auto found = find_nodes(call, setup);
    if (!found) return tl::unexpected(found.error());
    return setup;
}

Exit exit_of(const Verdicts& verdicts) {
    if (verdicts.one_rejects()) return Exit::invariant_broken;
    return verdicts.both_accept() ? Exit::ok : Exit::failed;
}

Result<Exit> bench_registers(const Invocation& call, Terminal& terminal) {
    auto setup = bench_setup_of(call);
    if (!setup) return tl::unexpected(setup.error());
    auto keeper = HistoryKeeper::open(call.text("history"));
    if (!keeper) return tl::unexpected(keeper.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});
    if (!signals) return tl::unexpected(signals.error());
    RegisterBench bench(std::move(*setup), *keeper, terminal);
    const auto begun = bench.begin();
    if (!begun) return tl::unexpected(begun.error());
    bench.run(*signals);
    Value::Map summary = bench.summary();
    const auto history = keeper->finish();
    if (!history) return tl::unexpected(history.error());
    const Verdicts verdicts = judge(*history);
    for (const auto& [name, value] : verdicts.document) summary[name] = value;
    terminal.result(summary, [&] {
        return bench_text(Value(summary)) + verdicts_text(Value(verdicts.document));
    });
    return bench.was_interrupted() ? Exit::interrupted : exit_of(verdicts);
}

Result<Exit> bench_check(const Invocation& call, Terminal& terminal) {
    const auto history = read_history(call.words.front());
    if (!history) return tl::unexpected(history.error());
    const Verdicts verdicts = judge(*history);
    terminal.result(verdicts.document, [&] { return verdicts_text(Value(verdicts.document)); });
    return exit_of(verdicts);
}

}  // namespace

Command bench_registers_command() {
    Command command{
        "bench registers", "agreement", "clients on registers while voters die, judged", "", 0, 0};
    command.options = {
        {"clients", "N", "each asks one node until that dies, then the next", "5"},
        {"keys", "N", "registers that they share", "10"},
        {"for", "TIME", "how long", "10s"},
        {"kill-every", "TIME", "kill -9 a random voter of dev so often"},
        {"restart-after", "TIME", "when a killed voter starts again", "1500ms"},
        {"history", "FILE", "every call as a line of JSON; the checks read this file alone"},
        {"patience", "TIME", "of a client with one operation; then it is unknown", "5s"},
        {"pause", "TIME", "of a client between two operations"},
        {"seed", "N", "for operations, keys and victims", "1"}};
    command.examples = {
        "starling bench registers --clients 5 --keys 10 --for 60s --kill-every 3s --history "
        "H.jsonl"};
    command.notes =
        "Half of the operations read, a quarter write, a quarter compare and set. A client whose "
        "node dies asks the next one under the same operation name. A success is an operation that "
        "was applied; the longest wait is the longest time of a client without one. Two checks "
        "judge the history: the chain of versions, and a search for an order of all calls. Exit "
        "code 0: both accept; 9: one rejects.";
    command.run = bench_registers;
    return command;
}

Command bench_check_command() {
    Command command{"bench check", "agreement", "judge a history of registers", "FILE", 1, 1};
    command.examples = {"starling bench check H.jsonl --json"};
    command.notes =
        "FILE is what bench registers --history wrote. Exit code 0: both checks accept; 9: one "
        "rejects, and the line that cannot be explained is named.";
    command.run = bench_check;
    return command;
}

}  // namespace starling::cli
