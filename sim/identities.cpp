#include "sim/identities.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::uint64_t first_port = 7400;
constexpr std::uint64_t ports = 65'536 - first_port;

SigningKey::Seed seed_of(std::uint64_t seed, std::string_view what, std::uint64_t number) {
    return Hasher("starling/sim/identity").add(seed).add(what).add(number).finish().bytes;
}

// A transport key is random bytes here: no handshake is computed.
Identity make_identity(std::uint64_t seed, std::uint32_t host) {
    Identity identity{SigningKey(seed_of(seed, "node", host)), {}, {}, {}, {}, {}};
    identity.curve.bytes = seed_of(seed, "curve", host);
    const Hash256 journal{seed_of(seed, "journal", host)};
    copy_into(identity.journal.bytes, journal.view().first(JournalId::size));
    identity.address = address_of(host, 0);
    identity.name = "node-" + std::to_string(host + 1);
    return identity;
}

}  // namespace

// 10.a.b.c in the order of hosts, then port after port.
std::string address_of(std::uint32_t host, std::uint32_t moves) {
    const std::uint32_t number = host + 1;
    std::string address = "10";
    for (unsigned shift = 24; shift > 0; shift -= 8) {
        address += '.' + std::to_string(number >> (shift - 8) & 0xFFU);
    }
    return address + ':' + std::to_string(first_port + moves % ports);
}

std::vector<NodeId> ids_of(const Identities& identities) {
    std::vector<NodeId> ids;
    for (const Identity& identity : identities.nodes) ids.push_back(identity.key.id());
    return ids;
}

Identities make_identities(std::uint64_t seed, std::uint32_t nodes) {
    Identities identities;
    const SigningKey root(seed_of(seed, "root", 0));
    for (std::uint32_t host = 0; host < nodes; ++host) {
        identities.nodes.push_back(make_identity(seed, host));
    }

    identities.genesis.root = root.id();
    identities.genesis.name = "simulated";
    for (std::uint32_t host = 0; host < voters_among(nodes); ++host) {
        identities.genesis.voters.push_back(
            {identities.nodes[host].key.id(), identities.nodes[host].journal});
    }
    std::ranges::sort(identities.genesis.voters);

    const MeshId mesh = identities.genesis.mesh_id();
    std::vector<node::Contact> contacts;
    for (Identity& identity : identities.nodes) {
        gossip::CertificateTerms terms;
        terms.mesh = mesh;
        terms.node = identity.key.id();
        terms.curve = identity.curve;
        terms.journal = identity.journal;
        identity.certificate = gossip::issue(terms, root);
        contacts.push_back({identity.certificate, {identity.address}});
    }
    std::ranges::sort(contacts, {}, [](const auto& each) { return each.certificate.node; });
    identities.contacts = std::make_shared<const std::vector<node::Contact>>(std::move(contacts));
    return identities;
}

std::uint32_t voters_among(std::uint32_t nodes) {
    if (nodes <= 2) return std::min(nodes, 1U);
    return nodes <= 4 ? 3 : 5;
}

}  // namespace starling::sim
