// When a changed table root is shown to links that did not ask.
//
//      changed ──no change for `rested`, or `latest` after the first──> due, if the lane is open
//
// Of the members that a join adds one after another each makes a new root: shown at once, each
// would be out of date where it came, and tables be compared for nothing.
//
// Invariants:
//   I1  A root that rests is due `rested` after it came, if no other was shown of late; any change
//       is shown by `latest` and the lane's period.
//   I2  A root that came back to the one shown last is not due.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "gossip/outbox.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace starling::gossip {

class Showing {
public:
    static constexpr Duration rested = std::chrono::milliseconds{50};
    static constexpr Duration latest = std::chrono::seconds{1};
    static constexpr Lane::Pace pace{rested, std::chrono::seconds{1}, 3};

    // The root as it is now; true when it is to be shown, and then it counts as shown.
    [[nodiscard]] bool is_due(std::uint64_t root, BootTime now) {
        note(root, now);
        const auto due = next_deadline();
        if (!due || now < *due) return false;
        lane_.used(now);
        shown_ = root;
        waiting_.reset();
        return true;
    }

    // When the root noted last is due, unless it changes.
    [[nodiscard]] std::optional<BootTime> next_deadline() const {
        if (!waiting_) return std::nullopt;
        const BootTime settled = std::min(waiting_->changed + rested, waiting_->since + latest);
        return std::max(settled, lane_.opens_at());
    }

private:
    struct Waiting {
        std::uint64_t root = 0;
        BootTime since;    // the first change since a root was shown
        BootTime changed;  // the last one
    };

    void note(std::uint64_t root, BootTime now) {
        if (root == shown_) {
            waiting_.reset();
        } else if (!waiting_) {
            waiting_ = Waiting{root, now, now};
        } else if (root != waiting_->root) {
            waiting_->root = root;
            waiting_->changed = now;
        }
    }

    std::uint64_t shown_ = 0;
    std::optional<Waiting> waiting_;
    Lane lane_{pace};
};

}  // namespace starling::gossip
