#include "sim/edit_load.hpp"

#include "base/value_codec.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* counters_add_up = "counters_add_up";
constexpr const char* deleted_stays_deleted = "deleted_stays_deleted";
constexpr const char* inserted_stays = "inserted_stays";
constexpr const char* edits_agree = "edits_agree";

constexpr std::uint64_t edit_pace_stream = 0x65646900ULL << 32U;
constexpr std::uint64_t edit_choice_stream = 0x65646901ULL << 32U;
constexpr std::uint64_t step_stream = 0x65646902ULL << 32U;
constexpr const char* prefix = "edit/";
constexpr std::uint64_t counters = 3;
constexpr std::uint64_t sets = 4;
constexpr std::uint64_t amount_max = 1'000'000;
constexpr Duration next_step_max = 3s;
constexpr Duration again_max = 40ms;  // before everybody has heard of the removal
constexpr std::size_t sums_max = 1U << 16U;

Bytes text_value(const std::string& text) {
    return value_bytes(Value(text));
}

// The sums that some of these amounts make; nothing when there are too many.
std::optional<std::set<std::int64_t>> sums_of(const std::vector<std::int64_t>& amounts) {
    std::set<std::int64_t> sums{0};
    for (const std::int64_t amount : amounts) {
        const std::set<std::int64_t> before = sums;
        for (const std::int64_t sum : before) sums.insert(sum + amount);
        if (sums.size() > sums_max) return std::nullopt;
    }
    return sums;
}

}  // namespace

EditLoad::EditLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup), findings_(findings), pace_(setup, edit_pace_stream) {
    for (const char* each : {counters_add_up, deleted_stays_deleted, inserted_stays, edits_agree}) {
        findings_.expect(each);
    }
}

std::optional<Duration> EditLoad::next_time() const {
    if (setup_.rate == 0 || asked_) return std::nullopt;
    Duration next = setup_.survey_at;
    if (const auto due = pace_.next()) next = std::min(next, *due);
    if (!due_.empty()) next = std::min(next, due_.begin()->first);
    return next;
}

void EditLoad::act(Duration now, Clients& clients) {
    clients_ = &clients;
    while (pace_.next() && *pace_.next() <= now) begin(pace_.take(), now, clients);
    while (!due_.empty() && due_.begin()->first <= now) {
        const std::size_t thing = due_.extract(due_.begin()).mapped();
        if (now < setup_.until) step(thing, now, clients);
    }
    if (asked_ || now < setup_.survey_at) return;
    asked_ = true;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) ask(host, {}, clients);
}

void EditLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                         Duration now) {
    if (const auto waiting = waiting_.extract({host, call})) {
        on_written(waiting.mapped(), node::answer_from<node::WriteAnswer>(decoder_, body), now);
        return;
    }
    const auto found = replicas_.find(host);
    if (found == replicas_.end() || found->second.call != call) return;
    const auto page = node::answer_from<node::EntryPage>(decoder_, body);
    if (!page) return;
    Replica& replica = found->second;
    for (const node::EntryRecord& entry : page->entries) {
        replica.entries[entry.key] = {entry.sum,
                                      std::set<Bytes>(entry.values.begin(), entry.values.end())};
    }
    replica.whole = !page->more;
    if (page->more && !page->entries.empty()) ask(host, page->entries.back().key, *clients_);
}

void EditLoad::on_crash(std::uint32_t host) {
    counts_.lost += std::erase_if(waiting_, [&](const auto& waiting) {
        const auto& [key, asked] = waiting;
        if (key.first != host) return false;
        if (asked.thing) {
            things_[*asked.thing].presence = Presence::unknown;
            things_[*asked.thing].stage = Stage::done;
        } else {
            counters_[asked.counter].unsure.push_back(asked.amount);
        }
        return true;
    });
    replicas_.erase(host);
}

void EditLoad::conclude(Duration now) {
    for (const auto& [key, asked] : waiting_) {
        if (asked.thing) {
            things_[*asked.thing].presence = Presence::unknown;
        } else {
            counters_[asked.counter].unsure.push_back(asked.amount);
        }
    }
    doubt_lost();
    for (const auto& [host, replica] : replicas_) {
        findings_.looked(edits_agree);
        if (!replica.whole || replica.entries != replicas_.begin()->second.entries) {
            findings_.violated(edits_agree, {now, host, replica.whole ? "others" : "no list"});
        }
        if (!replica.whole) continue;
        check_things(host, replica, now);
        check_counters(host, replica, now);
    }
}

// What may be gone with a disk.
void EditLoad::doubt_lost() {
    for (Thing& thing : things_) {
        if (setup_.may_be_gone(thing.version)) thing.presence = Presence::unknown;
    }
    for (auto& [key, counter] : counters_) {
        std::erase_if(counter.acked, [&, &unsure = counter.unsure](const Add& add) {
            if (!setup_.may_be_gone(add.version)) return false;
            unsure.push_back(add.amount);
            return true;
        });
    }
}

void EditLoad::begin(std::uint64_t number, Duration now, Clients& clients) {
    Rng choice(setup_.seed, edit_choice_stream + number);
    const auto drawn = static_cast<std::uint32_t>(choice.below(clients.hosts()));
    const std::uint32_t host = writer_at(setup_, drawn, now);
    if (number % 3 == 0) return add(number, host, clients);
    Thing thing;
    if (number % 3 == 1) {
        thing.key = prefix + std::string("set/") + std::to_string(choice.below(sets));
        thing.element = "element " + std::to_string(number);
    } else {
        thing.key = prefix + std::string("value/") + std::to_string(number);
    }
    things_.push_back(std::move(thing));
    step(things_.size() - 1, now, clients);
}

void EditLoad::add(std::uint64_t number, std::uint32_t host, Clients& clients) {
    Rng choice(setup_.seed, edit_choice_stream + number);
    const auto key = std::string(prefix) + "sum/" + std::to_string(choice.below(counters));
    const auto size = static_cast<std::int64_t>(choice.between(1, amount_max));
    node::WriteStep step;
    step.key = key;
    step.type = node::KeyType::counter;
    step.action = node::WriteAction::add;
    step.amount = choice.chance(1, 3) ? -size : size;
    const std::int64_t amount = step.amount;
    write(host, std::move(step), {std::nullopt, key, amount}, clients);
}

void EditLoad::step(std::size_t number, Duration now, Clients& clients) {
    const Thing& thing = things_[number];
    if (thing.stage == Stage::done) return;
    Rng choice(setup_.seed, step_stream + steps_++);
    const auto drawn = static_cast<std::uint32_t>(choice.below(clients.hosts()));
    const std::uint32_t host = writer_at(setup_, drawn, now);
    const bool removes = thing.stage == Stage::remove;
    node::WriteStep step;
    step.key = thing.key;
    if (thing.element) {
        step.type = node::KeyType::set;
        step.action = removes ? node::WriteAction::remove : node::WriteAction::insert;
        step.value = text_value(*thing.element);
    } else {
        step.action = removes ? node::WriteAction::erase : node::WriteAction::put;
        if (!removes) step.value = text_value(thing.key);
    }
    write(host, std::move(step), {number, {}, 0}, clients);
}

void EditLoad::write(std::uint32_t host, node::WriteStep step, Asked asked, Clients& clients) {
    node::WriteAsk ask;
    ask.steps.push_back(std::move(step));
    ask.agent = "edit";
    const auto call = clients.call(host, node::request_bytes(ask));
    if (!call) return;  // the client finds nobody there, and leaves it at that
    ++counts_.edits;
    waiting_.emplace(CallKey{host, *call}, std::move(asked));
}

void EditLoad::on_written(const Asked& asked, const Result<node::WriteAnswer>& answer,
                          Duration now) {
    ++(answer ? counts_.answered : counts_.failed);
    if (!asked.thing) {
        if (answer) counters_[asked.counter].acked.push_back({asked.amount, answer->version});
        return;
    }
    if (answer) things_[*asked.thing].version = answer->version;
    go_on(*asked.thing, answer.has_value(), now);
}

// `done`: the step was acknowledged; else it changed nothing.
void EditLoad::go_on(std::size_t number, bool done, Duration now) {
    Thing& thing = things_[number];
    const Stage stage = std::exchange(thing.stage, Stage::done);
    if (!done) return;
    thing.presence = stage == Stage::remove ? Presence::gone : Presence::there;
    Rng choice(setup_.seed, step_stream + steps_++);
    if (stage == Stage::insert_again || choice.chance(1, 3)) return;
    thing.stage = stage == Stage::insert ? Stage::remove : Stage::insert_again;
    const Duration most = stage == Stage::insert ? next_step_max : again_max;
    due_.emplace(now + choice.between(0ms, most), number);
}

void EditLoad::ask(std::uint32_t host, std::string after, Clients& clients) {
    node::ListAsk ask;
    ask.prefix = prefix;
    ask.after = std::move(after);
    if (const auto call = clients.call(host, node::request_bytes(ask))) {
        replicas_[host].call = *call;
    }
}

void EditLoad::check_things(std::uint32_t host, const Replica& replica, Duration now) {
    for (const Thing& thing : things_) {
        if (thing.presence == Presence::unknown) continue;
        const bool wanted = thing.presence == Presence::there;
        const auto entry = replica.entries.find(thing.key);
        const Bytes value = text_value(thing.element.value_or(thing.key));
        const bool there = entry != replica.entries.end() && entry->second.second.contains(value);
        const char* invariant = wanted ? inserted_stays : deleted_stays_deleted;
        findings_.looked(invariant);
        if (there == wanted) continue;
        findings_.violated(invariant, {now, host, thing.key + " " + thing.element.value_or("")});
    }
}

void EditLoad::check_counters(std::uint32_t host, const Replica& replica, Duration now) {
    for (const auto& [key, counter] : counters_) {
        const auto sums = sums_of(counter.unsure);
        if (!sums) continue;
        findings_.looked(counters_add_up);
        const auto entry = replica.entries.find(key);
        const std::int64_t sum = entry == replica.entries.end() ? 0 : entry->second.first;
        std::int64_t acked = 0;
        for (const Add& add : counter.acked) acked += add.amount;
        if (sums->contains(sum - acked)) continue;
        findings_.violated(counters_add_up, {now, host,
                                             key + " is " + std::to_string(sum) +
                                                 ", acknowledged " + std::to_string(acked)});
    }
}

}  // namespace starling::sim
