// Identities and mesh files: who may be in a mesh, before any node of it runs.
//
//   make_identity ──token──> make_mesh ──mesh file──> Node::open({.mesh_file = ..})
//                    token of a newcomer ──> certify ──certificate──> Node::admit, spread by gossip
//                                               └──mesh file for the newcomer
//
// These functions read and write files; none needs a running node.  Thread safe.
#pragma once

#include <starling/error.hpp>
#include <starling/export.hpp>

#include <string>
#include <vector>

namespace starling {

// Who a node is.  The secret keys stay in the directory.
struct Identity {
    std::string id;     // 64 hexadecimal digits: its public key
    std::string token;  // its public keys and journal id with a checksum: what a mesh needs to know
    std::string directory;
};

// Makes a directory (mode 0700) with fresh keys and an empty journal.
// identity_exists: it has one already.  Nothing changed on failure.
[[nodiscard]] STARLING_EXPORT Result<Identity> make_identity(const std::string& directory);

// identity_missing: there is none.
[[nodiscard]] STARLING_EXPORT Result<Identity> read_identity(const std::string& directory);

struct MeshMember {
    std::string token;
    std::vector<std::string> addresses;  // host:port, at most four; may be empty with --join
};

struct NewMesh {
    std::string name{};
    std::vector<MeshMember>
        members{};                // at least one; the first 1 (of 1 or 2), 3 (of 3 or 4) or 5 vote
    std::string root_key_file{};  // written with mode 0600, never overwritten
};

// Makes a mesh and its root key; gives the text of its mesh file.  Whoever holds the root key
// admits members: keep it away from the nodes.  token_malformed, file_exists: nothing changed.
[[nodiscard]] STARLING_EXPORT Result<std::string> make_mesh(const NewMesh& mesh);

struct Admission {
    std::string id;           // of the newcomer
    std::string certificate;  // hexadecimal: give it to Node::admit of any member
    std::string mesh_file;    // for the newcomer
};

// Signs a certificate for a newcomer with the mesh's root key.  `mesh_file` is the text of a mesh
// file of this mesh, such as Node::mesh_file gives.  root_key_foreign: the key is of another mesh.
[[nodiscard]] STARLING_EXPORT Result<Admission> certify(const std::string& mesh_file,
                                                        const MeshMember& newcomer,
                                                        const std::string& root_key_file);

// What a mesh file's text says, certificates aside.
struct MeshSummary {
    struct Entry {
        std::string id;
        std::vector<std::string> addresses;
    };

    std::string name;
    std::string id;              // 64 hexadecimal digits
    std::vector<Entry> members;  // in the order of their ids
};

[[nodiscard]] STARLING_EXPORT Result<MeshSummary> read_mesh(const std::string& mesh_file);

// The same mesh file with other addresses for one of its members.  node_not_found: it names none
// so.
[[nodiscard]] STARLING_EXPORT Result<std::string> with_addresses(
    const std::string& mesh_file, const std::string& id, const std::vector<std::string>& addresses);

}  // namespace starling
