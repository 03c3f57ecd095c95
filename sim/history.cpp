#include "sim/history.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

bool names(const std::vector<std::uint32_t>& side, std::uint32_t host) {
    return std::ranges::find(side, host) != side.end();
}

}  // namespace

void History::on_started(std::uint32_t host, Boot boot, Duration now) {
    Past& past = hosts_.at(host);
    past.boot = boot;
    past.down = false;
    end_outage(host, now);
}

void History::on_fault(const Fault& fault, Phase phase, Duration now) {
    const bool begins = phase == Phase::begins;
    switch (fault.kind) {
        case FaultKind::crash:  // on_started() ends the outage
            if (begins) on_ended(fault.host, now);
            return;
        case FaultKind::pause:
        case FaultKind::freeze:
            return begins ? begin_outage(fault.host, now) : end_outage(fault.host, now);
        case FaultKind::cut:
        case FaultKind::clog:
            return note(cuts_, fault, phase, now);
        case FaultKind::delay:
        case FaultKind::throttle:
        case FaultKind::refuse:
        case FaultKind::slow:
        case FaultKind::lose:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::replay:
        case FaultKind::flip:
        case FaultKind::garbage:
            return note(strains_, fault, phase, now);
        case FaultKind::break_links:  // these excuse nobody
        case FaultKind::stall_disk:
        case FaultKind::leave:
        case FaultKind::step_clock:
        case FaultKind::drift:
        case FaultKind::slow_disk:
        case FaultKind::full_disk:
        case FaultKind::low_disk:
            return;
    }
}

void History::on_ended(std::uint32_t host, Duration now) {
    hosts_.at(host).down = true;
    begin_outage(host, now);
}

bool History::was_out(std::uint32_t host, Interval interval) const {
    return std::ranges::any_of(hosts_.at(host).out,
                               [&](Interval out) { return overlap(out, interval); });
}

bool History::were_parted(std::uint32_t a, std::uint32_t b, Interval interval) const {
    return std::ranges::any_of(cuts_, [&](const Spell& cut) {
        const bool across = (names(cut.fault.left, a) && names(cut.fault.right, b)) ||
                            (names(cut.fault.left, b) && names(cut.fault.right, a));
        return across && overlap(cut.interval, interval);
    });
}

bool History::was_cut(std::uint32_t host, Interval interval) const {
    return any_cut(host, [&](const Spell& cut) { return overlap(cut.interval, interval); });
}

bool History::was_half_cut(std::uint32_t host, Interval interval) const {
    return any_cut(host, [&](const Spell& cut) {
        return cut.fault.direction == Direction::one_way && overlap(cut.interval, interval);
    });
}

bool History::was_strained(std::uint32_t host, Interval interval) const {
    return std::ranges::any_of(strains_, [&](const Spell& spell) {
        const Fault& fault = spell.fault;
        const bool meant = row_of(fault.kind).target == Target::host
                               ? fault.host == host
                               : names(fault.left, host) || names(fault.right, host);
        return meant && overlap(spell.interval, interval);
    });
}

bool History::was_healed(std::uint32_t host, Interval interval) const {
    return any_cut(host, [&](const Spell& cut) {
        return overlap({cut.interval.to, cut.interval.to}, interval);
    });
}

template <class Property>
bool History::any_cut(std::uint32_t host, Property property) const {
    return std::ranges::any_of(cuts_, [&](const Spell& cut) {
        return (names(cut.fault.left, host) || names(cut.fault.right, host)) && property(cut);
    });
}

void History::note(std::vector<Spell>& spells, const Fault& fault, Phase phase, Duration now) {
    if (phase == Phase::begins) {
        spells.push_back({fault, {now, open_end}});
        return;
    }
    for (Spell& spell : spells) {
        if (spell.fault.number == fault.number) spell.interval.to = now;
    }
}

void History::begin_outage(std::uint32_t host, Duration now) {
    end_outage(host, now);
    hosts_.at(host).out.push_back({now, open_end});
}

void History::end_outage(std::uint32_t host, Duration now) {
    std::vector<Interval>& out = hosts_.at(host).out;
    if (!out.empty() && out.back().to == open_end) out.back().to = now;
}

}  // namespace starling::sim
