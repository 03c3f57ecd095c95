#include "quorum/decision_calls.hpp"

#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/names.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_electors = 200ms;
constexpr Duration try_again_after = 1s;
constexpr Duration look_for_waiting = 500ms;
constexpr Duration close_within = 5s;

// What an elector keeps of a decision that it watches.
struct KeptWatch {
    Duration duration{};

    void encode(Writer& out) const {
        out.list(1);
        out.duration(duration);
    }

    static bool decode(Reader& in, KeptWatch& kept) {
        kept.duration = in.duration();
        return in.ok();
    }
};

const Decision* decision_of(const Finished& finished) {
    return std::get_if<Decision>(&finished.snapshot.contents);
}

bool is_open(const Decision* decision) {
    return decision != nullptr && decision->state == DecisionState::open;
}

}  // namespace

DecisionCalls::DecisionCalls(const Place& place, const RecordSource& records, Moment now)
    : place_(place) {
    Decoder decoder;
    records.scan(Table::fences, [&](ByteView key, ByteView value) {
        const std::string_view name = text_of(key);
        const auto kept = decoded<KeptWatch>(decoder, value);
        if (!kept || !name.starts_with(decision_name(""))) return;
        STARLING_PROBE(watch_read_back);
        watch(std::string(name.substr(decision_name("").size())), kept->duration, now);
    });
}

void DecisionCalls::propose(const Caller& caller, Decision decision, Moment now, Effects& out) {
    decision.proposer = place_.self;
    std::ranges::sort(decision.electors);
    decision.electors.erase(std::unique(decision.electors.begin(), decision.electors.end()),
                            decision.electors.end());
    Flow flow{Question::propose, caller, false, decision.duration, {}};
    if (!decision.well_formed()) return refuse(flow, Reason::invalid);
    start(std::move(flow), OpenDecision{std::move(decision)}, now, out);
}

void DecisionCalls::vote(const Caller& caller, const Vote& vote, Moment now, Effects& out) {
    Flow flow{Question::vote, caller, false, {}, {}};
    const bool texts_fit =
        vote.agent.size() <= limits::name_bytes && vote.reason.size() <= limits::name_bytes;
    if (!texts_fit) return refuse(flow, Reason::invalid);
    start(std::move(flow), CastVote{place_.self, vote}, now, out);
}

void DecisionCalls::show(const Caller& caller, bool wait, Moment now, Effects& out) {
    const Flow flow{Question::show_decision, caller, wait, {}, {}};
    if (!is_name(caller.name)) return refuse(flow, Reason::bad_name);
    const Ticket ticket = place_.tickets.next(Part::decisions);
    flows_.emplace(ticket, flow);
    place_.registers.read(ticket, decision_name(caller.name), caller.deadline, now, out);
}

void DecisionCalls::on_call_ended(CallId call) {
    const auto gone =
        std::ranges::find(flows_, call, [](auto& each) { return each.second.caller.call; });
    if (gone == flows_.end()) return;
    show_timers_.set(gone->first, std::nullopt);
    flows_.erase(gone);
}

void DecisionCalls::start(Flow flow, Change change, Moment now, Effects& out) {
    if (!is_name(flow.caller.name)) return refuse(flow, Reason::bad_name);
    const Ticket ticket = place_.tickets.next(Part::decisions);
    Request request{ticket, decision_name(flow.caller.name), place_.operation(std::move(change)),
                    flow.caller.deadline};
    flows_.emplace(ticket, std::move(flow));
    place_.registers.change(std::move(request), now, out);
}

void DecisionCalls::refuse(const Flow& flow, Reason reason) {
    place_.ended.push_back(refused(flow.caller.call, flow.question, reason));
}

void DecisionCalls::end(Ticket ticket, const Finished& finished) {
    const auto found = flows_.find(ticket);
    const Flow& flow = found->second;
    place_.ended.push_back(ended_of(flow.caller.call, flow.question, finished));
    flows_.erase(found);
}

void DecisionCalls::on_finished(const Finished& finished, Moment now, Effects& out) {
    if (const auto look = looks_.extract(finished.ticket)) {
        return on_watched(look.mapped(), finished, now, out);
    }
    const auto found = flows_.find(finished.ticket);
    if (found == flows_.end()) return;
    const Flow flow = found->second;
    const std::string& name = flow.caller.name;
    const Decision* decision = decision_of(finished);
    if (flow.question == Question::propose) on_opened(finished, flow, now, out);
    if (flow.question == Question::vote && finished.outcome == Outcome::not_applied) {
        out.trace(Event::vote_refused, trace_name(name), finished.reason);
    }
    if (is_open(decision)) watch(name, decision->duration, now);
    if (flow.question == Question::show_decision && flow.wait && is_open(decision) &&
        now.boot_time < flow.caller.deadline) {
        found->second.last = finished;
        show_timers_.set(finished.ticket, flow.caller.deadline);
        if (watched_.contains(name)) look_again(name, now);
        return;
    }
    end(finished.ticket, finished);
    if (decision == nullptr || is_open(decision)) return;
    const bool closed_by_this = flow.question == Question::vote && finished.reason == Reason::none;
    if (closed_by_this) tell_electors(name, *decision, Duration{}, out);
    note_closed(name, finished, out);
}

// The opening is known here first; whoever it concerns hears of it now.
void DecisionCalls::on_opened(const Finished& finished, const Flow& flow, Moment now,
                              Effects& out) {
    const std::string& name = flow.caller.name;
    if (finished.outcome == Outcome::unknown) watch(name, flow.duration, now);  // it may be open
    const Decision* decision = decision_of(finished);
    if (finished.outcome != Outcome::applied || decision == nullptr) return;
    out.trace(Event::decision_opened, trace_name(name), decision->electors.size());
    tell_electors(name, *decision, decision->duration, out);
    if (watch(name, decision->duration, now)) note_open(name, finished, now, out);
}

void DecisionCalls::tell_electors(const std::string& name, const Decision& decision,
                                  Duration remaining, Effects& out) {
    std::vector<NodeId> others = decision.electors;
    if (!decision.elector_index(decision.proposer)) others.push_back(decision.proposer);
    std::erase(others, place_.self);
    out.send_all(others, DecisionOpened{name, remaining});
}

NoticeVerdict DecisionCalls::on_decision_opened(const DecisionOpened& notice, Moment now) {
    const auto found = watched_.find(notice.name);
    if (found != watched_.end()) {
        found->second.seen_open = false;  // look again: it may have been closed
        if (!found->second.asking) watch_timers_.set(notice.name, now.boot_time);
        return NoticeVerdict::known;
    }
    return watch(notice.name, notice.remaining, now) ? NoticeVerdict::watched
                                                     : NoticeVerdict::overloaded;
}

// False when too many are watched.  The next tick looks at it.
bool DecisionCalls::watch(const std::string& name, Duration remaining, Moment now) {
    if (watched_.contains(name)) return true;
    if (watched_.size() >= limits::decisions_watched) return false;  // I3
    watched_.emplace(name, Watched{now.boot_time + remaining, false, false, std::nullopt});
    watch_timers_.set(name, now.boot_time);
    return true;
}

void DecisionCalls::on_tick(Moment now, Effects& out) {
    while (const auto name = watch_timers_.due(now.boot_time)) look_at(*name, now, out);
    while (const auto ticket = show_timers_.due(now.boot_time)) {
        end(*ticket, Finished(flows_.at(*ticket).last));
    }
}

void DecisionCalls::look_at(const std::string& name, Moment now, Effects& out) {
    Watched& watched = watched_.at(name);
    const Ticket ticket = place_.tickets.next(Part::decisions);
    watched.asking = ticket;
    looks_.emplace(ticket, name);
    const BootTime deadline = now.boot_time + close_within;
    if (!watched.seen_open) {
        return place_.registers.read(ticket, decision_name(name), deadline, now, out);
    }
    place_.registers.change(
        {ticket, decision_name(name), place_.operation(CloseDecision{}), deadline}, now, out);
}

void DecisionCalls::on_watched(const std::string& name, const Finished& finished, Moment now,
                               Effects& out) {
    const auto found = watched_.find(name);
    if (found == watched_.end()) return;
    const bool was_close = found->second.seen_open;
    found->second.asking.reset();
    const Decision* decision = decision_of(finished);
    const bool answered = finished.outcome == Outcome::applied || finished.reason == Reason::closed;
    if (!answered && finished.reason != Reason::not_found) {
        STARLING_PROBE(closing_failed);
        watch_timers_.set(name, now.boot_time + try_again_after);
    } else if (is_open(decision)) {
        note_open(name, finished, now, out);
    } else if (decision != nullptr) {
        const bool closed_by_this = was_close && finished.outcome == Outcome::applied;
        if (closed_by_this) tell_electors(name, *decision, Duration{}, out);
        note_closed(name, finished, out);
    } else {
        watched_.erase(found);  // there is no such decision
    }
}

// It is open: an elector hears of it, and it will be closed when its time is over.
void DecisionCalls::note_open(const std::string& name, const Finished& finished, Moment now,
                              Effects& out) {
    Watched& watched = watched_.at(name);
    const Decision& decision = *decision_of(finished);
    const auto elector = decision.elector_index(place_.self);
    const auto rank = static_cast<Duration::rep>(elector.value_or(decision.electors.size()));
    watched.seen_open = true;
    watch_timers_.set(name,
                      STARLING_MUTANT(22, watched.ends + rank * between_electors, now.boot_time));
    if (is_awaited(name)) look_again(name, now);
    if (!elector || watched.told) return;
    watched.told = true;
    out.persist(Table::fences, view_of(decision_name(name)), KeptWatch{decision.duration});  // I1
    news_.push_back({name, finished.snapshot});
}

bool DecisionCalls::is_awaited(const std::string& name) const {
    return std::ranges::any_of(flows_, [&](const auto& each) {
        const Flow& flow = each.second;
        return flow.wait && flow.caller.name == name;
    });
}

// Somebody waits here: who is no elector hears of no closing.
void DecisionCalls::look_again(const std::string& name, Moment now) {
    Watched& watched = watched_.at(name);
    if (watched.asking || now.boot_time + look_for_waiting >= watched.ends) return;
    STARLING_PROBE(closing_awaited_here);
    watched.seen_open = false;
    watch_timers_.set(name, now.boot_time + look_for_waiting);
}

void DecisionCalls::note_closed(const std::string& name, const Finished& finished, Effects& out) {
    const Decision& decision = *decision_of(finished);
    const bool first = watched_.erase(name) > 0;
    watch_timers_.set(name, std::nullopt);
    if (first) {
        out.trace(Event::decision_closed, trace_name(name), decision.outcome,
                  decision.votes.size());
        out.erase(Table::fences, view_of(decision_name(name)));
        news_.push_back({name, finished.snapshot});
    }
    std::vector<Ticket> waiting;
    for (const auto& [ticket, flow] : flows_) {
        if (flow.question == Question::show_decision && flow.wait && flow.caller.name == name) {
            waiting.push_back(ticket);
        }
    }
    Finished shown = finished;
    shown.outcome = Outcome::applied;
    shown.reason = Reason::none;
    for (const Ticket ticket : waiting) {
        show_timers_.set(ticket, std::nullopt);
        end(ticket, shown);
    }
}

std::optional<BootTime> DecisionCalls::next_deadline() const {
    return earlier(watch_timers_.first(), show_timers_.first());
}

std::vector<DecisionNews> DecisionCalls::take_news() {
    return std::exchange(news_, {});
}

}  // namespace starling::quorum
