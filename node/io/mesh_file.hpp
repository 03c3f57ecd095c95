// A mesh file: what a node must know to find its mesh and to know its members.
//
//   {
//     "starling_mesh": 1,
//     "name": "prices",
//     "root": "<public key that certifies members>",
//     "voters": [{"node": "<id>", "journal": "<id>"}, ...],
//     "members": [{"node": "<id>", "addresses": ["10.0.0.7:7847"], "certificate": "<hex>"}, ...]
//   }
//
// Invariants:
//   I1  What parse_mesh_file() returns holds: every certificate is signed by the root for this
//   mesh. I2  print and parse are inverse.
//
// Not secret.  Thread safe: functions of their arguments and the file system.
#pragma once

#include "base/crypto.hpp"
#include "gossip/certificate.hpp"
#include "gossip/genesis.hpp"
#include "node/core.hpp"
#include "node/io/identity.hpp"
#include <starling/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::io {

inline constexpr std::size_t mesh_file_bytes_max = 16 * 1024 * 1024;

struct MeshFile {
    gossip::Genesis genesis;
    std::vector<node::Contact> members;  // node ids ascending

    // Nothing when the file does not name this node.
    [[nodiscard]] const node::Contact* find(const NodeId& node) const;
};

// Errors invalid `bad_mesh_file`: `source`, line and column or field, and what was expected;
// `mesh_certificate_invalid`.
[[nodiscard]] Result<MeshFile> parse_mesh_file(std::string_view text, const std::string& source);
[[nodiscard]] Result<MeshFile> read_mesh_file(const std::string& path);

[[nodiscard]] std::string text_of(const MeshFile& mesh);

// A member to be: its token and where to dial it.
struct Candidate {
    Token token;
    std::vector<std::string> addresses;
};

// A new mesh of these members.  Its voters are the first of them: 1 of up to two members, 3 of up
// to four, else 5.  Errors invalid: `mesh_empty`, `name_too_long`, `member_twice`, `bad_address`,
// `too_many_addresses`.
[[nodiscard]] Result<MeshFile> make_mesh(const std::string& name, const SigningKey& root,
                                         std::span<const Candidate> members);

// Certifies one more node.  `issued` orders certificates of one node: wall ms is a good choice.
// Errors invalid: `root_key_foreign`, `bad_address`, `too_many_addresses`.
[[nodiscard]] Result<node::Contact> certify(const gossip::Genesis& genesis, const SigningKey& root,
                                            const Candidate& member, std::uint64_t issued);

}  // namespace starling::io
