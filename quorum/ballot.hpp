// Ballots, and the electorate that votes on them.
//
//   Ballot{round, node, boot} orders lexicographically; the zero ballot stands for "nothing
//   accepted".  Its proposer uses no round twice within a boot, and no boot twice: no ballot has
//   two
//   states.  The electorate is the genesis voters, each (node, journal id): a vote that carries
//   another journal id is no vote.
//
// Values: thread safe to read.
#pragma once

#include "base/assert.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"

#include <algorithm>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling::quorum {

struct Ballot {
    std::uint64_t round = 0;
    NodeId node;
    Boot boot;

    friend auto operator<=>(const Ballot&, const Ballot&) = default;

    [[nodiscard]] bool is_zero() const { return round == 0; }

    // Above every ballot of this round.
    [[nodiscard]] static Ballot top_of(std::uint64_t round) {
        Ballot top{round, {}, {~0ULL}};
        top.node.bytes.fill(0xff);
        return top;
    }

    void encode(Writer& out) const {
        out.list(3);
        out.uint(round);
        out.id(node);
        out.ordinal(boot);
    }

    static bool decode(Reader& in, Ballot& ballot) {
        ballot.round = in.uint(limits::round_max);
        ballot.node = in.id<NodeId>();
        ballot.boot = in.ordinal<Boot>();
        return in.ok();
    }
};

class Electorate {
public:
    // REQUIRES: 1 to limits::voters voters, each node once.
    explicit Electorate(std::vector<Voter> voters) : voters_(std::move(voters)) {
        STARLING_ASSERT(!voters_.empty() && voters_.size() <= limits::voters);
        std::ranges::sort(voters_);
        for (const Voter& voter : voters_) nodes_.push_back(voter.node);
        STARLING_ASSERT(std::ranges::adjacent_find(nodes_) == nodes_.end());
    }

    [[nodiscard]] std::size_t size() const { return voters_.size(); }

    [[nodiscard]] std::size_t majority() const {
        return voters_.size() / 2 + STARLING_MUTANT(1, 1U, 0U);
    }

    [[nodiscard]] std::span<const NodeId> nodes() const { return nodes_; }

    [[nodiscard]] std::optional<std::size_t> index_of(const Voter& voter) const {
        const auto found = std::ranges::find_if(voters_, [&](const Voter& each) {
            return each.journal == voter.journal &&
                   STARLING_MUTANT(74, each.node == voter.node, true);
        });
        if (found == voters_.end()) return std::nullopt;
        return static_cast<std::size_t>(found - voters_.begin());
    }

private:
    std::vector<Voter> voters_;
    std::vector<NodeId> nodes_;
};

// Which voters said something, each counted once.
class Votes {
public:
    void add(std::size_t voter) { mask_ |= 1U << voter; }

    void remove(std::size_t voter) { mask_ &= ~(1U << voter); }

    [[nodiscard]] bool has(std::size_t voter) const { return (mask_ >> voter & 1U) != 0; }

    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::popcount(mask_));
    }

    void clear() { mask_ = 0; }

private:
    std::uint32_t mask_ = 0;
};

}  // namespace starling::quorum
