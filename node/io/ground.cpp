#include "node/io/ground.hpp"

#include "base/limits.hpp"
#include "node/io/address.hpp"
#include "node/io/key_file.hpp"

#include <sodium.h>

#include <cstdint>
#include <span>
#include <utility>

namespace starling::io {
namespace {

struct Membership {
    MeshFile mesh;
    bool alone_by_choice = false;
};

// A mesh of one, written down so that the next start finds the same.
Result<Membership> make_own_mesh(const std::string& directory, const Token& token) {
    const std::string root_path = directory + "/root.key";
    const auto seed = file_exists(root_path) ? read_key(root_path) : make_key(root_path);
    if (!seed) return tl::unexpected<Error>(seed.error());
    const Candidate self{token, {}};
    auto mesh = make_mesh("", SigningKey(*seed), std::span(&self, 1));
    if (!mesh) return tl::unexpected<Error>(std::move(mesh.error()));
    const auto kept =
        write_file(directory + "/mesh.json", text_of(*mesh), Secrecy::open, Existing::replace);
    if (!kept) return tl::unexpected<Error>(kept.error());
    return Membership{std::move(*mesh), true};
}

Result<Membership> find_mesh(const DriverOptions& options, const Token& token) {
    const std::string own = options.data_dir + "/mesh.json";
    const bool alone = options.mesh_file.empty();
    if (alone && !file_exists(own)) return make_own_mesh(options.data_dir, token);
    auto mesh = read_mesh_file(alone ? own : options.mesh_file);
    if (!mesh) return tl::unexpected<Error>(std::move(mesh.error()));
    return Membership{std::move(*mesh), alone};
}

// A seed's address comes before those of the mesh file; it may be anybody's of the mesh.
Result<void> check_seeds(const std::vector<std::string>& seeds) {
    for (const std::string& seed : seeds) {
        if (const auto parsed = parse_address(seed); !parsed) {
            return tl::unexpected<Error>(parsed.error());
        }
    }
    return {};
}

std::uint64_t random_number() {
    std::uint64_t number = 0;
    randombytes_buf(&number, sizeof number);
    return number;
}

Result<node::Contact> find_self(const MeshFile& mesh, const NodeId& id, const std::string& source) {
    if (const node::Contact* self = mesh.find(id)) return *self;
    return failure(ErrorCode::invalid, "not_a_member",
                   "node " + id.brief() + "... is not in the mesh file " + source,
                   "have it admitted: `starling mesh admit TOKEN ADDRESS --root-key FILE`, then "
                   "start it with the mesh file which that prints");
}

}  // namespace

Result<Ground> prepare_ground(const DriverOptions& options) {
    if (auto checked = check_seeds(options.seeds); !checked) {
        return tl::unexpected<Error>(std::move(checked.error()));
    }
    auto identity = make_or_read_identity(options.data_dir);
    if (!identity) return tl::unexpected<Error>(std::move(identity.error()));
    auto journal = open_journal(options.data_dir, options.journal_vfs);
    if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
    const Token token{identity->key.id(), identity->curve.key, journal->id};
    auto membership = find_mesh(options, token);
    if (!membership) return tl::unexpected<Error>(std::move(membership.error()));
    auto self = find_self(membership->mesh, token.node, options.mesh_file);
    if (!self) return tl::unexpected<Error>(std::move(self.error()));
    return Ground{std::move(*identity), std::move(*journal), std::move(membership->mesh),
                  membership->alone_by_choice, std::move(*self)};
}

Result<std::vector<std::string>> addresses_of(const DriverOptions& options,
                                              const std::string& bound, const MeshFile& mesh) {
    if (options.advertise.size() > limits::addresses_per_member) {
        return failure(ErrorCode::invalid, "too_many_addresses",
                       "a node advertises at most 4 addresses", "name fewer with --advertise");
    }
    const auto port = parse_address(bound)->port;
    std::vector<std::string> addresses;
    for (const std::string& text : options.advertise) {
        auto parsed = parse_address(text);
        if (!parsed) return tl::unexpected<Error>(std::move(parsed.error()));
        if (parsed->port == 0) parsed->port = port;
        addresses.push_back(parsed->text());
    }
    if (!addresses.empty()) return addresses;

    const auto endpoint = lookup(*parse_address(bound), Names::numeric_only);
    if (endpoint && !endpoint->is_unspecified()) return std::vector{bound};
    // Every address of the machine: the one that others see is that of the route to them.
    std::vector<std::string> towards = options.seeds;
    for (const node::Contact& contact : mesh.members) {
        towards.insert(towards.end(), contact.addresses.begin(), contact.addresses.end());
    }
    towards.emplace_back("192.0.2.1:9");  // a documentation address: the default route
    for (const std::string& text : towards) {
        const auto parsed = parse_address(text);
        const auto to = parsed ? lookup(*parsed, Names::numeric_only) : std::nullopt;
        const auto host = to ? source_host_towards(*to) : std::nullopt;
        if (host) return std::vector{Address{*host, port}.text()};
    }
    return std::vector{Address{"127.0.0.1", port}.text()};
}

node::Setup setup_of(const Ground& ground, const DriverOptions& options) {
    return {.key = ground.identity.key,
            .genesis = ground.mesh.genesis,
            .certificate = ground.self.certificate,
            .journal = ground.journal.id,
            .boot = {},
            .addresses = {},
            .name = options.name,
            .contacts = std::make_shared<const std::vector<node::Contact>>(ground.mesh.members),
            .seeds = options.seeds,
            .random_seed = random_number(),
            .commons = {}};
}

}  // namespace starling::io
