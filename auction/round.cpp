#include "auction/round.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <tuple>

namespace starling::auction {

Round::Round(TaskId task, Epoch epoch, std::span<const NodeId> invited, BootTime deadline)
    : task_(task),
      epoch_(epoch),
      deadline_(deadline),
      invited_(invited.begin(), invited.end()),
      waiting_(invited_) {
    STARLING_ASSERT(!invited_.empty() && invited_.size() <= limits::bids_per_auction);
}

BidVerdict Round::on_propose(const NodeId& from, const Propose& propose, BootTime now) {
    const BidVerdict verdict = answered(from, now);
    if (verdict == BidVerdict::taken) {
        bids_.push_back({from, propose.boot, propose.cost, propose.standing});
    }
    return verdict;
}

BidVerdict Round::on_refuse(const NodeId& from, BootTime now) {
    return answered(from, now);
}

void Round::on_gone(const NodeId& node) {
    waiting_.erase(node);
    std::erase_if(bids_, [&](const Bid& bid) { return bid.node == node; });
}

BidVerdict Round::answered(const NodeId& from, BootTime now) {
    if (!invited_.contains(from)) return BidVerdict::not_invited;
    if (is_closed(now)) return BidVerdict::too_late;
    if (waiting_.erase(from) == 0) return BidVerdict::answered_already;
    return BidVerdict::taken;
}

std::vector<Bid> Round::ranking() const {
    const auto rank = [&](const Bid& bid) {
        const auto standing = static_cast<int>(Standing::finished) - static_cast<int>(bid.standing);
        const auto tie = draw(task_.prefix(), bid.node.prefix(), epoch_.round);
        return std::make_tuple(standing, bid.cost, tie, bid.node);
    };
    std::vector<Bid> bids = bids_;
    std::sort(bids.begin(), bids.end(),
              [&](const Bid& a, const Bid& b) { return rank(a) < rank(b); });
    return bids;
}

}  // namespace starling::auction
