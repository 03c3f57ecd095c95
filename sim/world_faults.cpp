// How a world carries out the faults of its plan.
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "node/calls.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration departs_within = 30s;
constexpr Duration departs_again = 100ms;  // of a machine that stands still
constexpr std::uint64_t low_bytes = limits::disk_low_bytes / 2;

std::int64_t worst_of(const std::vector<std::int64_t>& factors) {
    return factors.empty() ? 1 : std::max<std::int64_t>(1, std::ranges::max(factors));
}

std::uint64_t least_of(const std::vector<std::int64_t>& rates) {
    return rates.empty() ? 0 : static_cast<std::uint64_t>(std::ranges::min(rates));
}

std::int64_t sum_of(const std::vector<std::int64_t>& amounts) {
    return std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0});
}

}  // namespace

void World::carry_out(const Fault& fault, Phase phase) {
    if (!(phase == Phase::begins ? begin(fault) : end(fault))) return;
    faults_.count(fault.kind, phase);
    const std::array<std::uint64_t, 3> numbers = {static_cast<std::uint64_t>(fault.kind),
                                                  fault.number, static_cast<std::uint64_t>(phase)};
    hash_.add_numbers(now_, fault.host, numbers);
    for (Check* check : checks_) check->on_fault(fault, phase, now_);
    schedule_looks();
}

// False when the fault meets no host in the right state: nothing happens then.
bool World::begin(const Fault& fault) {
    const std::size_t line = fault.number - 1;
    in_force_[line] = true;
    const bool struck = strike(fault);
    in_force_[line] = struck && row_of(fault.kind).has_end;
    return struck;
}

// False when it did not strike, or something else ended it before.
bool World::end(const Fault& fault) {
    const std::size_t line = fault.number - 1;
    if (!in_force_[line]) return false;
    in_force_[line] = false;
    return repair(fault);
}

bool World::strike(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::lose_disk:
        case FaultKind::restore_disk:
        case FaultKind::move:
        case FaultKind::pause:
        case FaultKind::freeze:
        case FaultKind::leave:
            return strike_process(fault);
        case FaultKind::cut:
        case FaultKind::clog:
            network_.cut(fault.number, fault.left, fault.right, fault.direction);
            return true;
        case FaultKind::break_links:
            network_.break_connections(fault.host, now_);
            return true;
        case FaultKind::delay:
        case FaultKind::lose:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::replay:
        case FaultKind::flip:
            network_.hamper(fault);
            return true;
        case FaultKind::stall_disk:
            hosts_.at(fault.host)->stall_disk(end_of(fault));
            return true;
        case FaultKind::step_clock:
            hosts_.at(fault.host)->step_wall(Duration{fault.amount});
            return true;
        case FaultKind::throttle:
        case FaultKind::refuse:
        case FaultKind::slow:
        case FaultKind::drift:
        case FaultKind::slow_disk:
        case FaultKind::low_disk:
        case FaultKind::full_disk:
        case FaultKind::read_only:
        case FaultKind::sync_error:
        case FaultKind::read_error:
        case FaultKind::rot:
        case FaultKind::garbage:
        case FaultKind::forge:
        case FaultKind::impersonate:
        case FaultKind::repeat:
        case FaultKind::swamp:
        case FaultKind::outsider:
        case FaultKind::slander:
        case FaultKind::equivocate:
            apply(fault);
            return true;
    }
    return false;
}

bool World::strike_process(const Fault& fault) {
    Host& host = *hosts_.at(fault.host);
    if (is_crash(fault.kind)) {
        if (host.state() == ProcessState::down || host.is_frozen()) return false;
        crash(fault.host);
        if (fault.kind == FaultKind::lose_disk) host.lose_disk();
        if (fault.kind == FaultKind::restore_disk) host.restore_disk();
        if (fault.kind == FaultKind::move) host.move();
        ended_by_[fault.host] = fault.number;
        return true;
    }
    if (host.state() != ProcessState::running) return false;
    if (fault.kind == FaultKind::leave) return ask_to_leave(fault);
    if (fault.kind == FaultKind::freeze) {
        freeze(fault);
    } else {
        host.pause();
    }
    return true;
}

bool World::repair(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::lose_disk:
        case FaultKind::restore_disk:
        case FaultKind::move:
        case FaultKind::pause:
        case FaultKind::freeze:
        case FaultKind::leave:
            return repair_process(fault);
        case FaultKind::cut:
            network_.heal(fault.number, now_);
            return true;
        case FaultKind::clog:
            network_.unclog(fault.number, now_);
            return true;
        case FaultKind::delay:
        case FaultKind::lose:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::replay:
        case FaultKind::flip:
            network_.relieve(fault, now_);
            return true;
        case FaultKind::stall_disk:  // the disk knows when
            return true;
        case FaultKind::full_disk:
        case FaultKind::read_only:
        case FaultKind::sync_error:
        case FaultKind::read_error:
        case FaultKind::rot:
            apply(fault);
            start_after(fault);
            return true;
        case FaultKind::throttle:
        case FaultKind::refuse:
        case FaultKind::slow:
        case FaultKind::drift:
        case FaultKind::slow_disk:
        case FaultKind::low_disk:
        case FaultKind::garbage:
        case FaultKind::forge:
        case FaultKind::impersonate:
        case FaultKind::repeat:
        case FaultKind::swamp:
        case FaultKind::outsider:
        case FaultKind::slander:
        case FaultKind::equivocate:
            apply(fault);
            return true;
        case FaultKind::break_links:
        case FaultKind::step_clock:
            return false;
    }
    return false;
}

bool World::repair_process(const Fault& fault) {
    Host& host = *hosts_.at(fault.host);
    if (fault.kind == FaultKind::leave) {
        depart(fault.number);
        start_after(fault);
    } else if (is_crash(fault.kind)) {
        start_after(fault);
    } else if (fault.kind == FaultKind::freeze) {
        network_.heal(fault.number, now_);
        host.thaw(now_);
    } else {
        if (host.state() != ProcessState::paused || host.is_frozen()) return false;
        host.resume(now_);
    }
    return true;
}

// A machine that stands still: its kernel acknowledges nothing either.
void World::freeze(const Fault& fault) {
    std::vector<std::uint32_t> others;
    for (std::uint32_t host = 0; host < hosts(); ++host) {
        if (host != fault.host) others.push_back(host);
    }
    const std::array alone = {fault.host};
    network_.cut(fault.number, alone, others, Direction::both);
    hosts_.at(fault.host)->freeze(now_);
}

bool World::ask_to_leave(const Fault& fault) {
    if (leaving_.contains(fault.host)) return false;
    const auto call = hosts_.at(fault.host)->call(node::request_bytes(node::LeaveAsk{}), now_);
    if (!call) return false;
    leaving_[fault.host] = {*call, fault.number};
    timetable_.push(now_ + departs_within, {Happening::departed, fault.number, 0});
    return true;
}

// The process of a host that leaves ends: it has left, or waited long enough.
void World::depart(std::uint32_t line) {
    const Fault& fault = plan_.faults[line - 1];
    const auto leaving = leaving_.find(fault.host);
    if (leaving == leaving_.end() || leaving->second.second != line) return;
    if (hosts_[fault.host]->is_frozen()) {
        timetable_.push(now_ + departs_again, {Happening::departed, line, 0});
        return;
    }
    end_process(fault.host, line);
    if (!in_force_[line - 1]) start_after(fault);
}

void World::apply(const Fault& fault) {
    Host& host = *hosts_.at(fault.host);
    const std::vector<std::int64_t> amounts = in_force(fault.kind, fault.host);
    if (fault.kind == FaultKind::throttle) {
        network_.throttle(fault.host, least_of(amounts), now_);
    } else if (fault.kind == FaultKind::refuse) {
        network_.refuse(fault.host, !amounts.empty());
    } else if (fault.kind == FaultKind::garbage) {
        network_.babble(fault.host, static_cast<std::uint64_t>(sum_of(amounts)));
    } else if (Adversary::tells_lies(fault.kind)) {
        adversary_.set(fault.kind, fault.host, static_cast<std::uint64_t>(sum_of(amounts)));
    } else if (fault.kind == FaultKind::slow) {
        host.slow_down(worst_of(amounts));
    } else if (fault.kind == FaultKind::drift) {
        host.drift(Duration{sum_of(amounts)}, now_);
    } else if (fault.kind == FaultKind::slow_disk) {
        host.slow_disk(worst_of(amounts));
    } else if (is_disk_error(fault.kind)) {
        host.fail_disk(disk_errors(fault.host));
    } else {
        STARLING_ASSERT(fault.kind == FaultKind::low_disk);
        host.show_free(amounts.empty() ? node::DriverHealth{}.free_bytes : low_bytes);
    }
}

DiskErrors World::disk_errors(std::uint32_t host) const {
    const auto counts = [&](FaultKind kind) { return !in_force(kind, host).empty(); };
    return {.full = counts(FaultKind::full_disk),
            .read_only = counts(FaultKind::read_only),
            .syncs = counts(FaultKind::sync_error),
            .reads = counts(FaultKind::read_error),
            .rot = static_cast<std::uint64_t>(sum_of(in_force(FaultKind::rot, host))),
            .rot_seed = plan_.seed,
            .log_rots = plan_.seed % 2 == 0};
}

// The line of the fault for which the host's disk answers with errors; 0 for none.
std::uint32_t World::disk_error(std::uint32_t host) const {
    std::uint32_t line = 0;
    for (const Fault& fault : plan_.faults) {
        const bool counts = is_disk_error(fault.kind) && fault.host == host;
        if (counts && in_force_[fault.number - 1]) line = fault.number;
    }
    return line;
}

void World::start_after(const Fault& fault) {
    if (ended_by_[fault.host] == fault.number) start(fault.host);  // I4
}

// The amounts of all faults of this kind that hamper the host now.
std::vector<std::int64_t> World::in_force(FaultKind kind, std::uint32_t host) const {
    std::vector<std::int64_t> amounts;
    for (const Fault& fault : plan_.faults) {
        const bool counts = fault.kind == kind && fault.host == host;
        if (counts && in_force_[fault.number - 1]) amounts.push_back(fault.amount);
    }
    return amounts;
}

}  // namespace starling::sim
