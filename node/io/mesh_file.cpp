#include "node/io/mesh_file.hpp"

#include "base/codec.hpp"
#include "base/limits.hpp"
#include "node/io/address.hpp"
#include "node/io/key_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace starling::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;

// The first thing that is wrong with a file.
class Complaint {
public:
    explicit Complaint(std::string source) : source_(std::move(source)) {}

    void about(const std::string& field, const std::string& what,
               const char* name = "bad_mesh_file") {
        if (error_) return;
        error_ =
            Error{ErrorCode::invalid, name, source_ + ": " + field + ": " + what,
                  "make the file again with `starling mesh init` or `mesh admit`", Changed::no};
    }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

private:
    std::string source_;
    std::optional<Error> error_;
};

std::string text_field(const Json& object, const std::string& name, const std::string& where,
                       Complaint& complaint) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found != object.end() && found->is_string()) return found->get<std::string>();
    complaint.about(where + name, "a text is missing");
    return {};
}

template <class T>
T id_field(const Json& object, const std::string& name, const std::string& where,
           Complaint& complaint) {
    const auto id = T::from_hex(text_field(object, name, where, complaint));
    if (!id) {
        complaint.about(where + name,
                        "expected " + std::to_string(2 * T::size) + " hexadecimal digits");
    }
    return id.value_or(T{});
}

const Json& list_field(const Json& object, const std::string& name, const std::string& where,
                       Complaint& complaint) {
    static const Json empty = Json::array();
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found != object.end() && found->is_array()) return *found;
    complaint.about(where + name, "a list is missing");
    return empty;
}

std::vector<std::string> read_addresses(const Json& entry, const std::string& where,
                                        Complaint& complaint) {
    std::vector<std::string> addresses;
    for (const Json& each : list_field(entry, "addresses", where, complaint)) {
        const std::string text = each.is_string() ? each.get<std::string>() : each.dump();
        if (const auto parsed = parse_address(text); !parsed) {
            complaint.about(where + "addresses", parsed.error().message);
        }
        addresses.push_back(text);
    }
    if (addresses.size() > limits::addresses_per_member) {
        complaint.about(where + "addresses", "more than 4 addresses");
    }
    return addresses;
}

node::Contact read_member(const Json& entry, const std::string& where,
                          const gossip::Genesis& genesis, Complaint& complaint) {
    node::Contact contact;
    contact.addresses = read_addresses(entry, where, complaint);
    const NodeId node = id_field<NodeId>(entry, "node", where, complaint);
    const auto bytes = from_hex(text_field(entry, "certificate", where, complaint));
    Decoder decoder;
    const auto certificate = bytes ? decoded<gossip::Certificate>(decoder, *bytes) : std::nullopt;
    if (!certificate || certificate->node != node) {
        complaint.about(where + "certificate", "this is no certificate of node " + node.brief());
        return contact;
    }
    // Expiry is judged when the certificate is used, not when a file is read.
    if (gossip::verify(*certificate, genesis.mesh_id(), genesis.root, 0, Verifier()) !=
        gossip::CertificateVerdict::valid) {
        complaint.about(where + "certificate", "not signed by the root key for this mesh",
                        "mesh_certificate_invalid");
    }
    contact.certificate = *certificate;
    return contact;
}

gossip::Genesis read_genesis(const Json& root, Complaint& complaint) {
    gossip::Genesis genesis;
    genesis.name = text_field(root, "name", "", complaint);
    genesis.root = id_field<NodeId>(root, "root", "", complaint);
    std::size_t number = 0;
    for (const Json& entry : list_field(root, "voters", "", complaint)) {
        const std::string where = "voters[" + std::to_string(number++) + "].";
        genesis.voters.push_back({id_field<NodeId>(entry, "node", where, complaint),
                                  id_field<JournalId>(entry, "journal", where, complaint)});
    }
    std::ranges::sort(genesis.voters);
    const bool twice = std::ranges::adjacent_find(genesis.voters) != genesis.voters.end();
    if (genesis.voters.empty() || twice) complaint.about("voters", "none, or one of them twice");
    if (genesis.voters.size() > gossip::Genesis::voters_max) complaint.about("voters", "too many");
    if (genesis.name.size() > gossip::Genesis::name_bytes_max) complaint.about("name", "too long");
    return genesis;
}

MeshFile read_mesh(const Json& root, Complaint& complaint) {
    MeshFile mesh;
    const auto version = root.is_object() ? root.find("starling_mesh") : root.end();
    if (version == root.end() || !version->is_number_integer()) {
        complaint.about("starling_mesh", "this is no mesh file");
        return mesh;
    }
    if (*version != format_version) {
        complaint.about("starling_mesh", "version " + version->dump() + " is not known here");
        return mesh;
    }
    mesh.genesis = read_genesis(root, complaint);
    if (complaint.error()) return mesh;
    std::size_t number = 0;
    for (const Json& entry : list_field(root, "members", "", complaint)) {
        const std::string where = "members[" + std::to_string(number++) + "].";
        mesh.members.push_back(read_member(entry, where, mesh.genesis, complaint));
    }
    const auto id_of = [](const node::Contact& contact) { return contact.certificate.node; };
    std::ranges::sort(mesh.members, {}, id_of);
    if (std::ranges::adjacent_find(mesh.members, {}, id_of) != mesh.members.end()) {
        complaint.about("members", "a node is named twice");
    }
    if (mesh.members.size() > limits::members) complaint.about("members", "too many");
    return mesh;
}

tl::unexpected<Error> not_json(std::string_view text, std::size_t at, const std::string& source) {
    const std::string_view before = text.substr(0, std::min(at == 0 ? 0 : at - 1, text.size()));
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t start = before.rfind('\n');
    const std::size_t column =
        before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    return failure(
        ErrorCode::invalid, "bad_mesh_file",
        source + ":" + std::to_string(line) + ":" + std::to_string(column) + ": this is no JSON",
        "make the file again with `starling mesh init` or `mesh admit`");
}

tl::unexpected<Error> invalid(const char* name, const std::string& message,
                              const std::string& hint = {}) {
    return failure(ErrorCode::invalid, name, message, hint);
}

Result<void> check_addresses(const Candidate& member) {
    if (member.addresses.size() > limits::addresses_per_member) {
        return invalid("too_many_addresses", "a member has at most 4 addresses");
    }
    for (const std::string& address : member.addresses) {
        if (const auto parsed = parse_address(address); !parsed) {
            return tl::unexpected<Error>(parsed.error());
        }
    }
    return {};
}

// One voter cannot be outvoted by nobody: small meshes have one, larger ones survive one or two
// losses.
std::size_t voters_of(std::size_t members) {
    if (members <= 2) return 1;
    return members <= 4 ? 3 : 5;
}

}  // namespace

const node::Contact* MeshFile::find(const NodeId& node) const {
    const auto found = std::ranges::find_if(
        members, [&](const node::Contact& each) { return each.certificate.node == node; });
    return found == members.end() ? nullptr : &*found;
}

Result<MeshFile> parse_mesh_file(std::string_view text, const std::string& source) {
    // A parser that throws tells where; its exceptions stop here.
    Json root;
    try {
        root = Json::parse(text);
    } catch (const Json::parse_error& error) {
        return not_json(text, error.byte, source);
    } catch (const Json::exception&) {
        return not_json(text, 0, source);
    }
    Complaint complaint(source);
    MeshFile mesh = read_mesh(root, complaint);
    if (complaint.error()) return tl::unexpected<Error>(*complaint.error());
    return mesh;
}

Result<MeshFile> read_mesh_file(const std::string& path) {
    return read_file(path, mesh_file_bytes_max).and_then([&](const std::string& text) {
        return parse_mesh_file(text, path);
    });
}

std::string text_of(const MeshFile& mesh) {
    Json root;
    root["starling_mesh"] = format_version;
    root["name"] = mesh.genesis.name;
    root["root"] = mesh.genesis.root.hex();
    root["voters"] = Json::array();
    for (const Voter& voter : mesh.genesis.voters) {
        root["voters"].push_back({{"node", voter.node.hex()}, {"journal", voter.journal.hex()}});
    }
    root["members"] = Json::array();
    for (const node::Contact& member : mesh.members) {
        root["members"].push_back({{"node", member.certificate.node.hex()},
                                   {"addresses", member.addresses},
                                   {"certificate", to_hex(encoded(member.certificate))}});
    }
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<node::Contact> certify(const gossip::Genesis& genesis, const SigningKey& root,
                              const Candidate& member, std::uint64_t issued) {
    if (root.id() != genesis.root) {
        return invalid("root_key_foreign",
                       "this root key is " + root.id().brief() + "..., the mesh's is " +
                           genesis.root.brief() + "...",
                       "give the root key that `starling mesh init` wrote for this mesh");
    }
    if (auto checked = check_addresses(member); !checked) {
        return tl::unexpected<Error>(std::move(checked.error()));
    }
    gossip::CertificateTerms terms;
    terms.mesh = genesis.mesh_id();
    terms.node = member.token.node;
    terms.curve = member.token.curve;
    terms.journal = member.token.journal;
    terms.issued = issued;
    return node::Contact{gossip::issue(terms, root), member.addresses};
}

Result<MeshFile> make_mesh(const std::string& name, const SigningKey& root,
                           std::span<const Candidate> members) {
    if (members.empty()) return invalid("mesh_empty", "a mesh needs at least one member");
    if (name.size() > gossip::Genesis::name_bytes_max) {
        return invalid("name_too_long", "a mesh's name has at most 64 bytes");
    }
    MeshFile mesh;
    mesh.genesis.root = root.id();
    mesh.genesis.name = name;
    std::set<NodeId> seen;
    for (const Candidate& member : members) {
        if (!seen.insert(member.token.node).second) {
            return invalid("member_twice",
                           "node " + member.token.node.brief() + "... is named twice");
        }
        if (mesh.genesis.voters.size() == voters_of(members.size())) continue;
        mesh.genesis.voters.push_back({member.token.node, member.token.journal});
    }
    std::ranges::sort(mesh.genesis.voters);
    for (const Candidate& member : members) {
        auto contact = certify(mesh.genesis, root, member, 1);
        if (!contact) return tl::unexpected<Error>(std::move(contact.error()));
        mesh.members.push_back(std::move(*contact));
    }
    std::ranges::sort(mesh.members, {},
                      [](const node::Contact& each) { return each.certificate.node; });
    return mesh;
}

}  // namespace starling::io
