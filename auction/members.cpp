#include "auction/members.hpp"

#include "auction/task.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace starling::auction {
namespace {

constexpr std::int32_t is_far = std::numeric_limits<std::int32_t>::min();

}  // namespace

Members::Members(NodeId self, Boot boot, BootTime settled, std::shared_ptr<NodeInterner> numbers)
    : self_(self),
      boot_(boot),
      settled_(settled),
      numbers_(numbers != nullptr ? std::move(numbers) : std::make_shared<NodeInterner>()) {
    const std::uint32_t place = admit(self_);
    alive_[place] = true;
    set_boot(place, boot_);
    ++alive_count_;
    sees_majority_ = BootTime{};
}

Members::~Members() {
    for (std::uint32_t place = 0; place < admitted_.size(); ++place) {
        if (admitted_[place]) numbers_->release({place});
    }
}

// Its number, one for as long as this object lives.
std::uint32_t Members::admit(const NodeId& node) {
    const auto known = numbers_->find(node);
    if (known && known->value < admitted_.size() && admitted_[known->value]) return known->value;
    const std::uint32_t place = numbers_->retain(node).value;
    if (place >= admitted_.size()) {
        boots_.resize(numbers_->capacity());
        alive_.resize(numbers_->capacity());
        admitted_.resize(numbers_->capacity());
    }
    admitted_[place] = true;
    ++admitted_count_;
    return place;
}

// Members of a mesh mostly start within weeks of each other, and boots count milliseconds; others
// may say what they like.
void Members::set_boot(std::uint32_t place, Boot boot) {
    far_boots_.erase(place);
    const auto distance = static_cast<std::int64_t>(boot.value - boot_.value);
    const bool fits = distance > is_far && distance <= std::numeric_limits<std::int32_t>::max();
    boots_[place] = fits ? static_cast<std::int32_t>(distance) : is_far;
    if (!fits) far_boots_.emplace(place, boot);
}

Boot Members::boot_at(std::uint32_t place) const {
    const std::int32_t distance = boots_[place];
    if (distance == is_far) return far_boots_.at(place);
    return Boot{boot_.value + static_cast<std::uint64_t>(std::int64_t{distance})};
}

std::optional<std::uint32_t> Members::place_of(const NodeId& node) const {
    const auto known = numbers_->find(node);
    if (!known || known->value >= alive_.size() || !alive_[known->value]) return std::nullopt;
    return known->value;
}

void Members::certified(const NodeId& node) {
    admit(node);
    look_around(settled_);  // at most one more of them: a majority may be lost, never won
}

void Members::alive(const NodeId& node, Boot boot, BootTime now) {
    if (node == self_) return;  // I1
    if (is_away(node, now)) note_return(node, now);
    const std::uint32_t place = admit(node);
    set_boot(place, alive_[place] ? std::max(boot_at(place), boot) : boot);
    alive_count_ += alive_[place] ? 0U : 1U;
    alive_[place] = true;
    gone_.erase(node);
    left_.erase(node);
    look_around(now);
}

void Members::gone(const NodeId& node, BootTime now) {
    if (node == self_) return;  // I1
    left_.erase(node);
    drop(node, now);
}

void Members::left(const NodeId& node, BootTime now) {
    if (node == self_) return;  // I1
    left_.insert(node);
    drop(node, now);
}

void Members::drop(const NodeId& node, BootTime now) {
    const std::uint32_t place = admit(node);
    alive_count_ -= alive_[place] ? 1U : 0U;
    alive_[place] = false;
    behind_.erase(node);
    gone_.emplace(node, now);
    look_around(now);
}

void Members::look_around(BootTime now) {
    if (alive_count_ <= (admitted_count_ - left_.size()) / 2) {
        sees_majority_.reset();
    } else if (!sees_majority_) {
        sees_majority_ = now;
    }
}

bool Members::is_boot(const NodeId& node, Boot boot) const {
    const auto place = place_of(node);
    return place && boot_at(*place) == boot;
}

bool Members::is_gone(const NodeId& node, Boot boot, BootTime now) const {
    if (const auto place = place_of(node)) return boot_at(*place) > boot;
    return is_away(node, now);
}

bool Members::is_away(const NodeId& node, BootTime now) const {
    if (is_alive(node)) return false;
    return gone_.contains(node) || now >= settled_;
}

bool Members::lacks_majority(std::span<const NodeId> nodes, BootTime now) const {
    const auto away = static_cast<std::size_t>(std::count_if(
        nodes.begin(), nodes.end(), [&](const NodeId& node) { return is_away(node, now); }));
    return nodes.size() - away < nodes.size() / 2 + 1;
}

void Members::note_return(const NodeId& node, BootTime now) {
    while (!returns_.empty() && now - returns_.front().first > returns_kept) {
        const auto& [came, who] = returns_.front();
        const auto last = back_.find(who);
        if (last != back_.end() && last->second == came) back_.erase(last);
        returns_.pop_front();
    }
    back_[node] = now;
    returns_.emplace_back(now, node);
}

BootTime Members::last_return(std::span<const NodeId> nodes) const {
    BootTime last{};
    for (const NodeId& node : nodes) {
        const auto came = back_.find(node);
        if (came != back_.end()) last = std::max(last, came->second);
    }
    return last;
}

bool Members::may_decide_elsewhere(std::span<const NodeId> nodes, BootTime now) const {
    const auto elsewhere =
        static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [&](const NodeId& node) {
            return is_away(node, now) && !left_.contains(node);
        }));
    return elsewhere >= nodes.size() / 2 + 1;
}

BootTime Members::majority_lost(std::span<const NodeId> nodes) const {
    std::vector<BootTime> away;
    for (const NodeId& node : nodes) {
        if (is_alive(node)) continue;
        const auto gone = gone_.find(node);
        away.push_back(gone != gone_.end() ? gone->second : settled_);
    }
    const std::size_t spare = nodes.size() - (nodes.size() / 2 + 1);
    STARLING_ASSERT(away.size() > spare);
    std::ranges::nth_element(away, away.begin() + static_cast<std::ptrdiff_t>(spare));
    return away[spare];
}

void Members::lag(const NodeId& node, bool behind) {
    if (!behind) {
        behind_.erase(node);
    } else if (node != self_ && is_alive(node)) {
        behind_.insert(node);
    }
}

std::vector<NodeId> Members::custodians(const TaskId& task, std::size_t count) const {
    std::vector<NodeId> nodes = nearest(task, alive_count_);
    std::stable_partition(nodes.begin(), nodes.end(),
                          [&](const NodeId& node) { return !is_behind(node); });
    nodes.resize(std::min(count, nodes.size()));
    std::vector<NodeId> dead;
    for (const auto& [node, since] : gone_) {
        if (!left_.contains(node)) dead.push_back(node);
    }
    if (alive_count_ + dead.size() < 3) return nodes;
    for (const NodeId& node : dead) {
        if (nodes.size() < count) nodes.push_back(node);
    }
    return nodes;
}

std::vector<NodeId> Members::custodians_of_key(const TaskId& task) const {
    return best_of(admitted_, task, limits::key_custodians);
}

std::vector<NodeId> Members::nearest(const TaskId& task, std::size_t count) const {
    return best_of(alive_, task, count);
}

std::vector<NodeId> Members::best_of(const std::vector<bool>& chosen, const TaskId& task,
                                     std::size_t count) const {
    std::vector<std::pair<std::uint64_t, NodeId>> scored;
    const std::uint64_t tail = load_u64(task.view().last(8));
    for (std::uint32_t place = 0; place < chosen.size(); ++place) {
        if (!chosen[place]) continue;
        const NodeId& node = numbers_->id_of({place});
        scored.emplace_back(draw(task.prefix(), node.prefix(), tail), node);
    }
    const auto kept = std::min(count, scored.size());
    std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(kept),
                      scored.end());
    std::vector<NodeId> best;
    for (std::size_t i = 0; i < kept; ++i) best.push_back(scored[i].second);
    return best;
}

}  // namespace starling::auction
