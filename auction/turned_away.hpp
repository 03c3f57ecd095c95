// Who asked for a worker while none was free, in the order of asking: the next free workers are
// offered to them, before everybody is told.
//
//   cfp ─none free─> refuse, noted ──a worker is free──> propose, unasked; the note is gone
//
// A flood that one worker is free makes everybody ask who waits; one gets it, and the others are
// noted here.  So of N that wait each gets one worker for one flood, instead of N floods and N
// squared questions.
//
// Invariants:
//   I1  At most one note for each asker and skill: the newest call, at the place of the first.
//   I2  A note is taken once.  Whoever waits still is told when nobody is noted any more.
//   I3  At most limits::turned_away notes; who comes later learns of free workers from floods.
//
// Not thread safe.
#pragma once

#include "auction/messages.hpp"
#include "base/ids.hpp"

#include <deque>
#include <functional>
#include <optional>

namespace starling::auction {

struct Asked {
    NodeId by;
    Cfp call;
};

class TurnedAway {
public:
    void note(const NodeId& by, const Cfp& call);

    // It asks no more: it is gone, or it has just been offered a worker.
    void forget(const NodeId& by);

    // The first whose call can be met now.
    [[nodiscard]] std::optional<Asked> take(const std::function<bool(const Asked&)>& can_be_met);

    [[nodiscard]] bool empty() const { return notes_.empty(); }

private:
    std::deque<Asked> notes_;
};

}  // namespace starling::auction
