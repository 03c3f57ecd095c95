#include "node/links.hpp"

#include "base/assert.hpp"
#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/probes.hpp"

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
    for (const NodeId& peer : peers_) {
        Outlet& outlet = *outlets_.find(peer);
        outlet.kept = std::ranges::find(peers, peer) != peers.end();
        if (!outlet.kept && outlet.state == State::waiting) outlet.state = State::idle;
    }
    for (const NodeId& peer : peers) {
        Outlet& outlet = make(peer);
        outlet.kept = true;
        if (outlet.state == State::idle) dial(peer, outlet, now, out);
    }
    look_by(now.boot_time);  // who is not kept any more
}

void Links::want(const NodeId& peer, Moment now, Effects& out) {
    Outlet* known = outlets_.find(peer);
    if (known != nullptr && known->state != State::idle) {
        known->used = now.boot_time;
        return;
    }
    evict_unused(out);
    Outlet& outlet = make(peer);
    outlet.used = now.boot_time;
    dial(peer, outlet, now, out);
}

void Links::forget(const NodeId& peer, Effects& out) {
    const Outlet* outlet = outlets_.find(peer);
    if (outlet == nullptr) return;
    if (outlet->state == State::up || outlet->state == State::dialling) out.hang_up(peer);
    remove(peer);
    refresh_linked();
}

void Links::on_event(const LinkEvent& event, Moment now, Effects& out) {
    Outlet* found = outlets_.find(event.peer);
    if (found == nullptr || found->link != event.link) {
        STARLING_PROBE(event_of_older_dial);
        return;
    }  // of an older dial
    Outlet& outlet = *found;
    switch (event.news) {
        case LinkNews::connected:
            if (outlet.state == State::dialling) on_connected(event.peer, now, out);
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

void Links::on_connected(const NodeId& peer, Moment now, Effects& out) {
    // Again: of those dialled at one time none was up when the others asked for room (I4).
    if (!outlets_.find(peer)->kept) evict_unused(out);
    Outlet& outlet = *outlets_.find(peer);
    outlet.state = State::up;
    outlet.attempts = 0;
    outlet.used = now.boot_time;
    if (!outlet.kept) look_by(outlet.used + unused_kept);
    refresh_linked();
    report(peer, LinkChange::up, 0, out);
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
        STARLING_PROBE(next_address_dialled);
        dial(peer, outlet, now, out);  // I6
        return;
    }
    LinkChange change = LinkChange::failed;
    if (event.news == LinkNews::refused && !outlet.met) change = LinkChange::refused;
    if (event.news == LinkNews::denied) change = LinkChange::denied;
    pause(outlet, now);
    report(peer, change, event.detail, out);
}

void Links::on_tick(Moment now, Effects& out) {
    if (!look_at_ || now.boot_time < *look_at_) return;  // I7
    look_at_.reset();
    for (const NodeId& peer : peers_) {
        Outlet& outlet = *outlets_.find(peer);
        const auto due = due_of(outlet);
        if (!due || now.boot_time < *due) continue;
        if (outlet.state == State::up) {
            hang_up(peer, outlet, out);
        } else {
            outlet.state = State::idle;
            if (outlet.kept) dial(peer, outlet, now, out);
        }
    }
    std::erase_if(peers_, [&](const NodeId& peer) {
        const Outlet& outlet = *outlets_.find(peer);
        const bool over = outlet.state == State::idle && !outlet.kept;
        if (over) outlets_.erase(peer);
        if (!over) look_at_ = earlier(look_at_, due_of(outlet));
        return over;
    });
    refresh_linked();
}

std::optional<BootTime> Links::next_deadline() const {
    return look_at_;
}

// When time alone changes this outlet.
std::optional<BootTime> Links::due_of(const Outlet& outlet) const {
    if (outlet.state == State::waiting) return outlet.deadline;
    if (outlet.state == State::up && !outlet.kept) return outlet.used + unused_kept;
    return std::nullopt;
}

bool Links::is_up(const NodeId& peer) const {
    return std::ranges::binary_search(linked_, peer);
}

LinkId Links::link_to(const NodeId& peer) const {
    const Outlet* outlet = outlets_.find(peer);
    return outlet == nullptr ? LinkId{} : outlet->link;
}

std::vector<LinkChanged> Links::take_changes() {
    return std::exchange(changes_, {});
}

Incoming Links::check(const NodeId& from, LinkId link) const {
    const Inlet* inlet = inlets_.find(from);
    if (inlet == nullptr) return Incoming::unknown;
    if (inlet->link == link) return Incoming::newest;
    return link < inlet->link ? Incoming::old : Incoming::unknown;
}

bool Links::introduce(const NodeId& from, Boot boot, LinkId link) {
    inlets_.insert(from, {});  // unless it is there
    Inlet& inlet = *inlets_.find(from);
    if (std::pair(boot, link) < std::pair(inlet.boot, inlet.link)) return false;
    if (boot != inlet.boot || link != inlet.link) inlet = {boot, link, std::nullopt};
    if (Outlet* outlet = outlets_.find(from)) outlet->met = true;
    return true;
}

Duration Links::queueing_age(const NodeId& from, std::uint32_t sent_ms, BootTime arrived) {
    Inlet* inlet = inlets_.find(from);
    if (inlet == nullptr) return Duration{0};
    const auto arrived_ms = static_cast<std::uint32_t>(count_ms(arrived.time_since_epoch()));
    const auto travelled = static_cast<std::int32_t>(arrived_ms - sent_ms);
    auto& least = inlet->least_ms;
    if (!least || travelled < *least) least = travelled;
    return std::chrono::milliseconds{std::int64_t{travelled} - *least};
}

Links::Outlet& Links::make(const NodeId& peer) {
    if (outlets_.insert(peer, {})) peers_.insert(std::ranges::lower_bound(peers_, peer), peer);
    return *outlets_.find(peer);
}

void Links::remove(const NodeId& peer) {
    if (outlets_.erase(peer)) peers_.erase(std::ranges::lower_bound(peers_, peer));
}

void Links::dial(const NodeId& peer, Outlet& outlet, Moment now, Effects& out) {
    const auto route = book_.route_to(peer);
    if (!route) {
        STARLING_PROBE(route_unknown);
        ++outlet.attempts;
        pause(outlet, now);
        return;
    }
    outlet.address = route->addresses[outlet.attempts % route->addresses.size()];
    outlet.link = LinkId{++last_link_};  // I1
    outlet.state = State::dialling;
    outlet.met = false;
    out.dial(peer, route->curve, outlet.link, outlet.address);
    out.trace(Event::link_dialled, peer.prefix(), outlet.link.value, outlet.attempts);
}

void Links::probe(const NodeId& peer, Outlet& outlet, Effects& out) {
    outlet.link = LinkId{++last_link_};
    outlet.state = State::probing;
    outlet.met = false;
    out.probe(peer, outlet.link, outlet.address);
}

void Links::pause(Outlet& outlet, Moment now) {
    outlet.state = State::waiting;
    const Duration rest =
        full_jitter(rng_, limits::redial_base, limits::redial_cap, outlet.attempts);
    const bool at_once = STARLING_BUGGIFY(redial_at_once);
    outlet.deadline = now.boot_time + (at_once ? limits::redial_base / 8 : rest);
    look_by(outlet.deadline);
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
    std::optional<NodeId> oldest;
    BootTime used{};
    for (const NodeId& peer : peers_) {
        const Outlet& outlet = *outlets_.find(peer);
        if (outlet.state != State::up || outlet.kept) continue;
        ++count;
        if (oldest && outlet.used >= used) continue;
        oldest = peer;
        used = outlet.used;
    }
    if (count < limits::push_sockets) return;
    hang_up(*oldest, *outlets_.find(*oldest), out);  // I4
    remove(*oldest);
    refresh_linked();
}

void Links::refresh_linked() {
    linked_.clear();
    for (const NodeId& peer : peers_) {
        if (outlets_.find(peer)->state == State::up) linked_.push_back(peer);
    }
}

}  // namespace starling::node
