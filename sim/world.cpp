#include "sim/world.hpp"

#include "base/assert.hpp"
#include "gossip/commons.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

// 2026-01-01T00:00:00Z
constexpr Duration epoch = std::chrono::seconds{1'767'225'600};
constexpr Duration start_spread = 300ms;
constexpr Duration wall_error = 50ms;  // clocks of machines are never quite equal
constexpr Duration boot_offset_max = 1000h;
constexpr Duration restart_after = 500ms;  // of a process that died with its programs

enum class WorldDraw : std::uint64_t { start = 1, boot, wall };

Rng rng_of(std::uint64_t seed, WorldDraw purpose, std::uint32_t host) {
    return Rng(seed, 0x776f726cULL << 32U | static_cast<std::uint64_t>(purpose) << 28U | host);
}

}  // namespace

World::World(Plan plan)
    : plan_(std::move(plan)),
      identities_(make_identities(plan_.seed, plan_.nodes)),
      timetable_(plan_.seed),
      verifier_(identities_),
      adversary_(identities_, plan_.seed),
      network_(plan_.network, plan_.seed, timetable_, bodies_, *this) {
    network_.let_lie(adversary_);
    if (plan_.buggify) buggify_.emplace(plan_.seed);
    in_force_.resize(plan_.faults.size());
    ended_by_.resize(plan_.nodes);
    for (std::uint32_t line = 0; line < plan_.faults.size(); ++line) {
        const Fault& fault = plan_.faults[line];
        if (Adversary::tells_lies(fault.kind)) adversary_.expect(fault.host);
        plan_.faults[line].number = line + 1;
    }
    make_hosts();
}

World::~World() = default;

void World::run_until(Duration until) {
    const BuggifyScope scope(buggify_ ? &*buggify_ : nullptr);
    if (!std::exchange(begun_, true)) begin();
    while (!timetable_.empty() && timetable_.next_time() <= until) {
        const auto due = timetable_.pop();
        now_ = due.at;
        carry_out(due.payload);
    }
    now_ = std::max(now_, until);
}

std::string World::trace_hash() const {
    TraceHash hash = hash_;
    const std::array<std::uint64_t, 2> numbers = {network_.draws(), timetable_.pushed()};
    hash.add_numbers(now_, plan_.nodes, numbers);
    return hash.digest();
}

void World::on_arrival(std::uint32_t host, const Arrival& arrival) {
    for (Check* check : frame_checks_) {
        const std::size_t bytes = arrival.head.size() + bodies_.view(arrival.body).size();
        const Duration sent = arrival.sent > Duration{0} ? arrival.sent : now_;
        check->on_frame({arrival.from.prefix(), host, arrival.head[kind_at], bytes, sent, now_});
    }
    hosts_[host]->on_arrival(arrival, now_);
}

void World::on_link(std::uint32_t host, const node::LinkEvent& event) {
    hosts_[host]->on_link(event, now_);
}

void World::on_dropped(std::uint32_t host, const NodeId& to, Kind kind, DropReason reason) {
    hosts_[host]->on_dropped(to, kind, reason, now_);
}

void World::on_started(std::uint32_t host, Boot boot, Duration now) {
    for (Check* check : checks_) check->on_started(host, boot, now);
}

void World::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    for (Check* check : checks_) check->on_traced(host, record, now);
}

void World::on_answer(std::uint32_t host, CallId call, ByteView body, bool last) {
    const auto leaving = leaving_.find(host);
    if (leaving != leaving_.end() && leaving->second.first == call) {
        timetable_.push(now_, {Happening::departed, leaving->second.second, 0});
    }
    for (Workload* workload : workloads_) workload->on_answer(host, call, body, last, now_);
    schedule_acts();
}

void World::on_said(const Told& frame) {
    for (Check* check : word_checks_) check->on_said(frame);
}

void World::on_heard(const Told& frame) {
    for (Check* check : word_checks_) check->on_heard(frame);
}

void World::on_failed(std::uint32_t host) {
    const std::uint32_t cause = disk_error(host);
    end_process(host, cause);
    if (cause == 0) start(host);  // that fault has ended meanwhile
}

std::optional<CallId> World::call(std::uint32_t host, Bytes request) {
    return hosts_.at(host)->call(std::move(request), now_);
}

void World::end_call(std::uint32_t host, CallId call) {
    hosts_.at(host)->end_call(call);
}

void World::kill(std::uint32_t host) {
    if (hosts_.at(host)->state() != ProcessState::running) return;
    end_process(host, 0);
    timetable_.push(now_ + restart_after,
                    {Happening::fault, static_cast<std::uint32_t>(plan_.faults.size()), host});
}

ProcessState World::state_of(std::uint32_t host) const {
    return hosts_.at(host)->state();
}

std::uint32_t World::hosts() const {
    return static_cast<std::uint32_t>(hosts_.size());
}

BootTime World::clock_of(std::uint32_t host) const {
    return hosts_.at(host)->moment(now_).boot_time;
}

void World::make_hosts() {
    const ProcessModel& process = plan_.process;
    const CoreModel cores{process.cores, process.wake, process.doze, process.rouse};
    if (process.cores > 0) machine_.emplace(cores, timetable_);
    const auto commons = std::make_shared<gossip::Commons>(
        gossip::Commons::salt_of(identities_.genesis.mesh_id()), plan_.seed);
    const auto disks = std::make_shared<DiskCommons>();
    const Surroundings around{timetable_,
                              network_,
                              bodies_,
                              hash_,
                              verifier_,
                              identities_,
                              commons,
                              disks,
                              effects_,
                              *this,
                              machine_ ? &*machine_ : nullptr};
    for (std::uint32_t number = 0; number < plan_.nodes; ++number) {
        HostSetup setup;
        setup.number = number;
        setup.seed = plan_.seed;
        setup.boot_offset =
            rng_of(plan_.seed, WorldDraw::boot, number).between(Duration{0}, boot_offset_max);
        setup.wall_offset =
            epoch + rng_of(plan_.seed, WorldDraw::wall, number).between(-wall_error, wall_error);
        setup.disk = plan_.disk;
        setup.process = plan_.process;
        const Identity& identity = identities_.nodes[number];
        hosts_.push_back(std::make_unique<Host>(setup, around));
        if (machine_) machine_->place(*hosts_.back());
        network_.add(
            {identity.key.id(), identity.curve, identity.address, &hosts_.back()->clock()});
    }
}

void World::begin() {
    for (std::uint32_t host = 0; host < plan_.nodes; ++host) {
        const Duration at =
            rng_of(plan_.seed, WorldDraw::start, host).between(Duration{0}, start_spread);
        // A start is the restart of a host that never ran.
        timetable_.push(at,
                        {Happening::fault, static_cast<std::uint32_t>(plan_.faults.size()), host});
    }
    for (std::uint32_t line = 0; line < plan_.faults.size(); ++line) {
        const Fault& fault = plan_.faults[line];
        const auto appoint = [&](Duration at, Phase phase) {
            timetable_.push(at, {Happening::fault, line, static_cast<std::uint64_t>(phase)});
        };
        if (fault.kind == FaultKind::restore_disk) {
            timetable_.push(kept_at(fault), {Happening::disk_kept, line, 0});
        }
        appoint(fault.at, Phase::begins);
        if (row_of(fault.kind).has_end) appoint(end_of(fault), Phase::ends);
    }
    acts_due_.assign(workloads_.size(), Duration::max());
    looks_due_.assign(checks_.size(), Duration::max());
    schedule_acts();
    schedule_looks();
}

void World::carry_out(const Appointment& due) {
    switch (due.what) {
        case Happening::arrival:
        case Happening::dial_step:
        case Happening::link_outcome:
        case Happening::peer_gone:
        case Happening::unacked:
        case Happening::dial_expired:
        case Happening::stray:
            return network_.on_due(due, now_);
        case Happening::turn:
        case Happening::wake:
        case Happening::synced:
        case Happening::piece:
            return hosts_[due.subject]->on_due(due, now_);
        case Happening::core:
            return machine_->on_due(due, now_);
        case Happening::fault:
            if (due.subject == plan_.faults.size()) {
                return start(static_cast<std::uint32_t>(due.stamp));
            }
            return carry_out(plan_.faults[due.subject], static_cast<Phase>(due.stamp));
        case Happening::disk_kept:
            return hosts_[plan_.faults[due.subject].host]->keep_disk();
        case Happening::departed:
            return depart(due.subject);
        case Happening::workload:
            return act(due.subject);
        case Happening::checkpoint:
            return look(due.subject);
    }
}

Duration World::end_of(const Fault& fault) const {
    return std::min(fault.at + fault.lasts, plan_.healed_at);
}

void World::start(std::uint32_t host) {
    if (hosts_[host]->state() != ProcessState::down) return;
    if (!hosts_[host]->start(now_)) {
        ended_by_[host] = disk_error(host);
        STARLING_ASSERT(ended_by_[host] > 0);
        return;
    }
    schedule_looks();
}

void World::crash(std::uint32_t host) {
    hosts_[host]->crash(now_);
    leaving_.erase(host);
    for (Workload* workload : workloads_) workload->on_crash(host);
    schedule_acts();
}

// By itself, because of the fault on this line.
void World::end_process(std::uint32_t host, std::uint32_t line) {
    crash(host);
    ended_by_[host] = line;
    for (Check* check : checks_) check->on_ended(host, now_);
    schedule_looks();
}

void World::act(std::uint32_t workload) {
    if (acts_due_[workload] != now_) return;  // an earlier act took its place
    acts_due_[workload] = Duration::max();
    workloads_[workload]->act(now_, *this);
    schedule_acts();
}

void World::look(std::uint32_t check) {
    if (looks_due_[check] != now_) return;  // an earlier look took its place
    looks_due_[check] = Duration::max();
    const auto wanted = checks_[check]->next_time();
    if (wanted && *wanted <= now_) checks_[check]->on_time(now_);
    schedule_looks();
}

void World::schedule_acts() {
    for (std::uint32_t number = 0; number < acts_due_.size(); ++number) {
        const auto next = workloads_[number]->next_time();
        if (!next) continue;
        const Duration due = std::max(*next, now_);
        if (due >= acts_due_[number]) continue;
        acts_due_[number] = due;
        timetable_.push(due, {Happening::workload, number, 0});
    }
}

void World::schedule_looks() {
    for (std::uint32_t number = 0; number < looks_due_.size(); ++number) {
        const auto wanted = checks_[number]->next_time();
        if (!wanted || *wanted >= looks_due_[number]) continue;
        looks_due_[number] = std::max(*wanted, now_);
        timetable_.push(looks_due_[number], {Happening::checkpoint, number, 0});
    }
}

}  // namespace starling::sim
