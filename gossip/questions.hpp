// Whose table to compare with next: one question at a time, for an answer may bring all that the
// others would, and what they show is old by then.
//
//      add(peer) ──> waits ──next()──> asked() ──answered() or `patience` over──> `rest` ──> next()
//
// Invariants:
//   I1  While an answer is awaited, for `patience` at most, nobody else is asked.
//   I2  Who waits is asked in the order in which it came, once.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/moment.hpp"

#include <algorithm>
#include <deque>
#include <optional>

namespace starling::gossip {

class Questions {
public:
    static constexpr Duration patience = std::chrono::milliseconds{500};
    // Until the others could show what they have now; in a storm what they flood comes by itself.
    static constexpr Duration rest = std::chrono::milliseconds{30};
    static constexpr Duration storm_rest = std::chrono::milliseconds{100};

    void add(const NodeId& peer) {
        if (std::ranges::find(waiting_, peer) == waiting_.end()) waiting_.push_back(peer);
    }

    // Whoever is next, and waits no more; nobody while it is not time.
    [[nodiscard]] std::optional<NodeId> next(BootTime now) {
        if (waiting_.empty() || now < opens_at_) return std::nullopt;
        const NodeId peer = waiting_.front();
        waiting_.pop_front();
        return peer;
    }

    void asked(const NodeId& peer, BootTime now) {
        asked_ = peer;
        opens_at_ = now + patience;
    }

    // The peer answered, or has the same table, or is gone.
    void answered(const NodeId& peer, BootTime now, Duration pause = rest) {
        if (asked_ != peer) return;
        asked_.reset();
        opens_at_ = now + pause;
    }

    [[nodiscard]] std::optional<BootTime> next_deadline() const {
        if (waiting_.empty()) return std::nullopt;
        return opens_at_;
    }

private:
    std::deque<NodeId> waiting_;
    std::optional<NodeId> asked_;
    BootTime opens_at_{};
};

}  // namespace starling::gossip
