#include "tests/quorum/world.hpp"

#include <algorithm>

namespace starling::quorum {
namespace {

using namespace std::chrono_literals;

NodeId node_id(std::size_t node) {
    NodeId id;
    id.bytes.fill(static_cast<std::uint8_t>(17 * node + 3));
    return id;
}

JournalId journal_id(std::size_t node) {
    JournalId id;
    id.bytes.fill(static_cast<std::uint8_t>(node + 1));
    return id;
}

std::string text_of(const Contents& contents) {
    const auto* value = std::get_if<Bytes>(&contents);
    return value == nullptr ? std::string() : std::string(starling::text_of(*value));
}

sim::Call call_of(const Asked& each) {
    sim::Call call;
    call.key = each.name;
    call.call_ns = each.began;
    call.value = each.token;
    call.kind = each.is_read ? sim::CallKind::read : sim::CallKind::write;
    const auto* put = std::get_if<Put>(&each.change);
    if (put != nullptr && put->expected) {
        call.kind = sim::CallKind::cas;
        call.expected = *put->expected;
    }
    const Finished& finished = each.finished;
    if (each.ended < 0 || finished.outcome == Outcome::unknown) return call;
    call.return_ns = each.ended;
    const bool applied = finished.outcome == Outcome::applied;
    call.outcome = applied ? sim::CallOutcome::applied : sim::CallOutcome::not_applied;
    if (applied && !each.is_read) {
        call.seen = sim::Seen{finished.version, each.token};
    } else if (applied || finished.reason == Reason::version_mismatch) {
        call.seen = sim::Seen{finished.version, text_of(finished.snapshot.contents)};
    }
    return call;
}

// One operation asked for twice: the first answer that says something is the call's.
void merge(sim::Call& call, const sim::Call& other) {
    const bool better = other.return_ns && (!call.return_ns || *other.return_ns < *call.return_ns);
    const std::int64_t began = std::min(call.call_ns, other.call_ns);
    if (better) call = other;
    call.call_ns = began;
}

}  // namespace

void DiskRecords::scan(Table table, const Visit& visit) const {
    for (const auto& [key, value] : records) {
        if (key.first == table) visit(key.second, value);
    }
}

std::optional<Bytes> DiskRecords::read(Table table, ByteView key) const {
    const auto found = records.find({table, copy_of(key)});
    if (found == records.end()) return std::nullopt;
    return found->second;
}

World::World(Shape shape) : rng(shape.seed), shape_(shape) {
    now.boot_time = BootTime{1000s};
    now.wall = WallTime{1700000000s};
    for (std::size_t node = 0; node < shape.nodes; ++node) hosts_.emplace_back();
    for (std::size_t node = 0; node < shape.nodes; ++node) {
        ids_.push_back(node_id(node));
        hosts_[node].journal = journal_id(node);
        if (node < shape.voters) voters_.push_back({ids_[node], hosts_[node].journal});
    }
    for (std::size_t node = 0; node < shape.nodes; ++node) restart(node);
}

Setup World::setup_of(std::size_t node) const {
    const Host& host = hosts_[node];
    return {{ids_[node], host.journal}, host.boot, voters_, shape_.seed * 31 + node};
}

void World::restart(std::size_t node) {
    Host& host = hosts_[node];
    if (shape_.mutation != Mutation::same_boot || host.boot.value == 0) ++host.boot.value;
    host.core = std::make_unique<Registers>(setup_of(node), host.disk, out_);
    absorb(node);
}

void World::crash(std::size_t node, std::size_t synced_batches) {
    Host& host = hosts_[node];
    for (std::size_t i = 0; i < synced_batches && !host.batches.empty(); ++i) {
        for (auto& [key, value] : host.batches.front()) host.disk.records[key] = value;
        host.batches.erase(host.batches.begin());
    }
    host.core.reset();
    host.batches.clear();
    host.held.clear();
    host.handed = host.durable = 0;
    if (shape_.mutation == Mutation::wiped_disk) host.disk.records.clear();
    if (shape_.mutation == Mutation::lost_ceiling) {
        // What an implementation without a ceiling would have: just what it accepted.
        std::uint64_t highest = 0;
        for (const auto& [where, visible] : visible_) {
            if (where.first == ids_[node]) highest = std::max(highest, visible.accepted.round);
        }
        Bytes ceiling;
        Writer writer(ceiling);
        writer.list(1);
        writer.uint(highest);
        host.disk.records[{Table::meta, bytes_of("promise_ceiling")}] = ceiling;
    }
}

Ticket World::put(std::size_t node, std::optional<std::uint64_t> expected, const std::string& token,
                  Duration within) {
    Operation operation{core(node).next_id(), 0, Put{expected, bytes_of(token)}, false};
    return change(node, std::move(operation), within);
}

Ticket World::change(std::size_t node, Operation operation, Duration within) {
    const Ticket ticket = ++tickets_;
    const auto* put = std::get_if<Put>(&operation.change);
    const std::string token = put == nullptr ? "" : std::string(starling::text_of(*put->value));
    asked[ticket] = {node, name,         operation.change, false, token, ++step_, -1,
                     {},   operation.id, operation.retried};
    core(node).change({ticket, name, std::move(operation), now.boot_time + within}, now, out_);
    absorb(node);
    return ticket;
}

Ticket World::read(std::size_t node, Duration within) {
    const Ticket ticket = ++tickets_;
    asked[ticket] = {node, name, Identity{}, true, "", ++step_, -1, {}, {}, false};
    core(node).read(ticket, name, now.boot_time + within, now, out_);
    absorb(node);
    return ticket;
}

Ticket World::settle(std::size_t node, const Receipt& receipt) {
    return change(node, {core(node).next_id(), 0, Settle{receipt}, false});
}

void World::on_reachable(std::size_t node, const std::vector<std::size_t>& alive) {
    std::vector<NodeId> ids;
    for (const std::size_t each : alive) ids.push_back(ids_[each]);
    core(node).on_reachable(ids);
}

void World::deliver(std::size_t packet) {
    const Packet taken = packets[packet];
    drop(packet);
    const std::size_t node = index(taken.to);
    if (!is_up(node)) return;
    dispatch(node, taken);
    absorb(node);
}

void World::drop(std::size_t packet) {
    std::swap(packets[packet], packets.back());
    packets.pop_back();
}

std::size_t World::index(const NodeId& node) const {
    return static_cast<std::size_t>(std::ranges::find(ids_, node) - ids_.begin());
}

// Hands the packet to the handler if it is a message of this type.
template <class Message, class Handle>
void World::hand(const Packet& packet, Handle handle) {
    if (packet.kind != Message::kind) return;
    const auto message = decoded<Message>(decoder_, packet.body);
    if (message) return handle(*message);
    violated("a frame of our own does not decode");
}

void World::dispatch(std::size_t node, const Packet& packet) {
    Registers& core = *hosts_[node].core;
    const NodeId& from = packet.from;
    hand<Prepare>(packet, [&](auto& message) { core.on_prepare(from, message, out_); });
    hand<Accept>(packet, [&](auto& message) { core.on_accept(from, message, out_); });
    hand<Read>(packet, [&](auto& message) { core.on_read(from, message, out_); });
    hand<Promise>(packet, [&](auto& message) { core.on_promise(from, message, now, out_); });
    hand<Accepted>(packet, [&](auto& message) { core.on_accepted(from, message, now, out_); });
    hand<Conflict>(packet, [&](auto& message) { core.on_conflict(from, message, now, out_); });
    hand<ReadOk>(packet, [&](auto& message) { core.on_read_ok(from, message, now, out_); });
}

// Carries out what a step of a node wants done.
void World::absorb(std::size_t node) {
    Host& host = hosts_[node];
    if (!out_.stored().empty()) {
        auto& batch = host.batches.emplace_back();
        for (const Stored& stored : out_.stored()) {
            batch.push_back(
                {{stored.table, copy_of(out_.view(stored.key))}, copy_of(out_.view(stored.value))});
        }
        ++host.handed;
    }
    for (const Outgoing& sent : out_.outgoing()) {
        const bool waits = sent.gate == Gate::durable && shape_.mutation != Mutation::lazy_sync;
        host.held.push_back({{ids_[node], sent.to, sent.kind, copy_of(out_.view(sent.body))},
                             waits ? host.handed : 0});
    }
    out_.clear();
    release(node);
    if (host.core) take_results(node);
}

void World::release(std::size_t node) {
    Host& host = hosts_[node];
    std::vector<Held> kept;
    for (Held& held : host.held) {
        if (held.gate <= host.durable) {
            emit(std::move(held.packet));
        } else {
            kept.push_back(std::move(held));
        }
    }
    host.held = std::move(kept);
}

void World::emit(Packet packet) {
    if (shape_.mutation != Mutation::none) mutate(packet);
    look_at(packet);
    packets.push_back(std::move(packet));
}

void World::sync(std::size_t node) {
    Host& host = hosts_[node];
    if (host.batches.empty()) return;
    for (auto& [key, value] : host.batches.front()) host.disk.records[key] = value;
    host.batches.erase(host.batches.begin());
    ++host.durable;
    release(node);
}

void World::tick(std::size_t node) {
    if (!is_up(node)) return;
    core(node).on_tick(now, out_);
    absorb(node);
}

void World::wait(Duration duration) {
    now.boot_time += duration;
    now.wall += duration;
    for (std::size_t node = 0; node < hosts_.size(); ++node) tick(node);
}

void World::settle_down(const Allowed& allowed) {
    for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t node = 0; node < hosts_.size(); ++node) {
            while (unsynced(node) > 0) sync(node);
        }
        for (std::size_t i = 0; i < packets.size(); ++i) {
            if (allowed && !allowed(packets[i])) continue;
            deliver(i);
            moved = true;
            break;
        }
    }
}

const Finished& World::finish(Ticket ticket, const Allowed& allowed) {
    settle_down(allowed);
    for (int i = 0; i < 100'000 && !ended(ticket); ++i) {
        wait(1ms);
        settle_down(allowed);
    }
    if (!ended(ticket)) violated("an operation never ended");
    return result(ticket);
}

void World::take_results(std::size_t node) {
    for (Finished& finished : core(node).take_finished()) {
        Asked& done = asked.at(finished.ticket);
        if (done.ended >= 0) violated("a ticket ended twice");
        done.finished = std::move(finished);
        done.ended = ++step_;
        check_result(done);
    }
}

sim::CallHistory World::history() const {
    std::map<OpId, sim::Call> writes;  // retries of an operation are one call
    sim::CallHistory history;
    for (const auto& [ticket, each] : asked) {
        const auto* put = std::get_if<Put>(&each.change);
        if (!each.is_read && put == nullptr) continue;
        sim::Call call = call_of(each);
        if (call.outcome == sim::CallOutcome::not_applied && !is_final(each)) {
            call.outcome = sim::CallOutcome::unknown;
            call.return_ns.reset();
            call.seen.reset();
        }
        call.client = std::to_string(ticket);
        if (each.is_read) {
            history.push_back(std::move(call));
            continue;
        }
        const auto [found, fresh] = writes.try_emplace(each.id, call);
        if (!fresh) merge(found->second, call);
    }
    for (auto& [id, call] : writes) history.push_back(std::move(call));
    return history;
}

// ---------------------------------------------------------------- what must never happen

void World::look_at(const Packet& packet) {
    if (packet.kind == Kind::accept) look_at_accept(packet);
    if (packet.kind == Kind::accepted) look_at_accepted(packet);
    if (packet.kind == Kind::promise) look_at_promise(packet);
}

void World::look_at_accept(const Packet& packet) {
    const auto message = decoded<Accept>(decoder_, packet.body);
    if (!message) return violated("I5: an accept that its receiver refuses to read");
    const auto [found, fresh] = sent_.try_emplace({message->name, message->ballot}, message->state);
    if (!fresh && found->second != message->state) violated("I1: a ballot with two states");
    if (message->state.snapshot.version > message->ballot.round) violated("I5: version over round");
}

void World::look_at_accepted(const Packet& packet) {
    const auto message = decoded<Accepted>(decoder_, packet.body);
    const Host& host = hosts_[index(packet.from)];
    const auto record = host.disk.read(Table::registers, view_of(message->name));
    if (shape_.mutation != Mutation::lazy_sync && !record)
        violated("I3: a vote without its record");
    Visible& visible = visible_[{packet.from, message->name}];
    visible.accepted = std::max(visible.accepted, message->ballot);
    const At at{message->name, message->ballot};
    accepted_by_[at].insert(packet.from);
    if (accepted_by_[at].size() != shape_.voters / 2 + 1) return;
    const auto sent = sent_.find(at);
    if (sent == sent_.end()) return violated("I1: a vote for what nobody sent");
    on_chosen(message->name, message->ballot, sent->second);
}

void World::look_at_promise(const Packet& packet) {
    const auto message = decoded<Promise>(decoder_, packet.body);
    Visible& visible = visible_[{packet.from, message->name}];
    if (message->accepted < visible.accepted && message->ballot > visible.promised) {
        violated("I2: an accepted ballot fell");
    }
    visible.promised = std::max(visible.promised, message->ballot);
}

// I4: in the order of ballots the versions rise, and a version has one content.
void World::on_chosen(const std::string& where, const Ballot& ballot, const State& state) {
    auto& chain = chosen_[where];
    const auto [found, fresh] = chain.try_emplace(ballot, state);
    if (!fresh) return;
    const Snapshot& snapshot = state.snapshot;
    const auto judge = [&](const Snapshot& lower, const Snapshot& higher) {
        if (lower.version > higher.version) violated("I4: a version fell");
        if (lower.version == higher.version && lower != higher) violated("I4: two contents");
    };
    if (found != chain.begin()) judge(std::prev(found)->second.snapshot, snapshot);
    if (std::next(found) != chain.end()) judge(snapshot, std::next(found)->second.snapshot);
    const std::string token = text_of(snapshot.contents);
    if (token.empty()) return;
    const auto [made, first] = version_of_.try_emplace(where + token, snapshot.version);
    if (!first && made->second != snapshot.version) violated("I7: applied twice");
    if (never_.contains(where + token)) violated("I7: not applied, and yet chosen");
}

// With several attempts at one operation, one that was not applied says nothing of the others,
// unless the register itself remembers the refusal.
bool World::is_final(const Asked& done) const {
    const auto same = [&](const auto& each) { return each.second.id == done.id; };
    if (std::ranges::count_if(asked, same) == 1) return true;
    const Reason reason = done.finished.reason;
    return reason == Reason::cancelled || (done.retried && reason == Reason::version_mismatch);
}

void World::check_result(const Asked& done) {
    const Finished& finished = done.finished;
    if (done.token.empty()) return;
    if (finished.outcome == Outcome::applied) {
        const auto [made, first] =
            version_of_.try_emplace(done.name + done.token, finished.version);
        if (!first && made->second != finished.version) violated("I7: applied twice");
    }
    if (finished.outcome != Outcome::not_applied || !is_final(done)) return;
    never_.insert(done.name + done.token);
    if (version_of_.contains(done.name + done.token)) violated("I7: applied, and said to be not");
}

// Makes this node's frames what a broken implementation would send.
void World::mutate(Packet& packet) {
    if (shape_.mutation == Mutation::lost_records && packet.kind == Kind::promise) {
        auto message = *decoded<Promise>(decoder_, packet.body);
        message.accepted = {};
        message.state = {};
        packet.body = encoded(message);
    }
    if (shape_.mutation == Mutation::stale_read && packet.kind == Kind::read_ok) {
        auto message = *decoded<ReadOk>(decoder_, packet.body);
        if (message.accepted.is_zero()) return;
        auto& shown = shown_[{packet.from, message.name}];
        if (shown.empty() || shown.back() != message.state) shown.push_back(message.state);
        if (shown.size() < 2) return;
        message.state = shown[shown.size() - 2];
        packet.body = encoded(message);
    }
}

}  // namespace starling::quorum
