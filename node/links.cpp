#include "node/links.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <utility>

namespace starling::node {
namespace {

// A probe right after a death may still be accepted by the dying process's kernel socket: so many
// attempts after a loss follow one another without a pause.
constexpr unsigned attempts_at_once = 3;

// As reason of peer_refused, beside those of RejectReason.
constexpr unsigned handshake_ended = 4;

}  // namespace

void Links::keep(std::span<const NodeId> peers, Moment now, Effects& out) {
    for (auto& [peer, outlet] : outlets_) {
        outlet.kept = std::ranges::find(peers, peer) != peers.end();
        if (!outlet.kept && outlet.state == State::waiting) outlet.state = State::idle;
    }
    for (const NodeId& peer : peers) {
        Outlet& outlet = outlets_[peer];
        outlet.kept = true;
        if (outlet.state == State::idle) dial(peer, outlet, now, out);
    }
}

void Links::want(const NodeId& peer, Moment now, Effects& out) {
    Outlet& outlet = outlets_[peer];
    outlet.used = now.boot_time;
    if (outlet.state != State::idle) return;
    evict_unused(out);
    dial(peer, outlet, now, out);
}

void Links::forget(const NodeId& peer, Effects& out) {
    const auto found = outlets_.find(peer);
    if (found == outlets_.end()) return;
    if (found->second.state == State::up || found->second.state == State::dialling) {
        out.hang_up(peer);
    }
    outlets_.erase(found);
    refresh_linked();
}

void Links::on_event(const LinkEvent& event, Moment now, Effects& out) {
    const auto found = outlets_.find(event.peer);
    if (found == outlets_.end() || found->second.link != event.link) return;  // of an older dial
    Outlet& outlet = found->second;
    switch (event.news) {
        case LinkNews::connected:
            if (outlet.state != State::dialling) return;
            outlet.state = State::up;
            outlet.attempts = 0;
            outlet.used = now.boot_time;
            refresh_linked();
            report(event.peer, LinkChange::up, 0, out);
            return;
        case LinkNews::lost:
            on_lost(event.peer, outlet, now, out);
            return;
        case LinkNews::probe_accepted:
            if (outlet.state == State::probing) dial(event.peer, outlet, now, out);
            return;
        case LinkNews::refused:
        case LinkNews::unreachable:
        case LinkNews::timed_out:
        case LinkNews::denied:
            on_failure(event.peer, outlet, event, now, out);
            return;
    }
}

void Links::on_lost(const NodeId& peer, Outlet& outlet, Moment now, Effects& out) {
    const bool was_up = outlet.state == State::up;
    if (!was_up && outlet.state != State::dialling) return;
    if (!was_up && ++outlet.attempts > attempts_at_once) {
        // Somebody listens there, but not with the key that we know.
        out.trace(Event::peer_refused, peer.prefix(), handshake_ended, outlet.attempts);
        report(peer, LinkChange::failed, 0, out);
        pause(outlet, now);
        return;
    }
    if (was_up) {
        outlet.state = State::idle;
        refresh_linked();
        report(peer, LinkChange::lost, 0, out);
    }
    probe(peer, outlet, out);  // I5
}

void Links::on_failure(const NodeId& peer, Outlet& outlet, const LinkEvent& event, Moment now,
                       Effects& out) {
    if (outlet.state != State::dialling && outlet.state != State::probing) return;
    const bool was_dialling = outlet.state == State::dialling;
    ++outlet.attempts;
    const auto route = book_.route_to(peer);
    if (was_dialling && route && outlet.attempts < route->addresses.size()) {
        dial(peer, outlet, now, out);  // I6
        return;
    }
    LinkChange change = LinkChange::failed;
    if (event.news == LinkNews::refused) change = LinkChange::refused;
    if (event.news == LinkNews::denied) change = LinkChange::denied;
    pause(outlet, now);
    report(peer, change, event.detail, out);
}

void Links::on_tick(Moment now, Effects& out) {
    for (auto& [peer, outlet] : outlets_) {
        if (outlet.state == State::waiting && now.boot_time >= outlet.deadline) {
            outlet.state = State::idle;
            if (outlet.kept) dial(peer, outlet, now, out);
        }
        const bool unused = !outlet.kept && now.boot_time - outlet.used >= unused_kept;
        if (outlet.state == State::up && unused) hang_up(peer, outlet, out);
    }
    std::erase_if(outlets_, [](const auto& entry) {
        return entry.second.state == State::idle && !entry.second.kept;
    });
    refresh_linked();
}

std::optional<BootTime> Links::next_deadline() const {
    std::optional<BootTime> next;
    for (const auto& [peer, outlet] : outlets_) {
        if (outlet.state == State::waiting) next = earlier(next, outlet.deadline);
        if (outlet.state == State::up && !outlet.kept) {
            next = earlier(next, outlet.used + unused_kept);
        }
    }
    return next;
}

bool Links::is_up(const NodeId& peer) const {
    return std::ranges::binary_search(linked_, peer);
}

LinkId Links::link_to(const NodeId& peer) const {
    const auto found = outlets_.find(peer);
    return found == outlets_.end() ? LinkId{} : found->second.link;
}

std::vector<LinkChanged> Links::take_changes() {
    return std::exchange(changes_, {});
}

Incoming Links::check(const NodeId& from, LinkId link) const {
    const auto found = inlets_.find(from);
    if (found == inlets_.end()) return Incoming::unknown;
    if (found->second.link == link) return Incoming::newest;
    return link < found->second.link ? Incoming::old : Incoming::unknown;
}

bool Links::introduce(const NodeId& from, Boot boot, LinkId link) {
    Inlet& inlet = inlets_[from];
    if (std::pair(boot, link) < std::pair(inlet.boot, inlet.link)) return false;
    if (boot != inlet.boot || link != inlet.link) inlet = {boot, link, std::nullopt};
    return true;
}

Duration Links::queueing_age(const NodeId& from, std::uint32_t sent_ms, BootTime arrived) {
    const auto found = inlets_.find(from);
    if (found == inlets_.end()) return Duration{0};
    const auto arrived_ms = static_cast<std::uint32_t>(count_ms(arrived.time_since_epoch()));
    const auto travelled = static_cast<std::int32_t>(arrived_ms - sent_ms);
    auto& least = found->second.least_ms;
    if (!least || travelled < *least) least = travelled;
    return std::chrono::milliseconds{std::int64_t{travelled} - *least};
}

void Links::dial(const NodeId& peer, Outlet& outlet, Moment now, Effects& out) {
    const auto route = book_.route_to(peer);
    if (!route) {
        ++outlet.attempts;
        pause(outlet, now);
        return;
    }
    outlet.address = route->addresses[outlet.attempts % route->addresses.size()];
    outlet.link = LinkId{++last_link_};  // I1
    outlet.state = State::dialling;
    out.dial(peer, route->curve, outlet.link, outlet.address);
    out.trace(Event::link_dialled, peer.prefix(), outlet.link.value, outlet.attempts);
}

void Links::probe(const NodeId& peer, Outlet& outlet, Effects& out) {
    outlet.link = LinkId{++last_link_};
    outlet.state = State::probing;
    out.probe(peer, outlet.link, outlet.address);
}

void Links::pause(Outlet& outlet, Moment now) {
    outlet.state = State::waiting;
    outlet.deadline =
        now.boot_time + full_jitter(rng_, limits::redial_base, limits::redial_cap, outlet.attempts);
}

void Links::report(const NodeId& peer, LinkChange change, std::uint32_t detail, Effects& out) {
    const LinkId link = link_to(peer);
    if (change == LinkChange::up) {
        out.trace(Event::link_up, peer.prefix(), link.value);
    } else {
        out.trace(Event::link_down, peer.prefix(), link.value, static_cast<unsigned>(change));
    }
    changes_.push_back({peer, change, detail});
}

void Links::hang_up(const NodeId& peer, Outlet& outlet, Effects& out) {
    out.hang_up(peer);
    outlet.state = State::idle;
    report(peer, LinkChange::lost, 0, out);
}

void Links::evict_unused(Effects& out) {
    std::size_t count = 0;
    auto oldest = outlets_.end();
    for (auto it = outlets_.begin(); it != outlets_.end(); ++it) {
        if (it->second.state != State::up || it->second.kept) continue;
        ++count;
        if (oldest == outlets_.end() || it->second.used < oldest->second.used) oldest = it;
    }
    if (count < limits::push_sockets) return;
    hang_up(oldest->first, oldest->second, out);  // I4
    refresh_linked();
}

void Links::refresh_linked() {
    linked_.clear();
    for (const auto& [peer, outlet] : outlets_) {
        if (outlet.state == State::up) linked_.push_back(peer);
    }
}

}  // namespace starling::node
