#include "tests/quorum/mesh.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace starling::quorum::hostile_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seed = 7;

NodeId named(std::uint8_t letter) {
    NodeId id;
    id.bytes.fill(letter);
    return id;
}

State state_of(Contents contents) {
    State state;
    state.snapshot.version = 5;
    state.snapshot.contents = std::move(contents);
    state.snapshot.by = named(9);
    state.window.push_back({{"client", 3}, 3, false, 5, 64});
    return state;
}

Decision decision() {
    Decision decision;
    decision.question = "which?";
    decision.options = {"this", "that"};
    decision.electors = {named(1), named(2)};
    decision.votes[named(1)] = {1, "agent", "reason"};
    return decision;
}

std::vector<State> states() {
    return {state_of(bytes_of("value")),
            state_of(Lease{{named(1), {2}, "agent"}, 3s, 5, false, "purpose"}),
            state_of(decision())};
}

// Encoded messages of every kind.
struct Sample {
    Kind kind{};
    Bytes body;
};

std::vector<Sample> samples() {
    const Ballot ballot{640, named(2), {1}};
    const JournalId journal = *JournalId::from_bytes(Bytes(16, 2));
    std::vector<Sample> all = {
        {Kind::prepare, encoded(Prepare{"r/x", ballot})},
        {Kind::accepted, encoded(Accepted{"r/x", ballot, journal})},
        {Kind::conflict, encoded(Conflict{"r/x", ballot, journal, 700, 64, Refusal::busy})},
        {Kind::read, encoded(Read{"r/x", {1}, 1})},
        {Kind::promise, encoded(Promise{"r/x", ballot, journal, {}, {}})},
        {Kind::read_ok, encoded(ReadOk{"r/x", {1}, 1, journal, {}, {}})},
        {Kind::decision_opened, encoded(DecisionOpened{"lunch", 2s})}};
    for (const State& state : states()) {
        const Ballot older{576, named(3), {1}};
        all.push_back({Kind::promise, encoded(Promise{"r/x", ballot, journal, older, state})});
        all.push_back({Kind::accept, encoded(Accept{"r/x", ballot, 704, state})});
        all.push_back({Kind::read_ok, encoded(ReadOk{"r/x", {1}, 1, journal, older, state})});
    }
    return all;
}

// Hands bytes to a node as a frame of bob, if they decode at all; true when they did.
class Victim {
public:
    Victim() : mesh_(3) {
        mesh_.at(0).cas(mesh_.caller("x"), {0, bytes_of("v"), {}, false}, mesh_.now, mesh_.out);
        mesh_.at(0).read(mesh_.caller("x"), mesh_.now, mesh_.out);
        mesh_.out.clear();
    }

    bool hear(const Sample& sample) {
        Quorum& core = mesh_.at(0);
        const NodeId bob = mesh_.id(1);
        const auto& now = mesh_.now;
        auto& out = mesh_.out;
        heard_ = false;
        as<Prepare>(sample, [&](auto& message) { core.on_prepare(bob, message, now, out); });
        as<Promise>(sample, [&](auto& message) { core.on_promise(bob, message, now, out); });
        as<Accept>(sample, [&](auto& message) { core.on_accept(bob, message, now, out); });
        as<Accepted>(sample, [&](auto& message) { core.on_accepted(bob, message, now, out); });
        as<Conflict>(sample, [&](auto& message) { core.on_conflict(bob, message, now, out); });
        as<Read>(sample, [&](auto& message) { core.on_read(bob, message, now, out); });
        as<ReadOk>(sample, [&](auto& message) { core.on_read_ok(bob, message, now, out); });
        as<DecisionOpened>(sample,
                           [&](auto& message) { core.on_decision_opened(bob, message, now, out); });
        mesh_.after(0);
        return heard_;
    }

    void live() { mesh_.run(100ms); }

private:
    template <class Message, class Handle>
    void as(const Sample& sample, Handle handle) {
        if (sample.kind != Message::kind) return;
        const auto message = decoded<Message>(decoder_, sample.body);
        if (!message) return;
        heard_ = true;
        // What was understood is written the same way again.
        Decoder other;
        CHECK(decoded<Message>(other, encoded(*message)).has_value());
        handle(*message);
    }

    Mesh mesh_;
    Decoder decoder_;
    bool heard_ = false;
};

TEST_CASE("every message reads back as it was written", "[quorum][hostile]") {
    Decoder decoder;
    for (const Sample& sample : samples()) CHECK(Victim().hear(sample));
    for (const State& state : states()) {
        const auto back =
            decoded<Accept>(decoder, encoded(Accept{"r/x", {64, named(1), {1}}, 0, state}));
        REQUIRE(back.has_value());
        CHECK(back->state == state);
    }
}

TEST_CASE("a message cut short is no message", "[quorum][hostile]") {
    Victim victim;
    for (const Sample& sample : samples()) {
        for (std::size_t size = 0; size < sample.body.size(); ++size) {
            Sample cut{sample.kind, sample.body};
            cut.body.resize(size);
            CHECK_FALSE(victim.hear(cut));
        }
    }
}

TEST_CASE("changed bytes harm nobody", "[quorum][hostile]") {
    Rng rng(seed);
    int understood = 0;
    for (int round = 0; round < 40; ++round) {
        Victim victim;
        for (const Sample& sample : samples()) {
            for (int i = 0; i < 40; ++i) {
                Sample changed = sample;
                for (std::uint64_t flips = rng.between(1, 4); flips > 0; --flips) {
                    const auto at = static_cast<std::size_t>(rng.below(changed.body.size()));
                    changed.body[at] = static_cast<std::uint8_t>(rng.below(256));
                }
                if (victim.hear(changed)) ++understood;
            }
        }
        victim.live();
    }
    CHECK(understood > 1000);  // many are read, and refused or taken by the rules
}

TEST_CASE("a promise of something accepted above its own ballot is impossible",
          "[quorum][hostile]") {
    Mesh mesh(3);
    mesh.at(0).cas(mesh.caller("x"), {0, bytes_of("v"), {}, false}, mesh.now, mesh.out);
    const auto sent = mesh.out.outgoing().front();
    Decoder decoder;
    const auto prepare = decoded<Prepare>(decoder, mesh.out.view(sent.body));
    REQUIRE(prepare.has_value());
    const Ballot above{prepare->ballot.round + 1, mesh.id(1), {1}};
    const Promise promise{prepare->name, prepare->ballot, *JournalId::from_bytes(Bytes(16, 2)),
                          above, state_of(bytes_of("v"))};
    CHECK(mesh.at(0).on_promise(mesh.id(1), promise, mesh.now, mesh.out) == Verdict::impossible);
}

TEST_CASE("a state above its ballot's round is not read", "[quorum][hostile]") {
    Decoder decoder;
    State state = state_of(bytes_of("v"));
    state.snapshot.version = 65;
    const Accept accept{"r/x", {64, named(1), {1}}, 0, state};
    CHECK_FALSE(decoded<Accept>(decoder, encoded(accept)).has_value());
}

TEST_CASE("a value or a window past the limit is not read", "[quorum][hostile][bounds]") {
    Decoder decoder;
    const auto reads = [&](const State& state) {
        return decoded<Accept>(decoder, encoded(Accept{"r/x", {64, named(1), {1}}, 0, state}))
            .has_value();
    };
    CHECK(reads(state_of(Bytes(limits::encoded_value_bytes))));
    CHECK_FALSE(reads(state_of(Bytes(limits::encoded_value_bytes + 1))));
    State full = state_of(bytes_of("v"));
    full.window.resize(limits::register_window, full.window[0]);
    CHECK(reads(full));
    full.window.push_back(full.window[0]);
    CHECK_FALSE(reads(full));
}

TEST_CASE("a request for a vote at a node that has none is refused", "[quorum][hostile]") {
    Mesh mesh(7);
    const Prepare prepare{"r/x", {64, mesh.id(0), {1}}};
    CHECK(mesh.at(6).on_prepare(mesh.id(0), prepare, mesh.now, mesh.out) == Verdict::not_a_voter);
    CHECK(mesh.out.empty());
}

TEST_CASE("a vote of a node that is no voter does not count", "[quorum][hostile]") {
    Mesh mesh(7);
    mesh.at(0).cas(mesh.caller("x"), {0, bytes_of("v"), {}, false}, mesh.now, mesh.out);
    const Accepted accepted{"r/x", {64, mesh.id(0), {1}}, *JournalId::from_bytes(Bytes(16, 7))};
    CHECK(mesh.at(0).on_accepted(mesh.id(6), accepted, mesh.now, mesh.out) ==
          Verdict::unknown_voter);
}

TEST_CASE("a full table is said to the caller", "[quorum][hostile][bounds]") {
    Mesh mesh(3);
    mesh.at(0).cas(mesh.caller("x"), {0, bytes_of("v"), {}, false}, mesh.now, mesh.out);
    Decoder decoder;
    const auto prepare = decoded<Prepare>(decoder, mesh.out.view(mesh.out.outgoing()[0].body));
    mesh.out.clear();
    for (std::uint8_t voter = 1; voter <= 2; ++voter) {
        const Conflict full{
            prepare->name,      prepare->ballot, *JournalId::from_bytes(Bytes(16, voter)), 0, 0,
            Refusal::table_full};
        mesh.at(0).on_conflict(mesh.id(voter - 1U), full, mesh.now, mesh.out);
    }
    mesh.after(0);
    CHECK(mesh.end().reason == Reason::table_full);
    CHECK(mesh.end().outcome == Outcome::not_applied);
}

}  // namespace
}  // namespace starling::quorum::hostile_test
