#include "sim/swarm_partitions.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace starling::sim::partitions {
namespace {

using namespace std::chrono_literals;

// One node alone is the favourite (Alquraan et al., OSDI'18: it finds most partition bugs).
Hosts some_side(Rng& rng, const Hosts& hosts) {
    const std::uint64_t few = rng.chance(1, 2) ? 1 : rng.between(1, hosts.size() / 2);
    return {hosts.begin(), hosts.begin() + static_cast<std::ptrdiff_t>(few)};
}

// Two halves that only one node can reach both of.
void bridge(Author& author, const Hosts& hosts, Duration at, Duration lasts) {
    const std::ptrdiff_t half = static_cast<std::ptrdiff_t>(hosts.size()) / 2;
    author.part(FaultKind::cut, {hosts.begin(), hosts.begin() + half},
                {hosts.begin() + half + 1, hosts.end()}, at, lasts);
}

// Everybody reaches a majority, no two the same one.
void ring(Author& author, const Hosts& hosts, Duration at, Duration lasts) {
    const std::size_t size = hosts.size();
    for (std::size_t i = 0; i + 1 < size; ++i) {
        Hosts far;
        for (std::size_t j = i + 1; j < size; ++j) {
            const std::size_t apart = std::min(j - i, size - (j - i));
            if (apart > (size + 3) / 4) far.push_back(hosts[j]);
        }
        if (!far.empty()) author.part(FaultKind::cut, {hosts[i]}, std::move(far), at, lasts);
    }
}

// Two groups do not reach each other, and all others reach both (Alfatafta et al., OSDI'20).
void partial(Author& author, Rng& rng, const Hosts& hosts, Duration at, Duration lasts) {
    const auto first = static_cast<std::ptrdiff_t>(rng.between(1, hosts.size() / 2));
    const auto last = static_cast<std::ptrdiff_t>(
        rng.between(static_cast<std::uint64_t>(first) + 1, hosts.size() - 1));
    author.part(FaultKind::cut, {hosts.begin(), hosts.begin() + first},
                {hosts.begin() + first, hosts.begin() + last}, at, lasts);
}

}  // namespace

Fault sides_of(Rng& rng, const Hosts& hosts) {
    Fault fault;
    fault.left = some_side(rng, hosts);
    fault.right.assign(hosts.begin() + static_cast<std::ptrdiff_t>(fault.left.size()), hosts.end());
    fault.direction = rng.chance(1, 3) ? Direction::one_way : Direction::both;
    if (rng.chance(1, 2)) std::swap(fault.left, fault.right);
    return fault;
}

void split(Author& author) {
    Rng rng = author.next_rng();
    const Duration at = rng.between(swarm_settle, author.faulty() / 2);
    const Duration lasts = rng.between(author.faulty() / 3, author.faulty());
    const Hosts hosts = author.all_hosts(rng);
    const auto half = static_cast<std::ptrdiff_t>(rng.between(1, hosts.size() / 2));
    author.part(FaultKind::cut, {hosts.begin(), hosts.begin() + half},
                {hosts.begin() + half, hosts.end()}, at, lasts);
}

void any(Author& author) {
    const std::uint64_t many = author.how_many(3);
    for (std::uint64_t i = 0; i < many; ++i) {
        Rng rng = author.next_rng();
        const Duration at = author.any_time(rng);
        const Duration lasts = scaled(rng, 50ms, author.faulty() / 2);
        const Hosts hosts = author.all_hosts(rng);
        const std::uint64_t shape = hosts.size() < 4 ? 0 : rng.below(10);
        if (shape >= 8) {
            partial(author, rng, hosts, at, lasts);
        } else if (shape == 6) {
            bridge(author, hosts, at, lasts);
        } else if (shape == 7) {
            ring(author, hosts, at, lasts);
        } else {
            Fault fault = sides_of(rng, hosts);
            fault.kind = FaultKind::cut;
            author.add(std::move(fault), at, lasts);
        }
    }
}

void flapping(Author& author) {
    Rng rng = author.next_rng();
    Fault fault = sides_of(rng, author.all_hosts(rng));
    fault.kind = FaultKind::cut;
    const Duration period = scaled(rng, 50ms, 4s);
    Duration at = author.any_time(rng);
    const Duration end = std::min(author.faulty(), at + scaled(rng, 1s, 20s));
    while (at < end) {
        Rng turn = author.next_rng();
        const Duration off = turn.between(period / 4, period);
        author.add(fault, at, off);
        at += off + turn.between(period / 4, period);
    }
}

void swizzle(Author& author) {
    Rng rng = author.next_rng();
    Hosts hosts = author.all_hosts(rng);
    hosts.resize(static_cast<std::size_t>(rng.between(1, hosts.size())));
    const Duration apart = scaled(rng, 10ms, 2s);
    const Duration begin = author.any_time(rng);
    const Duration turn = begin + apart * static_cast<std::int64_t>(hosts.size());
    std::vector<Duration> ends;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        ends.push_back(turn + apart * static_cast<std::int64_t>(i));
    }
    rng.shuffle(std::span(ends));
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        Hosts others;
        for (std::uint32_t host = 0; host < author.nodes(); ++host) {
            if (host != hosts[i]) others.push_back(host);
        }
        const Duration at = begin + apart * static_cast<std::int64_t>(i);
        author.part(FaultKind::clog, {hosts[i]}, std::move(others), at, ends[i] - at);
    }
}

}  // namespace starling::sim::partitions
