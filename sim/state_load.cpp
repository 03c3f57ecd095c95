#include "sim/state_load.hpp"

#include "base/value_codec.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

constexpr const char* acked_puts_are_kept = "acked_puts_are_kept";
constexpr const char* replicas_agree = "replicas_agree";
constexpr const char* values_were_written = "values_were_written";

constexpr std::uint64_t state_pace_stream = 0x70757400ULL << 32U;
constexpr std::uint64_t host_stream = 0x70757401ULL << 32U;
constexpr std::uint64_t shared_keys = 16;

}  // namespace

StateLoad::StateLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup), findings_(findings), pace_(setup, state_pace_stream) {
    for (const char* each : {acked_puts_are_kept, replicas_agree, values_were_written}) {
        findings_.expect(each);
    }
}

std::optional<Duration> StateLoad::next_time() const {
    if (const auto next = pace_.next()) return next;
    if (asked_) return std::nullopt;
    return setup_.survey_at;
}

void StateLoad::act(Duration now, Clients& clients) {
    clients_ = &clients;
    while (pace_.next() && *pace_.next() <= now) put(pace_.take(), now, clients);
    if (asked_ || now < setup_.survey_at) return;
    asked_ = true;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) ask(host, {}, clients);
}

void StateLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                          Duration /*now*/) {
    if (const auto waiting = waiting_.find({host, call}); waiting != waiting_.end()) {
        const auto written = node::answer_from<node::WriteAnswer>(decoder_, body);
        if (written) puts_[waiting->second].version = written->version;
        ++(written ? counts_.answered : counts_.failed);
        waiting_.erase(waiting);
        return;
    }
    const auto replica = replicas_.find(host);
    if (replica == replicas_.end() || replica->second.call != call) return;
    if (const auto page = node::answer_from<node::EntryPage>(decoder_, body)) {
        take(host, replica->second, *page);
    }
}

void StateLoad::on_crash(std::uint32_t host) {
    counts_.lost +=
        std::erase_if(waiting_, [&](const auto& waiting) { return waiting.first.first == host; });
    replicas_.erase(host);
}

void StateLoad::conclude(Duration now) {
    for (const auto& [host, replica] : replicas_) check_replica(host, replica, now);
}

void StateLoad::put(std::uint64_t number, Duration now, Clients& clients) {
    Rng choice(setup_.seed, host_stream + number);
    const auto drawn = static_cast<std::uint32_t>(choice.below(clients.hosts()));
    const std::uint32_t host = writer_at(setup_, drawn, now);
    const bool shared = number % 2 == 1;
    const std::string key = shared ? "puts/hot/" + std::to_string(choice.below(shared_keys))
                                   : "puts/own/" + std::to_string(number);
    node::WriteStep step;
    step.key = key;
    step.value = value_bytes(Value("value " + std::to_string(number)));
    node::WriteAsk ask;
    ask.steps.push_back(step);
    ask.agent = "load";

    const auto call = clients.call(host, node::request_bytes(ask));
    if (!call) return;  // the client finds nobody there
    ++counts_.puts;
    written_[key].insert(step.value);
    waiting_[{host, *call}] = puts_.size();
    puts_.push_back({key, step.value});
}

void StateLoad::ask(std::uint32_t host, std::string after, Clients& clients) {
    node::ListAsk ask;
    ask.prefix = "puts/";
    ask.after = std::move(after);
    if (const auto call = clients.call(host, node::request_bytes(ask))) {
        replicas_[host].call = *call;
    }
}

void StateLoad::take(std::uint32_t host, Replica& replica, const node::EntryPage& page) {
    for (const node::EntryRecord& entry : page.entries) replica.values[entry.key] = entry.values;
    replica.whole = !page.more;
    if (page.more && !page.entries.empty()) ask(host, page.entries.back().key, *clients_);
}

// Whether it has to be there.
bool StateLoad::is_owed(const Put& put) const {
    return put.version && !put.key.starts_with("puts/hot/") && !setup_.may_be_gone(*put.version);
}

void StateLoad::check_replica(std::uint32_t host, const Replica& replica, Duration now) {
    for (const Put& put : puts_) {
        if (!is_owed(put)) continue;
        findings_.looked(acked_puts_are_kept);
        const auto held = replica.values.find(put.key);
        if (held != replica.values.end() && held->second == std::vector<Bytes>{put.value}) continue;
        findings_.violated(acked_puts_are_kept, {now, host, put.key});
    }
    findings_.looked(replicas_agree);
    if (!replica.whole || replica.values != replicas_.begin()->second.values) {
        findings_.violated(replicas_agree, {now, host, replica.whole ? "other values" : "no list"});
    }
    for (const auto& [key, values] : replica.values) {
        findings_.looked(values_were_written);
        const auto written = written_.find(key);
        const bool known =
            written != written_.end() && std::ranges::all_of(values, [&](const Bytes& value) {
                return written->second.contains(value);
            });
        if (!known) findings_.violated(values_were_written, {now, host, key});
    }
}

}  // namespace starling::sim
