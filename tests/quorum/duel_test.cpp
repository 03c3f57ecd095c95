// Many nodes that want one register at once, over far links.
#include "tests/quorum/mesh.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace starling::quorum::duel_test {
namespace {

using namespace std::chrono_literals;

// Four places on a line, 45 ms from one to the next; 1 ms within one.
Duration over_far_links(std::size_t from, std::size_t to) {
    const auto place = [](std::size_t node) { return static_cast<Duration::rep>(node % 4); };
    return 1ms + 45ms * std::abs(place(from) - place(to));
}

// So many nodes put into one register at the same moment; how many were told that they did.
std::size_t put_at_once(Mesh& mesh, std::size_t nodes, Duration within) {
    std::vector<CallId> calls;
    for (std::size_t node = 0; node < nodes; ++node) {
        const Caller caller = mesh.caller("one", within);
        calls.push_back(caller.call);
        CasRequest request;
        request.value = Bytes{1};
        mesh.at(node).cas(caller, request, mesh.now, mesh.out);
        mesh.after(node);
    }
    mesh.run(within + 1ms);
    return static_cast<std::size_t>(std::ranges::count_if(calls, [&](CallId call) {
        return mesh.has_ended(call) && mesh.end_of(call).outcome == Outcome::applied;
    }));
}

// The farthest voters are 272 ms apart, so nobody can do better than some 200 ms an operation.
TEST_CASE("over far links, ten who want one register at once all get it", "[quorum][duel]") {
    Mesh mesh(10, over_far_links);
    CHECK(put_at_once(mesh, 10, 6s) == 10);
    CHECK(put_at_once(mesh, 10, 6s) == 10);
}

TEST_CASE("over far links, twenty who want one register at once all get it", "[quorum][duel]") {
    Mesh mesh(20, over_far_links);
    CHECK(put_at_once(mesh, 20, 12s) == 20);
}

TEST_CASE("the first duel over far links is no longer than later ones", "[quorum][duel]") {
    Mesh mesh(5, over_far_links);
    CHECK(put_at_once(mesh, 2, 600ms) == 2);
}

}  // namespace
}  // namespace starling::quorum::duel_test
