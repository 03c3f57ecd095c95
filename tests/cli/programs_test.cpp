#include "node/cli/programs.hpp"

#include "tests/cli/test_place.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace starling::cli::programs_test {
namespace {

using How = ProgramEnd::How;
using namespace std::chrono_literals;

ProgramEnd run(const std::string& script, const std::string& input = "",
               std::chrono::milliseconds limit = 0ms) {
    Programs programs({"sh", "-c", script}, 1000);
    return programs.run(input, {"STARLING_SKILL=s"}, limit);
}

TEST_CASE("what a program prints and how it ends is told", "[cli][programs]") {
    const ProgramEnd end = run("cat; echo $STARLING_SKILL; exit 3", "in\n");
    CHECK(end.how == How::exited);
    CHECK(end.number == 3);
    CHECK(end.output == "in\ns\n");
}

TEST_CASE("words reach the program as they stand, no shell between", "[cli][programs]") {
    Programs programs({"printf", "%s", "$HOME; `id` *"}, 1000);
    CHECK(programs.run("", {}, 0ms).output == "$HOME; `id` *");
}

TEST_CASE("a program that reads nothing of a long input still ends", "[cli][programs]") {
    std::signal(SIGPIPE, SIG_IGN);  // as the program's main does
    CHECK(run("exit 0", std::string(1'000'000, 'x')).number == 0);
}

TEST_CASE("a program that prints exactly the bound is fine, one byte more is not",
          "[cli][programs]") {
    CHECK(run("head -c 1000 /dev/zero").how == How::exited);
    CHECK(run("head -c 1001 /dev/zero").how == How::output_too_long);
    CHECK(run("cat /dev/zero").how == How::output_too_long);
}

TEST_CASE("a program that runs over its limit is killed", "[cli][programs]") {
    CHECK(run("sleep 60", "", 50ms).how == How::over_limit);
}

TEST_CASE("a signal that ends a program is told", "[cli][programs]") {
    const ProgramEnd end = run("kill -9 $$");
    CHECK(end.how == How::signalled);
    CHECK(end.number == 9);
}

// Runs a script that says when it is ready, and asks it to end then.
ProgramEnd halted(const std::string& script, const std::string& ready) {
    Programs programs({"sh", "-c", script}, 1000);
    Halt halt;
    ProgramEnd end;
    std::thread runner([&] { end = programs.run("", {}, 0ms, &halt); });
    while (::access(ready.c_str(), F_OK) != 0) std::this_thread::yield();
    halt.ask();
    runner.join();
    return end;
}

TEST_CASE("a program that is asked to end may tidy up", "[cli][programs]") {
    const TestPlace place;
    const std::string ready = place / "ready";
    const ProgramEnd end = halted(
        "trap 'echo bye; exit 0' TERM; touch " + ready + "; while :; do sleep 0.01; done", ready);
    CHECK(end.how == How::halted);
    CHECK(end.output == "bye\n");
}

TEST_CASE("a program that is deaf to the request is killed with what it started",
          "[cli][programs]") {
    const TestPlace place;
    const std::string ready = place / "ready";
    const ProgramEnd end = halted("trap '' TERM; sleep 60 & touch " + ready + "; wait", ready);
    CHECK(end.how == How::halted);
    CHECK(end.number == SIGKILL);
}

TEST_CASE("a program that was asked to end before it started ends at once", "[cli][programs]") {
    Programs programs({"sleep", "60"}, 1000);
    Halt halt;
    halt.ask();
    CHECK(programs.run("", {}, 0ms, &halt).how == How::halted);
}

TEST_CASE("stop kills what runs and lets nothing start", "[cli][programs]") {
    Programs programs({"sleep", "60"}, 1000);
    std::atomic<bool> begun{false};
    ProgramEnd end;
    std::thread runner([&] {
        begun = true;
        end = programs.run("", {}, 0ms);
    });
    while (!begun) std::this_thread::yield();
    programs.stop();  // before or after the start: both end it
    runner.join();
    CHECK((end.how == How::signalled || end.how == How::not_started));
    CHECK(programs.run("", {}, 0ms).how == How::not_started);
}

TEST_CASE("a program that is no executable is an error by name", "[cli][programs]") {
    CHECK(Programs::check({"sh"}));
    CHECK(Programs::check({"/bin/sh"}));
    CHECK(Programs::check({"no-such-program"}).error().name == "program_missing");
    CHECK(Programs::check({"./no-such-program"}).error().name == "program_missing");
}

}  // namespace
}  // namespace starling::cli::programs_test
