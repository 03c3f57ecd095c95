#include "quorum/acceptor.hpp"

#include "tests/quorum/world.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::quorum::acceptor_test {
namespace {

NodeId named(std::uint8_t letter) {
    NodeId id;
    id.bytes.fill(letter);
    return id;
}

const NodeId ann = named(1);
const NodeId bob = named(2);
const NodeId eve = named(3);
const std::string x = "r/x";

State state_of(std::uint64_t version, const std::string& value) {
    State state;
    state.snapshot.version = version;
    state.snapshot.contents = bytes_of(value);
    return state;
}

struct Voting {
    DiskRecords disk;
    Effects out;
    Voter self{eve, {}};
    Acceptor acceptor{self, disk, out};

    VoterVerdict prepare(const NodeId& from, std::uint64_t round) {
        return acceptor.on_prepare(from, {x, {round, from, {1}}}, out);
    }

    VoterVerdict accept(const NodeId& from, std::uint64_t round, const std::string& value,
                        std::uint64_t next_round = 0) {
        return acceptor.on_accept(from, {x, {round, from, {1}}, next_round, state_of(1, value)},
                                  out);
    }

    // Writes to the disk what was to be kept, and starts again from it.
    Acceptor restarted() {
        for (const Stored& stored : out.stored()) {
            disk.records[{stored.table, copy_of(out.view(stored.key))}] =
                copy_of(out.view(stored.value));
        }
        out.clear();
        return Acceptor(self, disk, out);
    }
};

// scylladb #6139: an accept below what is accepted must not be taken.
TEST_CASE("what a proposer asks leaves at once, what a voter grants waits for the disk",
          "[quorum][acceptor]") {
    CHECK_FALSE(promises(Prepare::kind));
    CHECK_FALSE(promises(Accept::kind));
    CHECK_FALSE(promises(Read::kind));
    CHECK_FALSE(promises(Conflict::kind));
    CHECK(promises(Promise::kind));
    CHECK(promises(Accepted::kind));
    CHECK(promises(ReadOk::kind));
}

TEST_CASE("an accept below the accepted ballot is refused", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 128, "new") == VoterVerdict::accepted);
    CHECK(voting.accept(bob, 64, "old") == VoterVerdict::refused);
    CHECK(voting.acceptor.accepted(x).round == 128);
}

TEST_CASE("an accept raises the promise to its own ballot", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 128, "new") == VoterVerdict::accepted);
    CHECK(voting.prepare(bob, 64) == VoterVerdict::refused);
}

TEST_CASE("a duplicate accept after a higher promise does not lower it", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 64, "a") == VoterVerdict::accepted);
    CHECK(voting.prepare(bob, 192) == VoterVerdict::promised);
    CHECK(voting.accept(ann, 64, "a") == VoterVerdict::repeated);
    CHECK(voting.accept(ann, 128, "b") == VoterVerdict::refused);
    CHECK(voting.acceptor.promised(x).round == 192);
}

TEST_CASE("a second proposer of an accepted round gets no promise", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 64, "a") == VoterVerdict::accepted);
    CHECK(voting.prepare(bob, 64) == VoterVerdict::refused);  // bob's ballot is the higher one
}

TEST_CASE("a ballot used for two states is refused to a peer", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 64, "a") == VoterVerdict::accepted);
    CHECK(voting.accept(ann, 64, "b") == VoterVerdict::ballot_reused);
}

TEST_CASE("a ballot of somebody else is refused", "[quorum][acceptor]") {
    Voting voting;
    const Prepare forged{x, {64, ann, {1}}};
    CHECK(voting.acceptor.on_prepare(bob, forged, voting.out) == VoterVerdict::foreign_ballot);
}

TEST_CASE("the promise asked for with an accept is kept for its proposer", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.accept(ann, 64, "a", 128) == VoterVerdict::accepted);
    CHECK(voting.prepare(bob, 100) == VoterVerdict::refused);
    CHECK(voting.accept(ann, 128, "b") == VoterVerdict::accepted);
}

TEST_CASE("what was promised before a restart stays promised", "[quorum][acceptor]") {
    Voting voting;
    CHECK(voting.prepare(ann, 640) == VoterVerdict::promised);
    Acceptor again = voting.restarted();
    const Accept lower{x, {576, bob, {1}}, 0, state_of(1, "b")};
    CHECK(again.on_accept(bob, lower, voting.out) == VoterVerdict::refused);
}

TEST_CASE("a promise writes nothing while it is below the ceiling", "[quorum][acceptor]") {
    Voting voting;
    voting.prepare(ann, 64);
    voting.out.clear();
    voting.prepare(ann, 128);
    CHECK(voting.out.stored().empty());
}

TEST_CASE("the ceiling rises when a promise reaches it", "[quorum][acceptor]") {
    Voting voting;
    voting.prepare(ann, 64);
    const std::uint64_t ceiling = voting.acceptor.ceiling();
    voting.out.clear();
    voting.prepare(ann, ceiling);
    CHECK(voting.out.stored().size() == 1);
    CHECK(voting.acceptor.ceiling() > ceiling);
}

TEST_CASE("what was accepted is there after a restart", "[quorum][acceptor]") {
    Voting voting;
    voting.accept(ann, 64, "a");
    CHECK(voting.restarted().accepted(x).round == 64);
}

// scylladb #6149: state that expires lets conflicting values be chosen.
TEST_CASE("a restart at any later time finds every record", "[quorum][acceptor]") {
    Voting voting;
    voting.accept(ann, 64, "a");
    for (int i = 0; i < 1000; ++i) voting.restarted();
    CHECK(voting.restarted().size() == 1);
}

TEST_CASE("a voter whose records are damaged does not vote", "[quorum][acceptor]") {
    Voting voting;
    voting.accept(ann, 64, "a");
    voting.restarted();
    voting.disk.records[{Table::registers, bytes_of(x)}].pop_back();
    Acceptor damaged(voting.self, voting.disk, voting.out);
    const Prepare prepare{x, {64 + limits::promise_ceiling_step * 2, ann, {1}}};
    CHECK(damaged.on_prepare(ann, prepare, voting.out) == VoterVerdict::damaged);
}

TEST_CASE("a round too far above the ceiling is refused", "[quorum][acceptor][bounds]") {
    Voting voting;
    CHECK(voting.prepare(ann, limits::round_jump) == VoterVerdict::promised);
    Voting other;
    CHECK(other.prepare(ann, limits::round_jump + 1) == VoterVerdict::round_too_far);
}

TEST_CASE("forgotten promises to unwritten names stay kept by the common floor",
          "[quorum][acceptor][bounds]") {
    Voting voting;
    const auto prepare = [&](std::uint64_t name, std::uint64_t round) {
        return voting.acceptor.on_prepare(ann, {"r/" + std::to_string(name), {round, ann, {1}}},
                                          voting.out);
    };
    for (std::uint64_t i = 0; i < limits::promises_without_record; ++i) prepare(i, 1000 - i % 2);
    CHECK(voting.acceptor.promised("r/1").round == 999);
    prepare(limits::promises_without_record, 2000);  // one too many: all fold into the highest
    CHECK(voting.acceptor.promised("r/1").round == 1000);
    CHECK(prepare(1, 999) == VoterVerdict::refused);
}

TEST_CASE("the last free place in the table is taken and the next name is refused",
          "[quorum][acceptor][bounds]") {
    Voting voting;
    const auto write = [&](std::uint64_t name, std::uint64_t round) {
        voting.out.clear();
        return voting.acceptor.on_accept(
            ann, {"r/" + std::to_string(name), {round, ann, {1}}, 0, state_of(1, "v")}, voting.out);
    };
    for (std::uint64_t i = 0; i + 1 < limits::registers; ++i) write(i, 64);
    CHECK(write(limits::registers - 1, 64) == VoterVerdict::accepted);
    CHECK(write(limits::registers, 64) == VoterVerdict::refused);
    CHECK(write(7, 128) == VoterVerdict::accepted);
    CHECK(voting.acceptor.size() == limits::registers);
}

}  // namespace
}  // namespace starling::quorum::acceptor_test
