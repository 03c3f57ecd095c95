#include "sim/award_check.hpp"

namespace starling::sim {
namespace {

constexpr const char* awards_are_agreed = "awards_are_agreed";
constexpr const char* awards_end_as_given = "awards_end_as_given";
constexpr const char* bids_are_answered = "bids_are_answered";
constexpr const char* leases_are_watched = "leases_are_watched";
constexpr const char* results_are_reported = "results_are_reported";

constexpr std::uint64_t tasks_last = ~0ULL;
constexpr std::uint32_t unknown_max = 24;  // then a result is given up

// The runner has moved on, or the task is not its own any more.
bool ends_lease(Event event) {
    return event == Event::task_reassigned || event == Event::task_superseded ||
           event == Event::task_cancelled || event == Event::task_dead_lettered ||
           event == Event::task_accepted || event == Event::task_reported;
}

}  // namespace

AwardCheck::AwardCheck(std::vector<NodeId> ids, Findings& findings)
    : ids_(std::move(ids)), findings_(findings), fitness_(static_cast<std::uint32_t>(ids_.size())) {
    for (const char* each : {awards_are_agreed, awards_end_as_given, bids_are_answered,
                             leases_are_watched, results_are_reported}) {
        findings_.expect(each);
    }
}

void AwardCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const Key key{host, record.fields[0]};
    if (ends_lease(record.event)) leases_.clear(key);
    // What a node refuses to read, of that peer, it does not answer.
    if (record.event == Event::frame_refused) {
        const Bid first{host, record.fields[0], 0};
        const Bid last{host, record.fields[0], tasks_last};
        for (const Bid& bid : bids_.within(first, last)) bids_.clear(bid);
    }
    if (record.event != Event::task_agreed) return;
    leases_.set(key, now, lease_within);
    findings_.looked(leases_are_watched);
    findings_.looked(awards_are_agreed);
    const auto round = static_cast<std::uint32_t>(record.fields[1]);
    if (agreed_.contains({host, key.second, round, record.fields[2]})) return;
    findings_.violated(awards_are_agreed,
                       {now, host,
                        "task " + std::to_string(key.second) + ": nobody agreed to round " +
                            std::to_string(round)});
}

void AwardCheck::on_started(std::uint32_t host, Boot, Duration now) {
    fitness_.on_started(host, now);
    for (const Key& key : leases_.within({host, 0}, {host, tasks_last})) leases_.clear(key);
    for (const Key& key : reports_.within({host, 0}, {host, tasks_last})) {
        reports_.set(key, now, report_within_of_start);
    }
}

void AwardCheck::on_fault(const Fault& fault, Phase phase, Duration now) {
    fitness_.on_fault(fault, phase, now);
    if (!forgets(fault.kind) || phase != Phase::begins) return;
    const Key first{fault.host, 0};
    for (const Key& key : reports_.within(first, {fault.host, tasks_last})) reports_.clear(key);
}

void AwardCheck::on_ended(std::uint32_t host, Duration) {
    fitness_.on_ended(host);
}

void AwardCheck::on_said(const Told& frame) {
    if (frame.kind == Kind::accept_proposal) {
        const auto message = decoded<auction::AcceptProposal>(decoder_, frame.body);
        if (message) on_award_said(frame, *message);
    } else if (frame.kind == Kind::reject_proposal) {
        const auto message = decoded<auction::RejectProposal>(decoder_, frame.body);
        if (message) bids_.clear({frame.host, frame.peer.prefix(), message->task.prefix()});
    } else if (frame.kind == Kind::store_result) {
        const auto message = decoded<auction::StoreResult>(decoder_, frame.body);
        if (message) on_store_said(frame, *message);
    } else if (frame.kind == Kind::grant) {
        const auto message = decoded<auction::Grant>(decoder_, frame.body);
        if (message) leases_.clear({frame.host, message->task.prefix()});
    } else if (frame.kind == Kind::record) {
        const auto message = decoded<auction::RecordTask>(decoder_, frame.body);
        if (message) leases_.clear({frame.host, message->record.id.prefix()});
    } else if (frame.kind == Kind::inform) {
        const auto message = decoded<auction::Inform>(decoder_, frame.body);
        if (!message) return;
        const Key key{frame.host, message->task.prefix()};
        const auto settled = settled_.find(key);
        if (settled != settled_.end() && frame.batch <= settled->second) return;
        findings_.looked(results_are_reported);
        reports_.set(key, frame.now, report_within);
    }
}

void AwardCheck::on_heard(const Told& frame) {
    if (frame.kind == Kind::propose) {
        const auto message = decoded<auction::Propose>(decoder_, frame.body);
        if (message) on_bid_heard(frame, *message);
    } else if (frame.kind == Kind::agree) {
        const auto message = decoded<auction::Agree>(decoder_, frame.body);
        if (message) note_agreed(frame, message->task, message->epoch);
    } else if (frame.kind == Kind::renew) {
        const auto message = decoded<auction::Renew>(decoder_, frame.body);
        if (!message) return;
        note_agreed(frame, message->task, message->epoch);
        const Key key{frame.host, message->task.prefix()};
        const bool won = winner_of(message->task, message->epoch) == frame.peer;
        if (won && leases_.contains(key)) leases_.set(key, frame.now, lease_within);
    } else if (frame.kind == Kind::failure) {
        const auto message = decoded<auction::Failure>(decoder_, frame.body);
        if (message) leases_.clear({frame.host, message->task.prefix()});
    } else if (frame.kind == Kind::informed) {
        const auto message = decoded<auction::Informed>(decoder_, frame.body);
        if (message) on_informed_heard(frame, *message);
    } else if (frame.kind == Kind::cancel) {
        const auto message = decoded<auction::Cancel>(decoder_, frame.body);
        if (message) on_cancel_heard(frame, *message);
    } else if (frame.kind == Kind::granted) {
        const auto message = decoded<auction::Granted>(decoder_, frame.body);
        if (message && message->verdict == auction::GrantVerdict::superseded) {
            leases_.clear({frame.host, message->task.prefix()});
        }
    }
}

std::optional<Duration> AwardCheck::next_time() const {
    std::optional<Duration> first;
    for (const auto& next : {leases_.next(), reports_.next(), bids_.next()}) {
        if (next && (!first || *next < *first)) first = next;
    }
    return first;
}

void AwardCheck::on_time(Duration now) {
    judge(leases_, leases_are_watched, lease_within, now);
    judge(reports_, results_are_reported, report_within, now);
    judge_bids(now);
}

void AwardCheck::judge(Dues<Key>& dues, const std::string& invariant, Duration within,
                       Duration now) {
    while (const auto due = dues.take_due(now)) {
        const auto [host, task] = due->key;
        const auto fit = fitness_.fit_since(host);
        if (!fit || *fit > due->since) {
            dues.set(due->key, now, within);
            continue;
        }
        findings_.looked(invariant);
        findings_.violated(invariant, {now, host,
                                       "task " + std::to_string(task) + ": nothing for " +
                                           std::to_string(count_ms(now - due->since)) + " ms"});
    }
}

// A bid that a fault struck is not answered later either.
void AwardCheck::judge_bids(Duration now) {
    while (const auto due = bids_.take_due(now)) {
        const auto [host, bidder, task] = due->key;
        const auto fit = fitness_.fit_since(host);
        if (!fit || *fit > due->since) continue;
        findings_.violated(
            bids_are_answered,
            {now, host, "task " + std::to_string(task) + ": a bidder that lost it was not told"});
    }
}

// It may answer a bid for another task.
void AwardCheck::on_award_said(const Told& frame, const auction::AcceptProposal& message) {
    const std::uint64_t task = message.record.id.prefix();
    awarded_.insert_or_assign({task, message.epoch}, frame.peer);
    for (const std::uint64_t bid : {task, message.bid.prefix()}) {
        bids_.clear({frame.host, frame.peer.prefix(), bid});
    }
}

void AwardCheck::on_bid_heard(const Told& frame, const auction::Propose& message) {
    const auto winner = winner_of(message.task, message.epoch);
    if (message.epoch.granter != ids_[frame.host] || !winner || *winner == frame.peer) return;
    findings_.looked(bids_are_answered);
    bids_.set({frame.host, frame.peer.prefix(), message.task.prefix()}, frame.now, answer_within);
}

std::optional<NodeId> AwardCheck::winner_of(const TaskId& task, const auction::Epoch& epoch) const {
    const auto found = awarded_.find({task.prefix(), epoch});
    if (found == awarded_.end()) return std::nullopt;
    return found->second;
}

void AwardCheck::on_store_said(const Told& frame, const auction::StoreResult& message) {
    const std::uint64_t task = message.task.prefix();
    leases_.clear({frame.host, task});
    const auction::Epoch& epoch = message.held.epoch;
    // Who only passes on what was accepted awarded nothing under that epoch.
    const auto winner = winner_of(message.task, epoch);
    if (epoch.granter != ids_[frame.host] || !winner) return;
    findings_.looked(awards_end_as_given);
    const auction::Outcome& outcome = message.held.outcome;
    if (outcome.origin == epoch && outcome.executor == *winner) return;
    findings_.violated(
        awards_end_as_given,
        {frame.now, frame.host,
         "task " + std::to_string(task) + ": stored under round " + std::to_string(epoch.round) +
             " what was made under round " + std::to_string(outcome.origin.round) +
             (outcome.executor == *winner ? "" : ", by another than its winner")});
}

void AwardCheck::on_informed_heard(const Told& frame, const auction::Informed& message) {
    const Key key{frame.host, message.task.prefix()};
    const bool final = message.verdict == auction::InformVerdict::accepted ||
                       message.verdict == auction::InformVerdict::stale ||
                       message.verdict == auction::InformVerdict::heard;
    const bool unknown = message.verdict == auction::InformVerdict::unknown;
    if (!final && !(unknown && ++unknown_[key] > unknown_max)) return;
    settle(frame, key);
    unknown_.erase(key);
}

void AwardCheck::settle(const Told& frame, const Key& key) {
    reports_.clear(key);
    settled_[key] = frame.batch + 1;  // of this turn: what went before it is in there too
}

void AwardCheck::on_cancel_heard(const Told& frame, const auction::Cancel& message) {
    if (message.purpose != auction::CancelPurpose::stop) return;
    const Key key{frame.host, message.task.prefix()};
    leases_.clear(key);
    settle(frame, key);
}

void AwardCheck::note_agreed(const Told& frame, const TaskId& task, const auction::Epoch& epoch) {
    if (epoch.granter != ids_[frame.host]) return;
    agreed_.insert({frame.host, task.prefix(), epoch.round, frame.peer.prefix()});
}

}  // namespace starling::sim
