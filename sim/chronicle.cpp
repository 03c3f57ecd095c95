#include "sim/chronicle.hpp"

#include <algorithm>
#include <span>

namespace starling::sim {
namespace {

constexpr Duration look_period = std::chrono::seconds{1};
constexpr std::size_t task_lines_max = 4096;

constexpr std::array member_events = {Event::member_joined, Event::member_alive, Event::member_dead,
                                      Event::member_left};
constexpr std::array batch_events = {Event::batch_committed, Event::batch_applied};
constexpr std::array task_events = {
    Event::task_offered,  Event::task_recorded,      Event::task_awarded,  Event::task_started,
    Event::task_accepted, Event::task_dead_lettered, Event::task_cancelled};

bool is_one_of(std::span<const Event> events, Event event) {
    return std::ranges::find(events, event) != events.end();
}

void add_sample(std::vector<Duration>& samples, Duration sample) {
    if (samples.size() < Chronicle::samples_max) samples.push_back(sample);
}

}  // namespace

Chronicle::Chronicle(const std::vector<NodeId>& ids)
    : up_(ids.size()), beliefs_(ids.size(), std::vector<Belief>(ids.size())) {
    for (std::uint32_t host = 0; host < ids.size(); ++host) hosts_[ids[host].prefix()] = host;
    story_.nodes = static_cast<std::uint32_t>(ids.size());
    story_.wrong.resize(ids.size());
    story_.bytes_sent.resize(ids.size());
}

void Chronicle::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    look_until(now);
    if (is_one_of(member_events, record.event)) return on_member(host, record, now);
    if (is_one_of(batch_events, record.event)) return on_batch(host, record, now);
    if (is_one_of(task_events, record.event)) return on_task(record, now);
}

void Chronicle::on_started(std::uint32_t host, Boot /*boot*/, Duration now) {
    look_until(now);
    up_.at(host) = true;
}

// Of the frames before a node is hurt the newest are kept.
void Chronicle::on_frame(const FrameSeen& frame) {
    const auto from = hosts_.find(frame.from);
    if (from == hosts_.end()) return;
    story_.bytes_sent[from->second] += frame.bytes;
    auto& messages = story_.messages;
    if (!hurt_) {
        const Duration oldest = frame.arrived - messages_before;
        std::erase_if(messages, [&](const Message& each) { return each.arrived < oldest; });
    }
    if (messages.size() >= messages_max) return;
    messages.push_back(
        {from->second, frame.to, frame.kind, frame.bytes, frame.sent, frame.arrived});
}

void Chronicle::on_fault(const Fault& fault, Phase phase, Duration now) {
    look_until(now);
    if (phase == Phase::ends) {
        const auto found = in_force_.find(fault.number);
        if (found != in_force_.end()) story_.strikes[found->second].to = now;
        return;
    }
    if (is_crash(fault.kind)) up_.at(fault.host) = false;
    hurt_ = true;
    in_force_[fault.number] = story_.strikes.size();
    story_.strikes.push_back({fault, now, row_of(fault.kind).has_end ? Duration::max() : now});
}

void Chronicle::look_until(Duration now) {
    for (; next_look_ <= now; next_look_ += look_period) look();
}

// What a node believes is wrong when it takes a process for dead that runs, or the other way round.
void Chronicle::look() {
    for (std::uint32_t host = 0; host < story_.nodes; ++host) {
        std::uint32_t wrong = 0;
        for (std::uint32_t other = 0; up_[host] && other < story_.nodes; ++other) {
            const Belief belief = beliefs_[host][other];
            if (other == host || belief == Belief::unknown) continue;
            if ((belief == Belief::alive) != up_[other]) ++wrong;
        }
        story_.wrong[host].push_back(wrong);
    }
}

void Chronicle::on_member(std::uint32_t host, const TraceRecord& record, Duration now) {
    const auto other = hosts_.find(record.fields[0]);
    if (other == hosts_.end()) return;
    const bool dead = record.event == Event::member_dead || record.event == Event::member_left;
    beliefs_[host][other->second] = dead ? Belief::dead : Belief::alive;
    if (record.event == Event::member_dead) story_.deaths.emplace_back(now, host);
}

void Chronicle::on_batch(std::uint32_t /*host*/, const TraceRecord& record, Duration now) {
    const std::pair key(record.fields[0], record.fields[1]);
    if (record.event == Event::batch_committed) {
        if (updates_.size() < samples_max) updates_[key] = {now, {}, running()};
        return;
    }
    const auto update = updates_.find(key);
    if (update == updates_.end()) return;
    const Duration after = now - update->second.committed;
    update->second.heard.push_back(after);
    add_sample(story_.staleness, after);
}

void Chronicle::on_task(const TraceRecord& record, Duration now) {
    const std::uint64_t task = record.fields[0];
    if (record.event == Event::task_offered && lines_.size() < task_lines_max) {
        // The same key offered again is the same task.
        if (lines_.try_emplace(task, story_.tasks.size()).second) {
            story_.tasks.push_back({task, now, {}, Duration::max(), Duration::max(), false});
        }
        return;
    }
    if (record.event == Event::task_recorded) recorded_.try_emplace(task, now);
    const auto found = lines_.find(task);
    if (found == lines_.end()) return;
    TaskLine& line = story_.tasks[found->second];
    if (record.event == Event::task_awarded) {
        const auto recorded = recorded_.find(task);
        if (line.awarded.empty() && recorded != recorded_.end()) {
            add_sample(story_.awards, now - recorded->second);
        }
        line.awarded.push_back(now);
    } else if (record.event == Event::task_started) {
        line.started = std::min(line.started, now);
    } else if (record.event == Event::task_accepted) {
        line.accepted = std::min(line.accepted, now);
    } else {
        line.ended_otherwise = line.ended_otherwise || record.event != Event::task_recorded;
    }
}

std::uint32_t Chronicle::running() const {
    return static_cast<std::uint32_t>(std::ranges::count(up_, true));
}

Story Chronicle::finish(Duration healed_at, Duration now) {
    look_until(now);
    story_.ends = now;
    story_.healed_at = healed_at;
    for (Strike& strike : story_.strikes) strike.to = std::min(strike.to, now);
    for (const auto& [key, update] : updates_) {
        // The writer knows it at once.
        const std::size_t known = update.heard.size() + 1;
        for (std::size_t i = 0; i < Spread::percents.size(); ++i) {
            const std::size_t share = Spread::share_of(update.running, i);
            if (share > known) continue;
            add_sample(story_.spread.times[i], share <= 1 ? Duration{0} : update.heard[share - 2]);
        }
        if (known < update.running) ++story_.spread.unfinished;
    }
    for (auto& times : story_.spread.times) std::ranges::sort(times);
    for (auto* samples : {&story_.staleness, &story_.awards}) {
        std::ranges::sort(*samples);
    }
    return std::move(story_);
}

}  // namespace starling::sim
