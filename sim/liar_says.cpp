// The lies themselves: bytes that no honest node would send.  See adversary.hpp.
#include "base/assert.hpp"
#include "sim/liar.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::string_view claim_domain = "starling/v1/claim";
constexpr std::string_view nowhere = "10.255.255.255:7400";
constexpr std::string_view forged_key = "puts/forged";
constexpr std::uint8_t kinds_end = 72;

void flip_bit(Bytes& bytes, Rng& rng) {
    if (bytes.empty()) return;
    const std::uint64_t bit = rng.below(bytes.size() * 8);
    bytes[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1U << (bit % 8));
}

// In a claim's bytes one node takes the place of another.
void rename(Bytes& bytes, const NodeId& from, const NodeId& to) {
    const auto found =
        std::search(bytes.begin(), bytes.end(), from.bytes.begin(), from.bytes.end());
    STARLING_ASSERT(found != bytes.end());
    std::ranges::copy(to.bytes, found);
}

Bytes cells_with(gossip::Claim claim) {
    gossip::Cells cells;
    cells.claims.push_back(std::move(claim));
    return encoded(cells);
}

Bytes frame_with(ByteView body, const Signature& signature) {
    return encoded(crdt::Batches{crdt::Freshness::live, {crdt::SealedBatch{body, signature}}});
}

// Many of one byte behind a header.
Bytes many(std::initializer_list<std::uint8_t> header, std::uint8_t byte, std::size_t count) {
    Bytes bytes(header);
    bytes.insert(bytes.end(), count, byte);
    return bytes;
}

}  // namespace

Liar::Said Liar::forge(Rng& rng) {
    switch (rng.below(7)) {
        case 0:
            return forge_batch(rng);
        case 1:
            return spoil_batch(rng);
        case 2:
            return forge_claim(rng);
        case 3:
            return spoil_claim(rng);
        case 4:
            return forge_certificate(rng);
        case 5:
            return promote_itself(rng);
        default:
            return leap(rng);
    }
}

// The next batch of another node: right in all but who signed it.
Liar::Said Liar::forge_batch(Rng& rng) {
    const Written* last = batch_of_another(rng);
    if (last == nullptr) return std::nullopt;
    return batch_after(*last, std::to_string(said_));
}

// Each peer gets another batch for one dot, signed as it should be.
Liar::Said Liar::equivocate(std::uint32_t peer) const {
    const auto own = written_.find(self().key.id());
    if (own == written_.end()) return std::nullopt;
    return batch_after(own->second, "for node " + std::to_string(peer + 1));
}

// The batch that follows, signed by the liar.
Liar::Saying Liar::batch_after(const Written& last, const std::string& text) const {
    crdt::Batch batch;
    batch.origin = last.batch.origin;
    batch.first = last.batch.last() + 1;
    batch.time = last.batch.time;
    batch.previous = crdt::chain_of(last.body);
    batch.agent = last.batch.agent;
    Bytes value;
    Writer(value).text("lie " + text);
    batch.operations.push_back(crdt::Operation::assign(std::string(forged_key), std::move(value)));
    const Bytes body = encoded(batch);
    const auto sealed = crdt::sealed(self().key, body, crdt::chain_of(body));
    return Saying{Kind::batches, frame_with(body, sealed.signature)};
}

// Somebody who lives is dead: as a verdict, in the liar's own name, or in that of another observer.
Liar::Said Liar::slander(Rng& rng) const {
    const gossip::Claim* subject = claim_of_another(rng);
    if (subject == nullptr) return std::nullopt;
    gossip::Cells cells;
    if (rng.chance(1, 3)) {
        cells.deaths.push_back(
            {subject->node, subject->boot, subject->incarnation, gossip::Cause::refused, 0});
        return Saying{Kind::cells, encoded(cells)};
    }
    const gossip::Claim* observer = any_claim(rng);
    if (observer->node == subject->node) return std::nullopt;
    cells.opinions.push_back({subject->node, subject->boot, subject->incarnation, observer->node,
                              observer->boot, rng.between(1, 1ULL << 40U),
                              gossip::Vote::down_silent});
    return Saying{Kind::cells, encoded(cells)};
}

// A batch of another node with one bit changed, or signed anew by the liar.
Liar::Said Liar::spoil_batch(Rng& rng) {
    const Written* last = batch_of_another(rng);
    if (last == nullptr) return std::nullopt;
    Bytes body = last->body;
    Signature signature = last->signature;
    const std::uint64_t how = rng.below(3);
    if (how == 0) flip_bit(body, rng);
    if (how == 1) signature = crdt::sealed(self().key, body, crdt::chain_of(body)).signature;
    if (how == 2) signature.bytes[static_cast<std::size_t>(rng.below(Signature::size))] ^= 1U;
    return Saying{Kind::batches, frame_with(body, signature)};
}

// Another node has left, drains, or moved: says the liar in its name, with a higher incarnation.
Liar::Said Liar::forge_claim(Rng& rng) {
    const gossip::Claim* known = claim_of_another(rng);
    if (known == nullptr) return std::nullopt;
    gossip::ClaimTerms terms = *known;
    terms.incarnation.value += static_cast<std::uint32_t>(rng.between(1, 1000));
    const std::uint64_t how = rng.below(3);
    if (how == 0) terms.mode = gossip::Mode::left;
    if (how == 1) terms.mode = gossip::Mode::draining;
    if (how == 2) terms.addresses = {std::string(nowhere)};
    gossip::Claim claim = gossip::make_claim(terms, self().certificate, self().key);
    rename(claim.signed_bytes, self().key.id(), known->node);
    claim.certificate = known->certificate;
    claim.signature = self().key.sign(claim_domain, claim.signed_bytes);
    return Saying{Kind::cells, cells_with(std::move(claim))};
}

// What another node said, with one bit changed, or under the liar's certificate.
Liar::Said Liar::spoil_claim(Rng& rng) {
    const gossip::Claim* known = claim_of_another(rng);
    if (known == nullptr) return std::nullopt;
    gossip::Claim claim = *known;
    if (rng.chance(1, 2)) {
        flip_bit(claim.signed_bytes, rng);
    } else {
        claim.certificate = self().certificate;
    }
    return Saying{Kind::cells, cells_with(std::move(claim))};
}

// A node that nobody admitted, under a certificate that the liar signed.
Liar::Said Liar::forge_certificate(Rng& rng) {
    gossip::CertificateTerms terms = self().certificate;
    terms.node = stranger_.id();
    terms.curve.bytes = stranger_.id().bytes;
    const gossip::Certificate certificate = gossip::issue(terms, self().key);
    gossip::Cells cells;
    if (rng.chance(1, 2)) {
        cells.introductions.push_back({certificate, {std::string(nowhere)}});
    } else {
        gossip::ClaimTerms claim;
        claim.boot = Boot{1};
        claim.addresses = {std::string(nowhere)};
        cells.claims.push_back(gossip::make_claim(claim, certificate, stranger_));
    }
    return Saying{Kind::cells, encoded(cells)};
}

// A later certificate for the liar itself, or for another node with the liar's transport key.
Liar::Said Liar::promote_itself(Rng& rng) {
    gossip::CertificateTerms terms = self().certificate;
    if (const gossip::Claim* known = claim_of_another(rng); known != nullptr && rng.chance(1, 2)) {
        terms = known->certificate;
        terms.curve = self().curve;
    }
    terms.issued += rng.between(1, 1000);
    terms.roles = ~0U;
    gossip::Cells cells;
    cells.introductions.push_back({gossip::issue(terms, self().key), {std::string(nowhere)}});
    return Saying{Kind::cells, encoded(cells)};
}

// Its own claim, signed as it should be, with an incarnation further than one may go at once.
Liar::Said Liar::leap(Rng& rng) {
    const auto own = claims_.find(self().key.id());
    if (own == claims_.end()) return std::nullopt;
    gossip::ClaimTerms terms = own->second;
    const std::uint32_t far = ~0U - static_cast<std::uint32_t>(rng.below(1000));
    if (terms.incarnation.value > far - 2 * limits::incarnation_jump) return std::nullopt;
    terms.incarnation.value = far;
    return Saying{Kind::cells, cells_with(make_claim(terms, self().certificate, self().key))};
}

Liar::Said Liar::impersonate(const Overheard& frame, Rng& rng) {
    if (auto vote = vote_again(frame, rng)) return vote;
    switch (rng.below(4)) {
        case 0:
            return greet_as_another(rng);
        case 1:
            return greet_of_another_mesh(rng);
        case 2:
            return vote_for_another(asked_[frame.to], rng);
        default:
            return report_lost(asked_[frame.to], rng);
    }
}

// The liar's own vote, once more from the journal of another voter, whose true vote may still be on
// its way, or never come.
Liar::Said Liar::vote_again(const Overheard& frame, Rng& rng) {
    const auto kind = static_cast<Kind>(frame.head[kind_at]);
    const Voter& voter = any_voter(rng);
    if (voter.node == self().key.id()) return std::nullopt;
    Said said;
    if (kind == Kind::promise) said = from_journal<quorum::Promise>(frame.body, voter.journal);
    if (kind == Kind::accepted) said = from_journal<quorum::Accepted>(frame.body, voter.journal);
    if (kind == Kind::read_ok) said = from_journal<quorum::ReadOk>(frame.body, voter.journal);
    return said;
}

template <class Vote>
Liar::Said Liar::from_journal(ByteView body, const JournalId& journal) {
    auto vote = decoded<Vote>(*decoder_, body);
    if (!vote) return std::nullopt;
    vote->journal = journal;
    return Saying{.kind = Vote::kind, .body = encoded(*vote), .at_once = true};
}

const Voter& Liar::any_voter(Rng& rng) const {
    const auto& voters = identities_.genesis.voters;
    return voters[static_cast<std::size_t>(rng.below(voters.size()))];
}

Liar::Said Liar::greet_as_another(Rng& rng) {
    const gossip::Claim* known = claim_of_another(rng);
    if (known == nullptr) return std::nullopt;
    return Saying{Kind::hello,
                  encoded(gossip::Hello{identities_.genesis.mesh_id(), *known, {1, 1}})};
}

Liar::Said Liar::greet_of_another_mesh(Rng& rng) {
    const auto own = claims_.find(self().key.id());
    if (own == claims_.end()) return std::nullopt;
    MeshId mesh = identities_.genesis.mesh_id();
    mesh.bytes[static_cast<std::size_t>(rng.below(MeshId::size))] ^= 1U;
    return Saying{Kind::hello, encoded(gossip::Hello{mesh, own->second, {1, 1}})};
}

// To the proposer's last questions, from the journal of a voter that the liar is not.
Liar::Said Liar::vote_for_another(const Asked& asked, Rng& rng) const {
    const Voter& voter = any_voter(rng);
    if (voter.node == self().key.id()) return std::nullopt;
    switch (rng.below(4)) {
        case 0:
            if (!asked.prepare) return std::nullopt;
            return Saying{Kind::promise,
                          encoded(quorum::Promise{
                              asked.prepare->name, asked.prepare->ballot, voter.journal, {}, {}})};
        case 1:
            if (!asked.accept) return std::nullopt;
            return Saying{
                Kind::accepted,
                encoded(quorum::Accepted{asked.accept->name, asked.accept->ballot, voter.journal})};
        case 2:
            if (!asked.read) return std::nullopt;
            return Saying{Kind::read_ok, encoded(quorum::ReadOk{asked.read->name,
                                                                asked.read->boot,
                                                                asked.read->sequence,
                                                                voter.journal,
                                                                {},
                                                                {}})};
        default:
            if (!asked.prepare) return std::nullopt;
            return Saying{
                Kind::conflict,
                encoded(quorum::Conflict{asked.prepare->name, asked.prepare->ballot, voter.journal,
                                         1ULL << 40U, 1ULL << 40U, quorum::Refusal::outbid})};
    }
}

// The task that the peer gave to somebody else is done, or failed, says the liar.
Liar::Said Liar::report_lost(const Asked& asked, Rng& rng) {
    if (!asked.lost) return std::nullopt;
    const auction::RejectProposal& lost = *asked.lost;
    if (rng.chance(1, 2)) {
        auction::Failure failure;
        failure.task = lost.task;
        failure.epoch = lost.epoch;
        return Saying{Kind::failure, encoded(failure)};
    }
    auction::Inform inform;
    inform.task = lost.task;
    inform.epoch = lost.epoch;
    inform.result = made_up_result();
    return Saying{Kind::inform, encoded(inform)};
}

// Too large, too deep, or headers that promise four billion elements.
Liar::Said Liar::swamp(Rng& rng) const {
    const auto kind = static_cast<Kind>(rng.below(kinds_end));
    switch (rng.below(8)) {
        case 0:
            return Saying{kind, many({}, 0, limits::body_bytes + 1)};
        case 1:
            return Saying{kind, many({}, 0x91, 200'000)};
        case 2:
            return Saying{kind, many({0xDD, 0xFF, 0xFF, 0xFF, 0xFF}, 0xC0, 64)};
        case 3:
            return Saying{kind, many({0xDF, 0xFF, 0xFF, 0xFF, 0xFF}, 0xC0, 64)};
        case 4:
            return Saying{kind, many({0x91, 0xDB, 0xFF, 0xFF, 0xFF, 0xFF}, 'a', 64)};
        case 5:
            return Saying{kind, many({0x91, 0xC9, 0xFF, 0xFF, 0xFF, 0xFF}, 1, 64)};
        case 6:
            return Saying{kind, many({0xDC, 0x10, 0x00}, 0x90, limits::codec_array)};
        default:
            return Saying{kind, many({0xDD, 0, 3, 0, 0}, 0xC0, 3 * 65'536)};
    }
}

// From a key that holds no certificate of this mesh: what a member said, or a greeting with a
// certificate that the stranger signed himself.
Liar::Said Liar::intrude(const Overheard& frame, Rng& rng) {
    const auto kind = static_cast<Kind>(frame.head[1]);
    if (rng.chance(1, 2)) return Saying{kind, copy_of(frame.body)};
    gossip::CertificateTerms terms = self().certificate;
    terms.node = stranger_.id();
    terms.curve.bytes = stranger_.id().bytes;
    gossip::ClaimTerms claim;
    claim.boot = Boot{1};
    claim.addresses = {std::string(nowhere)};
    const gossip::Claim made =
        gossip::make_claim(claim, gossip::issue(terms, stranger_), stranger_);
    return Saying{Kind::hello, encoded(gossip::Hello{identities_.genesis.mesh_id(), made, {1, 1}})};
}

}  // namespace starling::sim
