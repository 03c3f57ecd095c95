// Members that lie, and somebody outside who pretends to be one: they send raw bytes, which go
// through the production parser like everybody's.
//
//      frames of the liar, sent and received ──on_frame──> what it knows ──> Lie (bytes)
//                                                                             │
//      Network: a stray frame, over whatever connection the liar has   <──────┘
//
//   forge        signed things in the name of others, and changed ones: batches, claims,
//                certificates
//   impersonate  greets as somebody else or of another mesh; votes for other voters, its own vote
//                again before theirs among them; results of tasks that it lost
//   repeat       what it once sent, from before restarts too; what others sent, as its own
//   swamp        too large, too deep, and sizes that promise more than there is
//   outsider     somebody without a certificate reaches the host: the target is who hears it
//   slander      deaths of those who live, and opinions in the name of other observers
//   equivocate   batches of its own, right in all, with the same dot and other content for each
//
// Invariants:
//   I1  A liar signs with its own key or with keys of nobody: what it says in another's name no
//       honest verifier takes.
//   I2  What is sent is a function of the seed, the liar, the way it lies and how many frames went
//       by, and of what those frames said; no draw of anything else moves.
//   I3  What is remembered is bounded.
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "base/rng.hpp"
#include "sim/fault.hpp"
#include "sim/identities.hpp"
#include "sim/liar.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace starling::sim {

class Adversary {
public:
    static constexpr std::uint64_t whole = 1'000'000;  // shares are of a million

    // `identities` outlive this object.
    Adversary(const Identities& identities, std::uint64_t seed);

    // This host will lie: it learns from all that it sends and receives, from now on.
    void expect(std::uint32_t host) { liar(host); }

    // So many of a million frames are followed by a lie of this kind; 0: none.
    // REQUIRES: tells_lies(kind), and the host was expected to lie.
    void set(FaultKind kind, std::uint32_t host, std::uint64_t share);

    [[nodiscard]] static bool tells_lies(FaultKind kind);

    [[nodiscard]] bool is_idle() const { return liars_.empty(); }

    [[nodiscard]] bool lies(FaultKind kind, std::uint32_t host) const {
        return shares_.contains({kind, host});
    }

    // A frame on its way: what follows it.
    [[nodiscard]] std::vector<Lie> on_frame(const Overheard& frame);

private:
    [[nodiscard]] Rng rng_of(FaultKind kind, std::uint32_t host);
    Liar& liar(std::uint32_t host);
    [[nodiscard]] bool has_liar(std::uint32_t host) const;

    using Way = std::pair<FaultKind, std::uint32_t>;

    const Identities& identities_;
    std::uint64_t seed_;
    std::map<Way, std::uint64_t> shares_;
    std::map<Way, std::uint64_t> heard_;  // frames that could have been followed by a lie
    std::map<std::uint32_t, std::uint64_t> learned_;
    std::map<std::uint32_t, Liar> liars_;
};

}  // namespace starling::sim
