#include "tests/quorum/mesh.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {

using namespace std::chrono_literals;

Mesh::Mesh(std::size_t nodes, Hop hop) : news(nodes), hop_(std::move(hop)) {
    if (!hop_) hop_ = [](std::size_t, std::size_t) { return 1ms; };
    now.boot_time = BootTime{1000s};
    now.wall = WallTime{1700000000s};
    for (std::size_t node = 0; node < nodes; ++node) {
        ids_.emplace_back().bytes.fill(static_cast<std::uint8_t>(node + 1));
        hosts_.emplace_back().journal.bytes.fill(static_cast<std::uint8_t>(node + 1));
        if (node < 5) voters_.push_back({ids_[node], hosts_[node].journal});
    }
    for (std::size_t node = 0; node < nodes; ++node) restart(node);
}

void Mesh::restart(std::size_t node) {
    Host& host = hosts_[node];
    ++host.boot.value;
    const Setup setup{{ids_[node], host.journal}, host.boot, voters_, node};
    host.core = std::make_unique<Quorum>(setup, host.disk, now, out);
    after(node);
}

Caller Mesh::caller(const std::string& name, Duration within) {
    return {CallId{++calls_}, name, now.boot_time + within};
}

void Mesh::after(std::size_t node) {
    Host& host = hosts_[node];
    for (const Stored& stored : out.stored()) {
        const DiskRecords::Key key{stored.table, copy_of(out.view(stored.key))};
        if (stored.erase) {
            host.disk.records.erase(key);
        } else {
            host.disk.records[key] = copy_of(out.view(stored.value));
        }
    }
    for (const Outgoing& sent : out.outgoing()) {
        Packet packet{ids_[node], sent.to, sent.kind, copy_of(out.view(sent.body))};
        const Duration way = hop_(node, index(sent.to));
        flying_.emplace(now.boot_time + way, std::move(packet));
    }
    out.clear();
    for (CallEnded& each : host.core->take_ended()) ended[each.call.value] = std::move(each);
    for (DecisionNews& each : host.core->take_news()) news[node].push_back(std::move(each));
}

void Mesh::run(Duration duration) {
    const BootTime end = now.boot_time + duration;
    while (now.boot_time < end) {
        now.boot_time += 1ms;
        now.wall += 1ms;
        while (!flying_.empty() && flying_.begin()->first <= now.boot_time) {
            const Packet packet = flying_.extract(flying_.begin()).mapped();
            const std::size_t from = index(packet.from);
            const std::size_t to = index(packet.to);
            if (!hosts_[to].core || (from != to && (cut_.contains(from) || cut_.contains(to)))) {
                continue;
            }
            dispatch(to, packet);
            after(to);
        }
        for (std::size_t node = 0; node < hosts_.size(); ++node) {
            const auto due = hosts_[node].core ? at(node).next_deadline() : std::nullopt;
            if (!due || *due > now.boot_time) continue;
            at(node).on_tick(now, out);
            after(node);
        }
    }
}

const CallEnded& Mesh::end_of(CallId call) {
    for (int i = 0; i < 100'000 && !has_ended(call); ++i) run(1ms);
    return ended.at(call.value);
}

const CallEnded& Mesh::end() {
    return end_of(latest());
}

std::size_t Mesh::index(const NodeId& node) const {
    return static_cast<std::size_t>(std::ranges::find(ids_, node) - ids_.begin());
}

template <class Message, class Handle>
void Mesh::hand(const Packet& packet, Handle handle) {
    if (packet.kind != Message::kind) return;
    const auto message = decoded<Message>(decoder_, packet.body);
    if (message) handle(*message);
}

void Mesh::dispatch(std::size_t node, const Packet& packet) {
    Quorum& core = at(node);
    const NodeId& from = packet.from;
    hand<Prepare>(packet, [&](auto& message) { core.on_prepare(from, message, now, out); });
    hand<Promise>(packet, [&](auto& message) { core.on_promise(from, message, now, out); });
    hand<Accept>(packet, [&](auto& message) { core.on_accept(from, message, now, out); });
    hand<Accepted>(packet, [&](auto& message) { core.on_accepted(from, message, now, out); });
    hand<Conflict>(packet, [&](auto& message) { core.on_conflict(from, message, now, out); });
    hand<Read>(packet, [&](auto& message) { core.on_read(from, message, now, out); });
    hand<ReadOk>(packet, [&](auto& message) { core.on_read_ok(from, message, now, out); });
    hand<DecisionOpened>(packet,
                         [&](auto& message) { core.on_decision_opened(from, message, now, out); });
}

}  // namespace starling::quorum
