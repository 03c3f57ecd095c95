#include "sim/custody_check.hpp"

#include <algorithm>
#include <string>

namespace starling::sim {
namespace {

constexpr const char* grants_rise = "grants_rise";
constexpr const char* results_go_to_winners = "results_go_to_winners";
constexpr const char* task_ends_are_kept = "task_ends_are_kept";
constexpr const char* custodians_look_after = "custodians_look_after";

constexpr std::uint64_t custody_tasks_last = ~0ULL;

std::string epoch_text(const auction::Epoch& epoch) {
    return "round " + std::to_string(epoch.round);
}

// Who watches over runners watches anew when members come and go.
bool members_changed(Event event) {
    return event == Event::member_joined || event == Event::member_alive ||
           event == Event::member_suspect || event == Event::member_dead ||
           event == Event::member_left || event == Event::member_draining;
}

}  // namespace

CustodyCheck::CustodyCheck(std::vector<NodeId> ids, Findings& findings)
    : ids_(std::move(ids)),
      findings_(findings),
      fitness_(static_cast<std::uint32_t>(ids_.size())),
      ending_(ids_.size()) {
    for (const char* each :
         {grants_rise, results_go_to_winners, task_ends_are_kept, custodians_look_after}) {
        findings_.expect(each);
    }
}

void CustodyCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const bool refused = record.event == Event::frame_refused;
    if (refused && record.fields[1] == static_cast<std::uint64_t>(Kind::progress)) {
        on_refused(host, now);
    }
    if (!members_changed(record.event)) return;
    for (const Key& key : dues_.within({host, 0}, {host, custody_tasks_last})) look_again(key, now);
}

void CustodyCheck::on_started(std::uint32_t host, Boot, Duration now) {
    fitness_.on_started(host, now);
    // What was not durable is lost.
    for (const std::uint64_t task : ending_[host]) kept_[{host, task}].ends_with.reset();
    ending_[host].clear();
    for (const Key& key : dues_.within({host, 0}, {host, custody_tasks_last})) {
        dues_.set(key, now, look_within_of_start);
    }
}

void CustodyCheck::on_fault(const Fault& fault, Phase phase, Duration now) {
    fitness_.on_fault(fault, phase, now);
    if (forgets(fault.kind) && phase == Phase::begins) forget(fault.host);
}

void CustodyCheck::forget(std::uint32_t host) {
    const auto first = kept_.lower_bound({host, 0});
    for (auto at = first; at != kept_.end() && at->first.first == host; ++at) {
        at->second = {.forgotten = std::max(at->second.forgotten, at->second.highest)};
        dues_.clear(at->first);
    }
    ending_[host].clear();
}

void CustodyCheck::on_ended(std::uint32_t host, Duration) {
    fitness_.on_ended(host);
}

void CustodyCheck::on_said(const Told& frame) {
    note_durable(frame);
    if (frame.kind == Kind::recorded) {
        if (const auto message = decoded<auction::Recorded>(decoder_, frame.body)) {
            on_granted(frame, *message);
        }
    } else if (frame.kind == Kind::granted) {
        if (const auto message = decoded<auction::Granted>(decoder_, frame.body)) {
            on_granted(frame, *message);
        }
    } else if (frame.kind == Kind::stored_result) {
        if (const auto message = decoded<auction::StoredResult>(decoder_, frame.body)) {
            on_stored(frame, *message);
        }
    } else if (frame.kind == Kind::informed) {
        if (const auto message = decoded<auction::Informed>(decoder_, frame.body)) {
            on_informed(frame, *message);
        }
    } else if (frame.kind == Kind::progress) {
        if (const auto message = decoded<auction::Progress>(decoder_, frame.body)) {
            on_progress_said(frame, *message);
        }
    } else if (frame.kind == Kind::store_result) {
        if (const auto message = decoded<auction::StoreResult>(decoder_, frame.body)) {
            const Key key{frame.host, message->task.prefix()};
            kept_[key].origins.insert(message->held.outcome.origin);
            look_again(key, frame.now);
        }
    } else if (frame.kind == Kind::record) {
        if (const auto message = decoded<auction::RecordTask>(decoder_, frame.body)) {
            on_run(frame, message->record.id);
        }
    } else if (frame.kind == Kind::grant) {
        if (const auto message = decoded<auction::Grant>(decoder_, frame.body)) {
            on_run(frame, message->task);
        }
    }
}

void CustodyCheck::on_heard(const Told& frame) {
    if (frame.kind == Kind::record) {
        if (const auto message = decoded<auction::RecordTask>(decoder_, frame.body)) {
            const Key key{frame.host, message->record.id.prefix()};
            on_asked(key, message->epoch);
            if (message->known) kept_[key].origins.insert(message->known->outcome.origin);
        }
    } else if (frame.kind == Kind::grant) {
        if (const auto message = decoded<auction::Grant>(decoder_, frame.body)) {
            on_asked({frame.host, message->task.prefix()}, message->epoch);
        }
    } else if (frame.kind == Kind::inform) {
        if (const auto message = decoded<auction::Inform>(decoder_, frame.body)) {
            on_asked({frame.host, message->task.prefix()}, message->epoch);
        }
    } else if (frame.kind == Kind::store_result) {
        if (const auto message = decoded<auction::StoreResult>(decoder_, frame.body)) {
            on_store_heard(frame, *message);
        }
    } else if (frame.kind == Kind::recorded) {
        if (const auto message = decoded<auction::Recorded>(decoder_, frame.body)) {
            on_answer_heard(frame, *message);
        }
    } else if (frame.kind == Kind::granted) {
        if (const auto message = decoded<auction::Granted>(decoder_, frame.body)) {
            on_answer_heard(frame, *message);
        }
    } else if (frame.kind == Kind::progress) {
        if (const auto message = decoded<auction::Progress>(decoder_, frame.body)) {
            on_progress_heard(frame, *message);
        }
    } else if (frame.kind == Kind::cancel) {
        if (const auto message = decoded<auction::Cancel>(decoder_, frame.body)) {
            if (message->purpose != auction::CancelPurpose::withdraw) return;
            const Key key{frame.host, message->task.prefix()};
            // Perhaps of another record than the one that is kept: a result of that stays.
            Kept& kept = kept_[key];
            kept = Kept{
                .forgotten = kept.forgotten, .origins = std::move(kept.origins), .runs = kept.runs};
            is_over(frame, key);
        }
    }
}

void CustodyCheck::on_time(Duration now) {
    while (const auto due = dues_.take_due(now)) {
        const auto [host, task] = due->key;
        const auto fit = fitness_.fit_since(host);
        if (!fit || *fit > due->since) {
            dues_.set(due->key, now, look_within);
            continue;
        }
        findings_.looked(custodians_look_after);
        findings_.violated(custodians_look_after,
                           {now, host,
                            "nothing was heard of task " + std::to_string(task) + " for " +
                                std::to_string(count_ms(now - due->since)) + " ms"});
    }
}

void CustodyCheck::on_granted(const Told& frame, const auction::GrantAnswer& message) {
    const Key key{frame.host, message.task.prefix()};
    if (message.accepted) {
        dues_.clear(key);
        kept_[key].ended_with = frame.batch;
        return;
    }
    if (message.highest.granter.is_zero()) return;  // it has no such task
    check_end_is_kept(frame, key);
    Kept& kept = kept_[key];
    // What waited for the disk may be of a record that was withdrawn meanwhile.
    const bool withdrawn = kept.over_since > 0 && frame.batch <= kept.over_since;
    if (!withdrawn) kept.highest = std::max(kept.highest, message.highest);
    if (message.held) kept.origins.insert(message.held->outcome.origin);
    if (message.verdict != auction::GrantVerdict::granted) return;
    findings_.looked(grants_rise);
    const Epoch& before = std::max(message.highest, kept.forgotten);
    if (before > message.epoch) {
        violated(grants_rise, frame, key.second,
                 epoch_text(message.epoch) + " granted after " + epoch_text(before));
    }
    if (frame.batch > kept.over_since) dues_.set(key, frame.now, look_within);
}

void CustodyCheck::on_run(const Told& frame, const TaskId& task) {
    const Key key{frame.host, task.prefix()};
    kept_[key].runs = true;
    look_again(key, frame.now);
}

void CustodyCheck::on_stored(const Told& frame, const auction::StoredResult& message) {
    const Key key{frame.host, message.task.prefix()};
    Kept& kept = kept_[key];
    kept.highest = std::max(kept.highest, message.highest);
    if (message.verdict == auction::StoreVerdict::stored) kept.stored = message.epoch;
    look_again(key, frame.now);
}

// Runners inform too: of a result that they are about to store.
void CustodyCheck::on_informed(const Told& frame, const auction::Informed& message) {
    if (message.verdict != auction::InformVerdict::stored) return;
    const Key key{frame.host, message.task.prefix()};
    Kept& kept = kept_[key];
    findings_.looked(results_go_to_winners);
    const bool known = kept.runs || kept.origins.contains(message.epoch);
    if (message.epoch < kept.highest && !known) {
        violated(results_go_to_winners, frame, key.second,
                 "a result of " + epoch_text(message.epoch) + " kept after " +
                     epoch_text(kept.highest) + " was granted");
    }
    kept.highest = std::max(kept.highest, message.epoch);
    kept.origins.insert(message.epoch);
}

void CustodyCheck::on_progress_said(const Told& frame, const auction::Progress& message) {
    for (const auction::Duty& duty : message.duties) {
        if (duty.note != auction::DutyNote::asked) continue;
        const Key key{frame.host, duty.task.prefix()};
        check_end_is_kept(frame, key);
        look_again(key, frame.now);
    }
}

void CustodyCheck::on_progress_heard(const Told& frame, const auction::Progress& message) {
    for (const auction::Duty& duty : message.duties) {
        const Key key{frame.host, duty.task.prefix()};
        const auto known = kept_.find(key);
        if (known == kept_.end()) continue;
        if (duty.note == auction::DutyNote::active) look_again(key, frame.now);
        if (duty.note != auction::DutyNote::finished) continue;
        is_over(frame, key);
        Kept& kept = known->second;
        const bool its_own = frame.peer == duty.epoch.granter && kept.stored == duty.epoch &&
                             kept.highest == duty.epoch && kept.asked <= duty.epoch;
        if (!its_own || kept.ended_with || kept.ends_with) continue;
        kept.ends_with = frame.batch + 1;
        kept.end_heard = frame.now;
        ending_[frame.host].insert(key.second);
    }
}

void CustodyCheck::on_store_heard(const Told& frame, const auction::StoreResult& message) {
    const Key key{frame.host, message.task.prefix()};
    on_asked(key, message.held.epoch);
    kept_[key].origins.insert(message.held.outcome.origin);
    if (message.accepted) is_over(frame, key);
}

// It may have agreed: what it says of that waits for its disk.
void CustodyCheck::on_asked(const Key& key, const auction::Epoch& epoch) {
    Kept& kept = kept_[key];
    kept.asked = std::max(kept.asked, epoch);
}

void CustodyCheck::on_answer_heard(const Told& frame, const auction::GrantAnswer& message) {
    const Key key{frame.host, message.task.prefix()};
    if (message.held) kept_[key].origins.insert(message.held->outcome.origin);
    if (message.verdict == auction::GrantVerdict::superseded) is_over(frame, key);
}

void CustodyCheck::is_over(const Told& frame, const Key& key) {
    dues_.clear(key);
    kept_[key].over_since = frame.batch + 1;  // of this turn: what went before it is in there too
}

// What it was given in this turn, or a part of it, its node did not take.
void CustodyCheck::on_refused(std::uint32_t host, Duration now) {
    std::erase_if(ending_[host], [&](std::uint64_t task) {
        Kept& kept = kept_[{host, task}];
        if (kept.end_heard != now) return false;
        kept.ends_with.reset();
        return true;
    });
}

void CustodyCheck::note_durable(const Told& frame) {
    std::erase_if(ending_[frame.host], [&](std::uint64_t task) {
        Kept& kept = kept_[{frame.host, task}];
        if (!kept.ends_with) return true;
        if (*kept.ends_with > frame.durable) return false;
        kept.ended_with = kept.ends_with;
        return true;
    });
}

void CustodyCheck::check_end_is_kept(const Told& frame, const Key& key) {
    findings_.looked(task_ends_are_kept);
    const auto ended_with = kept_[key].ended_with;
    if (!ended_with || frame.batch <= *ended_with) return;
    violated(task_ends_are_kept, frame, key.second, "it is under way again");
}

void CustodyCheck::look_again(const Key& key, Duration now) {
    if (!dues_.contains(key)) return;
    findings_.looked(custodians_look_after);
    dues_.set(key, now, look_within);
}

void CustodyCheck::violated(const char* invariant, const Told& frame, std::uint64_t task,
                            const std::string& what) {
    findings_.violated(invariant,
                       {frame.now, frame.host, "task " + std::to_string(task) + ": " + what});
}

}  // namespace starling::sim
