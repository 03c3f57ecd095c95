#include "sim/task_check.hpp"

#include <string>

namespace starling::sim {
namespace {

constexpr const char* one_award_accepted = "one_award_accepted";

}  // namespace

TaskCheck::TaskCheck(Findings& findings) : findings_(findings) {
    findings_.expect(one_award_accepted);
}

void TaskCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const std::uint64_t task = record.fields[0];
    if (record.event == Event::task_rehomed) moved_.insert(task);
    if (record.event != Event::task_accepted) return;
    findings_.looked(one_award_accepted);
    std::set<Award>& awards = accepted_[task];
    awards.emplace(record.fields[1], record.fields[2]);
    if (awards.size() == 1 || moved_.contains(task)) return;
    findings_.violated(
        one_award_accepted,
        {now, host, std::to_string(awards.size()) + " awards of task " + std::to_string(task)});
}

void TaskCheck::on_started(std::uint32_t, Boot, Duration) {}

void TaskCheck::on_fault(const Fault&, Phase, Duration) {}

std::optional<Duration> TaskCheck::next_time() const {
    return std::nullopt;
}

void TaskCheck::on_time(Duration) {}

}  // namespace starling::sim
