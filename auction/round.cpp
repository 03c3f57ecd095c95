#include "auction/round.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <tuple>

namespace starling::auction {
namespace {

// Others have at least this long to bid too.
constexpr Duration patience_least = std::chrono::microseconds{500};

// Who is near bids within this.
constexpr Duration patience_after_late = std::chrono::milliseconds{20};

}  // namespace

Round::Round(TaskId task, Epoch epoch, std::span<const NodeId> invited, const Opening& opening)
    : task_(task),
      epoch_(epoch),
      opening_(opening),
      invited_(invited.begin(), invited.end()),
      waiting_(invited_) {
    STARLING_ASSERT(!invited_.empty() && invited_.size() <= limits::bids_per_auction);
}

BidVerdict Round::on_propose(const NodeId& from, const Propose& propose, BootTime now) {
    BidVerdict verdict = answered(from, now);
    if (verdict == BidVerdict::answered_already && !has_bid_of(from)) {
        verdict = BidVerdict::taken;  // it takes a refusal back
    }
    if (verdict != BidVerdict::taken) return verdict;
    const Duration patience = std::max(now - opening_.from, patience_least);
    take({from, propose.boot, propose.cost, propose.standing, task_}, patience, now);
    return verdict;
}

BidVerdict Round::on_unasked(const NodeId& from, const Propose& propose, BootTime now) {
    STARLING_ASSERT(!invited_.contains(from));
    if (is_closed(now)) return BidVerdict::too_late;
    if (has_bid_of(from)) return BidVerdict::answered_already;
    take({from, propose.boot, propose.cost, propose.standing, task_, true}, patience_after_late,
         now);
    return BidVerdict::taken;
}

void Round::take(const Bid& bid, Duration patience, BootTime now) {
    bids_.push_back(bid);
    only_busy_ = false;
    if (opening_.haste == Haste::none) return;
    opening_.until = std::min(opening_.until, now + patience);
}

bool Round::has_bid_of(const NodeId& node) const {
    return std::ranges::any_of(bids_, [&](const Bid& bid) { return bid.node == node; });
}

BidVerdict Round::on_refuse(const NodeId& from, const Refuse& refuse, BootTime now) {
    const BidVerdict verdict = answered(from, now);
    if (verdict != BidVerdict::taken) return verdict;
    const bool busy = refuse.reason == RefuseReason::busy || refuse.reason == RefuseReason::held;
    // Who has a worker free and refuses all the same might do so for ever.
    if (!busy || refuse.free.count > 0) only_busy_ = false;
    return verdict;
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
        return std::make_tuple(standing, bid.late, bid.cost, tie, bid.node);
    };
    std::vector<Bid> bids = bids_;
    std::sort(bids.begin(), bids.end(),
              [&](const Bid& a, const Bid& b) { return rank(a) < rank(b); });
    return bids;
}

}  // namespace starling::auction
