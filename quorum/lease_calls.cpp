#include "quorum/lease_calls.hpp"

#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/names.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every_min = 50ms;
constexpr Duration look_every_max = 1s;

const Lease* lease_of(const Finished& finished) {
    return std::get_if<Lease>(&finished.snapshot.contents);
}

}  // namespace

void LeaseCalls::acquire(const Caller& caller, const AcquireRequest& request, Moment now,
                         Effects& out) {
    Flow flow{Question::acquire_lease, caller, request, Step::change, now.boot_time, {}};
    const bool texts_fit =
        request.agent.size() <= limits::name_bytes && request.purpose.size() <= limits::name_bytes;
    if (!is_name(caller.name)) return refuse(flow, Reason::bad_name);
    if (!is_term(request.term) || !texts_fit) return refuse(flow, Reason::invalid);
    const Ticket ticket = place_.tickets.next(Part::leases);
    try_acquire(ticket, flows_.emplace(ticket, std::move(flow)).first->second, now, out);
}

void LeaseCalls::renew(const Caller& caller, std::uint64_t fence, std::optional<Duration> term,
                       Moment now, Effects& out) {
    Flow flow{Question::renew_lease, caller, {}, Step::change, now.boot_time, {}};
    if (term && !is_term(*term)) return refuse(flow, Reason::invalid);
    start(std::move(flow), RenewLease{key_of(fence), term}, now, out);
}

void LeaseCalls::release(const Caller& caller, std::uint64_t fence, Moment now, Effects& out) {
    Flow flow{Question::release_lease, caller, {}, Step::change, now.boot_time, {}};
    start(std::move(flow), ReleaseLease{key_of(fence)}, now, out);
}

void LeaseCalls::show(const Caller& caller, Moment now, Effects& out) {
    const Flow flow{Question::show_lease, caller, {}, Step::look, now.boot_time, {}};
    if (!is_name(caller.name)) return refuse(flow, Reason::bad_name);
    const Ticket ticket = place_.tickets.next(Part::leases);
    flows_.emplace(ticket, flow);
    place_.registers.read(ticket, lease_name(caller.name), caller.deadline, now, out);
}

void LeaseCalls::on_call_ended(CallId call) {
    const auto gone =
        std::ranges::find(flows_, call, [](auto& each) { return each.second.caller.call; });
    if (gone == flows_.end()) return;
    timers_.set(gone->first, std::nullopt);
    flows_.erase(gone);  // what was handed over goes on, and its end is nobody's
}

void LeaseCalls::start(Flow flow, Change change, Moment now, Effects& out) {
    if (!is_name(flow.caller.name)) return refuse(flow, Reason::bad_name);
    const Ticket ticket = place_.tickets.next(Part::leases);
    Request request{ticket, lease_name(flow.caller.name), place_.operation(std::move(change)),
                    flow.caller.deadline};
    flows_.emplace(ticket, std::move(flow));
    place_.registers.change(std::move(request), now, out);
}

void LeaseCalls::refuse(const Flow& flow, Reason reason) {
    place_.ended.push_back(refused(flow.caller.call, flow.question, reason));
}

LeaseKey LeaseCalls::key_of(std::uint64_t fence) const {
    return {place_.self, place_.boot, fence};
}

void LeaseCalls::try_acquire(Ticket ticket, Flow& flow, Moment now, Effects& out) {
    flow.step = Step::change;
    flow.asked = now.boot_time;  // I1
    const AcquireRequest& wanted = flow.request;
    AcquireLease acquire{{place_.self, place_.boot, wanted.agent},
                         wanted.term,
                         wanted.purpose,
                         observations_.ripe(flow.caller.name, now.boot_time)};
    place_.registers.change({ticket, lease_name(flow.caller.name),
                             place_.operation(std::move(acquire)), flow.caller.deadline},
                            now, out);
}

void LeaseCalls::on_finished(const Finished& finished, Moment now, Effects& out) {
    const auto found = flows_.find(finished.ticket);
    if (found == flows_.end()) return;
    Flow& flow = found->second;
    const bool acquiring = flow.question == Question::acquire_lease;
    if (acquiring && flow.step == Step::look) {
        on_looked(finished.ticket, finished, now, out);
    } else if (acquiring && finished.reason == Reason::held) {
        on_held(finished.ticket, flow, finished, now);
        if (!flow.request.wait) end(finished.ticket, finished, now, out);
    } else {
        end(finished.ticket, finished, now, out);
    }
}

// Somebody holds it: remember since when, and look again later.
void LeaseCalls::on_held(Ticket ticket, Flow& flow, const Finished& finished, Moment now) {
    STARLING_PROBE(lease_held_by_other);
    const Lease& lease = *lease_of(finished);
    observations_.note(flow.caller.name, finished.snapshot.version, lease.term, now.boot_time);
    flow.last = finished;
    flow.last.outcome = Outcome::not_applied;
    flow.last.reason = Reason::held;
    if (!flow.request.wait) return;
    flow.step = Step::pause;
    const Duration every = std::clamp<Duration>(lease.term / 4, look_every_min, look_every_max);
    const BootTime ripe = observations_.ripe_at(flow.caller.name).value_or(flow.caller.deadline);
    timers_.set(ticket, std::min({flow.caller.deadline, ripe, now.boot_time + every}));
}

void LeaseCalls::on_looked(Ticket ticket, const Finished& finished, Moment now, Effects& out) {
    Flow& flow = flows_.at(ticket);
    if (finished.outcome != Outcome::applied) return end(ticket, finished, now, out);
    const Lease* lease = lease_of(finished);
    if (lease == nullptr || lease->released) return try_acquire(ticket, flow, now, out);
    on_held(ticket, flow, finished, now);
    if (!observations_.ripe(flow.caller.name, now.boot_time)) return;
    timers_.set(ticket, std::nullopt);
    try_acquire(ticket, flow, now, out);
}

void LeaseCalls::on_tick(Moment now, Effects& out) {
    while (const auto ticket = timers_.due(now.boot_time)) {
        Flow& flow = flows_.at(*ticket);
        if (now.boot_time >= flow.caller.deadline) {
            end(*ticket, Finished(flow.last), now, out);
            continue;
        }
        flow.step = Step::look;
        place_.registers.read(*ticket, lease_name(flow.caller.name), flow.caller.deadline, now,
                              out);
    }
}

void LeaseCalls::end(Ticket ticket, const Finished& finished, Moment now, Effects& out) {
    const auto found = flows_.find(ticket);
    CallEnded ended = ended_of(found->second.caller.call, found->second.question, finished);
    ended.valid_until = note_result(found->second, finished, now, out);
    place_.ended.push_back(std::move(ended));
    flows_.erase(found);
}

// Keeps what this node holds; until when it may rely on the lease that was asked for.
std::optional<BootTime> LeaseCalls::note_result(const Flow& flow, const Finished& finished,
                                                Moment now, Effects& out) {
    const std::string& name = flow.caller.name;
    const Lease* lease = lease_of(finished);
    if (lease == nullptr) return std::nullopt;
    const bool mine = lease->is_held_as(key_of(lease->fence));
    const auto held = held_.find(name);
    const bool was_held = held != held_.end();
    if (mine && finished.outcome == Outcome::applied && flow.question != Question::show_lease) {
        if (!was_held || held->second.fence != lease->fence) {
            out.trace(Event::lease_granted, trace_name(name), lease->fence);
        }
        const BootTime until =
            STARLING_MUTANT(17, flow.asked, now.boot_time) + held_for(lease->term);  // I1
        observations_.forget(name);
        hold(name, {lease->fence, until}, now);
        return until;
    }
    if (mine && was_held && held->second.fence == lease->fence &&
        held->second.until > now.boot_time) {
        return held->second.until;
    }
    if (!mine && was_held) {
        STARLING_PROBE(lease_lost);
        out.trace(Event::lease_ended, trace_name(name), held->second.fence, finished.reason);
        held_.erase(held);
    }
    return std::nullopt;
}

void LeaseCalls::hold(const std::string& name, const Held& held, Moment now) {
    if (held_.size() >= limits::leases_observed) {
        std::erase_if(held_, [&](const auto& each) { return each.second.until <= now.boot_time; });
    }
    held_[name] = held;
}

}  // namespace starling::quorum
