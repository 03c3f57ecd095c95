// A lease: the right to act under a name for a while, with a fence that only rises.
//
//   free ──acquire──> held ──renew──> held ──release──> free
//                      └── unchanged for term (1 + rho) + epsilon, as a challenger sees ──> its
//
// Invariants:
//   I1  The fence is the register's version at the grant; renewals keep it, every grant raises it.
//   I2  A holder relies on the lease only until term (1 - rho) after it sent the request; a
//       challenger takes over no earlier than term (1 + rho) + epsilon after it first saw the
//       version it replaces.  So grants do not overlap while clock rates err by at most rho; if
//       they do, the fence tells.
//   I3  A lease of an older boot of the same node may be taken at once: that process is gone.
//
// Only the fence protects a resource, and only if the resource checks it.  Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "base/mutant.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace starling::quorum {

struct Holder {
    NodeId node;
    Boot boot;
    std::string agent;  // who at that node; may be empty

    friend auto operator<=>(const Holder&, const Holder&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Holder& holder);
};

// What a holder shows to renew or release: a fence is given out once.
struct LeaseKey {
    NodeId node;
    Boot boot;
    std::uint64_t fence = 0;
};

struct Lease {
    Holder holder;
    Duration term{};
    std::uint64_t fence = 0;
    bool released = false;
    std::string purpose;

    friend bool operator==(const Lease&, const Lease&) = default;

    [[nodiscard]] bool is_held_as(const LeaseKey& key) const {
        return !released && holder.node == key.node && holder.boot == key.boot &&
               STARLING_MUTANT(18, fence == key.fence, true);
    }

    void encode(Writer& out) const;
    static bool decode(Reader& in, Lease& lease);
};

struct AcquireLease {
    Holder holder;
    Duration term{};
    std::string purpose;
    std::optional<std::uint64_t> take_over;  // the version seen unchanged for long enough
};

[[nodiscard]] constexpr bool is_term(Duration term) {
    return term >= limits::lease_term_min && term <= limits::lease_term_max;
}

struct RenewLease {
    LeaseKey lease;
    std::optional<Duration> term;  // a new one
};

struct ReleaseLease {
    LeaseKey lease;
};

// Clock rates err by at most 1/200 (rho = 0.5 %).
[[nodiscard]] constexpr Duration held_for(Duration term) {
    return term - term / 200;
}

[[nodiscard]] constexpr Duration taken_after(Duration term) {
    return term + term / 200 + std::chrono::milliseconds{10};
}

// Whether `request` may take a lease that stands at `version`.
[[nodiscard]] bool may_acquire(const Lease& lease, std::uint64_t version,
                               const AcquireLease& request);

// The leases of others as this node first saw them, on its own clock.  Bounded: at
// limits::leases_observed names the longest unseen is forgotten, which only delays a takeover.
class Observations {
public:
    // This version was seen now; a version seen before keeps its first time.
    void note(const std::string& name, std::uint64_t version, Duration term, BootTime now);

    void forget(const std::string& name) { seen_.erase(name); }

    // When the lease may be taken over; nothing when it was not seen held.
    [[nodiscard]] std::optional<BootTime> ripe_at(const std::string& name) const;

    // The version that may be replaced now.
    [[nodiscard]] std::optional<std::uint64_t> ripe(const std::string& name, BootTime now) const;

private:
    struct Seen {
        std::uint64_t version = 0;
        BootTime first{};
        Duration term{};
    };

    void drop_oldest();

    std::map<std::string, Seen> seen_;
};

}  // namespace starling::quorum
