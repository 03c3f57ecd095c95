// What the tables of one process have in common: its owner, the driver of a node or of many
// simulated ones, makes one for a mesh and hands it to every core.
//
// Nothing that a core does depends on what else is in there: numbers are never told, and what is
// remembered is a pure function of bytes and mesh.
//
// Not thread safe: cores that share one run in one thread.
#pragma once

#include "base/interner.hpp"
#include "gossip/claim.hpp"
#include "gossip/directory.hpp"
#include "gossip/messages.hpp"
#include "gossip/originals.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace starling::gossip {

// Parts of a table's root (Members I3): of a node with this claim, alive and dead; of one that was
// introduced only.
[[nodiscard]] std::array<std::uint64_t, 2> weights_of(const Claim& claim);
[[nodiscard]] std::array<std::uint64_t, 2> weights_of(const Introduction& introduction);

using Claims = Originals<Claim>;
using Introductions = Originals<Introduction>;

struct Commons {
    // `salt` is the mesh's.
    explicit Commons(std::uint64_t salt, std::uint64_t scramble = 0)
        : directory(salt, scramble), numbers(scramble), claims(scramble), introductions(scramble) {}

    [[nodiscard]] static std::uint64_t salt_of(const MeshId& mesh) { return load_u64(mesh.view()); }

    // The introductions of a list that all cores here were given, or nearly all.
    [[nodiscard]] const std::vector<Introductions::Held>& opened(const Contacts& contacts);

    Directory directory;
    NodeInterner numbers;  // for whoever else in this process has tables of nodes
    Claims claims;
    Introductions introductions;
    // Of frames, one at a time: its memory is at hand when many cores take turns.
    Decoder decoder{Decoder::large_chunk};

private:
    Contacts contacts_;  // those opened last
    std::vector<Introductions::Held> opened_;
};

}  // namespace starling::gossip
