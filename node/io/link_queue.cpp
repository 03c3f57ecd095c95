#include "node/io/link_queue.hpp"

#include "base/assert.hpp"

#include <utility>

namespace starling::io {
namespace {

bool is_urgent(Kind kind) {
    return kind < Kind::batches;
}

}  // namespace

bool LinkQueue::push(QueuedFrame& frame) {
    if (frames() >= limits::link_queue_frames) return false;
    if (bytes_ + frame.size > limits::link_queue_bytes) return false;
    bytes_ += frame.size;
    (is_urgent(frame.kind) ? urgent_ : ordinary_).push_back(std::move(frame));
    return true;
}

void LinkQueue::push_front(QueuedFrame frame) {
    bytes_ += frame.size;
    urgent_.push_front(std::move(frame));
}

QueuedFrame* LinkQueue::front() {
    if (!urgent_.empty()) return &urgent_.front();
    return ordinary_.empty() ? nullptr : &ordinary_.front();
}

void LinkQueue::pop() {
    STARLING_ASSERT(!empty());
    auto& lane = urgent_.empty() ? ordinary_ : urgent_;
    bytes_ -= lane.front().size;
    lane.pop_front();
}

}  // namespace starling::io
