// What makes a mesh: its root key, its first voters and its name.  The mesh id is the hash of this.
//
//   Genesis ──encode──> bytes ──hash──> MeshId        (every node of a mesh holds the same bytes)
//
// Invariants:
//   I1  Equal genesis, equal mesh id; voters are ascending and distinct, so their order is no
//   choice.
//
// Values and pure functions: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace starling::gossip {

struct Genesis {
    static constexpr std::size_t voters_max = 7;
    static constexpr std::size_t name_bytes_max = 64;

    NodeId root;                // public key that signs certificates
    std::vector<Voter> voters;  // ascending
    std::string name;           // for people

    [[nodiscard]] MeshId mesh_id() const;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Genesis& out);

    friend bool operator==(const Genesis&, const Genesis&) = default;
};

}  // namespace starling::gossip
