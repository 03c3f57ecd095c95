#include "sim/history.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

bool names(const std::vector<std::uint32_t>& side, std::uint32_t host) {
    return std::ranges::find(side, host) != side.end();
}

bool concerns(const Fault& fault, std::uint32_t host) {
    if (row_of(fault.kind).target == Target::host) return fault.host == host;
    return names(fault.left, host) || names(fault.right, host);
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
        case FaultKind::lose_disk:
        case FaultKind::restore_disk:
        case FaultKind::move:
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
        case FaultKind::slander:
            return note(slanders_, fault, phase, now);
        case FaultKind::break_links:  // these excuse nobody
        case FaultKind::stall_disk:
        case FaultKind::leave:
        case FaultKind::step_clock:
        case FaultKind::drift:
        case FaultKind::slow_disk:
        case FaultKind::low_disk:
        case FaultKind::full_disk:
        case FaultKind::read_only:
        case FaultKind::sync_error:
        case FaultKind::read_error:
        case FaultKind::rot:
        case FaultKind::forge:
        case FaultKind::impersonate:
        case FaultKind::repeat:
        case FaultKind::swamp:
        case FaultKind::outsider:
        case FaultKind::equivocate:
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

bool History::was_partly_cut(std::uint32_t observer, std::uint32_t subject,
                             Interval interval) const {
    const std::vector<bool> heard = heard_by(observer, interval);
    std::uint32_t witnesses = 0;
    for (std::uint32_t host = 0; host < hosts(); ++host) {
        if (heard[host] && were_parted(host, subject, interval)) ++witnesses;
    }
    return witnesses >= 2;
}

Duration History::deaf_since(std::uint32_t host, Interval interval) const {
    Duration since = interval.from;
    for (const Interval& out : hosts_.at(host).out) {
        if (overlap(out, interval)) since = std::min(since, out.from);
    }
    for (const std::vector<Spell>* spells : {&cuts_, &strains_}) {
        for (const Spell& spell : *spells) {
            if (concerns(spell.fault, host) && overlap(spell.interval, interval)) {
                since = std::min(since, spell.interval.from);
            }
        }
    }
    return since;
}

bool History::was_strained(std::uint32_t host, Interval interval) const {
    return std::ranges::any_of(strains_, [&](const Spell& spell) {
        return concerns(spell.fault, host) && overlap(spell.interval, interval);
    });
}

bool History::was_slandered(Interval interval) const {
    return std::ranges::any_of(
        slanders_, [&](const Spell& spell) { return overlap(spell.interval, interval); });
}

bool History::was_healed(std::uint32_t host, Interval interval) const {
    return any_cut(host, [&](const Spell& cut) {
        return overlap({cut.interval.to, cut.interval.to}, interval);
    });
}

template <class Property>
bool History::any_cut(std::uint32_t host, Property property) const {
    return std::ranges::any_of(
        cuts_, [&](const Spell& cut) { return concerns(cut.fault, host) && property(cut); });
}

// Whom the observer heard, over any number of others, while no cut stood between each two.
std::vector<bool> History::heard_by(std::uint32_t observer, Interval interval) const {
    std::vector<bool> heard(hosts_.size());
    std::vector<std::uint32_t> next{observer};
    while (!next.empty()) {
        const std::uint32_t host = next.back();
        next.pop_back();
        if (heard[host]) continue;
        heard[host] = true;
        for (std::uint32_t other = 0; other < hosts(); ++other) {
            if (!heard[other] && !were_parted(host, other, interval)) next.push_back(other);
        }
    }
    return heard;
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
