#include "auction/auctions.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace starling::auction {
namespace {

template <class T>
std::vector<T> joined(std::vector<T> a, std::vector<T> b) {
    a.insert(a.end(), std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()));
    return a;
}

std::size_t size_of(const TaskView& view) {
    return 256 + view.skill.size() + view.key.size() + view.text.size() +
           view.custodians.size() * 40;
}

}  // namespace

Auctions::Auctions(Setup setup, const RecordSource& records, Moment now)
    : near_(setup.timing),
      timing_(setup.timing),
      members_(setup.self, setup.boot, now.boot_time + setup.timing.settle, setup.numbers),
      digests_(members_, timing_),
      custodian_(members_, timing_, counters_, setup.random_seed),
      announcer_({members_, timing_, counters_, digests_}, setup.random_seed),
      participant_(members_, timing_, counters_, digests_, setup.random_seed),
      ledger_(members_, timing_, setup.random_seed) {
    if (setup.may_have_forgotten) custodian_.forgot();
    custodian_.load(records, now);
    participant_.load(records, now);
}

// Runs one part, then carries to the other parts what they must know, and counts what is sent.
template <class Action>
auto Auctions::step(Moment now, Effects& out, const Action& action) {
    const std::size_t sent_before = out.outgoing().size();
    const auto finish = [&] {
        route(now, out);
        const auto sent = out.outgoing().subspan(sent_before);
        counters_.messages += static_cast<std::uint64_t>(
            std::count_if(sent.begin(), sent.end(),
                          [&](const Outgoing& each) { return each.to != members_.self(); }));
    };
    if constexpr (std::is_void_v<decltype(action())>) {
        action();
        finish();
    } else {
        auto result = action();
        finish();
        return result;
    }
}

void Auctions::route(Moment now, Effects& out) {
    for (const Custody& custody : custodian_.take_adoptions()) announcer_.adopt(custody, now, out);
    for (const Record& record : announcer_.take_moved()) custodian_.on_moved(record, out);
    for (const auto& [call, task] : announcer_.take_handed_over()) {
        ledger_.inquire(Ledger::Purpose::watch, call, task, now, out);
    }
    for (const auto& [call, record] : ledger_.take_to_cancel()) {
        announcer_.adopt_to_cancel(record, call, now, out);
    }
}

// --------------------------------------------------------------------------------------- messages

Verdict Auctions::on_record(const NodeId& from, const RecordTask& message, Moment now,
                            Effects& out) {
    return step(now, out, [&] { return custodian_.on_record(from, message, now, out); });
}

Verdict Auctions::on_recorded(const NodeId& from, const Recorded& message, Moment now,
                              Effects& out) {
    return step(now, out, [&] { return announcer_.on_granted(from, message, now, out); });
}

Verdict Auctions::on_grant(const NodeId& from, const Grant& message, Moment now, Effects& out) {
    return step(now, out, [&] { return custodian_.on_grant(from, message, now, out); });
}

Verdict Auctions::on_granted(const NodeId& from, const Granted& message, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.on_granted(from, message, now, out); });
}

Verdict Auctions::on_store_result(const NodeId& from, const StoreResult& message, Moment now,
                                  Effects& out) {
    return step(now, out, [&] { return custodian_.on_store(from, message, now, out); });
}

Verdict Auctions::on_stored_result(const NodeId& from, const StoredResult& message, Moment now,
                                   Effects& out) {
    return step(now, out, [&] { return announcer_.on_stored(from, message, now, out); });
}

Verdict Auctions::on_cfp(const NodeId& from, const Cfp& message, Moment now, Effects& out) {
    return step(now, out, [&] { return participant_.on_cfp(from, message, now, out); });
}

Verdict Auctions::on_propose(const NodeId& from, const Propose& message, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.on_propose(from, message, now, out); });
}

Verdict Auctions::on_refuse(const NodeId& from, const Refuse& message, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.on_refuse(from, message, now, out); });
}

Verdict Auctions::on_accept_proposal(const NodeId& from, const AcceptProposal& message, Moment now,
                                     Effects& out) {
    return step(now, out, [&] { return participant_.on_accept(from, message, now, out); });
}

Verdict Auctions::on_reject_proposal(const NodeId& from, const RejectProposal& message, Moment now,
                                     Effects& out) {
    return step(now, out, [&] { return participant_.on_reject(from, message, now.boot_time); });
}

Verdict Auctions::on_agree(const NodeId& from, const Agree& message, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.on_agree(from, message, now, out); });
}

Verdict Auctions::on_failure(const NodeId& from, const Failure& message, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.on_failure(from, message, now, out); });
}

Verdict Auctions::on_inform(const NodeId& from, const Inform& message, Moment now, Effects& out) {
    return step(now, out, [&] {
        const auto verdict = announcer_.on_inform(from, message, now, out);
        return verdict ? *verdict : custodian_.on_inform(from, message, now, out);
    });
}

Verdict Auctions::on_informed(const NodeId& from, const Informed& message, Moment now,
                              Effects& out) {
    return step(now, out, [&] { return participant_.on_informed(from, message, now, out); });
}

Verdict Auctions::on_cancel(const NodeId& from, const Cancel& message, Moment now, Effects& out) {
    return step(now, out, [&] {
        if (message.purpose == CancelPurpose::withdraw) {
            return custodian_.on_withdraw(from, message, out);
        }
        const Verdict worked = participant_.on_stop(message, now, out);
        const Verdict ran = announcer_.on_stop(message, out);
        return worked == Verdict::done ? worked : ran;
    });
}

Verdict Auctions::on_renew(const NodeId& from, const Renew& message, Moment now, Effects& out) {
    return step(now, out, [&] {
        const auto verdict = announcer_.on_renew(from, message, now, out);
        return verdict ? *verdict : custodian_.on_renew(from, message, out);
    });
}

Verdict Auctions::on_renewed(const NodeId& from, const Renewed& message, Moment now, Effects& out) {
    return step(now, out, [&] { return participant_.on_renewed(from, message, now, out); });
}

Verdict Auctions::on_progress(const NodeId& from, const Progress& message, Moment now,
                              Effects& out) {
    return step(now, out, [&] {
        Progress answer;
        Verdict verdict = Verdict::repeated;
        for (const Duty& duty : message.duties) {
            if (duty.note == DutyNote::asked) {
                answer.duties.push_back(announcer_.duty_of(duty));
                verdict = Verdict::done;
            } else if (custodian_.on_duty(from, duty, now, out) == Verdict::done) {
                verdict = Verdict::done;
            }
        }
        if (!answer.duties.empty()) out.send(from, answer);
        return verdict;
    });
}

Verdict Auctions::on_query(const NodeId& from, const Query& message, Moment now, Effects& out) {
    return step(now, out, [&] {
        out.send(from, message.task ? answer_of(message, *message.task) : page_of(message));
        return Verdict::done;
    });
}

QueryAnswer Auctions::answer_of(const Query& query, const TaskId& task) const {
    QueryAnswer answer{.request = query.request, .views = {}, .record = {}};
    auto view = custodian_.view(task);
    if (const auto run = announcer_.view(task)) {
        if (view) {
            merge(*view, *run);
        } else {
            view = run;
        }
    }
    if (view) answer.views.push_back(std::move(*view));
    const Custody* custody = custodian_.find(task);
    if (custody != nullptr && !custody->accepted) answer.record = custody->record;
    return answer;
}

QueryAnswer Auctions::page_of(const Query& query) const {
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, limits::list_entries);
    std::map<TaskId, TaskView> views;
    for (TaskView& view : custodian_.views_after(query.after, query.filter, limit + 1)) {
        views.emplace(view.id, std::move(view));
    }
    for (TaskView& view : announcer_.views_after(query.after, query.filter, limit + 1)) {
        const auto [known, fresh] = views.emplace(view.id, view);
        if (!fresh) merge(known->second, view);
    }
    QueryAnswer answer{.request = query.request, .views = {}, .record = {}};
    std::size_t size = 0;
    for (auto& [task, view] : views) {
        size += size_of(view);
        if (answer.views.size() == limit || size > limits::batch_bytes) {
            answer.more = true;
            break;
        }
        view.attempts.clear();
        view.result.clear();
        answer.views.push_back(std::move(view));
    }
    return answer;
}

Verdict Auctions::on_query_answer(const NodeId& from, const QueryAnswer& message, Moment now,
                                  Effects& out) {
    return step(now, out, [&] { return ledger_.on_answer(from, message, now, out); });
}

Verdict Auctions::on_digest(const NodeId&, const DigestNews& message, Moment now, Effects& out) {
    return step(now, out, [&] {
        if (!digests_.on_news(message, now.boot_time)) return Verdict::repeated;
        announcer_.on_capacity();
        return Verdict::done;
    });
}

// ------------------------------------------------------------------------------------------ facts

void Auctions::on_member_certified(const NodeId& node) {
    members_.certified(node);
}

void Auctions::on_member_alive(const NodeId& node, Boot boot, Moment now, Effects& out) {
    if (node == members_.self() || members_.is_boot(node, boot)) return;
    step(now, out, [&] {
        members_.alive(node, boot, now.boot_time);
        custodian_.on_members_changed(now.boot_time);
        custodian_.on_back(node, out);
        announcer_.on_member_alive(node, boot, now, out);
    });
}

void Auctions::on_member_gone(const NodeId& node, Leaving leaving, Moment now, Effects& out) {
    if (node == members_.self()) return;
    step(now, out, [&] {
        if (leaving == Leaving::left) {
            members_.left(node, now.boot_time);
            digests_.forget(node);
        } else {
            members_.gone(node, now.boot_time);
        }
        custodian_.on_members_changed(now.boot_time);
        participant_.on_member_gone(node);
        announcer_.on_member_gone(
            node, leaving == Leaving::left ? AttemptEnd::left : AttemptEnd::crashed, now, out);
    });
}

void Auctions::on_member_lag(const NodeId& node, bool behind, Moment now, Effects& out) {
    step(now, out, [&] {
        members_.lag(node, behind);
        if (!behind) announcer_.on_capacity();
    });
}

void Auctions::on_link_up(const NodeId& node, Moment now, Effects& out) {
    step(now, out, [&] { digests_.link_up(node, out); });
}

void Auctions::on_link_down(const NodeId& node) {
    digests_.link_down(node);
}

void Auctions::on_round_trip(Duration farthest) {
    if (std::exchange(farthest_, farthest) != farthest) timing_ = near_.stretched(farthest);
}

void Auctions::drain(Moment now, Effects& out) {
    step(now, out, [&] {
        custodian_.refuse_new(true);
        participant_.drain(now, out);
    });
}

// ------------------------------------------------------------------------- local programs, workers

Offered Auctions::offer(const TaskSpec& spec, CallId call, Moment now, Effects& out) {
    return step(now, out, [&] { return announcer_.offer(spec, call, now, out); });
}

AskVerdict Auctions::wait(CallId call, const TaskId& task, Moment now, Effects& out) {
    if (announcer_.wait(task, call)) return AskVerdict::asked;
    return step(now, out,
                [&] { return ledger_.inquire(Ledger::Purpose::watch, call, task, now, out); });
}

AskVerdict Auctions::cancel(CallId call, const TaskId& task, Moment now, Effects& out) {
    return step(now, out, [&] {
        if (announcer_.cancel(task, call, now, out)) return AskVerdict::asked;
        return ledger_.inquire(Ledger::Purpose::cancel, call, task, now, out);
    });
}

AskVerdict Auctions::show(CallId call, const TaskId& task, Moment now, Effects& out) {
    return step(now, out,
                [&] { return ledger_.inquire(Ledger::Purpose::show, call, task, now, out); });
}

AskVerdict Auctions::list(CallId call, const ListRequest& request, Moment now, Effects& out) {
    return step(now, out, [&] { return ledger_.list(call, request, now, out); });
}

void Auctions::forget(CallId call) {
    announcer_.forget(call);
    ledger_.forget(call);
}

WorkerVerdict Auctions::worker_waiting(const std::string& skill, WorkerId worker, Moment now,
                                       Effects& out) {
    return step(now, out, [&] {
        announcer_.on_capacity();
        return participant_.worker_waiting(skill, worker, now.boot_time);
    });
}

void Auctions::worker_gone(WorkerId worker, Moment now, Effects& out) {
    step(now, out, [&] { participant_.worker_gone(worker, now, out); });
}

ReportVerdict Auctions::finish(const Award& award, Bytes result, Afterwards afterwards, Moment now,
                               Effects& out) {
    return step(now, out, [&] {
        announcer_.on_capacity();
        return participant_.finish(award, std::move(result), afterwards, now, out);
    });
}

ReportVerdict Auctions::fail(const Award& award, const Fault& fault, Afterwards afterwards,
                             Moment now, Effects& out) {
    return step(now, out, [&] {
        announcer_.on_capacity();
        return participant_.fail(award, fault, afterwards, now, out);
    });
}

ReportVerdict Auctions::progress(const Award& award, std::uint32_t permille, std::string note) {
    return participant_.progress(award, permille, std::move(note));
}

// ------------------------------------------------------------------------------------ time, news

void Auctions::on_tick(Moment now, Effects& out) {
    step(now, out, [&] {
        custodian_.on_tick(now, out);
        participant_.on_tick(now, out);
        ledger_.on_tick(now, out);
        route(now, out);
        announcer_.on_tick(now, out);
        digests_.on_tick(now.boot_time, out);
    });
}

std::optional<BootTime> Auctions::next_deadline() const {
    auto next = earlier(custodian_.next_deadline(), announcer_.next_deadline());
    next = earlier(next, participant_.next_deadline());
    next = earlier(next, ledger_.next_deadline());
    return earlier(next, digests_.next_deadline());
}

std::vector<Acknowledged> Auctions::take_acknowledged() {
    return announcer_.take_acknowledged();
}

std::vector<Finished> Auctions::take_finished() {
    return joined(announcer_.take_finished(), ledger_.take_finished());
}

std::vector<CancelAnswer> Auctions::take_cancelled() {
    return joined(announcer_.take_cancelled(), ledger_.take_cancelled());
}

std::vector<Awarded> Auctions::take_awarded() {
    return announcer_.take_awarded();
}

std::vector<Shown> Auctions::take_shown() {
    return ledger_.take_shown();
}

std::vector<Listed> Auctions::take_listed() {
    return ledger_.take_listed();
}

std::vector<Assignment> Auctions::take_assignments() {
    return participant_.take_assignments();
}

std::vector<Stopped> Auctions::take_stopped() {
    return participant_.take_stopped();
}

std::vector<Settled> Auctions::take_settled() {
    return participant_.take_settled();
}

Gauges Auctions::gauges() const {
    return {announcer_.open_count(),       announcer_.waiting_count(),
            participant_.running_count(),  participant_.reporting_count(),
            custodian_.unfinished_count(), custodian_.finished_count()};
}

}  // namespace starling::auction
