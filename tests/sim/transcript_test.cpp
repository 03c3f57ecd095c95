#include "sim/transcript.hpp"

#include "sim/identities.hpp"
#include "sim/run.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace starling::sim::transcript_test {
namespace {

using namespace std::chrono_literals;

Plan small_plan() {
    Options options;
    options.nodes = 3;
    options.seed = 4;
    options.duration = 20s;
    return default_plan(options).value();
}

struct Lines {
    explicit Lines(const Plan& plan)
        : transcript(plan, [this](std::string_view line) { text += line; }) {}

    std::string text;
    Transcript transcript;
};

TEST_CASE("who looks on does not change what happens", "[sim][transcript]") {
    const Plan plan = small_plan();
    Lines lines(plan);
    const std::array<Check*, 1> others{&lines.transcript};
    CHECK(run(plan, others).trace_hash == run(plan).trace_hash);
    CHECK(lines.text.find(" gossip.member_alive node=n") != std::string::npos);
    CHECK(lines.text.find(" process starts boot=") != std::string::npos);
    CHECK(lines.text.find(" crash begins\n") != std::string::npos);
}

TEST_CASE("a line has the time, the node, the event and its numbers by name", "[sim][transcript]") {
    const Plan plan = small_plan();
    const Identity third = make_identities(plan.seed, plan.nodes).nodes.at(2);
    Lines lines(plan);
    TraceRecord record{Event::link_down, 3, {}};
    record.fields = {third.key.id().prefix(), 12, 0xfedc'ba98'7654'3210};
    lines.transcript.on_traced(1, record, 12s + 5ns);
    CHECK(lines.text == "12.000000005 n2 node.link_down peer=n3 link=12 reason=fedcba9876543210\n");
}

TEST_CASE("a fault is told by its line in the plan", "[sim][transcript]") {
    Lines lines(small_plan());
    Fault fault;
    fault.kind = FaultKind::pause;
    fault.number = 7;
    lines.transcript.on_fault(fault, Phase::ends, 1s);
    CHECK(lines.text == "1.000000000 -- fault 7 pause ends\n");
}

}  // namespace
}  // namespace starling::sim::transcript_test
