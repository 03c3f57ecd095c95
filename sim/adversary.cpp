#include "sim/adversary.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>

namespace starling::sim {
namespace {

constexpr std::uint64_t adversary_stream = 0x6c696172ULL << 32U;
constexpr std::uint64_t memory_stream = 0x6b6e6f77ULL << 32U;

constexpr auto ways = std::to_array<FaultKind>({
    FaultKind::forge,
    FaultKind::impersonate,
    FaultKind::repeat,
    FaultKind::swamp,
    FaultKind::outsider,
    FaultKind::slander,
    FaultKind::equivocate,
});

}  // namespace

Adversary::Adversary(const Identities& identities, std::uint64_t seed)
    : identities_(identities), seed_(seed) {}

void Adversary::set(FaultKind kind, std::uint32_t host, std::uint64_t share) {
    STARLING_ASSERT(tells_lies(kind) && has_liar(host));
    if (share == 0) {
        shares_.erase({kind, host});
    } else {
        shares_[{kind, host}] = share;
    }
}

bool Adversary::tells_lies(FaultKind kind) {
    return std::ranges::find(ways, kind) != ways.end();
}

std::vector<Lie> Adversary::on_frame(const Overheard& frame) {
    std::vector<Lie> told;
    for (const std::uint32_t host : {frame.from, frame.to}) {
        if (!has_liar(host)) continue;
        liar(host).learn(frame, Rng(draw(seed_, memory_stream | host, ++learned_[host])));
    }
    if (shares_.empty()) return told;  // nobody lies just now
    for (const FaultKind kind : ways) {
        const std::uint32_t host = kind == FaultKind::outsider ? frame.to : frame.from;
        const auto share = shares_.find({kind, host});
        if (share == shares_.end()) continue;
        Rng rng = rng_of(kind, host);
        if (rng.below(whole) >= share->second) continue;
        if (auto lie = liar(host).lie(kind, frame, rng)) told.push_back(std::move(*lie));
    }
    return told;
}

// I2.
Rng Adversary::rng_of(FaultKind kind, std::uint32_t host) {
    const std::uint64_t way = static_cast<std::uint64_t>(kind) << 12U | host;
    return Rng(draw(seed_, adversary_stream | way, ++heard_[{kind, host}]));
}

Liar& Adversary::liar(std::uint32_t host) {
    return liars_.try_emplace(host, identities_, seed_, host).first->second;
}

bool Adversary::has_liar(std::uint32_t host) const {
    return liars_.contains(host);
}

}  // namespace starling::sim
