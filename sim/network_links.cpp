// Connections of the simulated network: how they begin and how they end.
#include "base/assert.hpp"
#include "sim/network.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

// Linux numbers, wherever this runs: a run is the same everywhere.
constexpr std::uint32_t connection_reset = 104;
constexpr std::uint32_t connection_refused = 111;
constexpr std::uint32_t no_route = 113;

constexpr Duration syn_retry_first = 1s;  // Linux: 1 s, then doubled
constexpr unsigned syn_retries = 2;
constexpr Duration handshake_look = 100ms;
constexpr int handshake_trips =
    5;  // CURVE, after the SYN: HELLO, WELCOME, INITIATE, READY and a half

// 6 to 18 of 100 redials to a killed process are accepted: its listening socket lives a moment
// longer than its connections.
constexpr std::uint64_t linger_percent = 12;

}  // namespace

void Network::start(std::uint32_t host) {
    Endpoint& endpoint = endpoints_.at(host);
    STARLING_ASSERT(!endpoint.running);
    endpoint.running = true;
    endpoint.paused = false;
    ++endpoint.epoch;
    endpoint.admitted.assign(endpoints_.size(), false);
    endpoint.admitted_others.clear();
}

void Network::crash(std::uint32_t host, Duration now, Duration exit) {
    Endpoint& endpoint = endpoints_.at(host);
    endpoint.running = false;
    endpoint.paused = false;
    const bool lingers = drawn(Purpose::linger, host, 0, endpoint.epoch) % 100 < linger_percent;
    endpoint.listens_until = now + exit + (lingers ? model_.linger : Duration{});
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        Connection& connection = connections_[slot];
        if (connection.phase == Phase::free || connection.phase == Phase::draining) continue;
        if (connection.from == host) {
            close(slot);
        } else if (connection.to == host && connection.phase >= Phase::handshake) {
            schedule(Happening::peer_gone, slot,
                     now + exit + latency(connection, host, connection.from));
        }
    }
}

void Network::carry_out(std::uint32_t host, const LinkCommand& command, std::string_view address,
                        Duration now) {
    Endpoint& endpoint = endpoints_.at(host);
    switch (command.action) {
        case LinkAction::dial:
            return dial(host, command, address, now);
        case LinkAction::hang_up:
            if (const std::uint32_t* slot = endpoint.outlets.find(command.peer)) close(*slot);
            return;
        case LinkAction::probe:
            return probe(host, command, address, now);
        case LinkAction::admit:
            return admit(endpoint, command.curve, command.peer);
        case LinkAction::expel:
            return expel(endpoint, command.curve, curves_.find(command.curve));
    }
}

void Network::admit(Endpoint& endpoint, const CurveKey& curve, const NodeId& peer) {
    const std::uint32_t* host = curves_.find(curve);
    expel(endpoint, curve, host);
    if (host != nullptr && endpoints_[*host].setup.id == peer) {
        endpoint.admitted[*host] = true;
    } else {
        endpoint.admitted_others[curve] = peer;
    }
}

// `host`: whose key it is, or null.
void Network::expel(Endpoint& endpoint, const CurveKey& curve, const std::uint32_t* host) {
    if (host != nullptr) endpoint.admitted[*host] = false;
    endpoint.admitted_others.erase(curve);
}

std::optional<NodeId> Network::admitted_as(const Endpoint& acceptor, std::uint32_t dialler) const {
    const EndpointSetup& setup = endpoints_[dialler].setup;
    if (acceptor.admitted[dialler]) return setup.id;
    const auto other = acceptor.admitted_others.find(setup.curve);
    if (other == acceptor.admitted_others.end()) return std::nullopt;
    return other->second;
}

void Network::break_connections(std::uint32_t host, Duration now) {
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        Connection& connection = connections_[slot];
        if (connection.from != host || connection.phase != Phase::open) continue;
        schedule(Happening::peer_gone, slot, now + latency(connection, host, connection.to));
    }
}

void Network::on_due(const Appointment& due, Duration now) {
    if (due.what == Happening::stray) return arrive_astray(due.subject);
    const Connection& connection = connections_.at(due.subject);
    if (static_cast<std::uint32_t>(due.stamp) != connection.generation) return;
    const auto extra = static_cast<std::uint32_t>(due.stamp >> 32U);
    switch (due.what) {
        case Happening::arrival:
            return arrive(due.subject, now);
        case Happening::dial_step:
            return step(due.subject, now);
        case Happening::link_outcome:
            return conclude(due.subject, {static_cast<node::LinkNews>(extra & 0xFFU), extra >> 8U});
        case Happening::peer_gone:
            return on_peer_gone(due.subject, now);
        case Happening::unacked:
            return on_unacked(due.subject, now);
        case Happening::dial_expired:
            return expire(due.subject);
        case Happening::stray:
        case Happening::departed:
        case Happening::turn:
        case Happening::wake:
        case Happening::synced:
        case Happening::core:
        case Happening::piece:
        case Happening::fault:
        case Happening::disk_kept:
        case Happening::workload:
        case Happening::checkpoint:
            break;
    }
    STARLING_ASSERT(!"an appointment of the network");
}

void Network::dial(std::uint32_t host, const LinkCommand& command, std::string_view address,
                   Duration now) {
    ++counts_.dials;
    Endpoint& endpoint = endpoints_[host];
    if (const std::uint32_t* old = endpoint.outlets.find(command.peer)) close(*old);
    const std::uint32_t slot = open_slot(host, command, Phase::dialling, now);
    endpoints_[host].outlets.insert(command.peer, slot);
    aim(slot, address, limits::dial_timeout);
}

void Network::probe(std::uint32_t host, const LinkCommand& command, std::string_view address,
                    Duration now) {
    ++counts_.probes;
    aim(open_slot(host, command, Phase::probing, now), address, limits::probe_timeout);
}

std::uint32_t Network::open_slot(std::uint32_t host, const LinkCommand& command, Phase phase,
                                 Duration now) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(connections_.size()));
        connections_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    Connection& connection = connections_[slot];
    connection.phase = phase;
    connection.number = ++connections_made_;
    connection.from = host;
    connection.peer = command.peer;
    const std::uint32_t* owner = curves_.find(command.curve);
    connection.sealed_for = owner != nullptr ? *owner : no_host;
    connection.link = command.link;
    connection.began = now;
    return slot;
}

// The first packet on its way, and the time when the dialler stops waiting.
void Network::aim(std::uint32_t slot, std::string_view address, Duration timeout) {
    Connection& connection = connections_[slot];
    const auto target = addresses_.find(address);
    if (target == addresses_.end()) {
        connection.to = connection.from;
        return settle(slot, {node::LinkNews::unreachable, no_route}, connection.began);
    }
    connection.to = target->second;
    connection.to_moves = endpoints_[connection.to].moves;
    schedule(Happening::dial_step, slot,
             connection.began + latency(connection, connection.from, connection.to));
    schedule(Happening::dial_expired, slot, connection.began + timeout);
}

void Network::step(std::uint32_t slot, Duration now) {
    if (connections_[slot].phase == Phase::handshake) return step_handshake(slot, now);
    if (unsettled(connections_[slot])) step_syn(slot, now);
}

void Network::step_syn(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    const Endpoint& target = endpoints_[connection.to];
    const bool passes = cuts_.connects(connection.from, connection.to);
    const bool moved = connection.to_moves != target.moves;
    if (!passes || target.refuses || moved) return retry_syn(slot, now);

    const Duration back = now + latency(connection, connection.to, connection.from);
    if (!target.running && now >= target.listens_until) {
        return settle(slot, {node::LinkNews::refused, connection_refused}, back);
    }
    // A stopped process accepts too: its kernel does.
    if (connection.phase == Phase::probing) {
        return settle(slot, {node::LinkNews::probe_accepted, 0}, back);
    }
    connection.phase = Phase::handshake;
    connection.to_epoch = target.epoch;
    Duration done = now;
    for (int trip = 0; trip < handshake_trips; ++trip) {
        done += trip % 2 == 0 ? latency(connection, connection.to, connection.from)
                              : latency(connection, connection.from, connection.to);
    }
    schedule(Happening::dial_step, slot, done);
}

void Network::retry_syn(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    if (connection.attempts >= syn_retries) return;  // dial_expired ends it
    // After 1 s and, doubled, after 3 s.
    Duration retry = connection.began;
    for (unsigned i = 0; i <= connection.attempts; ++i) retry += syn_retry_first * (1 << i);
    ++connection.attempts;
    schedule(Happening::dial_step, slot,
             std::max(now, retry + latency(connection, connection.from, connection.to)));
}

void Network::step_handshake(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    const Endpoint& target = endpoints_[connection.to];
    const Duration back = now + latency(connection, connection.to, connection.from);
    if (!target.running || target.epoch != connection.to_epoch) {
        return settle(slot, {node::LinkNews::unreachable, connection_reset}, back);
    }
    if (target.paused || !cuts_.connects(connection.from, connection.to)) {
        return schedule(Happening::dial_step, slot, now + handshake_look);
    }
    // Sealed for another key: the acceptor cannot read it and stays silent.
    if (connection.sealed_for != connection.to) return;
    const auto identity = admitted_as(target, connection.from);
    if (!identity) return settle(slot, {node::LinkNews::denied, 0}, back);
    connection.aliased = *identity != endpoints_[connection.from].setup.id;
    if (connection.aliased) aliases_.insert_or_assign(connection.number, *identity);
    settle(slot, {node::LinkNews::connected, 0}, back);
}

void Network::settle(std::uint32_t slot, Outcome outcome, Duration at) {
    schedule(Happening::link_outcome, slot, at,
             outcome.detail << 8U | static_cast<std::uint32_t>(outcome.news));
}

void Network::conclude(std::uint32_t slot, Outcome outcome) {
    Connection& connection = connections_[slot];
    if (!unsettled(connection)) return;
    const std::uint32_t dialler = connection.from;
    const node::LinkEvent event{connection.peer, connection.link, outcome.news, outcome.detail};
    if (outcome.news == node::LinkNews::connected) {
        connection.phase = Phase::greeting;
        ++counts_.connected;
    } else {
        counts_.refused += outcome.news == node::LinkNews::refused ? 1U : 0U;
        counts_.denied += outcome.news == node::LinkNews::denied ? 1U : 0U;
        counts_.timed_out += outcome.news == node::LinkNews::timed_out ? 1U : 0U;
        drop_queue(connection);
        detach(slot);
        free_slot(slot);
    }
    ends_.on_link(dialler, event);
}

void Network::expire(std::uint32_t slot) {
    if (unsettled(connections_[slot])) conclude(slot, {node::LinkNews::timed_out, 0});
}

void Network::on_peer_gone(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    if (!cuts_.connects(connection.from, connection.to)) {
        connection.peer_gone = true;  // told after the heal
        return await_acknowledgement(slot, now);
    }
    lose(slot);
}

void Network::on_unacked(std::uint32_t slot, Duration now) {
    const Connection& connection = connections_[slot];
    if (!connection.unacked_since || now - *connection.unacked_since < model_.unacked_max) return;
    lose(slot);
}

// Ends under the dialler's feet.
void Network::lose(std::uint32_t slot) {
    Connection& connection = connections_[slot];
    if (connection.phase == Phase::draining) return free_slot(slot);
    if (unsettled(connection)) {
        return conclude(slot, {node::LinkNews::unreachable, connection_reset});
    }
    ++counts_.breaks;
    const std::uint32_t dialler = connection.from;
    const node::LinkEvent event{connection.peer, connection.link, node::LinkNews::lost, 0};
    close(slot);
    ends_.on_link(dialler, event);
}

// What the sender's kernel had already taken may still arrive, from the front on.
void Network::close(std::uint32_t slot) {
    Connection& connection = connections_[slot];
    drop_queue(connection);
    detach(slot);
    const bool flowing = connection.phase == Phase::open && !connection.stalled;
    const std::uint64_t kept =
        drawn(Purpose::tail, connection.from, connection.to, connection.number) %
        (connection.pipe.size() + 1);
    lose_pipe(connection, flowing ? static_cast<std::size_t>(kept) : 0);
    if (connection.pipe.empty()) return free_slot(slot);
    connection.phase = Phase::draining;
}

void Network::detach(std::uint32_t slot) {
    const Connection& connection = connections_[slot];
    HashIndex<NodeId, std::uint32_t>& outlets = endpoints_[connection.from].outlets;
    const std::uint32_t* current = outlets.find(connection.peer);
    if (current != nullptr && *current == slot) outlets.erase(connection.peer);
}

// Of the dialler, as the acceptor knows it.
const NodeId& Network::identity_of(const Connection& connection) const {
    if (connection.aliased) return aliases_.at(connection.number);
    return endpoints_[connection.from].setup.id;
}

void Network::free_slot(std::uint32_t slot) {
    Connection& connection = connections_[slot];
    lose_pipe(connection, 0);
    if (connection.aliased) aliases_.erase(connection.number);
    const std::uint32_t generation = connection.generation + 1;
    connection = Connection{};
    connection.generation = generation;
    free_.push_back(slot);
}

bool Network::unsettled(const Connection& connection) const {
    return connection.phase == Phase::probing || connection.phase == Phase::dialling ||
           connection.phase == Phase::handshake;
}

}  // namespace starling::sim
