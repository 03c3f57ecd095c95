#include "sim/latency_matrix.hpp"

#include "sim/plan_text.hpp"
#include "sim/run.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::latency_matrix_test {
namespace {

using namespace std::chrono_literals;

constexpr const char* three = "0\t10\t20.5\n12\t0\t\n-\t40\t0\n";

std::string error_of(std::string_view text) {
    const auto matrix = matrix_from(text, "far.tsv", 1ms);
    REQUIRE(!matrix);
    CHECK(matrix.error().name == "latency_invalid");
    return matrix.error().message;
}

Regions regions_of(const std::string& fields) {
    const auto plan = plan_from("[network] " + fields);
    INFO((plan ? "" : plan.error().message));
    REQUIRE(plan);
    return plan->network.regions;
}

std::string mistake_in(const std::string& fields) {
    const auto plan = plan_from("[network] " + fields);
    REQUIRE(!plan);
    return plan.error().message;
}

TEST_CASE("what lies between two places is half of the round trip, each way its own",
          "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv");
    REQUIRE(attach(regions, three, 2));
    CHECK(regions.latency(0, 1) == 5ms);
    CHECK(regions.latency(1, 0) == 6ms);
}

TEST_CASE("a trip that was measured from one side only counts for both", "[sim][latency]") {
    const auto matrix = matrix_from(three, "far.tsv", 1ms);
    REQUIRE(matrix);
    CHECK(matrix->trip(2, 0) == matrix->trip(0, 2));
    CHECK(matrix->trip(1, 2) == 40ms);
}

TEST_CASE("the cells of a file may be seconds", "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv latency_unit=1s");
    REQUIRE(attach(regions, "0\t0.17\r\n0.4\t0\r\n", 2));
    CHECK(regions.latency(0, 1) == 85ms);
}

TEST_CASE("of a number nothing finer than a nanosecond is kept", "[sim][latency]") {
    const auto matrix = matrix_from("0\t0.0000014\n7\t0", "far.tsv", 1ms);
    REQUIRE(matrix);
    CHECK(matrix->trip(0, 1) == 1ns);
}

TEST_CASE("what is no matrix is told with its place", "[sim][latency]") {
    CHECK(error_of("") == "far.tsv:1:1: no rows, expected numbers with tabs between them");
    CHECK(error_of("0\t1\n2\n") == "far.tsv:2:2: 1 cells, line 1 has 2");
    CHECK(error_of("0\t1\n2\tx7\n") ==
          "far.tsv:2:3: found \"x7\", expected a number such as 34 or 0.175, of at most 120000");
    CHECK(error_of("0\t-3\n2\t0\n").find("far.tsv:1:3: found \"-3\"") == 0);
    CHECK(error_of("0\t1e3\n2\t0\n").find("far.tsv:1:3: found \"1e3\"") == 0);
    CHECK(error_of("0\t120001\n2\t0\n").find("far.tsv:1:3: ") == 0);
    CHECK(error_of("0\t.\n2\t0\n").find("far.tsv:1:3: ") == 0);
    CHECK(error_of("0\t1\n2\t0\n3\t4\n") ==
          "far.tsv:3:1: 3 rows of 2 cells, expected as many rows as cells");
    CHECK(error_of("0\t1\n\n2\t0\n").find("far.tsv:2:1: ") == 0);
}

TEST_CASE("a row more than the most is refused", "[sim][latency]") {
    std::string text;
    for (std::uint32_t row = 0; row <= matrix_rows_max; ++row) text += "0\n";
    // Each row has one cell: the count of rows is what is wrong first.
    CHECK(error_of(text).find("more than 2048 rows") != std::string::npos);
}

TEST_CASE("a matrix smaller than the mesh is refused, and nothing changes", "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv");
    const auto fits = attach(regions, three, 4);
    REQUIRE(!fits);
    CHECK(fits.error().message ==
          "far.tsv: has 3 rows, the plan has 4 nodes: regions=1-3 has several share a row");
    CHECK(regions.matrix == nullptr);
    CHECK(regions.hash == 0);
}

TEST_CASE("rows that several nodes share need not be as many as nodes", "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv regions=3,1");
    REQUIRE(attach(regions, three, 7));
    CHECK(regions.row_of(0) == 2);
    CHECK(regions.row_of(5) == 0);
    CHECK(regions.latency(0, 2) == 0ms);
}

TEST_CASE("a row that a file does not have is refused", "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv regions=4");
    CHECK(attach(regions, three, 2).error().message ==
          "far.tsv: has 3 rows, the plan's regions name row 4");
}

TEST_CASE("two places that nobody measured are refused when hosts stand there", "[sim][latency]") {
    constexpr const char* gap = "0\t1\t2\n1\t0\t\n2\t-\t0\n";
    Regions all = regions_of("latency=file:far.tsv");
    CHECK(attach(all, gap, 3).error().message.find("line 2, cell 3: not measured") !=
          std::string::npos);
    Regions some = regions_of("latency=file:far.tsv regions=1-2");
    CHECK(attach(some, gap, 3));
}

TEST_CASE("another file than the one that the plan was made with is refused", "[sim][latency]") {
    Regions regions = regions_of("latency=file:far.tsv");
    REQUIRE(attach(regions, three, 3));
    Plan plan = *plan_from("[run] nodes=3");
    plan.network.regions = regions;
    const auto again = plan_from(text_of(plan));
    REQUIRE(again);
    Regions kept = again->network.regions;
    CHECK(attach(kept, three, 3));
    Regions other = again->network.regions;
    CHECK(attach(other, "0\t10\t20\n12\t0\t1\n1\t40\t0\n", 3)
              .error()
              .message.find("it is another file, or was changed") != std::string::npos);
}

TEST_CASE("the world's ten regions are as measured, not as symmetry would have them",
          "[sim][latency]") {
    const LatencyMatrix& world = *wan10();
    REQUIRE(world.rows() == 10);
    REQUIRE(world.names().size() == 10);
    CHECK(world.trip(0, 5) == 119ms);
    CHECK(world.trip(5, 0) == 122ms);
    CHECK(world.trip(7, 9) == 328ms);
}

TEST_CASE("regions are named, and hosts stand in them in turn", "[sim][latency]") {
    const Regions regions = regions_of("regions=tokyo,dallas latency=wan10");
    CHECK(regions.row_of(0) == 8);
    CHECK(regions.row_of(3) == 0);
    CHECK(regions.latency(0, 1) == 71500us);
}

TEST_CASE("a plan says in its text where its hosts are", "[sim][latency]") {
    for (const char* fields :
         {"latency=wan10 ", "latency=wan10 regions=sao-paulo,dallas ",
          "latency=file:../a/far.tsv latency_unit=1s latency_hash=00000000000000ff "
          "regions=1-3,7,5 "}) {
        const auto plan = plan_from(std::string("[network] ") + fields);
        REQUIRE(plan);
        CHECK(text_of(*plan).find(fields) != std::string::npos);
    }
}

TEST_CASE("what a plan says of regions wrongly is told with its place", "[sim][latency]") {
    CHECK(mistake_in("latency=wan11") ==
          "plan:1:19: found \"wan11\", expected a time such as 60us, wan10, or file: and a path");
    CHECK(mistake_in("latency=file:").find("plan:1:19: ") == 0);
    CHECK(mistake_in("latency=wan10 latency=wan10") == "plan:1:25: latency stands twice");
    CHECK(mistake_in("latency=wan10 regions=paris").find("plan:1:33: found \"paris\"") == 0);
    CHECK(mistake_in("latency=wan10 regions=11") == "plan:1:25: regions name row 11, wan10 has 10");
    CHECK(mistake_in("regions=dallas").find("plan:1:11: regions, latency_unit") == 0);
    CHECK(mistake_in("latency=file:x regions=dallas") ==
          "plan:1:26: the rows of a file have numbers, not names");
    CHECK(mistake_in("latency=wan10 latency_unit=1s").find("plan:1:25: ") == 0);
    CHECK(mistake_in("latency=file:x latency_unit=2s").find("plan:1:39: ") == 0);
    CHECK(mistake_in("latency=file:x latency_hash=12").find("plan:1:39: ") == 0);
}

TEST_CASE("a latency is a time or a place to look, not both", "[sim][latency]") {
    CHECK(mistake_in("latency=60us latency=wan10").find("stands twice") != std::string::npos);
    CHECK(mistake_in("latency=wan10 latency=60us").find("stands twice") != std::string::npos);
}

TEST_CASE("a mesh spread over the world converges", "[sim][latency]") {
    auto plan = plan_from(
        "[run] seed=3 nodes=4 duration=12s healed_at=6s\n[network] latency=wan10 bandwidth=1MiB/s");
    REQUIRE(plan);
    const Report report = run(*plan);
    CHECK(report.violations() == 0);
    // No answer of a register comes sooner than a round trip, save where a voter asks alone.
    REQUIRE(!report.register_times.empty());
    CHECK(report.register_times.back() > 60ms);
}

}  // namespace
}  // namespace starling::sim::latency_matrix_test
