#include "sim/machine.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <vector>

namespace starling::sim::machine_test {
namespace {

using namespace std::chrono_literals;

constexpr Duration wake = 5us;
constexpr Duration doze = 1ms;
constexpr Duration rouse = 40us;

// A host whose threads have so many pieces of work, each of 10 us.
class Pieces final : public Tenant {
public:
    std::optional<Duration> go_on(Thread thread, std::uint64_t /*process*/, Duration now) override {
        auto& left = work.at(static_cast<std::size_t>(thread));
        times.push_back(now);
        if (left == 0) return std::nullopt;
        --left;
        return 10us;
    }

    std::array<int, threads_of_process> work{};
    std::vector<Duration> times;  // of all that it was told
};

struct Story {
    explicit Story(std::uint32_t cores) : machine({cores, wake, doze, rouse}, timetable) {
        for (Pieces& each : hosts) machine.place(each);
    }

    void claim(std::uint32_t host, Thread thread, int pieces) {
        hosts.at(host).work.at(static_cast<std::size_t>(thread)) = pieces;
        machine.claim({host, thread, 1}, now);
    }

    void run() {
        while (!timetable.empty()) {
            const auto due = timetable.pop();
            now = due.at;
            machine.on_due(due.payload, now);
        }
    }

    Timetable timetable{1};
    Machine machine;
    std::array<Pieces, 3> hosts;
    Duration now{};
};

using Times = std::vector<Duration>;

TEST_CASE("an idle core takes its time to wake up", "[sim][machine]") {
    Story story(2);
    story.claim(0, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[0].times == Times{5us, 15us});
    CHECK(story.machine.idle() == 2);
}

TEST_CASE("a thread keeps its core until it has nothing left to do", "[sim][machine]") {
    Story story(1);
    story.claim(0, Thread::driver, 3);
    story.claim(1, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[0].times == Times{5us, 15us, 25us, 35us});
    CHECK(story.hosts[1].times == Times{35us, 45us});
}

TEST_CASE("whoever waited longest has a core as soon as one gets free", "[sim][machine]") {
    Story story(1);
    for (const std::uint32_t host : {2U, 0U, 1U}) story.claim(host, Thread::transport, 1);
    story.run();
    CHECK(story.hosts[2].times == Times{5us, 15us});
    CHECK(story.hosts[0].times == Times{15us, 25us});
    CHECK(story.hosts[1].times == Times{25us, 35us});
}

TEST_CASE("a core that was idle for long is roused", "[sim][machine]") {
    Story story(1);
    story.claim(0, Thread::driver, 1);
    story.run();
    story.now += doze;
    story.claim(1, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[1].times == Times{1020us, 1030us});
    story.now += doze + 1us;
    story.claim(2, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[2].times == Times{2076us, 2086us});
}

TEST_CASE("of two idle cores the one that worked last wakes up", "[sim][machine]") {
    Story story(2);
    story.now = 5ms;
    story.claim(0, Thread::driver, 1);
    story.run();
    story.now += 100us;
    story.claim(1, Thread::driver, 1);
    story.claim(2, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[1].times == Times{5160us, 5170us});
    CHECK(story.hosts[2].times == Times{5200us, 5210us});
}

TEST_CASE("threads of one process work on two cores at a time", "[sim][machine]") {
    Story story(2);
    story.claim(0, Thread::driver, 1);
    story.claim(0, Thread::disk, 1);
    story.claim(1, Thread::driver, 1);
    story.run();
    CHECK(story.hosts[0].times == Times{5us, 5us, 15us, 15us});
    CHECK(story.hosts[1].times == Times{15us, 25us});
}

}  // namespace
}  // namespace starling::sim::machine_test
