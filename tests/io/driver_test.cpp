#include "node/io/driver.hpp"

#include "base/rng.hpp"
#include "tests/io/station.hpp"
#include "tests/io/town.hpp"
#include "tests/journal/faulty_disk.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace starling::io {
namespace {

using tests::Answers;
using tests::ask;
using tests::eventually;
using tests::FaultyDisk;
using tests::status;
using tests::Town;
using tests::writing;
using namespace std::chrono_literals;

Result<node::WriteAnswer> write(Driver& driver, const std::string& key, const std::string& text) {
    return ask<node::WriteAnswer>(driver, writing(key, text));
}

bool has(Driver& driver, const std::string& key) {
    const auto got = ask<node::GetAnswer>(driver, node::GetAsk{key, {}});
    return got && !got->entries.empty();
}

std::uint64_t count_of(const Driver& driver, Event event) {
    return driver.event_counts()[static_cast<std::size_t>(event)];
}

bool all_see(const std::vector<std::unique_ptr<Driver>>& drivers, std::uint32_t alive) {
    for (const auto& driver : drivers) {
        if (status(*driver).alive != alive) return false;
    }
    return true;
}

// Outlives the test: a driver whose close came late may still be writing.
FaultyDisk& lasting_disk() {
    static auto* disk = new FaultyDisk("lasting");
    return *disk;
}

}  // namespace

TEST_CASE("a node without a mesh file is a mesh of one and ready", "[io][driver]") {
    const tests::Scratch scratch;
    DriverOptions options;
    options.data_dir = scratch.file("ann");
    options.log.on = false;
    const auto driver = tests::must(Driver::open(options));
    CHECK(driver->is_alone_by_choice());
    CHECK(eventually([&] { return driver->ready(); }));
    CHECK(status(*driver).alive == 1);
}

TEST_CASE("a node without a mesh file finds its mesh again", "[io][driver]") {
    const tests::Scratch scratch;
    DriverOptions options;
    options.data_dir = scratch.file("ann");
    options.log.on = false;
    const MeshId first = tests::must(Driver::open(options))->mesh();
    CHECK(tests::must(Driver::open(options))->mesh() == first);
}

TEST_CASE("every start has a higher boot", "[io][driver]") {
    const Town town(1);
    const Boot first = town.start(0)->boot();
    CHECK(town.start(0)->boot() > first);
}

TEST_CASE("what a call acknowledged is there after a restart", "[io][driver]") {
    const Town town(1);
    REQUIRE(write(*town.start(0), "colour", "blue"));
    CHECK(has(*town.start(0), "colour"));
}

TEST_CASE("three nodes with one mesh file meet", "[io][driver]") {
    const Town town(3);
    std::vector<std::unique_ptr<Driver>> drivers;
    for (std::size_t i = 0; i < 3; ++i) drivers.push_back(town.start(i));
    CHECK(eventually([&] { return all_see(drivers, 3); }));
}

TEST_CASE("what one node writes another reads", "[io][driver]") {
    const Town town(2);
    const auto ann = town.start(0);
    const auto bob = town.start(1);
    REQUIRE(write(*ann, "colour", "blue"));
    CHECK(eventually([&] { return has(*bob, "colour"); }));
}

TEST_CASE("a node whose address changed is found by the seed of the others", "[io][driver]") {
    const Town town(2);
    DriverOptions moved = town.options(0);
    moved.bind = "127.0.0.1:0";
    const auto ann = tests::must(Driver::open(moved));
    DriverOptions joining = town.options(1);
    joining.seeds = {ann->bound_address()};
    std::vector<std::unique_ptr<Driver>> drivers;
    drivers.push_back(tests::must(Driver::open(joining)));
    CHECK(eventually([&] { return all_see(drivers, 2); }));
}

TEST_CASE("a node that ended without a word is dead to the others", "[io][driver]") {
    const Town town(3);
    std::vector<std::unique_ptr<Driver>> drivers;
    for (std::size_t i = 0; i < 3; ++i) drivers.push_back(town.start(i));
    REQUIRE(eventually([&] { return all_see(drivers, 3); }));
    drivers.pop_back();
    CHECK(
        eventually([&] { return status(*drivers[0]).dead == 1 && status(*drivers[1]).dead == 1; }));
}

TEST_CASE("a slow disk delays the answer and nobody's heartbeat", "[io][driver]") {
    FaultyDisk disk("slow_node");
    const Town town(2);
    const auto ann = town.start(0);
    DriverOptions slow = town.options(1);
    slow.journal_vfs = disk.name();
    const auto bob = tests::must(Driver::open(slow));
    REQUIRE(eventually([&] { return status(*ann).alive == 2 && status(*bob).alive == 2; }));

    disk.delay_syncs(3s);
    const Answers answers;
    REQUIRE(bob->call(node::request_bytes(writing("colour", "blue")), answers.sink()) != CallId{});
    std::this_thread::sleep_for(2500ms);
    disk.delay_syncs(0ms);
    CHECK(answers.next());
    CHECK(count_of(*ann, Event::member_suspect) == 0);
    CHECK(count_of(*ann, Event::member_dead) == 0);
}

TEST_CASE("an answer waits until what it promises is durable", "[io][driver]") {
    FaultyDisk disk("gated");
    const Town town(1);
    DriverOptions options = town.options(0);
    options.journal_vfs = disk.name();
    const auto driver = tests::must(Driver::open(options));
    disk.delay_syncs(300ms);
    const auto start = read_clocks().boot_time;
    REQUIRE(write(*driver, "colour", "blue"));
    const auto took = read_clocks().boot_time - start;
    disk.delay_syncs(0ms);
    CHECK(took >= 300ms);
}

TEST_CASE("closing ends the calls that are open", "[io][driver]") {
    const Town town(1);
    const auto driver = town.start(0);
    const Answers answers;
    REQUIRE(driver->call(node::request_bytes(node::MemberEventsAsk{}), answers.sink()) != CallId{});
    REQUIRE(answers.next());
    REQUIRE(driver->close());
    CHECK(answers.ended());
}

TEST_CASE("a closed driver takes no call", "[io][driver]") {
    const Town town(1);
    const auto driver = town.start(0);
    REQUIRE(driver->close());
    CHECK(driver->call(node::request_bytes(node::StatusAsk{}), Answers().sink()) == CallId{});
}

TEST_CASE("a caller that is gone gets no more answers", "[io][driver]") {
    const Town town(2);
    const auto driver = town.start(0);
    const Answers answers;
    const CallId call = driver->call(node::request_bytes(node::MemberEventsAsk{}), answers.sink());
    REQUIRE(answers.next());
    driver->end_call(call);
    REQUIRE(eventually([&] { return driver->gauges().calls_open == 0; }));
    REQUIRE(driver->close());
    CHECK_FALSE(answers.ended());
}

TEST_CASE("closing does not wait for a disk that hangs", "[io][driver]") {
    FaultyDisk& disk = lasting_disk();
    const Town town(1);
    DriverOptions options = town.options(0);
    options.journal_vfs = disk.name();
    auto driver = tests::must(Driver::open(options));
    disk.hang_syncs(true);
    const Answers answers;
    REQUIRE(driver->call(node::request_bytes(writing("k", "v")), answers.sink()) != CallId{});
    REQUIRE(eventually([&] { return disk.hanging() == 1; }));
    const auto closed = driver->close();
    CHECK(disk.hanging() == 1);
    REQUIRE_FALSE(closed);
    CHECK(closed.error().name == "close_late");
    driver.reset();
    disk.hang_syncs(false);
    CHECK(eventually([&] { return disk.open_files() == 0; }));  // what was left behind ends too
}

TEST_CASE("closing takes no longer than it is given", "[io][driver]") {
    FaultyDisk& disk = lasting_disk();
    const Town town(1);
    DriverOptions options = town.options(0);
    options.journal_vfs = disk.name();
    auto driver = tests::must(Driver::open(options));
    disk.hang_syncs(true);
    const Answers answers;
    REQUIRE(driver->call(node::request_bytes(writing("k", "v")), answers.sink()) != CallId{});
    REQUIRE(eventually([&] { return disk.hanging() == 1; }));
    const auto closed = driver->close(0s);
    CHECK(disk.hanging() == 1);
    REQUIRE_FALSE(closed);
    CHECK(closed.error().name == "close_late");
    driver.reset();
    disk.hang_syncs(false);
    CHECK(eventually([&] { return disk.open_files() == 0; }));
}

TEST_CASE("a data directory in use is refused", "[io][driver]") {
    const Town town(1);
    const auto driver = town.start(0);
    DriverOptions again = town.options(0);
    again.bind = "127.0.0.1:0";
    const auto second = Driver::open(again);
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "journal_locked");
}

TEST_CASE("a port in use is refused by its address", "[io][driver]") {
    const Town town(2);
    const auto driver = town.start(0);
    DriverOptions other = town.options(1);
    other.bind = town.address(0);
    const auto second = Driver::open(other);
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "address_in_use");
    CHECK_THAT(second.error().message, Catch::Contains(town.address(0)));
}

TEST_CASE("a node that the mesh file does not name is refused", "[io][driver]") {
    const Town town(1);
    DriverOptions stranger = town.options(0);
    stranger.data_dir = town.scratch().file("stranger");
    const auto driver = Driver::open(stranger);
    REQUIRE_FALSE(driver);
    CHECK(driver.error().name == "not_a_member");
}

TEST_CASE("a data directory of another mesh is refused", "[io][driver]") {
    const Town town(1);
    DriverOptions options = town.options(0);
    options.mesh_file.clear();
    REQUIRE(Driver::open(options));  // starts a mesh of its own there
    const auto driver = Driver::open(town.options(0));
    REQUIRE_FALSE(driver);
    CHECK(driver.error().name == "mesh_foreign");
}

TEST_CASE("a missing mesh file is named", "[io][driver]") {
    const Town town(1);
    DriverOptions options = town.options(0);
    options.mesh_file = town.scratch().file("absent.json");
    const auto driver = Driver::open(options);
    REQUIRE_FALSE(driver);
    CHECK_THAT(driver.error().message, Catch::Contains("absent.json"));
}

TEST_CASE("corrupt frames of an admitted member harm nobody", "[io][driver]") {
    const Town town(2);
    const auto bob = town.start(1);
    tests::Station eve(9);
    eve.id = town.mesh().members[0].certificate.node == bob->id()
                 ? town.mesh().members[1].certificate.node
                 : town.mesh().members[0].certificate.node;
    const auto seed = tests::must(read_key(town.directory(0) + "/curve.key"));
    eve.keys = CurvePair::of(seed);
    eve.transport.reset();
    eve.transport = tests::must(Transport::open(eve.keys, "127.0.0.1:0", eve.poller));
    const auto own_curve =
        CurvePair::of(tests::must(read_key(town.directory(1) + "/curve.key"))).key;
    eve.transport->run({LinkAction::dial, bob->id(), own_curve, LinkId{1}, {}}, town.address(1),
                       read_clocks());
    REQUIRE(tests::until({&eve}, [&] { return eve.event(node::LinkNews::connected) != nullptr; }));

    Rng rng(4711);
    for (int i = 0; i < 2000; ++i) {
        Bytes body(rng.below(300));
        for (auto& byte : body) byte = static_cast<std::uint8_t>(rng.below(256));
        const auto kind = i == 0 ? Kind::hello : static_cast<Kind>(rng.below(256));
        eve.transport->send(bob->id(), kind, body, read_clocks());
        if (i % 50 == 0) eve.turn();
    }
    REQUIRE(eventually([&] { return count_of(*bob, Event::frame_refused) > 0; }));
    CHECK(status(*bob).alive >= 1);
    CHECK(write(*bob, "colour", "blue"));
}

TEST_CASE("a full disk ends the process with the path and the free bytes", "[io][driver]") {
    const Town town(1);
    std::array<int, 2> pipe_ends{};
    REQUIRE(::pipe(pipe_ends.data()) == 0);
    const pid_t child = fork();
    if (child == 0) {
        ::dup2(pipe_ends[1], STDERR_FILENO);
        FaultyDisk disk("filling");
        DriverOptions options = town.options(0);
        options.journal_vfs = disk.name();
        auto driver = Driver::open(options);
        if (!driver) _exit(2);
        disk.fail_writes(true);
        (void)write(**driver, "colour", "blue");
        _exit(3);
    }
    ::close(pipe_ends[1]);
    std::string text;
    std::array<char, 512> buffer{};
    for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    ::close(pipe_ends[0]);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
    CHECK_THAT(text, Catch::Contains("journal.db") && Catch::Contains("bytes free"));
}

TEST_CASE("an idle driver sleeps", "[io][driver]") {
    const Town town(1);
    const auto driver = town.start(0);
    REQUIRE(eventually([&] { return driver->ready(); }));
    const std::uint64_t before = driver->gauges().turns;
    std::this_thread::sleep_for(1s);
    CHECK(driver->gauges().turns - before < 100);
}

}  // namespace starling::io
