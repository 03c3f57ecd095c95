#include "auction/ledger.hpp"

#include "base/limits.hpp"
#include "base/rng.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// In a mesh of this size everybody is asked about a task; in a larger one the nearest this many.
constexpr std::size_t nearest_asked = 16;

// Rounds in which everybody answered and nobody knew the task: it was forgotten long ago.
constexpr std::size_t unknown_rounds = 20;

Outcome outcome_of(const TaskView& view) {
    Outcome outcome;
    outcome.ending = view.state == TaskState::done   ? Ending::done
                     : view.state == TaskState::dead ? Ending::dead
                                                     : Ending::cancelled;
    outcome.result = view.result;
    outcome.reason = view.text;
    outcome.executor = view.winner;
    outcome.origin = view.epoch;
    for (const Attempt& attempt : view.attempts) {
        if (attempt.end == AttemptEnd::done) outcome.origin = attempt.epoch;
    }
    return outcome;
}

}  // namespace

Ledger::Ledger(const Members& members, const Timing& timing, std::uint64_t seed)
    : members_(members), timing_(timing), last_request_(draw(seed, 4, 0) >> 1U) {}

AskVerdict Ledger::inquire(Purpose purpose, CallId call, const TaskId& task, Moment now,
                           Effects& out) {
    Inquiry inquiry;
    inquiry.purpose = purpose;
    inquiry.call = call;
    inquiry.task = task;
    return begin(std::move(inquiry), now, out);
}

AskVerdict Ledger::list(CallId call, const ListRequest& request, Moment now, Effects& out) {
    Inquiry inquiry;
    inquiry.purpose = Purpose::list;
    inquiry.call = call;
    inquiry.list = request;
    const auto most = static_cast<std::uint32_t>(limits::list_entries);
    inquiry.list.limit = std::clamp(request.limit, 1U, most);
    return begin(std::move(inquiry), now, out);
}

void Ledger::forget(CallId call) {
    for (const auto& [request, inquiry] : inquiries_) {
        if (inquiry.call == call) timers_.clear(request);
        if (inquiry.call == call && inquiry.purpose == Purpose::watch) --watches_;
    }
    std::erase_if(inquiries_, [&](const auto& each) { return each.second.call == call; });
}

AskVerdict Ledger::begin(Inquiry inquiry, Moment now, Effects& out) {
    const bool watch = inquiry.purpose == Purpose::watch;
    const std::size_t others = inquiries_.size() - watches_;
    if (watch ? watches_ >= limits::tasks_watched : others >= limits::inquiries) {
        return AskVerdict::overloaded;
    }
    if (watch) ++watches_;
    const std::uint64_t request = ++last_request_;
    inquiries_.emplace(request, std::move(inquiry));
    ask_around(request, now, out);
    return AskVerdict::asked;
}

void Ledger::ask_around(std::uint64_t request, Moment now, Effects& out) {
    Inquiry& inquiry = inquiries_.at(request);
    const bool all = inquiry.purpose == Purpose::list;
    const std::size_t most = all ? limits::nodes_asked : nearest_asked;
    inquiry.too_many_nodes = all && members_.count() > most;
    inquiry.resting = false;
    inquiry.asked.clear();
    inquiry.answered.clear();
    for (const NodeId& node : members_.nearest(inquiry.task, most)) ask(request, node, out);
    timers_.set(request, now.boot_time + timing_.answer_within);
}

void Ledger::ask(std::uint64_t request, const NodeId& node, Effects& out) {
    Inquiry& inquiry = inquiries_.at(request);
    inquiry.asked.insert(node);
    Query query{.request = request, .task = {}, .after = {}};
    if (inquiry.purpose == Purpose::list) {
        query.after = inquiry.list.after;
        query.filter = inquiry.list.filter;
        query.limit = inquiry.list.limit;
    } else {
        query.task = inquiry.task;
    }
    out.send(node, query);
}

Verdict Ledger::on_answer(const NodeId& from, const QueryAnswer& message, Moment now,
                          Effects& out) {
    const auto known = inquiries_.find(message.request);
    if (known == inquiries_.end() || known->second.resting) return Verdict::too_late;
    Inquiry& inquiry = known->second;
    if (!inquiry.asked.contains(from)) return Verdict::not_invited;
    if (!inquiry.answered.insert(from).second) return Verdict::repeated;
    if (inquiry.purpose == Purpose::list) {
        take_page(inquiry, message);
    } else {
        for (const TaskView& view : message.views) {
            if (view.id != inquiry.task) continue;
            if (inquiry.view) {
                merge(*inquiry.view, view);
            } else {
                inquiry.view = view;
            }
        }
        const bool later =
            message.record && (!inquiry.record || inquiry.record->home < message.record->home);
        if (later && message.record->id == inquiry.task) inquiry.record = message.record;
        // Who runs it knows more than its custodians.
        if (inquiry.view && !is_final(inquiry.view->state)) {
            const NodeId& runner = inquiry.view->epoch.granter;
            const bool ask_it = members_.is_alive(runner) && !inquiry.asked.contains(runner);
            if (ask_it) ask(message.request, runner, out);
        }
    }
    if (inquiry.answered.size() == inquiry.asked.size()) end(message.request, now);
    return Verdict::done;
}

void Ledger::take_page(Inquiry& inquiry, const QueryAnswer& message) {
    for (const TaskView& view : message.views) {
        const auto [known, fresh] = inquiry.views.emplace(view.id, view);
        if (!fresh) merge(known->second, view);
    }
    if (!message.more || message.views.empty()) return;
    const TaskId last = message.views.back().id;
    inquiry.complete_to = inquiry.complete_to ? std::min(*inquiry.complete_to, last) : last;
}

void Ledger::end(std::uint64_t request, Moment now) {
    Inquiry& inquiry = inquiries_.at(request);
    const bool partial = inquiry.answered.size() < inquiry.asked.size() || inquiry.too_many_nodes;
    switch (inquiry.purpose) {
        case Purpose::show:
            shown_.push_back({inquiry.call, inquiry.task, inquiry.view, partial});
            break;
        case Purpose::list:
            end_list(inquiry);
            break;
        case Purpose::cancel:
            end_cancel(inquiry, partial);
            break;
        case Purpose::watch:
            if (!end_watch(inquiry, partial)) {
                Duration rest = timing_.watch_base;
                for (std::size_t i = 1; i < inquiry.rounds && rest < timing_.watch_cap; ++i) {
                    rest *= 2;
                }
                inquiry.resting = true;
                timers_.set(request, now.boot_time + std::min(rest, timing_.watch_cap));
                return;
            }
            --watches_;
            break;
    }
    timers_.clear(request);
    inquiries_.erase(request);
}

void Ledger::end_list(const Inquiry& inquiry) {
    Listed listed{.call = inquiry.call, .views = {}};
    listed.partial = inquiry.answered.size() < inquiry.asked.size() || inquiry.too_many_nodes;
    listed.more = inquiry.complete_to.has_value();
    for (const auto& [task, view] : inquiry.views) {
        if (inquiry.complete_to && task > *inquiry.complete_to) break;  // I2
        if (!passes(view, inquiry.list.filter)) continue;
        if (listed.views.size() == inquiry.list.limit) {
            listed.more = true;
            break;
        }
        listed.views.push_back(view);
    }
    listed_.push_back(std::move(listed));
}

void Ledger::end_cancel(const Inquiry& inquiry, bool partial) {
    if (inquiry.view && is_final(inquiry.view->state)) {
        const auto verdict = inquiry.view->state == TaskState::cancelled ? CancelVerdict::cancelled
                                                                         : CancelVerdict::too_late;
        cancelled_.push_back({inquiry.call, inquiry.task, verdict, outcome_of(*inquiry.view)});
    } else if (inquiry.record) {
        to_cancel_.emplace_back(inquiry.call, *inquiry.record);
    } else {
        const auto verdict = partial ? CancelVerdict::no_quorum : CancelVerdict::not_found;
        cancelled_.push_back({inquiry.call, inquiry.task, verdict, {}});
    }
}

bool Ledger::end_watch(Inquiry& inquiry, bool partial) {
    ++inquiry.rounds;
    if (inquiry.view && is_final(inquiry.view->state)) {
        finished_.push_back({inquiry.call, inquiry.task, outcome_of(*inquiry.view)});
        return true;
    }
    if (inquiry.view || partial || inquiry.rounds < unknown_rounds) return false;
    Outcome outcome;
    outcome.ending = Ending::dead;
    outcome.reason = "unknown: no custodian knows the task";
    finished_.push_back({inquiry.call, inquiry.task, outcome});
    return true;
}

void Ledger::on_tick(Moment now, Effects& out) {
    while (const auto request = timers_.take_due(now.boot_time)) {
        if (inquiries_.at(*request).resting) {
            ask_around(*request, now, out);
        } else {
            end(*request, now);
        }
    }
}

}  // namespace starling::auction
