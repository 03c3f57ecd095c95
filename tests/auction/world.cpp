#include "tests/auction/world.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace starling::auction::test {
namespace {

NodeId node_id(std::size_t node, std::uint64_t seed) {
    NodeId id;
    for (std::size_t i = 0; i < NodeId::size; i += 8) {
        store_u64(std::span(id.bytes).subspan(i, 8), draw(seed, node, i));
    }
    return id;
}

struct Delivery {
    Auctions& core;
    Decoder& decoder;
    NodeId from;
    Moment now;
    Effects& out;
};

using Deliver = std::function<bool(const Delivery&, const Bytes&)>;

// One message kind: decode it, hand it to its handler; false when it does not decode.
template <class Message>
std::pair<const Kind, Deliver> row(Verdict (Auctions::*handler)(const NodeId&, const Message&,
                                                                Moment, Effects&)) {
    return {Message::kind, [handler](const Delivery& to, const Bytes& body) {
                const auto message = decoded<Message>(to.decoder, body);
                if (message) (to.core.*handler)(to.from, *message, to.now, to.out);
                return message.has_value();
            }};
}

const std::map<Kind, Deliver>& deliveries() {
    static const std::map<Kind, Deliver> table = {
        row(&Auctions::on_cfp),
        row(&Auctions::on_propose),
        row(&Auctions::on_refuse),
        row(&Auctions::on_accept_proposal),
        row(&Auctions::on_reject_proposal),
        row(&Auctions::on_agree),
        row(&Auctions::on_inform),
        row(&Auctions::on_failure),
        row(&Auctions::on_cancel),
        row(&Auctions::on_record),
        row(&Auctions::on_recorded),
        row(&Auctions::on_grant),
        row(&Auctions::on_granted),
        row(&Auctions::on_store_result),
        row(&Auctions::on_stored_result),
        row(&Auctions::on_renew),
        row(&Auctions::on_renewed),
        row(&Auctions::on_query),
        row(&Auctions::on_query_answer),
        row(&Auctions::on_digest),
        row(&Auctions::on_informed),
        row(&Auctions::on_progress),
    };
    return table;
}

}  // namespace

TaskSpec quote() {
    TaskSpec spec;
    spec.skill = "quote";
    spec.payload = bytes_of("{\"sku\":42}");
    spec.estimate = 10ms;
    return spec;
}

// ------------------------------------------------------------------------------------------- disk

void Disk::scan(Table table, const Visit& visit) const {
    const auto found = tables.find(table);
    if (found == tables.end()) return;
    for (const auto& [key, value] : found->second) visit(key, value);
}

std::optional<Bytes> Disk::read(Table table, ByteView key) const {
    const auto found = tables.find(table);
    if (found == tables.end()) return std::nullopt;
    const auto record = found->second.find(copy_of(key));
    if (record == found->second.end()) return std::nullopt;
    return record->second;
}

void Disk::apply(Table table, bool erase, const Bytes& key, const Bytes& value) {
    if (erase) {
        tables[table].erase(key);
    } else {
        tables[table][key] = value;
    }
}

// ------------------------------------------------------------------------------------------ world

World::World(WorldOptions options) : options_(options), rng_(options.seed) {
    hosts_.resize(options_.nodes);
    for (std::size_t node = 0; node < hosts_.size(); ++node) {
        hosts_[node].id = node_id(node, options_.seed);
    }
    for (std::size_t node = 0; node < hosts_.size(); ++node) restart(node);
    run(100ms);
}

Moment World::now() const {
    return {now_, WallTime{now_.time_since_epoch() + std::chrono::hours{400'000}}};
}

std::size_t World::index_of(const NodeId& id) const {
    const auto found =
        std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.id == id; });
    return static_cast<std::size_t>(found - hosts_.begin());
}

void World::schedule(BootTime when, std::function<void()> action) {
    events_.emplace(std::pair(std::max(when, now_), event_count_++), std::move(action));
}

void World::at(Duration from_now, std::function<void()> action) {
    schedule(now_ + from_now, std::move(action));
}

bool World::run_one(BootTime end) {
    if (events_.empty() || events_.begin()->first.first > end) return false;
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    event.mapped()();
    return true;
}

void World::run(Duration duration) {
    const BootTime end = now_ + duration;
    while (run_one(end)) {
    }
    now_ = end;
}

bool World::run_until(const std::function<bool()>& condition, Duration most) {
    const BootTime end = now_ + most;
    while (!condition()) {
        if (!run_one(end)) return false;
    }
    return true;
}

// ------------------------------------------------------------------------------------------ turns

void World::step(std::size_t node, const std::function<void(Auctions&, Moment, Effects&)>& input) {
    if (!hosts_[node].core) return;
    input(*hosts_[node].core, now(), out_);
    turn(node);
}

void World::turn(std::size_t node) {
    Auctions& core = *hosts_[node].core;
    core.on_tick(now(), out_);
    carry_out(node);
    collect(node);
    wake_at(node);
}

void World::carry_out(std::size_t node) {
    Host& host = hosts_[node];
    if (!out_.stored().empty()) {
        host.durable_at = std::max(host.durable_at, now_ + options_.sync);
        std::vector<std::tuple<Table, bool, Bytes, Bytes>> batch;
        for (const Stored& each : out_.stored()) {
            batch.emplace_back(each.table, each.erase, copy_of(out_.view(each.key)),
                               each.erase ? Bytes{} : copy_of(out_.view(each.value)));
        }
        const Boot boot = host.boot;
        schedule(host.durable_at, [this, node, boot, batch] {
            if (hosts_[node].boot != boot || !hosts_[node].core) return;  // lost with the crash
            for (const auto& [table, erase, key, value] : batch) {
                hosts_[node].disk.apply(table, erase, key, value);
            }
        });
    }
    for (const Outgoing& each : out_.outgoing()) {
        const BootTime when = each.gate == Gate::durable ? std::max(now_, host.durable_at) : now_;
        depart(node, each, copy_of(out_.view(each.body)), when);
    }
    for (const TraceRecord& record : out_.traced()) {
        if (record.event != Event::task_accepted) continue;
        accepted_[record.fields[0]].emplace(record.fields[1], record.fields[2]);
    }
    out_.clear();
}

void World::depart(std::size_t from, const Outgoing& outgoing, Bytes body, BootTime when) {
    const std::size_t to = index_of(outgoing.to);
    if (to >= hosts_.size()) return;
    const Kind kind = outgoing.kind;
    const Boot boot = hosts_[from].boot;
    if (from != to) ++sent[kind];
    const bool twice = from != to && rng_.chance(options_.duplicate, 1000);
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
        if (from != to && rng_.chance(options_.drop, 1000)) continue;
        Duration latency{};
        if (from != to) latency = rng_.between(options_.latency_min, options_.latency_max);
        BootTime arrival = when + latency;
        BootTime& last = hosts_[to].last_arrival[from];
        if (!options_.reorder) arrival = last = std::max(last, arrival);
        const Boot to_boot = hosts_[to].boot;
        schedule(when, [this, from, to, kind, body, boot, to_boot, arrival] {
            if (hosts_[from].boot != boot || !hosts_[from].core) return;  // never left
            schedule(arrival, [this, from, to, kind, body, to_boot] {
                on_host(to, to_boot, [=, this] { arrive(from, to, kind, body, to_boot); });
            });
        });
    }
}

// Does it now, or when a stopped host goes on; never in another boot.
void World::on_host(std::size_t node, Boot boot, const std::function<void()>& action) {
    Host& host = hosts_[node];
    if (!host.core || host.boot != boot) return;
    if (host.paused) {
        host.held_back.push_back([this, node, boot, action] { on_host(node, boot, action); });
        return;
    }
    action();
}

void World::arrive(std::size_t from, std::size_t to, Kind kind, const Bytes& body, Boot) {
    if (from != to && (cuts_.contains({from, to}) || cuts_.contains({to, from}))) return;
    if (filter_ && !filter_(from, to, kind)) return;
    deliver(from, to, kind, body);
    ++delivered;
    turn(to);
    if (on_delivered_) on_delivered_(delivered);
}

void World::deliver(std::size_t from, std::size_t to, Kind kind, const Bytes& body) {
    const Delivery delivery{*hosts_[to].core, decoder_, hosts_[from].id, now(), out_};
    const auto found = deliveries().find(kind);
    if (found == deliveries().end() || !found->second(delivery, body)) ++refused;
}

void World::collect(std::size_t node) {
    Auctions& core = *hosts_[node].core;
    for (const Acknowledged& each : core.take_acknowledged()) {
        answers.push_back(each);
        if (each.verdict == AckVerdict::recorded) acknowledged_.insert(each.task);
    }
    for (Finished& each : core.take_finished()) finished.push_back(std::move(each));
    for (CancelAnswer& each : core.take_cancelled()) cancelled.push_back(std::move(each));
    for (const Settled& each : core.take_settled()) settled.push_back(each);
    for (const Awarded& each : core.take_awarded()) awarded.push_back(each);
    for (Shown& each : core.take_shown()) shown_[each.call.value] = std::move(each);
    for (Listed& each : core.take_listed()) listed_[each.call.value] = std::move(each);
    for (const Stopped& each : core.take_stopped()) stopped.push_back(each);
    for (const Assignment& each : core.take_assignments()) start_worker(node, each);
}

void World::start_worker(std::size_t node, const Assignment& assignment) {
    executed.push_back({assignment.record.id, assignment.epoch, node});
    if (handler_) {
        handler_(*this, node, assignment);
        return;
    }
    const Boot boot = hosts_[node].boot;
    const Duration run = hosts_[node].serves[assignment.record.spec.skill].second;
    at(run, [this, node, boot, assignment] {
        on_host(node, boot, [this, node, assignment] {
            finish(node, assignment, bytes_of(std::to_string(node)));
        });
    });
}

void World::finish(std::size_t node, const Assignment& assignment, Bytes result) {
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        const Award award{assignment.record.id, assignment.epoch};
        core.finish(award, std::move(result), Afterwards::waits, when, out);
    });
}

void World::fail(std::size_t node, const Assignment& assignment, const Fault& fault) {
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        core.fail({assignment.record.id, assignment.epoch}, fault, Afterwards::waits, when, out);
    });
}

void World::wake_at(std::size_t node) {
    Host& host = hosts_[node];
    const auto next = host.core->next_deadline();
    if (!next || (host.wake && *host.wake <= *next && *host.wake > now_)) return;
    const BootTime when = std::max(*next, now_ + 1us);
    host.wake = when;
    const Boot boot = host.boot;
    schedule(when, [this, node, boot] {
        on_host(node, boot, [this, node] {
            hosts_[node].wake.reset();
            turn(node);
        });
    });
}

// ------------------------------------------------------------------------------------- programs

void World::serve(std::size_t node, const std::string& skill, std::size_t count, Duration run) {
    hosts_[node].serves[skill] = {count, run};
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t worker = ++workers_;
        hosts_[node].workers[worker] = skill;
        step(node, [&](Auctions& core, Moment when, Effects& out) {
            core.worker_waiting(skill, WorkerId{worker}, when, out);
        });
    }
}

void World::stop_serving(std::size_t node) {
    hosts_[node].serves.clear();
    for (const auto& [worker, skill] : std::exchange(hosts_[node].workers, {})) {
        const WorkerId id{worker};
        step(node,
             [&](Auctions& core, Moment when, Effects& out) { core.worker_gone(id, when, out); });
    }
}

TaskId World::offer(std::size_t node, const TaskSpec& spec) {
    TaskId task;
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        const Offered offered = core.offer(spec, CallId{++calls_}, when, out);
        STARLING_ASSERT(offered.verdict == OfferVerdict::taken);
        task = offered.task;
    });
    return task;
}

void World::wait(std::size_t node, const TaskId& task) {
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        core.wait(CallId{++calls_}, task, when, out);
    });
}

void World::cancel(std::size_t node, const TaskId& task) {
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        core.cancel(CallId{++calls_}, task, when, out);
    });
}

std::optional<TaskView> World::show(std::size_t node, const TaskId& task) {
    const std::uint64_t call = ++calls_;
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        core.show(CallId{call}, task, when, out);
    });
    run_until([&] { return shown_.contains(call); }, 3s);
    return shown_[call].view;
}

Listed World::list(std::size_t node, const ListRequest& request) {
    const std::uint64_t call = ++calls_;
    step(node, [&](Auctions& core, Moment when, Effects& out) {
        core.list(CallId{call}, request, when, out);
    });
    run_until([&] { return listed_.contains(call); }, 3s);
    return listed_[call];
}

}  // namespace starling::auction::test
