#include "node/cli/sim_child.hpp"

#include "base/assert.hpp"
#include "node/cli/sim_guard.hpp"
#include "node/cli/sim_verdict.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <ctime>
#include <set>
#include <stdexcept>

namespace starling::cli::sim_child_test {
namespace {

using namespace std::chrono_literals;

SimCrew::Done outcome_of(const Work& work, Duration cpu = child_cpu_max) {
    auto child = SimChild::start(work, cpu);
    REQUIRE(child);
    SimCrew::Done done;
    while (child->read(done.bytes)) {
    }
    done.ended = child->end();
    done.guarded = child->was_guarded();
    return done;
}

[[noreturn]] void compute_for_ever() {
    for (volatile std::uint64_t turns = 0;;) turns = turns + 1;
}

// Under sanitizers the doors stay open, and there is nothing to catch.
bool is_caught(const std::string& name, void (*ask)()) {
    if constexpr (!doors_can_close) return true;
    const auto done = outcome_of([ask](Outlet&) { ask(); });
    UNSCOPED_INFO(done.ended.what << ' ' << done.ended.errors);
    return done.guarded && done.ended.what == "forbidden " + name;
}

TEST_CASE("a simulation that reads a clock ends and names it", "[cli][sim_guard]") {
    CHECK(is_caught("clock", [] { (void)std::chrono::steady_clock::now(); }));
}

TEST_CASE("a clock that takes no instruction of its own to read is caught too",
          "[cli][sim_guard]") {
    CHECK(is_caught("clock", [] {
        timespec coarse{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
    }));
}

TEST_CASE("a clock read by a call is caught as that call", "[cli][sim_guard]") {
    CHECK(is_caught("clock_gettime", [] {
        timespec spent{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    }));
}

#ifdef __x86_64__
TEST_CASE("the processor's counter is caught as a clock", "[cli][sim_guard]") {
    CHECK(is_caught("clock", [] { (void)__builtin_ia32_rdtsc(); }));
}
#endif

TEST_CASE("a simulation that draws entropy ends and names the call", "[cli][sim_guard]") {
    CHECK(is_caught("getrandom", [] {
        std::array<char, 8> bytes{};
        (void)::syscall(SYS_getrandom, bytes.data(), bytes.size(), 0);
    }));
}

TEST_CASE("a simulation that opens a file ends and names the call", "[cli][sim_guard]") {
    CHECK(is_caught("openat", [] { (void)::open("/dev/null", O_RDONLY); }));
}

TEST_CASE("a simulation that opens a socket ends and names the call", "[cli][sim_guard]") {
    CHECK(is_caught("socket", [] { (void)::socket(AF_UNIX, SOCK_STREAM, 0); }));
}

TEST_CASE("a simulation writes nowhere but to its result and standard error", "[cli][sim_guard]") {
    CHECK(is_caught("write", [] { (void)::write(STDOUT_FILENO, "x", 1); }));
}

TEST_CASE("work that only computes comes through, however much it says", "[cli][sim_child]") {
    const std::string line(1000, 'x');
    const auto done = outcome_of([&](Outlet& outlet) {
        for (int i = 0; i < 1000; ++i) outlet.write(line);
    });
    CHECK(done.ended.ending == Ending::finished);
    CHECK(done.bytes.size() == 1'000'000);
    CHECK(done.guarded == doors_can_close);
}

TEST_CASE("a broken assertion of the work is told with its place", "[cli][sim_child]") {
    const auto done = outcome_of([](Outlet&) { STARLING_ASSERT(1 + 1 == 3); });
    CHECK(done.ended.ending == Ending::assertion);
    CHECK(done.ended.what.find("assertion tests/cli/sim_child_test.cpp:") == 0);
    CHECK(done.ended.errors.find("1 + 1 == 3") != std::string::npos);
}

TEST_CASE("a crash of the work is told with its signal", "[cli][sim_child]") {
    const auto done = outcome_of([](Outlet&) { ::raise(SIGFPE); });
    CHECK(done.ended.ending == Ending::signal);
    CHECK(done.ended.what == "signal 8");
}

TEST_CASE("an exception of the work is told with its text", "[cli][sim_child]") {
    const auto done = outcome_of([](Outlet&) { throw std::runtime_error("out of luck"); });
    CHECK(done.ended.ending == Ending::threw);
    CHECK(done.ended.errors.find("out of luck") != std::string::npos);
}

TEST_CASE("work that does not end is ended when its processor time is used up",
          "[cli][sim_child]") {
    const auto done = outcome_of([](Outlet&) { compute_for_ever(); }, 1s);
    CHECK(done.ended.ending == Ending::out_of_time);
    CHECK(done.ended.cpu > 0ms);  // the limit is sampled: beside others it may come early
}

TEST_CASE("a child ends with its owner", "[cli][sim_child]") {
    pid_t pid = 0;
    {
        auto child = SimChild::start([](Outlet& outlet) {
            outlet.write(std::to_string(::getpid()));
            outlet.flush();
            compute_for_ever();
        });
        REQUIRE(child);
        std::string bytes;
        while (bytes.empty()) REQUIRE(child->read(bytes));
        pid = std::stoi(bytes);
        REQUIRE(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a crew takes as many as it has jobs and tells who ended", "[cli][sim_child]") {
    const auto signals = Signals::block({SIGUSR2});
    REQUIRE(signals);
    SimCrew crew(2, child_cpu_max);
    std::set<std::uint64_t> ended;
    for (std::uint64_t number = 1; number <= 5; ++number) {
        while (!crew.has_room()) ended.insert(crew.wait(*signals)->number);
        REQUIRE(crew.start(number, [number](Outlet& out) { out.write(std::to_string(number)); }));
    }
    while (!crew.is_idle()) {
        const auto done = crew.wait(*signals);
        REQUIRE(done);
        CHECK(done->bytes == std::to_string(done->number));
        ended.insert(done->number);
    }
    CHECK(ended == std::set<std::uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("a signal ends the wait for a crew, and the crew's end ends its children",
          "[cli][sim_child]") {
    const auto signals = Signals::block({SIGUSR2});
    REQUIRE(signals);
    SimCrew crew(1, child_cpu_max);
    REQUIRE(crew.start(1, [](Outlet&) { compute_for_ever(); }));
    ::kill(::getpid(), SIGUSR2);
    CHECK_FALSE(crew.wait(*signals));
}

TEST_CASE("a whole run of the simulator passes behind closed doors, with the same hash",
          "[cli][sim_verdict]") {
    sim::Options options;
    options.nodes = 3;
    options.duration = 20s;
    const auto plan = sim::default_plan(options);
    REQUIRE(plan);
    const auto verdict = run_guarded(*plan, options);
    REQUIRE(verdict);
    CHECK(verdict->broken.empty());
    CHECK(verdict->trace_hash == sim::run(*plan).trace_hash);
    CHECK(verdict->document.at("guarded") == Value(doors_can_close));
    CHECK(verdict->cpu > 0ms);
}

TEST_CASE("a process that ends before its report is a failure of the plan", "[cli][sim_verdict]") {
    const auto done = outcome_of([](Outlet&) { STARLING_ASSERT(1 + 1 == 3); });
    const Verdict verdict = verdict_of(sim::Plan{}, done);
    REQUIRE(verdict.broken.size() == 1);
    CHECK(verdict.broken.front().find("assertion ") == 0);
    CHECK(verdict.text.find("1 + 1 == 3") != std::string::npos);
    CHECK(verdict.document.at("ok") == Value(false));
}

}  // namespace
}  // namespace starling::cli::sim_child_test
