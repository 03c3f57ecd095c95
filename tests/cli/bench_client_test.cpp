#include "node/cli/bench_client.hpp"

#include "node/cli/http_server.hpp"
#include "node/cli/json.hpp"
#include "tests/cli/test_place.hpp"

#include <optional>

namespace starling::cli::bench_client_test {
namespace {

using namespace std::chrono_literals;
using sim::CallKind;
using sim::CallOutcome;

// A node that answers every request with one document, or not at all.
struct Fake {
    Fake(const std::string& path, std::optional<HttpResponse> answer)
        : server(HttpServer::listen(
              path, [this, answer](const HttpRequest& request, const Exchange& exchange) {
                  operations.push_back(text_at(*json_value(request.body), "operation"));
                  if (answer) exchange.reply(*answer);
              })) {
        REQUIRE(server);
    }

    std::vector<std::string> operations;
    Result<HttpServer> server;
};

HttpResponse state(const char* outcome, std::int64_t version, const char* value) {
    return {200,
            "application/json",
            json_text(Value::Map{{"outcome", outcome}, {"version", version}, {"value", value}}),
            {}};
}

struct Story {
    explicit Story(std::vector<std::string> sockets, std::chrono::milliseconds patience = 5s)
        : client({"c1", "run.c1", std::move(sockets), 0, patience, BenchClient::Clock::now()},
                 [this](BenchClient&, const sim::Call& call) { ended = call; }) {}

    void begin(CallKind kind) {
        sim::Call call;
        call.key = "k";
        call.kind = kind;
        call.value = "v";
        client.begin(call, BenchClient::Clock::now());
    }

    // Turns client and nodes until the operation ended or `enough` is true.
    template <class Enough>
    void turn(const std::vector<Fake*>& nodes, Enough enough) {
        for (int i = 0; i < 10'000 && !ended && !enough(); ++i) {
            std::vector<Pollable*> polled;
            client.add_to(polled);
            poll_once(polled, 1ms);
            client.turn(BenchClient::Clock::now());
            for (Fake* node : nodes) node->server->turn(0ms);
        }
    }

    void turn(const std::vector<Fake*>& nodes) {
        turn(nodes, [] { return false; });
    }

    std::optional<sim::Call> ended;
    BenchClient client;
};

TEST_CASE("a client whose node dies asks the next one under the same name", "[cli][bench]") {
    const TestPlace place;
    auto first = std::make_unique<Fake>(place / "a", std::nullopt);
    Fake second(place / "b", state("applied", 7, "v"));
    Story story({place / "a", place / "b"});
    story.begin(CallKind::write);
    story.turn({first.get(), &second}, [&] { return !first->operations.empty(); });
    const std::vector<std::string> asked{"run.c1#1"};
    CHECK(first->operations == asked);
    first.reset();
    story.turn({&second});
    REQUIRE(story.ended);
    CHECK(story.ended->outcome == CallOutcome::applied);
    CHECK(story.ended->seen->version == 7);
    CHECK(second.operations == asked);
    CHECK(story.client.moves() == 1);
}

TEST_CASE("a refused change shows what stands there", "[cli][bench]") {
    const TestPlace place;
    HttpResponse refused{412,
                         "application/problem+json",
                         R"({"name":"not_applied","current":{"version":9,"value":"w"}})",
                         {}};
    Fake node(place / "a", refused);
    Story story({place / "a"});
    story.begin(CallKind::cas);
    story.turn({&node});
    REQUIRE(story.ended);
    CHECK(story.ended->outcome == CallOutcome::not_applied);
    CHECK(story.ended->seen == sim::Seen{9, "w"});
}

TEST_CASE("an operation that nobody answers ends as unknown, without a return", "[cli][bench]") {
    const TestPlace place;
    Story story({place / "a", place / "b"}, 50ms);
    story.begin(CallKind::write);
    story.turn({});
    REQUIRE(story.ended);
    CHECK(story.ended->outcome == CallOutcome::unknown);
    CHECK_FALSE(story.ended->return_ns.has_value());
    CHECK(story.client.is_idle());
}

}  // namespace
}  // namespace starling::cli::bench_client_test
