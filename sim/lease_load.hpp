// Clients that acquire, renew and release a few leases, one client a host, and the account of who
// may count on which lease until when.
//
//      acquire ──> counted on until told + remaining ──renew──> longer ──release──> given up
//                                └── the node crashes: given up
//
// What is told to a machine whose clock stood still lately (a frozen virtual machine) is not
// counted on: leases are promised while clock rates err by at most 1/200.
//
// Who finds a lease held tries again about when its term has passed without a renewal.  At times a
// client renews with a fence that it gave up.
//
// Invariants:
//   leases_have_one_holder  no two clients may count on one lease at the same time
//   fences_rise             a grant has a greater fence than all grants told before it was asked
//                           for, and a fence has one holder; a renewal keeps its fence, and the
//                           fence of a lease that somebody else was granted since renews nothing
//   leases_count_from_asked a holder is told nothing longer than the term, counted from when its
//                           node last proposed that it holds the lease
//   leases_agree            in the end all nodes tell the same holder and fence
//   leases_progress         something was granted, if enough was asked for on a healed mesh
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_register.hpp"
#include "sim/ballot_check.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace starling::sim {

class LeaseLoad final : public Workload {
public:
    LeaseLoad(const LoadSetup& setup, Findings& findings);

    // Who knows when a lease was proposed; before the run.
    void compare_with(const BallotCheck& ballots) { ballots_ = &ballots; }

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

private:
    enum class Wish : std::uint8_t { acquire, renew, release };

    using Holder = std::pair<NodeId, Boot>;

    // What a client may count on.
    struct Claim {
        Holder holder;
        std::uint64_t fence = 0;
        Duration asked{};
        Duration told{};
        Duration until{};
    };

    struct Lease {
        std::map<std::uint32_t, Claim> claims;            // by host
        std::map<std::uint64_t, Holder> fences;           // who was granted which
        std::map<std::uint64_t, std::uint32_t> given_up;  // fences released, and by which host
        std::set<std::pair<std::uint64_t, Holder>> told;  // in the end
        std::optional<Duration> unsettled;                // since then an operation may yet happen
    };

    struct Asked {
        Wish wish{};
        Duration at{};
        std::string name;
        std::uint64_t fence = 0;  // of a renewal
        Duration term{};
        std::uint64_t highest = 0;  // told before
    };

    // What a machine's clock showed when it was looked at.
    struct Clock {
        Duration looked_at{};
        BootTime shown{};
        std::optional<Duration> lagged_at;  // the last time it was found to have stood still
    };

    using CallKey = std::pair<std::uint32_t, CallId>;

    void operate(std::uint64_t number, Duration now, Clients& clients);
    void acquire(std::uint32_t host, const std::string& name, Duration term, Duration now,
                 Clients& clients);
    [[nodiscard]] bool is_busy(std::uint32_t host, const std::string& name) const;
    void send(std::uint32_t host, Asked asked, Clients& clients);
    void lurk(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
              Duration now);
    void look_at_clock(std::uint32_t host, Duration now, const Clients& clients);
    void settle(const Asked& asked, const Result<node::LeaseAnswer>& answer, Duration now);
    void ask_everybody(Duration now, Clients& clients);
    void take(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
              Duration now);
    void check_fence(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                     Duration now);
    void check_term(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                    Duration remaining, Duration now);
    void check_claims(const Lease& lease, std::uint32_t host, const std::string& name,
                      Duration now);

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    Decoder decoder_;
    bool asked_ = false;
    Duration acted_{};  // the last time
    const BallotCheck* ballots_ = nullptr;
    Clients* clients_ = nullptr;  // of the world, once it acted
    std::map<std::uint32_t, Clock> clocks_;
    std::map<std::string, Lease> leases_;
    std::map<CallKey, Asked> waiting_;
    std::multimap<Duration, std::pair<std::uint32_t, std::string>> again_;  // who tries when
    std::map<CallKey, std::string> questions_;  // who holds it, in the end
    std::uint64_t acquired_ = 0;                // asked for on a healed mesh
    std::uint64_t granted_ = 0;
    std::uint64_t lurked_ = 0;
    LoadCounts counts_;
};

}  // namespace starling::sim
