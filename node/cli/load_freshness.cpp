#include "node/cli/load_freshness.hpp"

#include <algorithm>
#include <bit>

namespace starling::cli {
namespace {

NodeSet only(std::size_t node) {
    return NodeSet{1} << node;
}

}  // namespace

void Freshness::on_committed(std::size_t item, std::size_t writer, NodeSet ready,
                             Clock::time_point now) {
    Item& it = items_[item];
    if (it.committed) return;
    it.committed = true;
    it.at = now;
    for (std::size_t node = 0; node < nodes_; ++node) {
        if (node == writer) continue;
        if (it.doubtful || (ready & ~it.replayed & only(node)) == 0)
            ++excluded_;
        else if ((it.seen & only(node)) != 0)
            samples_.add({});  // seen before the writer's answer was
        else
            it.awaited |= only(node);
    }
}

void Freshness::on_seen(std::size_t item, std::size_t node, Clock::time_point now) {
    Item& it = items_[item];
    it.seen |= only(node);
    if ((it.awaited & only(node)) == 0) return;
    it.awaited &= ~only(node);
    samples_.add(now - it.at);
}

void Freshness::on_replayed(std::size_t item, std::size_t node) {
    items_[item].replayed |= only(node);
    exclude(items_[item], node);
}

void Freshness::on_gone(std::size_t node) {
    for (Item& each : items_) exclude(each, node);
}

std::size_t Freshness::awaited() const {
    std::size_t count = 0;
    for (const Item& each : items_) count += static_cast<std::size_t>(std::popcount(each.awaited));
    return count;
}

void Freshness::exclude(Item& item, std::size_t node) {
    if ((item.awaited & only(node)) == 0) return;
    item.awaited &= ~only(node);
    ++excluded_;
}

}  // namespace starling::cli
