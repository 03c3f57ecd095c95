#include "node/io/clocks.hpp"
#include "node/io/identity.hpp"
#include "node/io/key_file.hpp"
#include "node/io/mesh_file.hpp"
#include <starling/mesh.hpp>

#include <algorithm>
#include <utility>

namespace starling {
namespace {

bool has_identity(const std::string& directory) {
    return io::file_exists(directory + "/node.key") || io::file_exists(directory + "/curve.key");
}

Result<Identity> identity_of(const std::string& directory) {
    const auto token = io::token_of(directory);
    if (!token) return tl::unexpected<Error>(token.error());
    return Identity{token->node.hex(), io::text_of(*token), directory};
}

Result<io::Candidate> candidate_of(const MeshMember& member) {
    const auto token = io::parse_token(member.token);
    if (!token) return tl::unexpected<Error>(token.error());
    return io::Candidate{*token, member.addresses};
}

Result<std::vector<io::Candidate>> candidates_of(const std::vector<MeshMember>& members) {
    std::vector<io::Candidate> candidates;
    for (const MeshMember& member : members) {
        auto candidate = candidate_of(member);
        if (!candidate) return tl::unexpected<Error>(std::move(candidate.error()));
        candidates.push_back(std::move(*candidate));
    }
    return candidates;
}

}  // namespace

Result<Identity> make_identity(const std::string& directory) {
    if (!has_identity(directory)) return identity_of(directory);
    return failure(ErrorCode::invalid, "identity_exists", directory + " holds an identity already",
                   "starling id show --dir " + directory);
}

Result<Identity> read_identity(const std::string& directory) {
    if (has_identity(directory)) return identity_of(directory);
    return failure(ErrorCode::not_found, "identity_missing", directory + " holds no identity",
                   "starling id new --dir " + directory);
}

Result<std::string> make_mesh(const NewMesh& mesh) {
    const auto candidates = candidates_of(mesh.members);
    if (!candidates) return tl::unexpected<Error>(candidates.error());
    // A mesh that cannot be made leaves no root key behind: try with a key that nobody keeps.
    const auto possible = io::make_mesh(mesh.name, SigningKey(SigningKey::Seed{}), *candidates);
    if (!possible) return tl::unexpected<Error>(possible.error());
    const auto seed = io::make_key(mesh.root_key_file);
    if (!seed) return tl::unexpected<Error>(seed.error());
    const auto made = io::make_mesh(mesh.name, SigningKey(*seed), *candidates);
    if (!made) return tl::unexpected<Error>(made.error());
    return io::text_of(*made);
}

Result<Admission> certify(const std::string& mesh_file, const MeshMember& newcomer,
                          const std::string& root_key_file) {
    auto mesh = io::parse_mesh_file(mesh_file, "the mesh file");
    if (!mesh) return tl::unexpected<Error>(mesh.error());
    const auto candidate = candidate_of(newcomer);
    if (!candidate) return tl::unexpected<Error>(candidate.error());
    const auto seed = io::read_key(root_key_file);
    if (!seed) return tl::unexpected<Error>(seed.error());
    auto contact =
        io::certify(mesh->genesis, SigningKey(*seed), *candidate, wall_ms(io::read_clocks().wall));
    if (!contact) return tl::unexpected<Error>(contact.error());
    const Bytes certificate = encoded(contact->certificate);
    std::erase_if(mesh->members,
                  [&](const auto& each) { return each.certificate.node == candidate->token.node; });
    mesh->members.push_back(std::move(*contact));
    return Admission{candidate->token.node.hex(), to_hex(certificate), io::text_of(*mesh)};
}

Result<MeshSummary> read_mesh(const std::string& mesh_file) {
    const auto mesh = io::parse_mesh_file(mesh_file, "the mesh file");
    if (!mesh) return tl::unexpected<Error>(mesh.error());
    MeshSummary summary{mesh->genesis.name, mesh->genesis.mesh_id().hex(), {}};
    for (const auto& member : mesh->members)
        summary.members.push_back({member.certificate.node.hex(), member.addresses});
    return summary;
}

Result<std::string> with_addresses(const std::string& mesh_file, const std::string& id,
                                   const std::vector<std::string>& addresses) {
    auto mesh = io::parse_mesh_file(mesh_file, "the mesh file");
    if (!mesh) return tl::unexpected<Error>(mesh.error());
    const auto found = std::ranges::find_if(
        mesh->members, [&](const auto& each) { return each.certificate.node.hex() == id; });
    if (found == mesh->members.end()) {
        return failure(ErrorCode::not_found, "node_not_found", "the mesh file names no node " + id);
    }
    found->addresses = addresses;
    return io::text_of(*mesh);
}

}  // namespace starling
