#include "sim/liar.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::uint64_t keeps_one_in = 4;

SigningKey::Seed seed_of_stranger(std::uint64_t seed, std::uint32_t host) {
    return Hasher("starling/sim/stranger").add(seed).add(std::uint64_t{host}).finish().bytes;
}

// One of a map's values, each as likely; null when there is none that fits.
template <class Map, class Fits>
auto any_of(Map& map, Rng& rng, Fits fits) -> decltype(&map.begin()->second) {
    std::vector<decltype(&map.begin()->second)> fitting;
    for (auto& [key, value] : map) {
        if (fits(key)) fitting.push_back(&value);
    }
    if (fitting.empty()) return nullptr;
    return fitting[static_cast<std::size_t>(rng.below(fitting.size()))];
}

// A body that is this kind of message.
template <class Message>
std::optional<Message> message_of(Decoder& decoder, Kind kind, ByteView body) {
    if (kind != Message::kind) return std::nullopt;
    return decoded<Message>(decoder, body);
}

}  // namespace

Liar::Liar(const Identities& identities, std::uint64_t seed, std::uint32_t host)
    : identities_(identities), host_(host), stranger_(seed_of_stranger(seed, host)) {}

void Liar::learn(const Overheard& frame, Rng rng) {
    keep(frame, rng);
    const auto kind = static_cast<Kind>(frame.head[kind_at]);
    if (const auto hello = message_of<gossip::Hello>(*decoder_, kind, frame.body)) {
        learn_claims({hello->claim});
    } else if (const auto cells = message_of<gossip::Cells>(*decoder_, kind, frame.body)) {
        learn_claims(cells->claims);
    } else if (const auto table = message_of<gossip::TableEntries>(*decoder_, kind, frame.body)) {
        learn_claims(table->cells.claims);
    } else if (const auto batches = message_of<crdt::Batches>(*decoder_, kind, frame.body)) {
        learn_batches(*batches);
    } else if (frame.to == host_) {
        learn_asked(frame.from, kind, frame.body);
    }
}

// Old frames stay among new ones.
void Liar::keep(const Overheard& frame, Rng& rng) {
    if (frame.body.size() > frame_bytes_kept) return;
    Old old{frame.from, frame.head, copy_of(frame.body)};
    if (old_.size() < frames_kept) {
        old_.push_back(std::move(old));
    } else if (rng.chance(1, keeps_one_in)) {
        old_[static_cast<std::size_t>(rng.below(old_.size()))] = std::move(old);
    }
}

void Liar::learn_claims(const std::vector<gossip::Claim>& claims) {
    for (const gossip::Claim& claim : claims) {
        const auto known = claims_.find(claim.node);
        if (known == claims_.end()) {
            if (claims_.size() < told_kept) claims_.emplace(claim.node, claim);
        } else if (standing_of(known->second) < standing_of(claim)) {
            known->second = claim;
        }
    }
}

void Liar::learn_batches(const crdt::Batches& batches) {
    for (const crdt::SealedBatch& sealed : batches.batches) {
        auto batch = decoded<crdt::Batch>(*batch_decoder_, sealed.body);
        if (!batch) continue;
        const auto known = written_.find(batch->origin.node);
        if (known == written_.end() && written_.size() >= told_kept) continue;
        const bool newer = known == written_.end() ||
                           std::pair(known->second.batch.origin.boot, known->second.batch.first) <
                               std::pair(batch->origin.boot, batch->first);
        if (newer) {
            const NodeId writer = batch->origin.node;
            written_.insert_or_assign(
                writer, Written{std::move(*batch), copy_of(sealed.body), sealed.signature});
        }
    }
}

void Liar::learn_asked(std::uint32_t peer, Kind kind, ByteView body) {
    Asked& asked = asked_[peer];
    if (auto prepare = message_of<quorum::Prepare>(*decoder_, kind, body)) {
        asked.prepare = std::move(prepare);
    } else if (auto accept = message_of<quorum::Accept>(*decoder_, kind, body)) {
        asked.accept = std::move(accept);
    } else if (auto read = message_of<quorum::Read>(*decoder_, kind, body)) {
        asked.read = std::move(read);
    } else if (auto lost = message_of<auction::RejectProposal>(*decoder_, kind, body)) {
        asked.lost = std::move(lost);
    }
}

std::optional<Lie> Liar::lie(FaultKind kind, const Overheard& frame, Rng& rng) {
    Said said;
    if (kind == FaultKind::forge) said = forge(rng);
    if (kind == FaultKind::impersonate) said = impersonate(frame, rng);
    if (kind == FaultKind::repeat) said = repeat(rng);
    if (kind == FaultKind::swamp) said = swamp(rng);
    if (kind == FaultKind::outsider) said = intrude(frame, rng);
    if (kind == FaultKind::slander) said = slander(rng);
    if (kind == FaultKind::equivocate) said = equivocate(frame.to);
    if (!said) return std::nullopt;
    ++said_;
    Lie lie{kind,
            host_,
            self().key.id(),
            said->head.value_or(frame.head),
            std::move(said->body),
            said->at_once};
    if (kind == FaultKind::outsider) lie.identity = stranger_.id();
    if (!said->head) lie.head[kind_at] = static_cast<std::uint8_t>(said->kind);
    return lie;
}

// What it once sent, as it was or over the link that is; what others sent it, as its own, except
// where members are believed by design (network_strays.cpp).
Liar::Said Liar::repeat(Rng& rng) {
    if (old_.empty()) return std::nullopt;
    const Old& old = old_[static_cast<std::size_t>(rng.below(old_.size()))];
    const auto kind = static_cast<Kind>(old.head[kind_at]);
    if (old.from != host_ && kind >= Kind::prepare) return std::nullopt;
    Saying saying{kind, old.body};
    // Who greets under another link's number silences itself: no lie to others.
    if (rng.chance(1, 2) && kind != Kind::hello) saying.head = old.head;
    return saying;
}

const gossip::Claim* Liar::any_claim(Rng& rng) const {
    return any_of(claims_, rng, [](const NodeId&) { return true; });
}

const gossip::Claim* Liar::claim_of_another(Rng& rng) const {
    return any_of(claims_, rng, [&](const NodeId& node) { return node != self().key.id(); });
}

const Liar::Written* Liar::batch_of_another(Rng& rng) const {
    return any_of(written_, rng, [&](const NodeId& node) { return node != self().key.id(); });
}

}  // namespace starling::sim
