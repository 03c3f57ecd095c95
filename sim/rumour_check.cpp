#include "sim/rumour_check.hpp"

#include "base/limits.hpp"
#include "gossip/questions.hpp"
#include "gossip/rings.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* suspects_get_time = "suspects_get_time";
constexpr const char* heard_are_not_mourned = "heard_are_not_mourned";
constexpr const char* suspects_are_accused = "suspects_are_accused";
constexpr const char* tables_are_compared = "tables_are_compared";
constexpr const char* greetings_are_own = "greetings_are_own";
constexpr const char* dead_are_dialled = "dead_are_dialled";

// Clocks of judges may run fast by a tenth, or slow.
constexpr Duration time_to_refute = limits::pause_tolerance - limits::pause_tolerance / 5;
constexpr Duration lately = (2 * limits::heartbeat_period + limits::ack_timeout_min) * 4 / 5;
constexpr Duration slander_lingers = 12s;

// At most, of a node in a mesh of so many.
std::size_t neighbours_of(std::size_t nodes) {
    return std::min<std::size_t>(nodes, 2 * gossip::ring_count(nodes, 0));
}

bool is_silence(std::uint64_t cause) {
    return cause == static_cast<std::uint64_t>(gossip::Cause::silent);
}

bool clears_suspicion(Event event) {
    return event == Event::member_alive || event == Event::member_joined ||
           event == Event::member_left || event == Event::member_draining;
}

bool speaks_of_peer(Event event) {
    return clears_suspicion(event) || event == Event::opinion_given ||
           event == Event::member_suspect || event == Event::member_dead ||
           event == Event::link_up || event == Event::link_down || event == Event::heal_dialled ||
           event == Event::frame_refused;
}

template <class Cell>
void decode_each(Reader& in, std::vector<Cell>& cells) {
    Reader list = in.list();
    cells.clear();
    while (list.remaining() > 0) {
        if (const auto cell = decoded<Cell>(in.inner(), list.bytes())) cells.push_back(*cell);
    }
}

bool shows_roots(Kind kind) {
    return kind == Kind::ping || kind == Kind::pong || kind == Kind::hello;
}

bool ends_greeting(const TraceRecord& record) {
    const bool refused = record.event == Event::frame_refused;
    return record.event == Event::link_down ||
           (refused && record.fields[1] == static_cast<std::uint64_t>(Kind::hello));
}

}  // namespace

bool RumourCheck::Rumours::decode(Reader& in, Rumours& out) {
    in.skip();  // introductions
    in.skip();  // claims
    decode_each(in, out.deaths);
    decode_each(in, out.opinions);
    return in.ok();
}

RumourCheck::RumourCheck(std::vector<NodeId> ids, Findings& findings)
    : ids_(std::move(ids)),
      all_are_neighbours_(ids_.size() <= neighbours_of(ids_.size()) + 1),
      compared_within_(compared_within + gossip::Questions::patience *
                                             static_cast<std::int64_t>(neighbours_of(ids_.size()))),
      findings_(findings),
      history_(static_cast<std::uint32_t>(ids_.size())),
      hosts_(ids_),
      views_(ids_.size()),
      told_dead_(ids_.size()),
      tables_(ids_.size()),
      shown_(ids_.size()),
      said_(ids_.size()),
      rumours_(rumours_kept),
      greetings_(ids_.size()) {
    for (const char* each : {suspects_get_time, heard_are_not_mourned, suspects_are_accused,
                             tables_are_compared, greetings_are_own, dead_are_dialled}) {
        findings_.expect(each);
    }
}

void RumourCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const auto incarnation = static_cast<std::uint32_t>(record.fields[2]);
    const Life life{record.fields[1], incarnation};
    if (record.event == Event::claim_refuted) {
        const auto own = static_cast<std::uint32_t>(record.fields[1]);
        claimed_.try_emplace({host, {record.fields[0], own}}, now);
        return;
    }
    if (!speaks_of_peer(record.event)) return;
    const auto subject = host_of(record.fields[0]);
    if (subject == host && record.event == Event::member_left) tables_.at(host).has_left = true;
    if (!subject || *subject == host) return;
    on_member(host, *subject, record.event, now);
    if (record.event == Event::opinion_given) {
        on_opinion(host, *subject, record.fields[1] != 0, now);
    } else if (record.event == Event::member_suspect) {
        on_suspect(host, *subject, life, now);
        view_of(host, *subject).suspected = Time(now);
    } else if (record.event == Event::member_dead) {
        if (is_silence(record.fields[3])) on_death(host, *subject, life, now);
        mourned_.insert({*subject, life});
        views_.at(host).erase({*subject});
        told_dead_.at(host).hosts.erase(*subject);
    } else if (clears_suspicion(record.event)) {
        if (View* view = known_view(host, *subject)) {
            view->suspected = {};
            if (*view == View{}) views_.at(host).erase({*subject});
        }
    } else if (record.event == Event::frame_refused) {
        // An old one, or none of its own.
        if (View* view = known_view(host, *subject)) view->heard = view->answered = {};
        const auto impostor = impostors_.find({host, *subject});
        const bool refused = ends_greeting(record) && impostor != impostors_.end();
        if (refused && --impostor->second.taken == 0) impostors_.erase(impostor);
    }
    if (ends_greeting(record)) greetings_.at(host).erase(*subject);
}

void RumourCheck::on_started(std::uint32_t host, Boot boot, Duration now) {
    history_.on_started(host, boot, now);
    claimed_.try_emplace({host, {boot.value, 0}}, now);
    forget(host);
}

void RumourCheck::on_fault(const Fault& fault, Phase phase, Duration now) {
    history_.on_fault(fault, phase, now);
    if (row_of(fault.kind).target == Target::host) begin_anew(fault.host, now);
    // Who leaves compares nothing any more, but judges to the end.
    if (fault.kind == FaultKind::leave) forget_duties(fault.host);
    if (is_crash(fault.kind)) forget(fault.host);
}

void RumourCheck::on_ended(std::uint32_t host, Duration now) {
    history_.on_ended(host, now);
    forget(host);
}

void RumourCheck::on_said(const Told& frame) {
    check_refused(frame.host, frame.now);
    if (shows_roots(frame.kind)) {
        Shown& shown = shown_.at(frame.host);
        shown.kind = frame.kind;
        shown.body.assign(frame.body.begin(), frame.body.end());
        on_roots_said(frame);
        if (frame.kind == Kind::ping) note_asked(frame);
    } else if (frame.kind == Kind::table_digest) {
        if (const auto peer = host_of(frame.peer.prefix())) {
            greetings_.at(frame.host).erase(*peer);
        }
    } else if (frame.kind == Kind::cells) {
        // The same goes to one peer after another.
        if (std::exchange(said_.at(frame.host), frame.number) == frame.number) return;
        for (const gossip::Opinion& each : rumours_in(frame).opinions) {
            const auto subject = host_of(each.subject.prefix());
            if (!subject || each.observer != ids_[frame.host] || !is_down(each.vote)) continue;
            const Life life{each.boot.value, each.incarnation.value};
            accusers_[{*subject, life}].insert(frame.host);
        }
    }
}

void RumourCheck::note_asked(const Told& frame) {
    const auto peer = host_of(frame.peer.prefix());
    if (!peer) return;
    Time& asked = view_of(frame.host, *peer).asked;
    if (!asked.is_known()) asked = Time(frame.now);
}

void RumourCheck::on_heard(const Told& frame) {
    const auto peer = host_of(frame.peer.prefix());
    if (!peer || *peer == frame.host) return;
    check_refused(frame.host, frame.now);
    View& view = view_of(frame.host, *peer);
    view.heard.note(frame.now);
    if (frame.kind == Kind::ping || frame.kind == Kind::pong) {
        const bool is_pong = frame.kind == Kind::pong;
        if (!is_pong && !greetings_.at(frame.host).contains(*peer)) return;  // most pings
        if (const auto message = decoded<gossip::Ping>(decoder_, frame.body)) {
            // Pongs that nobody asked for come from strangers too.
            if (is_pong && message->sequence != 0) view.on_answer(frame.now);
            auto& greetings = greetings_.at(frame.host);
            const auto greeting = greetings.find(*peer);
            if (greeting != greetings.end() && own_root(frame.host) == message->roots.table) {
                greetings.erase(greeting);
            }
        }
    } else if (frame.kind == Kind::hello) {
        if (const auto message = decoded<gossip::Hello>(decoder_, frame.body)) {
            on_greeting(frame, *message);
        }
    } else if (frame.kind == Kind::cells) {
        for (const gossip::Death& each : rumours_in(frame).deaths) {
            const auto subject = host_of(each.node.prefix());
            if (!subject || *subject == *peer) continue;
            note_mourned(frame.host, *subject, frame.now);
        }
    }
}

// Each body is read once, while few others are on their way.
const RumourCheck::Rumours& RumourCheck::rumours_in(const Told& frame) {
    auto& [number, rumours] = rumours_[frame.number % rumours_kept];
    if (std::exchange(number, frame.number) == frame.number) return rumours;
    Reader reader = decoder_.parse(frame.body);
    if (!Rumours::decode(reader, rumours)) rumours = {};
    return rumours;
}

void RumourCheck::on_suspect(std::uint32_t host, std::uint32_t subject, const Life& life,
                             Duration now) {
    const auto claimed = claimed_.find({subject, life});
    if (claimed == claimed_.end()) return;
    // A forged accusation is good for as long as the life that it names.
    if (history_.was_slandered({std::min(claimed->second, now - slander_lingers), now})) return;
    findings_.looked(suspects_are_accused);
    const View& view = view_of(host, subject);
    const bool by_itself = view.accused.is_known() && view.accused.value() >= claimed->second;
    const auto accusers = accusers_.find({subject, life});
    const bool by_others = accusers != accusers_.end() && !accusers->second.empty();
    if (!by_itself && !by_others) violated(suspects_are_accused, host, subject, now);
}

void RumourCheck::on_death(std::uint32_t host, std::uint32_t subject, const Life& life,
                           Duration now) {
    if (is_slandered(now)) return;
    const View& view = view_of(host, subject);
    if (is_mourned(host, subject, now)) {
        findings_.looked(heard_are_not_mourned);
        if (was_heard(host, view, now) && !view.accused.is_known() && !view.suspected.is_known()) {
            violated(heard_are_not_mourned, host, subject, now);
        }
    }
    if (mourned_.contains({subject, life})) return;
    findings_.looked(suspects_get_time);
    if (view.suspected.is_known() && now - view.suspected.value() >= time_to_refute) return;
    violated(suspects_get_time, host, subject, now);
}

// Lately, and asked for: who is no neighbour any more is not listened to, and may have been asked
// when it was one.
bool RumourCheck::was_heard(std::uint32_t host, const View& view, Duration now) const {
    if (tables_.at(host).has_left) return false;
    const Time answered = view.answered.earlier_than(now);
    if (!view.heard.earlier_than(now).is_within(lately, now)) return false;
    if (!answered.is_within(lately, now)) return false;
    const Time changed = tables_.at(host).changed.earlier_than(now);
    if (all_are_neighbours_ || !changed.is_known()) return true;
    return view.was_asked_since(changed) && changed.value() < answered.value();
}

void RumourCheck::on_member(std::uint32_t host, std::uint32_t subject, Event event, Duration now) {
    Table& table = tables_.at(host);
    if (event == Event::heal_dialled) table.lonely_since = now;
    if (event == Event::link_up) table.linked.insert(subject);
    if (event == Event::link_down) table.linked.erase(subject);
    const bool alive = event == Event::member_alive || event == Event::member_joined;
    const bool dead = event == Event::member_dead;
    if (!alive && !dead && event != Event::member_left && event != Event::member_draining) return;
    table.changed.note(now);
    table.dead.erase(subject);
    if (dead) table.dead.insert(subject);
}

// As many dead without a link as others, or more: then every round dials one.  With fewer it is a
// matter of chance, and who is stopped keeps its links.
bool RumourCheck::is_lonely(const Table& table) const {
    if (2 * table.dead.size() < ids_.size()) return false;
    const auto unlinked = std::ranges::count_if(
        table.dead, [&](std::uint32_t each) { return !table.linked.contains(each); });
    return static_cast<std::size_t>(unlinked) + table.dead.size() >= ids_.size();
}

// Whenever it beats.
void RumourCheck::check_dialled(std::uint32_t host, Duration now) {
    Table& table = tables_.at(host);
    if (2 * table.dead.size() >= ids_.size()) findings_.looked(dead_are_dialled);
    if (!is_lonely(table)) {
        table.lonely_since.reset();
        return;
    }
    if (!table.lonely_since) table.lonely_since = now;
    if (now - *table.lonely_since < dialled_within) return;
    violated(dead_are_dialled, host, *table.dead.begin(), now);
    table.lonely_since = now;
}

void RumourCheck::on_opinion(std::uint32_t host, std::uint32_t subject, bool down, Duration now) {
    view_of(host, subject).accused = down ? Time(now) : Time();
}

// Who shows the same table as before the greeting has had time to compare it, and a link.
void RumourCheck::on_roots_said(const Told& frame) {
    check_dialled(frame.host, frame.now);
    auto& greetings = greetings_.at(frame.host);
    if (greetings.empty()) return;
    const auto peer = host_of(frame.peer.prefix());
    if (!peer) return;
    const auto greeting = greetings.find(*peer);
    if (greeting == greetings.end()) return;
    if (greeting->second.own_root != own_root(frame.host)) {
        greetings.erase(greeting);
        return;
    }
    // It greets back over a new link: what is due follows that.
    if (frame.kind == Kind::hello) greeting->second.at = frame.now;
    if (frame.now - greeting->second.at < compared_within_) return;
    findings_.looked(tables_are_compared);
    greetings.erase(greeting);
    violated(tables_are_compared, frame.host, *peer, frame.now);
}

void RumourCheck::on_greeting(const Told& frame, const gossip::Hello& hello) {
    const auto peer = host_of(frame.peer.prefix());
    const auto own = own_root(frame.host);
    greetings_.at(frame.host).erase(*peer);
    findings_.looked(greetings_are_own);
    if (hello.claim.node != frame.peer) on_impostor(frame.host, *peer, frame.now);
    // Only its owner's word counts, and none of an earlier boot.
    if (hello.claim.node != frame.peer || hello.claim.boot != history_.boot(*peer)) return;
    if (!own || *own == hello.roots.table) return;
    findings_.looked(tables_are_compared);
    greetings_.at(frame.host)[*peer] = {frame.now, *own};
}

void RumourCheck::on_impostor(std::uint32_t host, std::uint32_t peer, Duration now) {
    Impostor& impostor = impostors_[{host, peer}];
    impostor.at = now;
    ++impostor.taken;
}

// What was not refused in the turn that heard it was taken.
void RumourCheck::check_refused(std::uint32_t host, Duration now) {
    for (auto each = impostors_.lower_bound({host, 0}); each != impostors_.end();) {
        const auto& [heard, by] = each->first;
        if (heard != host) return;
        if (each->second.at == now) {
            ++each;
            continue;
        }
        violated(greetings_are_own, host, by, now);
        each = impostors_.erase(each);
    }
}

std::optional<std::uint64_t> RumourCheck::own_root(std::uint32_t host) {
    const Shown& shown = shown_.at(host);
    if (shown.body.empty()) return std::nullopt;
    if (shown.kind == Kind::hello) {
        const auto hello = decoded<gossip::Hello>(decoder_, shown.body);
        return hello ? std::optional{hello->roots.table} : std::nullopt;
    }
    const auto ping = decoded<gossip::Ping>(decoder_, shown.body);
    return ping ? std::optional{ping->roots.table} : std::nullopt;
}

RumourCheck::View& RumourCheck::view_of(std::uint32_t host, std::uint32_t subject) {
    if (View* known = known_view(host, subject)) return *known;
    views_.at(host).insert({subject}, {});
    return *known_view(host, subject);
}

RumourCheck::View* RumourCheck::known_view(std::uint32_t host, std::uint32_t subject) {
    return views_.at(host).find({subject});
}

void RumourCheck::note_mourned(std::uint32_t host, std::uint32_t subject, Duration now) {
    Mourned& mourned = told_dead_.at(host);
    if (std::exchange(mourned.at, now) != now) mourned.hosts.clear();
    mourned.hosts.insert(subject);
}

bool RumourCheck::is_mourned(std::uint32_t host, std::uint32_t subject, Duration now) const {
    const Mourned& mourned = told_dead_.at(host);
    return mourned.at == now && mourned.hosts.contains(subject);
}

// What has to happen within some time has it once more.
void RumourCheck::begin_anew(std::uint32_t host, Duration now) {
    tables_.at(host).lonely_since.reset();
    for (auto& [peer, greeting] : greetings_.at(host)) greeting.at = now;
}

void RumourCheck::forget(std::uint32_t host) {
    views_.at(host) = HashIndex<Number, View>();
    told_dead_.at(host) = {};
    forget_duties(host);
}

void RumourCheck::forget_duties(std::uint32_t host) {
    shown_.at(host).body.clear();
    tables_.at(host) = {};
    greetings_.at(host).clear();
    for (auto& greetings : greetings_) greetings.erase(host);
    std::erase_if(impostors_, [&](const auto& each) { return each.first.first == host; });
}

bool RumourCheck::is_slandered(Duration now) const {
    return history_.was_slandered({now - slander_lingers, now});
}

std::optional<std::uint32_t> RumourCheck::host_of(std::uint64_t prefix) const {
    return hosts_.find(prefix);
}

void RumourCheck::violated(const char* invariant, std::uint32_t host, std::uint32_t subject,
                           Duration now) {
    findings_.violated(invariant, {now, host, "about node " + std::to_string(subject + 1)});
}

}  // namespace starling::sim
