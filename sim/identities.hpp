// The members of a simulated mesh, all from one seed: keys, journals, certificates, addresses.
//
//      seed ──> root key, node keys ──> genesis(voters) ──> certificates ──> contacts
//
// Equal (seed, nodes) give equal identities on every machine.  Immutable once made: thread safe
// to read.
#pragma once

#include "base/crypto.hpp"
#include "gossip/certificate.hpp"
#include "gossip/genesis.hpp"
#include "node/core.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace starling::sim {

struct Identity {
    SigningKey key;
    CurveKey curve;
    JournalId journal;
    gossip::Certificate certificate;
    std::string address;
    std::string name;
};

struct Identities {
    gossip::Genesis genesis;
    std::vector<Identity> nodes;

    gossip::Contacts contacts;  // what everybody's mesh file names: all of them
};

[[nodiscard]] Identities make_identities(std::uint64_t seed, std::uint32_t nodes);

// Where a host is once it has moved so many times: where no other host ever is.
[[nodiscard]] std::string address_of(std::uint32_t host, std::uint32_t moves);

[[nodiscard]] std::vector<NodeId> ids_of(const Identities& identities);

// How many of a mesh's first nodes vote: 1 for up to 2, 3 for 3 and 4, then 5.
[[nodiscard]] std::uint32_t voters_among(std::uint32_t nodes);

}  // namespace starling::sim
