#include "sim/network.hpp"

#include "base/assert.hpp"
#include "node/envelope.hpp"

#include <algorithm>

namespace starling::sim {

Network::Network(const NetworkModel& model, std::uint64_t seed, Timetable& timetable,
                 Bodies& bodies, Ends& ends)
    : model_(model), seed_(seed), timetable_(timetable), bodies_(bodies), ends_(ends) {
    STARLING_ASSERT(model.regions.source.empty() || model.regions.matrix);
}

std::uint32_t Network::add(EndpointSetup setup) {
    const auto host = static_cast<std::uint32_t>(endpoints_.size());
    addresses_.emplace(setup.address, host);
    curves_.insert(setup.curve, host);
    endpoints_.emplace_back().setup = std::move(setup);
    cuts_.grow(endpoints_.size());
    return host;
}

void Network::move(std::uint32_t host, const std::string& address) {
    Endpoint& endpoint = endpoints_.at(host);
    addresses_.erase(endpoint.setup.address);
    addresses_.emplace(address, host);
    endpoint.setup.address = address;
    ++endpoint.moves;
}

void Network::send(std::uint32_t host, const NodeId& to, Kind kind, Bodies::Handle body,
                   Duration now) {
    Endpoint& endpoint = endpoints_.at(host);
    const std::uint32_t* outlet = endpoint.outlets.find(to);
    if (outlet == nullptr) return drop(host, to, kind, DropReason::no_connection);

    const std::uint32_t slot = *outlet;
    Connection& connection = connections_[slot];
    const std::size_t bytes = bodies_.view(body).size() + limits::frame_header_bytes;
    if (connection.phase == Phase::greeting && kind == Kind::hello) {
        // The first frame of a link introduces it: what waited since the dial goes after it.
        enter_pipe(slot, kind, body, now);
        connection.phase = Phase::open;
        return flush(slot, now);
    }
    const bool room = connection.pipe_bytes + bytes <= model_.pipe_bytes;
    if (connection.phase == Phase::open && connection.queue.empty() && room) {
        return enter_pipe(slot, kind, body, now);
    }
    if (!fits_queue(endpoint, connection, bytes)) {
        return drop(host, to, kind, DropReason::queue_full);  // I3
    }
    enqueue(connection, kind, body);
}

void Network::consumed(const Arrival& arrival, Duration now) {
    Connection& connection = connections_.at(arrival.connection);
    if (connection.generation != arrival.generation) return;
    connection.pipe_bytes -= bodies_.view(arrival.body).size() + limits::frame_header_bytes;
    if (connection.phase == Phase::open) flush(arrival.connection, now);
}

void Network::cut(std::uint64_t number, std::span<const std::uint32_t> left,
                  std::span<const std::uint32_t> right, Direction direction) {
    cuts_.add(number, left, right, direction);
}

void Network::heal(std::uint64_t number, Duration now) {
    cuts_.remove(number);
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        mend(slot, Resume::retransmitted, now);
    }
}

void Network::unclog(std::uint64_t number, Duration now) {
    cuts_.remove(number);
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        mend(slot, Resume::at_once, now);
    }
}

void Network::throttle(std::uint32_t host, std::uint64_t byte_rate, Duration now) {
    Endpoint& endpoint = endpoints_.at(host);
    const bool relieved = endpoint.byte_rate > 0 && byte_rate == 0;
    endpoint.byte_rate = byte_rate;
    endpoint.wire_free = now;
    for (std::uint32_t slot = 0; relieved && slot < connections_.size(); ++slot) {
        if (connections_[slot].from == host) hasten(slot, now);
    }
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Network::open_connections() const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open;
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        const Connection& connection = connections_[slot];
        if (connection.phase == Phase::open) open.emplace_back(connection.from, connection.to);
    }
    std::ranges::sort(open);
    return open;
}

bool Network::fits_queue(const Endpoint& endpoint, const Connection& connection,
                         std::size_t bytes) const {
    return connection.queue.size() < limits::link_queue_frames &&
           connection.queue_bytes + bytes <= limits::link_queue_bytes &&
           endpoint.queue_bytes + bytes <= limits::all_queues_bytes;
}

void Network::enqueue(Connection& connection, Kind kind, Bodies::Handle body) {
    const std::size_t bytes = bodies_.view(body).size() + limits::frame_header_bytes;
    bodies_.retain(body);
    connection.queue.push_back({kind, body});
    connection.queue_bytes += bytes;
    endpoints_[connection.from].queue_bytes += bytes;
}

void Network::enter_pipe(std::uint32_t slot, Kind kind, Bodies::Handle body, Duration now) {
    Connection& connection = connections_[slot];
    const std::size_t bytes = bodies_.view(body).size() + limits::frame_header_bytes;
    Endpoint& sender = endpoints_[connection.from];
    const BootTime sent = sender.setup.clock->at(now).boot_time;
    bodies_.retain(body);
    ++counts_.frames;
    counts_.bytes += bytes;

    // Later frames never overtake earlier ones (I1).
    const Duration left = onto_wire(connection, bytes, departure(sender, bytes, now));
    const Duration arrives = std::max(left + latency(connection, connection.from, connection.to),
                                      connection.last_arrival + Duration{1});
    Flight flight{
        node::header_bytes({node::wire_version, kind, connection.link, node::sent_ms_of(sent)}),
        body, arrives, now};
    if (sender.babble > 0) babble_after(slot, flight, now);
    if (adversary_ != nullptr && !adversary_->is_idle()) lie_after(slot, flight, now);
    if (!weather_.is_calm() && waylay(slot, flight, now)) return bodies_.release(flight.body);

    connection.last_arrival = arrives;
    connection.pipe_bytes += bodies_.view(flight.body).size() + limits::frame_header_bytes;
    connection.pipe.push_back(flight);
    if (!connection.stalled) schedule_arrival(slot, now);
}

void Network::flush(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    while (!connection.queue.empty()) {
        const Waiting next = connection.queue.front();
        const std::size_t bytes = bodies_.view(next.body).size() + limits::frame_header_bytes;
        if (connection.pipe_bytes + bytes > model_.pipe_bytes) return;
        connection.queue.pop_front();
        connection.queue_bytes -= bytes;
        endpoints_[connection.from].queue_bytes -= bytes;
        enter_pipe(slot, next.kind, next.body, now);
        bodies_.release(next.body);
    }
}

void Network::arrive(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    if (connection.arrival_at != now) return;  // an earlier one took its place
    connection.arrival_at.reset();
    if (connection.pipe.empty()) return;
    if (!cuts_.reaches(connection.from, connection.to)) {
        connection.stalled = true;
        return await_acknowledgement(slot, now);
    }
    if (!cuts_.reaches(connection.to, connection.from)) await_acknowledgement(slot, now);

    const Flight flight = connection.pipe.front();
    connection.pipe.pop_front();
    deliver(slot, flight);
    if (!connection.pipe.empty()) return schedule_arrival(slot, now);
    if (connection.phase == Phase::draining) free_slot(slot);
}

void Network::deliver(std::uint32_t slot, const Flight& flight) {
    const Connection& connection = connections_[slot];
    const Endpoint& receiver = endpoints_[connection.to];
    if (!receiver.running || receiver.epoch != connection.to_epoch) {  // I2
        ++counts_.lost;
        return bodies_.release(flight.body);
    }
    ++counts_.delivered;
    ends_.on_arrival(connection.to, {slot, connection.generation, identity_of(connection),
                                     flight.head, flight.body, flight.sent});
}

void Network::schedule_arrival(std::uint32_t slot, Duration not_before) {
    Connection& connection = connections_[slot];
    if (connection.arrival_at) return;
    connection.arrival_at = std::max(connection.pipe.front().arrives, not_before);
    schedule(Happening::arrival, slot, *connection.arrival_at);
}

void Network::await_acknowledgement(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    if (connection.unacked_since) return;
    connection.unacked_since = now;
    schedule(Happening::unacked, slot, now + model_.unacked_max);
}

void Network::drop(std::uint32_t host, const NodeId& to, Kind kind, DropReason reason) {
    ++counts_.dropped;
    ends_.on_dropped(host, to, kind, reason);
}

void Network::drop_queue(Connection& connection) {
    endpoints_[connection.from].queue_bytes -= connection.queue_bytes;
    connection.queue_bytes = 0;
    for (const Waiting& waiting : connection.queue) {
        bodies_.release(waiting.body);
        drop(connection.from, connection.peer, waiting.kind, DropReason::connection_ended);
    }
    connection.queue.clear();
}

void Network::lose_pipe(Connection& connection, std::size_t kept) {
    while (connection.pipe.size() > kept) {
        ++counts_.lost;
        bodies_.release(connection.pipe.back().body);
        connection.pipe.pop_back();
    }
}

// Later than it was sent when the host may send only so much a second.
Duration Network::departure(Endpoint& endpoint, std::size_t bytes, Duration now) {
    if (endpoint.byte_rate == 0) return now;
    const std::uint64_t takes = bytes * 1'000'000'000ULL / endpoint.byte_rate;
    endpoint.wire_free =
        std::max(now, endpoint.wire_free) + Duration{static_cast<std::int64_t>(takes)};
    return endpoint.wire_free;
}

// Its connection has a bandwidth of its own.
Duration Network::onto_wire(Connection& connection, std::size_t bytes, Duration now) const {
    if (model_.bandwidth == 0) return now;
    const std::uint64_t takes = bytes * 1'000'000'000ULL / model_.bandwidth;
    connection.wire_free =
        std::max(now, connection.wire_free) + Duration{static_cast<std::int64_t>(takes)};
    return connection.wire_free;
}

Duration Network::least_latency(std::uint32_t from, std::uint32_t to) const {
    const bool placed = !model_.regions.source.empty();
    return placed ? model_.regions.latency(from, to) : model_.latency_min;
}

// What waited for a throttled wire goes on at once, in order.
void Network::hasten(std::uint32_t slot, Duration now) {
    Connection& connection = connections_[slot];
    if (connection.pipe.empty()) return;
    Duration arrives = now + least_latency(connection.from, connection.to);
    for (Flight& flight : connection.pipe) {
        flight.arrives = std::min(flight.arrives, arrives++);
    }
    connection.last_arrival = connection.pipe.back().arrives;
    if (connection.stalled) return;
    connection.arrival_at.reset();
    schedule_arrival(slot, now);
}

void Network::mend(std::uint32_t slot, Resume resume, Duration now) {
    Connection& connection = connections_[slot];
    if (connection.phase == Phase::free) return;
    const bool there = cuts_.reaches(connection.from, connection.to);
    const bool back = cuts_.reaches(connection.to, connection.from);
    const Duration since = connection.unacked_since.value_or(now);
    const Duration on = resume == Resume::at_once ? now : retransmission_after(since, now);
    if (connection.stalled && there) {
        connection.stalled = false;
        schedule_arrival(slot, on);
    }
    if (connection.peer_gone && there && back) {
        connection.peer_gone = false;
        schedule(Happening::peer_gone, slot, on);
    }
    if (there && back) connection.unacked_since.reset();
}

Duration Network::retransmission_after(Duration since, Duration now) const {
    Duration wait = model_.retransmit_base;
    Duration at = since + wait;
    while (at < now) {
        wait *= 2;
        at += wait;
    }
    return at;
}

void Network::schedule(Happening what, std::uint32_t slot, Duration at, std::uint32_t extra) {
    timetable_.push(at, {what, slot, std::uint64_t{extra} << 32U | connections_[slot].generation});
}

Duration Network::latency(Connection& connection, std::uint32_t from, std::uint32_t to) {
    const auto spread = static_cast<std::uint64_t>(model_.latency_spread.count());
    const std::uint64_t base = drawn(Purpose::base, from, to, 0) % (spread + 1);
    const std::uint64_t counter = connection.number << 32U | connection.draws++;
    Rng jitter(drawn(Purpose::jitter, from, to, counter));
    const Duration late = weather_.is_calm() ? Duration{} : weather_.delay(from, to);
    return least_latency(from, to) + Duration{static_cast<std::int64_t>(base)} +
           jitter.exponential(model_.jitter_mean) + late;
}

std::uint64_t Network::drawn(Purpose purpose, std::uint32_t a, std::uint32_t b,
                             std::uint64_t counter) {
    ++draws_;
    const auto stream = static_cast<std::uint64_t>(purpose) << 56U | std::uint64_t{a} << 28U | b;
    return draw(seed_, stream, counter);  // I4
}

}  // namespace starling::sim
