#include "crdt/waiting.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

#include <utility>

namespace starling::crdt {

ParkVerdict Waiting::park(Parcel parcel) {
    Queue& queue = queues_[parcel.batch.origin];
    if (queue.contains(parcel.batch.first)) return ParkVerdict::parked_already;
    const std::size_t size = parcel.body.size();
    const bool fits = count_ < limits::batches_waiting &&
                      bytes_ + size <= limits::batches_waiting_bytes &&
                      queue.size() < limits::batches_waiting_per_origin;
    if (!fits) {
        if (queue.empty()) queues_.erase(parcel.batch.origin);
        return ParkVerdict::no_room;  // I1
    }
    const std::uint64_t first = parcel.batch.first;
    queue.emplace(first, std::move(parcel));
    ++count_;
    bytes_ += size;
    return ParkVerdict::parked;
}

const Parcel* Waiting::front(const Origin& origin) const {
    const auto queue = queues_.find(origin);
    return queue == queues_.end() ? nullptr : &queue->second.begin()->second;
}

Parcel Waiting::pop(const Origin& origin) {
    const auto queue = queues_.find(origin);
    STARLING_ASSERT(queue != queues_.end());
    auto node = queue->second.extract(queue->second.begin());
    if (queue->second.empty()) queues_.erase(queue);
    --count_;
    bytes_ -= node.mapped().body.size();
    return std::move(node.mapped());
}

void Waiting::drop(const Origin& origin) {
    while (front(origin) != nullptr) pop(origin);
}

void Waiting::block(const Origin& origin, const Origin& obstacle) {
    if (origin != obstacle) blocked_[obstacle].insert(origin);
}

std::vector<Origin> Waiting::candidates(const Origin& advanced) {
    std::vector<Origin> origins{advanced};
    const auto blocked = blocked_.find(advanced);
    if (blocked == blocked_.end()) return origins;
    origins.insert(origins.end(), blocked->second.begin(), blocked->second.end());
    blocked_.erase(blocked);
    return origins;
}

}  // namespace starling::crdt
