#include "quorum/lease.hpp"

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::quorum {

void Holder::encode(Writer& out) const {
    out.list(3);
    out.id(node);
    out.ordinal(boot);
    out.text(agent);
}

bool Holder::decode(Reader& in, Holder& holder) {
    holder.node = in.id<NodeId>();
    holder.boot = in.ordinal<Boot>();
    holder.agent = in.text(limits::name_bytes);
    return in.ok();
}

void Lease::encode(Writer& out) const {
    out.list(5);
    holder.encode(out);
    out.duration(term);
    out.uint(fence);
    out.boolean(released);
    out.text(purpose);
}

bool Lease::decode(Reader& in, Lease& lease) {
    Reader holder = in.list();
    if (!Holder::decode(holder, lease.holder)) return false;
    lease.term = in.duration();
    lease.fence = in.uint();
    lease.released = in.boolean();
    lease.purpose = in.text(limits::name_bytes);
    if (!is_term(lease.term)) in.fail();
    return in.ok();
}

bool may_acquire(const Lease& lease, std::uint64_t version, const AcquireLease& request) {
    if (lease.released ||
        STARLING_MUTANT(15, request.take_over == version, request.take_over.has_value()))
        return true;
    const bool own_older_boot =
        lease.holder.node == request.holder.node && lease.holder.boot < request.holder.boot;
    if (own_older_boot) STARLING_PROBE(lease_of_older_boot_taken);
    return own_older_boot;
}

void Observations::note(const std::string& name, std::uint64_t version, Duration term,
                        BootTime now) {
    const auto found = seen_.find(name);
    if (found != seen_.end() && found->second.version == version) return;
    if (found == seen_.end() && seen_.size() >= limits::leases_observed) drop_oldest();
    seen_[name] = {version, now, term};
}

void Observations::drop_oldest() {
    seen_.erase(
        std::ranges::min_element(seen_, {}, [](const auto& entry) { return entry.second.first; }));
}

std::optional<BootTime> Observations::ripe_at(const std::string& name) const {
    const auto found = seen_.find(name);
    if (found == seen_.end()) return std::nullopt;
    return found->second.first +
           STARLING_MUTANT(16, taken_after(found->second.term), found->second.term / 2);
}

std::optional<std::uint64_t> Observations::ripe(const std::string& name, BootTime now) const {
    const auto at = ripe_at(name);
    if (!at || now < *at) return std::nullopt;
    return seen_.find(name)->second.version;
}

}  // namespace starling::quorum
