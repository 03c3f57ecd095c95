#include "sim/plan_text.hpp"

#include "base/rng.hpp"
#include "sim/plan_fields.hpp"
#include "sim/plan_flaw.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::sim::plan_text_test {
namespace {

using namespace std::chrono_literals;

Plan drawn_plan(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.nodes = static_cast<std::uint32_t>(2 + seed % 40);
    options.duration = 10s + 1s * static_cast<std::int64_t>(seed);
    options.load = {static_cast<std::uint32_t>(seed * 37), 1000, 500};
    return *default_plan(options);
}

std::vector<std::uint64_t> fields_of(const Plan& plan) {
    std::vector<std::uint64_t> values;
    for (const PlanField& field : plan_fields()) values.push_back(field.read(plan));
    return values;
}

// Read from its own text, the plan is itself.
void check_round_trip(const Plan& plan) {
    const std::string text = text_of(plan);
    INFO(text);
    const auto read = plan_from(text);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    REQUIRE(fields_of(*read) == fields_of(plan));
    REQUIRE(read->faults == plan.faults);
    REQUIRE(text_of(*read) == text);
}

// The message behind "plan:"; empty when the text is fine.
std::string error_of(std::string_view text) {
    const auto plan = plan_from(text);
    if (plan) return "";
    CHECK(plan.error().code == ErrorCode::invalid);
    CHECK(plan.error().name == "plan_invalid");
    CHECK_FALSE(plan.error().hint.empty());
    return plan.error().message.substr(5);
}

Fault fault_of(const FaultRow& row) {
    Fault fault;
    fault.at = 1s;
    fault.kind = row.kind;
    if (row.has_end) fault.lasts = 2500ms;
    if (row.target == Target::host) {
        fault.host = 6;
    } else {
        fault.left = {4, 0, 1, 2};
        fault.right = {3, 6};
    }
    return fault;
}

TEST_CASE("a plan made from options is read as it was printed", "[sim][plan_text]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) check_round_trip(drawn_plan(seed));
}

TEST_CASE("every kind of fault is read as it was printed, whatever its amount",
          "[sim][plan_text]") {
    Plan plan = drawn_plan(5);
    plan.faults.clear();
    for (const FaultRow& row : fault_rows) {
        if (row.kind == FaultKind::restore_disk) continue;  // one a plan: below
        std::vector<std::int64_t> amounts = {0};
        if (row.amount != Amount::none) {
            const AmountRow range = amount_of(row.kind);
            amounts = {range.min, range.min + 1, range.max - 1, range.max};
        }
        Fault fault = fault_of(row);
        for (const std::int64_t amount : amounts) {
            fault.amount = amount;
            plan.faults.push_back(fault);
        }
        if (row.target != Target::sides) continue;
        fault.direction = Direction::one_way;
        plan.faults.push_back(fault);
    }
    REQUIRE(check_plan(plan));
    check_round_trip(plan);
    for (const Duration amount : {Duration{1ns}, Duration{1500ms}, Duration{4s}}) {
        Fault back = fault_of(row_of(FaultKind::restore_disk));
        back.at = 5s;
        back.amount = amount.count();
        plan.faults = {back};
        REQUIRE(check_plan(plan));
        check_round_trip(plan);
    }
}

TEST_CASE("every field of a plan is in its text", "[sim][plan_text]") {
    // Whoever adds a member adds its row to plan_fields(), and a name here.
    const Plan plan;
    [[maybe_unused]] const auto& [seed, nodes, duration, healed, buggify, network, disk, process,
                                  load, faults] = plan;
    [[maybe_unused]] const auto& [latency, spread, jitter, unacked, retransmit, linger, pipe,
                                  bandwidth, regions] = network;
    [[maybe_unused]] const auto& [journal, sync_min, sync_mean, read, work, pieces, log] = disk;
    [[maybe_unused]] const auto& [turn, input, verify, link, exit_min, exit_mean, cores, wake, doze,
                                  rouse, frame] = process;
    [[maybe_unused]] const auto& [puts, swaps, tasks, leases, decisions, edits, workers] = load;
    [[maybe_unused]] const auto& [fail, silent, late, twice, poison] = workers;
    CHECK(plan_fields().size() == 5 + 8 + 7 + 11 + 6 + 5);

    Plan before = drawn_plan(100);
    before.faults.clear();
    before.healed_at = 10s;
    before.disk.journal = false;
    for (const PlanField& field : plan_fields()) {
        Plan changed = before;
        field.write(changed, field.name == "healed_at" ? 1 : field.max);
        INFO(field.name);
        CHECK(fields_of(changed) != fields_of(before));
        check_round_trip(changed);
    }
}

TEST_CASE("a plan is laid out to be read", "[sim][plan_text]") {
    const std::string text =
        "[run]      seed=42 nodes=7 duration=60s healed_at=40s buggify=0\n"
        "[network]  latency=60us spread=120us jitter=20us unacked=10s retransmit=200ms linger=10ms "
        "pipe=2MiB bandwidth=0B/s\n"
        "[disk]     journal=1 sync_min=300us sync_mean=300us read=100us work=0s pieces=1 log=2048\n"
        "[process]  turn=30us input=8us verify=0s link=0s exit_min=0s exit_mean=0s cores=0 wake=0s "
        "doze=0s rouse=0s frame=0s\n"
        "[load]     puts=2/s cas=1/s tasks=0.5/s leases=2/s decisions=0.2/s edits=1/s\n"
        "[workers]  fail=5% silent=0% late=0% twice=0% poison=0%\n"
        "[at 12.5s] crash node 3 for 4s\n"
        "[at 13s]   partition {1,2} | {3-5} one-way for 10s\n"
        "[at 14s]   break node 2\n"
        "[at 15s]   pause node 7 for 80ms\n";
    const auto plan = plan_from(text);
    REQUIRE(plan);
    CHECK(text_of(*plan) == text);
    CHECK(plan->faults.at(0).host == 2);
    CHECK(plan->faults.at(1).right == std::vector<std::uint32_t>{2, 3, 4});
    CHECK(plan->faults.at(1).direction == Direction::one_way);
    CHECK(plan->faults.at(3).lasts == 80ms);
}

TEST_CASE("what a plan leaves out is as in a run without options", "[sim][plan_text]") {
    Plan expected = *default_plan(Options{});
    expected.faults.clear();
    for (const char* text : {"", "\n\n", "# nothing", "[run]", "[load] # as usual\n[run]\n"}) {
        const auto plan = plan_from(text);
        INFO(text);
        REQUIRE(plan);
        CHECK(text_of(*plan) == text_of(expected));
    }
    CHECK(plan_from("[run] duration=100s")->healed_at == plan_healed_at(100s));
}

TEST_CASE("blanks, comments, line ends and the order of lines are free", "[sim][plan_text]") {
    const auto plan = plan_from(
        "  [ at 0.25m ]crash node 1 for 1s#later\r\n"
        "\t\n"
        "[at 5s] partition{ 1 , 3-4 }|{ 2 }for 1s\r\n"
        "[run] nodes = 4 seed= 9 # in [any] order, = too\r\n"
        "[at 5s] break node 4");
    REQUIRE(plan);
    CHECK(plan->nodes == 4);
    CHECK(plan->seed == 9);
    REQUIRE(plan->faults.size() == 3);
    CHECK(plan->faults[0].left == std::vector<std::uint32_t>{0, 2, 3});
    CHECK(plan->faults[1].kind == FaultKind::break_links);
    CHECK(plan->faults[2].at == 15s);
}

TEST_CASE("a wrong section or field is named with its line and column", "[sim][plan_text]") {
    const std::pair<const char*, const char*> errors[] = {
        {"run", "1:1: found \"run\", expected ["},
        {"[network] latency=60us\n          jitter=20us", "2:11: found \"jitter\", expected ["},
        {"[ruin]",
         "1:2: found \"ruin\", expected run, network, disk, process, load, workers or at"},
        {"[]", "1:2: found \"]\", expected run, network, disk, process, load, workers or at"},
        {"[",
         "1:2: found the end of the line, expected run, network, disk, process, load, workers or "
         "at"},
        {"[run seed=1", "1:6: found \"seed\", expected ]"},
        {"\n[run] [run]",
         "2:7: found \"[\", expected a field: seed, nodes, duration, healed_at, buggify"},
        {"[disk] red=1us",
         "1:8: found \"red\", expected a field: journal, sync_min, sync_mean, read, work, pieces, "
         "log"},
        {"[disk] pieces=0", "1:15: pieces is 0, possible are 1 to 100"},
        {"[network] latency=1ms linger=61s", "1:30: linger is 61s, possible are 0s to 60s"},
        {"[process] cores=1025", "1:17: cores is 1025, possible are 0 to 1024"},
        {"[process] cores=2 wake=2s", "1:24: wake is 2s, possible are 0s to 1s"},
        {"[process] core=2",
         "1:11: found \"core\", expected a field: turn, input, verify, link, exit_min, "
         "exit_mean, cores, wake, doze, rouse, frame"},
        {"[run]\n# again\n[run]", "3:2: [run] stands on line 1 already"},
        {"[run] seed=1 seed=1", "1:14: seed stands twice"},
        {"[run] seed", "1:11: found the end of the line, expected ="},
        {"[run] seed=", "1:12: found the end of the line, expected a whole number such as 42"},
        {"[run] seed=-1", "1:12: found \"-1\", expected a whole number such as 42"},
        {"[run] seed=18446744073709551616", "1:12: \"18446744073709551616\" is too large"},
        {"[run] duration=60", "1:16: found \"60\", expected a time such as 12.5s or 300us"},
        {"[run] duration=10.0000000001s", "1:16: \"10.0000000001s\" is finer than 1ns"},
        {"[load] puts=2", "1:13: found \"2\", expected a rate such as 10/s or 0.5/s"},
        {"[load] puts=0.0001/s", "1:13: \"0.0001/s\" is finer than 0.001/s"},
        {"[run] \x1b[31m",
         "1:7: found \"\\x1b\", expected a field: seed, nodes, duration, "
         "healed_at, buggify"},
    };
    for (const auto& [text, message] : errors) {
        INFO(text);
        CHECK(error_of(text) == message);
    }
}

TEST_CASE("a wrong fault is named with its line and column", "[sim][plan_text]") {
    struct Wrong {
        std::string fault;
        std::size_t column;
        std::string message;
    };

    const std::string node = "the number of a node, 1 to 10000";
    const Wrong errors[] = {
        {"[at] break node 1", 4, "found \"]\", expected a time such as 12.5s or 300us"},
        {"[at soon] break node 1", 5, "found \"soon\", expected a time such as 12.5s or 300us"},
        {"[at -1s] break node 1", 5, "found \"-1s\", expected a time such as 12.5s or 300us"},
        {"[at 1s break node 1", 8, "found \"break\", expected ]"},
        {"[at 1s] brake node 1", 9, "found \"brake\", expected a fault: crash, pause"},
        {"[at 1s]", 8, "found the end of the line, expected a fault: crash, pause"},
        {"[at 1s] break 1", 15, "found \"1\", expected node and its number"},
        {"[at 1s] break node", 19, "found the end of the line, expected " + node},
        {"[at 1s] break node 0", 20, "found \"0\", expected " + node},
        {"[at 1s] break node 1.0", 20, "found \"1.0\", expected " + node},
        {"[at 1s] break node 10001", 20, "found \"10001\", expected " + node},
        {"[at 1s] break node 1 for 1s", 22, "found \"for\", expected the end of the line"},
        {"[at 1s] crash node 1", 21, "found the end of the line, expected for and a time"},
        {"[at 1s] crash node 1 for", 25, "found the end of the line, expected a time"},
        {"[at 1s] crash node 1 for 1s 2s", 29, "found \"2s\", expected the end of the line"},
        {"[at 1s] restore-disk node 1 for 1s", 29, "found \"for\", expected a time"},
        {"[at 1s] partition 1 | 2 for 1s", 19, "found \"1\", expected { and nodes"},
        {"[at 1s] partition {} | {2} for 1s", 20, "found \"}\", expected " + node},
        {"[at 1s] partition {1,} | {2} for 1s", 22, "found \"}\", expected " + node},
        {"[at 1s] partition {1 2} | {3} for 1s", 22, "found \"2\", expected , or }"},
        {"[at 1s] partition {1} {2} for 1s", 23, "found \"{\", expected | between the sides"},
        {"[at 1s] partition {3-1} | {2} for 1s", 20, "found \"3-1\", expected " + node},
        {"[at 1s] partition {1-20000} | {2} for 1s", 20, "found \"1-20000\", expected " + node},
        {"[at 1s] partition {1,2,1} | {3} for 1s", 24, "node 1 stands twice"},
        {"[at 1s] partition {1,2} | {3,2} for 1s", 30, "node 2 stands twice"},
        {"[at 1s] partition {1} | {2} oneway for 1s", 29,
         "found \"oneway\", expected for and a time"},
    };
    for (const Wrong& wrong : errors) {
        INFO(wrong.fault);
        const std::string place = "3:" + std::to_string(wrong.column) + ": ";
        CHECK_THAT(error_of("[run]\n\n" + wrong.fault), Catch::StartsWith(place + wrong.message));
    }
}

TEST_CASE("a plan that cannot be is an error where its cause stands", "[sim][plan_text]") {
    const std::string head = "[run] nodes=3 duration=20s healed_at=10s\n";
    const std::pair<const char*, const char*> errors[] = {
        {"[at 10s] break node 1",
         "2:5: this break begins at 10s, faults begin before healed_at=10s"},
        {"[at 9s] break node 4", "2:20: this break names node 4, the plan has 3"},
        {"[at 2s] break node 3\n[at 1s] crash node 4 for 1s",
         "3:20: this crash names node 4, the plan has 3"},
        {"[at 1s] partition {1} | {2-4} for 1s",
         "2:19: this partition names node 4, the plan "
         "has 3"},
        {"[at 1s] crash node 1 for 0s",
         "2:26: this crash lasts 0s, possible is more than 0s, at most 86400s"},
        {"[at 1s] crash node 1 for 86400.000000001s",
         "2:26: this crash lasts 86400.000000001s, possible is more than 0s, at most 86400s"},
        {"[at 5s] restore-disk node 1 4.5s for 1s",
         "2:29: this restore-disk puts back what was there at 500ms, possible is 1s or later"},
        {"[at 5s] restore-disk node 1 0s for 1s",
         "2:29: this restore-disk has the amount 0s, possible are 1ns to 86400s"},
        {"[at 5s] restore-disk node 1 4s for 1s\n[at 6s] lose-disk node 1 for 1s",
         "3:5: this lose-disk follows another one, a plan loses or puts back one disk at most"},
        {"[at 1s] move node 1 for 1s\n[at 2s] move node 2 for 1s\n[at 3s] move node 3 for 1s",
         "4:19: this move leaves no node where it is, one has to stay"},
    };
    for (const auto& [text, message] : errors) {
        INFO(text);
        CHECK(error_of(head + text) == message);
    }
    CHECK(error_of("[run] healed_at=21s duration=20s") ==
          "1:17: healed_at is 21s, after the end at duration=20s");
    CHECK(error_of("[run] healed_at=20s duration=20s").empty());
}

TEST_CASE("a field at its limits makes a plan, one past them an error", "[sim][plan_text]") {
    for (const PlanField& field : plan_fields()) {
        const std::string head = field.name == "healed_at"
                                     ? "[run] duration=24h "
                                     : '[' + std::string(field.section) + "] ";
        const auto error_with = [&](std::uint64_t value) {
            return error_of(head + std::string(field.name) + '=' + text_of(field.quantity, value));
        };
        INFO(field.name);
        CHECK(error_with(field.min).empty());
        CHECK(error_with(field.max).empty());
        if (field.max == UINT64_MAX) continue;
        const std::string place = "1:" + std::to_string(head.size() + field.name.size() + 2) + ':';
        CHECK_THAT(error_with(field.max + 1), Catch::StartsWith(place));
        if (field.min > 0) CHECK_THAT(error_with(field.min - 1), Catch::StartsWith(place));
    }
}

TEST_CASE("a text and its faults are bounded", "[sim][plan_text]") {
    std::string text(plan_text_bytes_max, '\n');
    CHECK(error_of(text).empty());
    text += '\n';
    CHECK_THAT(error_of(text), Catch::Contains("1048577 bytes, a plan at most 1048576"));

    text.clear();
    for (std::size_t i = 0; i < plan_text_faults_max; ++i) text += "[at 1s] break node 1\n";
    CHECK(plan_from(text)->faults.size() == plan_text_faults_max);
    CHECK(error_of(text + "[at 1s] break node 1\n") == "20001:1: a plan has at most 20000 faults");
}

TEST_CASE("what the sides of a plan's faults name is bounded", "[sim][plan_text]") {
    std::string text = "[run] nodes=10000\n";
    const std::string cut = "[at 1s] partition {1-5000} | {5001-10000} for 1s\n";
    for (std::size_t i = 0; i < plan_text_named_max / 10'000; ++i) text += cut;
    CHECK(error_of(text).empty());
    CHECK(error_of(text + cut) ==
          "1602:1: the sides of a plan's faults name at most 16000000 nodes");
}

// Any bytes: an error with its place, or a plan that is fine and reads as it prints.
void check_hostile(const std::string& text) {
    const auto plan = plan_from(text);
    if (plan) {
        REQUIRE(check_plan(*plan));
        check_round_trip(*plan);
        return;
    }
    const std::string& message = plan.error().message;
    INFO(message);
    REQUIRE(plan.error().name == "plan_invalid");
    REQUIRE(message.starts_with("plan:"));
    REQUIRE(std::ranges::all_of(message, [](char c) { return c >= ' ' && c < 0x7f; }));
    const std::size_t digits = message.find_first_not_of("0123456789", 5);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    REQUIRE(std::stoul(message.substr(5, digits - 5)) <= lines);
    REQUIRE(message.at(digits) == ':');
}

TEST_CASE("random bytes are refused with a line or make a plan", "[sim][plan_text]") {
    Rng rng(2, 1);
    const std::string_view favourites = "[]{}|,=#-. \n\r\tatrunodefsx%/0123456789";
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        const std::size_t size = rng.below(80);
        while (text.size() < size) {
            const bool any = rng.chance(1, 8);
            text += any ? static_cast<char>(rng.below(256)) : favourites[rng.below(35)];
        }
        check_hostile(text);
    }
}

// Lines out of place, bytes changed, lost and doubled, the end missing.
std::string mutated(std::string text, Rng& rng) {
    const std::uint64_t times = rng.between(1, 4);
    for (std::uint64_t i = 0; i < times && !text.empty(); ++i) {
        const std::size_t place = rng.below(text.size());
        const std::size_t other = rng.below(text.size());
        const std::size_t size = rng.below(12);
        switch (rng.below(6)) {
            case 0:
                text[place] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text[place] = text[other];
                break;
            case 2:
                text.erase(place, size);
                break;
            case 3:
                text.insert(place, text.substr(other, size));
                break;
            case 4:
                text.insert(place, std::string(size, static_cast<char>('0' + rng.below(10))));
                break;
            default:
                text.resize(place);
        }
    }
    return text;
}

TEST_CASE("a damaged plan is refused with a line or is a plan", "[sim][plan_text]") {
    Rng rng(3, 1);
    std::size_t fine = 0;
    for (std::uint64_t round = 0; round < 5000; ++round) {
        const std::string text = mutated(text_of(drawn_plan(round % 50)), rng);
        if (plan_from(text)) ++fine;
        check_hostile(text);
    }
    CHECK(fine > 250);
    CHECK(fine < 4750);
}

TEST_CASE("a plan that was changed in memory is checked like one that was read",
          "[sim][plan_text]") {
    const auto flaw_with = [](const auto& change) {
        Plan plan = drawn_plan(50);
        change(plan);
        const auto checked = check_plan(plan);
        return checked ? std::string() : checked.error().message;
    };
    CHECK(flaw_with([](Plan&) {}).empty());
    CHECK(flaw_with([](Plan& plan) { plan.nodes = 1; }) == "nodes is 1, possible are 2 to 10000");
    CHECK(flaw_with([](Plan& plan) { plan.network.jitter_mean = -1ns; }) ==
          "jitter is 9223372036.854775807s, possible are 0s to 60s");
    CHECK(flaw_with([](Plan& plan) { plan.faults.front().at = -1ns; }) ==
          "fault 1: this crash begins before the run");
    CHECK(flaw_with([](Plan& plan) {
              std::ranges::reverse(plan.faults);
          }).ends_with("begins before the fault above it"));
    const auto with_losses = [&](std::uint32_t nodes, std::size_t losses) {
        return flaw_with([&](Plan& plan) {
            Fault loss;
            loss.at = 1s;
            loss.lasts = 1s;
            loss.kind = FaultKind::lose_disk;
            plan.nodes = nodes;
            plan.faults.assign(losses, loss);
        });
    };
    CHECK(with_losses(3, 1).empty());
    CHECK(with_losses(2, 1) == "fault 1: this lose-disk needs 3 nodes, the plan has 2");
    CHECK(with_losses(3, 2) ==
          "fault 2: this lose-disk follows another one, a plan loses or puts back one disk at "
          "most");
    const auto with_cut = [&](const auto& change) {
        return flaw_with([&](Plan& plan) {
            change(*std::ranges::find(plan.faults, FaultKind::cut, &Fault::kind));
        });
    };
    CHECK_THAT(with_cut([](Fault& cut) { cut.left.clear(); }),
               Catch::Contains("this partition has a side without nodes"));
    CHECK_THAT(with_cut([](Fault& cut) { cut.left = cut.right = {1}; }),
               Catch::Contains("this partition names node 2 twice"));
    CHECK_THAT(with_cut([](Fault& cut) { cut.lasts = -1s; }),
               Catch::Contains("this partition lasts -1s"));
}

}  // namespace
}  // namespace starling::sim::plan_text_test
