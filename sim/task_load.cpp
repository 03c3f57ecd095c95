#include "sim/task_load.hpp"

#include "auction/task.hpp"
#include "sim/liar.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* acked_tasks_end = "acked_tasks_end";
constexpr const char* one_result_counts = "one_result_counts";
constexpr const char* results_were_made = "results_were_made";
constexpr const char* tasks_end_one_way = "tasks_end_one_way";
constexpr const char* poison_is_contained = "poison_is_contained";

constexpr std::uint64_t task_pace_stream = 0x7461736bULL << 32U;
constexpr std::uint64_t offer_stream = 0x7461736cULL << 32U;
constexpr std::uint64_t service_stream = 0x7461736dULL << 32U;
constexpr std::uint64_t twice_stream = 0x7461736eULL << 32U;
constexpr std::uint64_t conduct_stream = 0x7461736fULL << 32U;
constexpr std::uint64_t poison_stream = 0x74617370ULL << 32U;
constexpr const char* skill = "count";
constexpr std::uint32_t slots = 4;
constexpr Duration service_min = 5ms;
constexpr Duration service_mean = 60ms;
constexpr Duration task_round = 200ms;
constexpr Duration offered_again_after = 500ms;
constexpr std::uint64_t offered_twice = 4;  // every so many keys
constexpr Duration offered_twice_within = 6s;
constexpr std::uint32_t asked_nodes = 2;
constexpr Duration run_limit = 2s;
constexpr Duration late_by_max = 3s;
constexpr std::uint32_t attempts_max = 5;
constexpr std::uint64_t whole = 1'000'000;  // shares are of a million

}  // namespace

TaskLoad::TaskLoad(const LoadSetup& setup, Findings& findings, const Workers& workers,
                   Duration healed_at)
    : setup_(setup),
      findings_(findings),
      workers_(workers),
      healed_at_(healed_at),
      pace_(setup, task_pace_stream),
      next_round_(setup.from) {
    for (const char* each :
         {acked_tasks_end, one_result_counts, results_were_made, tasks_end_one_way}) {
        findings_.expect(each);
    }
    if (workers.poison > 0) findings_.expect(poison_is_contained);
}

std::optional<Duration> TaskLoad::next_time() const {
    if (setup_.rate == 0 || asked_) return std::nullopt;
    Duration next = std::min(next_round_, setup_.survey_at);
    if (const auto due = pace_.next()) next = std::min(next, *due);
    if (!again_.empty()) next = std::min(next, again_.begin()->first);
    if (!twice_.empty()) next = std::min(next, twice_.begin()->first);
    if (!running_.empty()) next = std::min(next, running_.begin()->first);
    return next;
}

void TaskLoad::act(Duration now, Clients& clients) {
    if (next_round_ <= now) {
        next_round_ = now + task_round;
        serve_everywhere(clients);
    }
    finish_due(now, clients);
    while (pace_.next() && *pace_.next() <= now) {
        take_task(now, clients);
    }
    while (!twice_.empty() && twice_.begin()->first <= now) {
        const std::size_t task = twice_.begin()->second;
        twice_.erase(twice_.begin());
        offer(task, now, clients);
    }
    while (!again_.empty() && again_.begin()->first <= now) {
        const std::size_t task = again_.begin()->second;
        again_.erase(again_.begin());
        if (!tasks_[task].id) offer(task, now, clients);
    }
    if (!asked_ && now >= setup_.survey_at) ask_ledger(clients);
}

void TaskLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool last, Duration now) {
    const CallKey key{host, call};
    if (const auto serving = serving_.find(host);
        serving != serving_.end() && serving->second == call) {
        return on_assignment(host, call, body, now);
    }
    if (const auto offer = offers_.find(key); offer != offers_.end()) {
        return on_offer_answer(offer, body, last, now);
    }
    if (const auto finish = finishes_.extract(key)) {
        const Report& report = finish.mapped();
        Task& task = tasks_[report.task];
        const auto reported = node::answer_from<node::TaskReported>(decoder_, body);
        if (reported && reported->counts) task.counted.insert(report.result);
        if (reported && !reported->counts && report.in_time) ++task.overtaken;
        return;
    }
    const auto question = questions_.find(key);
    if (question == questions_.end()) return;
    Task& task = tasks_[question->second];
    const auto record = node::answer_from<node::TaskRecord>(decoder_, body);
    if (!record) return;
    if (record->state == node::TaskState::dead) on_dead(task, *record);
    if (record->state != node::TaskState::done) return;
    ++task.shown_done;
    if (record->result) task.told.insert(*record->result);
}

void TaskLoad::on_crash(std::uint32_t host) {
    serving_.erase(host);
    for (const auto& [key, task] : offers_) {
        if (key.first != host || tasks_[task].id) continue;
        ++counts_.lost;
        again_.emplace(Duration{0}, task);  // at the next act()
    }
    std::erase_if(offers_, [&](const auto& offer) { return offer.first.first == host; });
    std::erase_if(finishes_, [&](const auto& finish) { return finish.first.first == host; });
    std::erase_if(questions_, [&](const auto& question) { return question.first.first == host; });
}

void TaskLoad::conclude(Duration now) {
    for (const Task& task : tasks_) {
        if (task.poison) {
            findings_.looked(poison_is_contained);
            if (task.killed > nodes_lost_max) {
                findings_.violated(
                    poison_is_contained,
                    {now, 0, task.key + " killed " + std::to_string(task.killed) + " processes"});
            }
        }
        if (task.id) conclude(task, now);
    }
}

void TaskLoad::conclude(const Task& task, Duration now) {
    findings_.looked(acked_tasks_end);
    const bool may_die = task.failures + task.overtaken + task.untold >= attempts_max ||
                         task.given.size() >= nodes_lost_max;
    if (task.shown_done + (may_die ? task.shown_dead : 0) < asked_nodes) {
        findings_.violated(
            acked_tasks_end,
            {now, 0,
             task.key + " is done for " + std::to_string(task.shown_done) +
                 " of the nodes asked, dead for " + std::to_string(task.shown_dead)});
    }
    findings_.looked(tasks_end_one_way);
    if (task.shown_done > 0 && task.shown_dead > 0) {
        findings_.violated(tasks_end_one_way, {now, 0, task.key});
    }
    findings_.looked(one_result_counts);
    if (!has_one_result(task)) findings_.violated(one_result_counts, {now, 0, task.key});
    findings_.looked(results_were_made);
    // A member that lies may do so to a custodian whose runner is gone: it is believed there.
    std::set<Bytes> possible = task.made;
    possible.insert(Liar::made_up_result());
    if (!std::ranges::includes(possible, task.told)) {
        findings_.violated(results_were_made, {now, 0, task.key});
    }
}

// What a worker did wrong is known here; not what its node gave up before the worker was told.
void TaskLoad::on_dead(Task& task, const node::TaskRecord& record) {
    ++task.shown_dead;
    const auto is_untold = [&](const node::AttemptRecord& attempt) {
        return attempt.outcome == auction::name_of(auction::AttemptEnd::run_limit) &&
               std::ranges::find(task.tried, attempt.epoch) == task.tried.end();
    };
    const auto untold = std::ranges::count_if(record.attempts, is_untold);
    task.untold = std::max(task.untold, static_cast<std::uint32_t>(untold));
}

// A winner that lies is believed, and its worker takes what it hears for its own result.
bool TaskLoad::has_one_result(const Task& task) {
    if (task.told == std::set{Liar::made_up_result()}) return task.counted.size() <= 1;
    std::set<Bytes> all = task.told;
    all.insert(task.counted.begin(), task.counted.end());
    return all.size() <= 1;
}

void TaskLoad::take_task(Duration now, Clients& clients) {
    const std::size_t number = tasks_.size();
    const std::string key = "task-" + std::to_string(pace_.take());
    by_key_[key] = number;
    Rng nature(setup_.seed, poison_stream + number);
    Task& task = tasks_.emplace_back();
    task.key = key;
    task.poison = nature.below(whole) < workers_.poison && now < healed_at_;
    ++counts_.tasks;
    offer(number, now, clients);
    Rng choice(setup_.seed, twice_stream + number);
    if (!choice.chance(1, offered_twice)) return;
    const bool at_once = choice.chance(1, 3);
    twice_.emplace(now + (at_once ? Duration{} : choice.between(Duration{}, offered_twice_within)),
                   number);
}

void TaskLoad::offer(std::size_t task, Duration now, Clients& clients) {
    Rng choice(setup_.seed, offer_stream + offers_made_++);
    const auto host = static_cast<std::uint32_t>(choice.below(clients.hosts()));
    node::TaskOfferAsk ask;
    ask.skill = skill;
    ask.key = tasks_[task].key;
    ask.payload = bytes_of(tasks_[task].key);
    ask.estimate = service_mean;
    ask.agent = "load";
    if (workers_.any()) ask.run_limit = run_limit;
    ask.attempts = workers_.any() ? attempts_max : 0;
    ask.wait = true;
    if (const auto call = clients.call(host, node::request_bytes(ask))) {
        offers_[{host, *call}] = task;
    } else {
        again_.emplace(now + offered_again_after, task);
    }
}

void TaskLoad::serve_everywhere(Clients& clients) {
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) {
        if (clients.state_of(host) != ProcessState::running || serving_.contains(host)) continue;
        node::TaskServeAsk ask;
        ask.skills = {skill};
        ask.agent = "worker";
        ask.slots = slots;
        if (const auto call = clients.call(host, node::request_bytes(ask))) serving_[host] = *call;
    }
}

void TaskLoad::finish_due(Duration now, Clients& clients) {
    while (!running_.empty() && running_.begin()->first <= now) {
        const Execution execution = std::move(running_.begin()->second);
        running_.erase(running_.begin());
        const auto serving = serving_.find(execution.host);
        if (serving == serving_.end() || serving->second != execution.serving) continue;
        if (execution.conduct == Conduct::poison && now < healed_at_) {
            if (clients.state_of(execution.host) != ProcessState::running) continue;
            ++tasks_[by_key_.at(execution.assignment.key)].killed;
            clients.kill(execution.host);
        } else if (execution.conduct == Conduct::fails || execution.conduct == Conduct::silent) {
            fail(execution, clients);
        } else {
            finish(execution, clients);
            if (execution.conduct == Conduct::twice) finish(execution, clients);
        }
    }
}

void TaskLoad::finish(const Execution& execution, Clients& clients) {
    // No two executions make the same result: who is told one knows which it was.
    const node::AssignmentRecord& assignment = execution.assignment;
    const std::size_t task = by_key_.at(assignment.key);
    const Bytes result = bytes_of(assignment.key + "#" + std::to_string(++executions_made_));
    tasks_[task].made.insert(result);
    const auto call = clients.call(execution.host, node::request_bytes(node::TaskFinishAsk{
                                                       assignment.task, assignment.epoch, result}));
    if (call)
        finishes_[{execution.host, *call}] = {task, result, execution.conduct == Conduct::honest};
}

void TaskLoad::fail(const Execution& execution, Clients& clients) {
    const node::AssignmentRecord& assignment = execution.assignment;
    clients.call(execution.host, node::request_bytes(node::TaskFailAsk{
                                     assignment.task, assignment.epoch, "the worker failed"}));
}

TaskLoad::Conduct TaskLoad::conduct_of(std::size_t task, std::uint64_t attempt,
                                       Duration now) const {
    if (now >= healed_at_) return Conduct::honest;
    if (tasks_[task].poison) return Conduct::poison;
    Rng rng(setup_.seed, conduct_stream + task * 64 + attempt % 64);
    for (const auto& [share, conduct] :
         {std::pair{workers_.fail, Conduct::fails}, std::pair{workers_.silent, Conduct::silent},
          std::pair{workers_.late, Conduct::late}, std::pair{workers_.twice, Conduct::twice}}) {
        if (rng.below(whole) < share) return conduct;
    }
    return Conduct::honest;
}

void TaskLoad::ask_ledger(Clients& clients) {
    asked_ = true;
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
        if (!tasks_[task].id) continue;
        for (std::uint32_t i = 0; i < asked_nodes; ++i) {
            const auto host = static_cast<std::uint32_t>((task + i) % clients.hosts());
            node::TaskShowAsk ask;
            ask.task = *tasks_[task].id;
            ask.timeout = setup_.last_timeout;
            if (const auto call = clients.call(host, node::request_bytes(ask))) {
                questions_[{host, *call}] = task;
            }
        }
    }
}

void TaskLoad::on_offer_answer(std::map<CallKey, std::size_t>::iterator offer, ByteView body,
                               bool last, Duration now) {
    const std::size_t number = offer->second;
    if (last) offers_.erase(offer);
    const auto record = node::answer_from<node::TaskRecord>(decoder_, body);
    if (!record) {
        ++counts_.failed;
        again_.emplace(now + offered_again_after, number);
        return;
    }
    Task& task = tasks_[number];
    if (!task.id) ++counts_.answered;
    task.id = record->task;
    if (record->result) task.told.insert(*record->result);
}

void TaskLoad::on_assignment(std::uint32_t host, CallId serving, ByteView body, Duration now) {
    auto assignment = node::answer_from<node::AssignmentRecord>(decoder_, body);
    // Whoever is told to stop goes on all the same: its result must be refused.
    if (!assignment || assignment->stop != TaskStop::none) return;
    if (!by_key_.contains(assignment->key)) return;
    const std::size_t number = by_key_.at(assignment->key);
    Task& task = tasks_[number];
    task.given.insert(host);
    task.tried.push_back(assignment->epoch);
    const Conduct conduct = conduct_of(number, assignment->attempt, now);
    const bool fails =
        conduct == Conduct::fails || conduct == Conduct::silent || conduct == Conduct::late;
    task.failures += fails ? 1U : 0U;
    Rng service(setup_.seed, service_stream + number * 64 + assignment->attempt % 64);
    Duration done = now + service_min + service.exponential(service_mean);
    const bool overdue = conduct == Conduct::late || conduct == Conduct::silent;
    if (overdue) done += run_limit + service.between(Duration{}, late_by_max);
    running_.emplace(done, Execution{host, serving, std::move(*assignment), conduct});
}

}  // namespace starling::sim
