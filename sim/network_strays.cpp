// What a hostile network, or a broken peer, does to frames: see the header of network.hpp.
#include "base/kinds.hpp"
#include "sim/network.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t no_generation = UINT32_MAX;  // strays take no room in a pipe
constexpr Duration overtaken_mean = 50ms;
constexpr Duration doubled_mean = 5ms;
constexpr Duration replayed_min = 1s;
constexpr Duration replayed_max = 10s;
constexpr std::size_t garbage_bytes_max = 512;
constexpr std::uint64_t edits_max = 4;

// Registers and auctions trust members to say what they did: a member that lies there is not
// contained, by design.  Their frames are spoilt so that no meaning is left.
bool is_believed(FrameHead head) {
    constexpr std::size_t kind_place = 1;
    return head[kind_place] >= static_cast<std::uint8_t>(Kind::prepare);
}

// A member that greets under a number its link does not have silences itself until its next boot:
// that is its own matter, and not what a broken wire does, since the transport authenticates
// frames.
bool names_a_link(const FrameHead& head, std::size_t place) {
    constexpr std::size_t link_at = 2;
    constexpr std::size_t link_end = 6;
    return head[1] == static_cast<std::uint8_t>(Kind::hello) && place >= link_at &&
           place < link_end;
}

}  // namespace

void Network::relieve(const Fault& fault, Duration now) {
    weather_.remove(fault.number);
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        Connection& connection = connections_[slot];
        if (!std::exchange(connection.harmed, false) || connection.phase != Phase::open) continue;
        schedule(Happening::peer_gone, slot,
                 now + latency(connection, connection.from, connection.to));
    }
}

// True when the frame does not enter the pipe.
bool Network::waylay(std::uint32_t slot, Flight& flight, Duration now) {
    Connection& connection = connections_[slot];
    Rng rng(drawn(Purpose::hostile, connection.from, connection.to,
                  connection.number << 32U | connection.draws));
    const auto happens = [&](FaultKind kind) {
        const std::uint64_t share = weather_.share(kind, connection.from, connection.to);
        return rng.below(Weather::whole) < share;
    };
    // All draws are made always, so that one fault moves no draw of another.
    const bool lost = happens(FaultKind::lose);
    const bool doubled = happens(FaultKind::duplicate);
    const bool overtaken = happens(FaultKind::reorder);
    const bool replayed = happens(FaultKind::replay);
    const bool flipped = happens(FaultKind::flip);

    if (replayed) {
        send_stray(slot, flight, FaultKind::replay, now + rng.between(replayed_min, replayed_max));
    }
    if (doubled) {
        send_stray(slot, flight, FaultKind::duplicate,
                   flight.arrives + rng.exponential(doubled_mean));
    }
    connection.harmed = connection.harmed || lost || overtaken || flipped;
    if (lost) {
        ++counts_.lost;
        return true;
    }
    if (flipped) flip_bit(flight, rng);
    if (!overtaken) return false;
    send_stray(slot, flight, FaultKind::reorder, flight.arrives + rng.exponential(overtaken_mean));
    return true;
}

// Bytes without meaning under some kind, or a spoilt copy of what the host just sent.
void Network::babble_after(std::uint32_t slot, const Flight& flight, Duration now) {
    Connection& connection = connections_[slot];
    Rng rng(drawn(Purpose::hostile, connection.to, connection.from,
                  connection.number << 32U | connection.draws));
    if (rng.below(Weather::whole) >= endpoints_[connection.from].babble) return;
    Flight copy = flight;
    bodies_.retain(copy.body);
    if (rng.chance(1, 2)) {
        spoil(copy, rng);
    } else {
        Bytes bytes(static_cast<std::size_t>(rng.below(garbage_bytes_max)));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
        copy.head[1] = static_cast<std::uint8_t>(rng.below(72));
        replace_body(copy, bytes);
    }
    ++counts_.spoilt;
    send_stray(slot, copy, FaultKind::garbage, now + rng.exponential(doubled_mean));
    bodies_.release(copy.body);
}

// What those who lie make of this frame.
void Network::lie_after(std::uint32_t slot, const Flight& flight, Duration now) {
    const Connection& connection = connections_[slot];
    const auto lies = adversary_->on_frame(
        {connection.from, connection.to, flight.head, bodies_.view(flight.body)});
    for (const Lie& lie : lies) {
        ++counts_.lies;
        const Bodies::Handle body = bodies_.add(lie.body);
        Rng rng(drawn(Purpose::lie, connection.from, connection.to,
                      connection.number << 32U | connection.draws),
                static_cast<std::uint64_t>(lie.kind));
        send_stray({connection.from, connection.to, lie.kind, lie.identity, lie.head, body},
                   lie.at_once ? flight.arrives : now + rng.exponential(doubled_mean));
        bodies_.release(body);
    }
}

void Network::flip_bit(Flight& flight, Rng& rng) {
    ++counts_.spoilt;
    if (is_believed(flight.head)) return spoil(flight, rng);
    const ByteView bytes = bodies_.view(flight.body);
    const std::uint64_t bit = rng.below((flight.head.size() + bytes.size()) * 8);
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    auto place = static_cast<std::size_t>(bit / 8);
    if (names_a_link(flight.head, place)) place = 0;
    if (place < flight.head.size()) {
        flight.head.at(place) ^= mask;
        return;
    }
    Bytes copy(bytes.begin(), bytes.end());
    copy.at(place - flight.head.size()) ^= mask;
    replace_body(flight, copy);
}

// Some bytes are others now; of what would be believed the end is missing.
void Network::spoil(Flight& flight, Rng& rng) {
    const ByteView bytes = bodies_.view(flight.body);
    Bytes copy(bytes.begin(), bytes.end());
    if (copy.empty() || is_believed(flight.head)) {
        copy.resize(static_cast<std::size_t>(rng.below(copy.size() + 1)));
        if (copy.size() == bytes.size()) copy.push_back(0xC1);  // what msgpack never uses
    } else {
        for (std::uint64_t edits = rng.between(1, edits_max); edits > 0; --edits) {
            copy.at(static_cast<std::size_t>(rng.below(copy.size()))) =
                static_cast<std::uint8_t>(rng.next());
        }
    }
    replace_body(flight, copy);
}

void Network::replace_body(Flight& flight, ByteView bytes) {
    const Bodies::Handle other = bodies_.add(bytes);
    bodies_.release(flight.body);
    flight.body = other;
}

void Network::send_stray(std::uint32_t slot, const Flight& flight, FaultKind cause, Duration at) {
    const Connection& connection = connections_[slot];
    send_stray(
        {connection.from, connection.to, cause, identity_of(connection), flight.head, flight.body},
        at);
}

void Network::send_stray(const Stray& stray, Duration at) {
    if (free_strays_.empty()) {
        free_strays_.push_back(static_cast<std::uint32_t>(strays_.size()));
        strays_.emplace_back();
    }
    const std::uint32_t number = free_strays_.back();
    free_strays_.pop_back();
    strays_[number] = stray;
    bodies_.retain(stray.body);
    timetable_.push(at, {Happening::stray, number, 0});
}

// Over whatever connection there is between the two by now, at whatever process is there.
void Network::arrive_astray(std::uint32_t number) {
    const Stray stray = strays_[number];
    free_strays_.push_back(number);
    const bool there = endpoints_[stray.to].running && cuts_.reaches(stray.from, stray.to);
    if (!there || !is_in_force(stray)) return bodies_.release(stray.body);
    ++counts_.strays;
    ends_.on_arrival(stray.to, {0, no_generation, stray.identity, stray.head, stray.body, {}});
}

bool Network::is_in_force(const Stray& stray) const {
    if (stray.cause == FaultKind::garbage) return endpoints_[stray.from].babble > 0;
    if (Adversary::tells_lies(stray.cause)) {
        const bool from_outside = stray.cause == FaultKind::outsider;
        return adversary_->lies(stray.cause, from_outside ? stray.to : stray.from);
    }
    return weather_.share(stray.cause, stray.from, stray.to) > 0;
}

}  // namespace starling::sim
