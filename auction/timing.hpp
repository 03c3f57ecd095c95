// How long each step of a task may take.
//
// The lease: observers give a winner up 1.25 leases after its last renewal, 6.25 s by default.  A
// node that stands still for 8 s has lost its task before it wakes, even where no detector tells.
// And a journal that stalls 3 s, which delays one renewal, costs nothing: they come every 1.67 s.
//
// Most of it is for members in one building.  What waits for an answer is stretched where they are
// farther away.
//
// Values: thread safe to read.
#pragma once

#include "base/moment.hpp"

namespace starling::auction {

struct Timing {
    using ms = std::chrono::milliseconds;

    Duration lease = ms{5000};        // renewed every third of it
    Duration reply_within = ms{100};  // for bids
    Duration hold_beyond = ms{500};   // a bidder keeps its worker so long after that
    Duration agree_within = ms{500};  // the award is repeated once, half way
    Duration resend_base = ms{200};   // doubles up to resend_cap
    Duration resend_cap = ms{5000};
    Duration widen_after = ms{50};     // the custodians asked first have so long
    Duration offer_within = ms{5000};  // until an offer that is not recorded is `unknown`
    Duration joint_within =
        ms{500};                    // of two that offer one key one gives in; the other: twice that
    Duration adopt_step = ms{500};  // custodian k adopts after k steps and jitter
    Duration adopt_jitter = ms{250};
    Duration settle = ms{3000};          // after a start, members not yet heard of are not gone
    Duration duty = ms{10'000};          // custodians ask the runner so often
    Duration rehome_after = ms{30'000};  // with a majority of the custodians gone
    Duration note_delay = ms{200};       // finished tasks are noted to custodians in batches
    Duration retry_base = ms{200};
    Duration retry_cap = ms{30'000};
    Duration unsold_base = ms{20};  // all who were asked refused
    Duration unsold_cap = ms{1000};
    Duration idle_look = ms{2000};  // a waiting task looks again without any news
    // Between two floods that a worker is free: so long for each member, digest_pause at most.
    Duration digest_share = std::chrono::microseconds{200};
    Duration digest_pause = ms{50};     // between two floods
    Duration relay_pause = ms{500};     // of others' digests, where all nodes are linked anyway
    Duration answer_within = ms{1000};  // of a ledger query
    Duration watch_base = ms{250};      // a task run elsewhere is asked about, doubling
    Duration watch_cap = ms{2000};

    // The same where the farthest peer takes so long to answer: who is waited for gets two round
    // trips to answer over a link that is up, eight over one that is yet to be dialled, both ways.
    // Bids are not waited for: a round without any calls more nodes, and takes those of the last
    // round all the same.
    [[nodiscard]] Timing stretched(Duration round_trip) const;

    [[nodiscard]] Duration renew_every() const { return lease / 3; }

    [[nodiscard]] Duration lease_judged() const { return lease + lease / 4; }
};

}  // namespace starling::auction
