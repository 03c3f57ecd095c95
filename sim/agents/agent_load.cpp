#include "sim/agents/agent_load.hpp"

#include "base/limits.hpp"
#include "node/calls_state.hpp"
#include "node/questions.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_period = 10ms;        // at processes
constexpr Duration listing_period = 1s;       // of tasks
constexpr std::uint64_t steps_max = 100'000;  // of all agents in one instant
constexpr std::uint32_t listed_at_once = 256;
constexpr const char* agents_let_time_pass = "agents_let_time_pass";

}  // namespace

AgentLoad::AgentLoad(AgentGround& ground, std::vector<Actor> actors, Rules& rules, Show show)
    : ground_(ground), actors_(std::move(actors)), rules_(rules), show_(std::move(show)) {}

void AgentLoad::add_host(const NodeId& id) {
    const auto number = static_cast<std::uint32_t>(machines_.size());
    machines_.push_back(std::make_unique<AgentMachine>(ground_, number, id));
}

std::optional<Duration> AgentLoad::next_time() const {
    if (halted_) return std::nullopt;
    Duration next = next_look_;
    if (const auto due = ground_.calendar.next_time()) next = std::min(next, *due);
    if (soon_) next = std::min(next, *soon_);
    return next;
}

void AgentLoad::act(Duration now, Clients& clients) {
    ground_.now = now;
    ground_.clients = &clients;
    ground_.witness.tick(now);
    soon_.reset();
    if (std::exchange(instant_, now) != now) steps_ = 0;
    if (next_look_ <= now) {
        next_look_ = now + look_period;
        look_after_processes();
        list_tasks();
    }
    while (ground_.calendar.carry_out_next(now) && steps_ < steps_max) work_off();
    work_off();
    rules_.look_late(ground_.witness);
    tell_complaints();
}

void AgentLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool last, Duration now) {
    if (!halted_ && machines_.at(host)->on_answer(call, body, last)) soon_ = now;
}

void AgentLoad::on_crash(std::uint32_t host) {
    machines_.at(host)->end();
}

void AgentLoad::conclude(Duration now) {
    ground_.now = now;
    ground_.witness.tick(now);
    rules_.look_last(ground_.witness);
}

void AgentLoad::look_after_processes() {
    for (auto& machine : machines_) {
        if (machine->is_up() || !is_running(*machine)) continue;
        const ProcessShown shown = show_(machine->host());
        if (!shown.ready) continue;
        machine->begin(actors_, shown.starts);
        watch_state(*machine);
    }
}

bool AgentLoad::is_running(const AgentMachine& machine) const {
    return ground_.clients->state_of(machine.host()) == ProcessState::running;
}

void AgentLoad::watch_state(AgentMachine& machine) {
    const std::uint32_t host = machine.host();
    machine.call(node::request_bytes(node::WatchAsk{}),
                 [this, host](const Result<Bytes>& body, bool) {
                     const auto change = detail::state_change_of(*body);
                     if (change) ground_.witness.on_change(host, *change);
                 });
}

void AgentLoad::list_tasks() {
    if (!ground_.tasks_offered || next_listing_ > ground_.now) return;
    next_listing_ = ground_.now + listing_period;
    const auto can_tell = [&](const auto& machine) {
        return machine->is_up() && is_running(*machine);
    };
    const auto machine = std::ranges::find_if(machines_, can_tell);
    if (machine != machines_.end()) ask_tasks(**machine, {});
}

void AgentLoad::ask_tasks(AgentMachine& machine, const std::string& after) {
    TaskQuery query;
    query.after = after;
    query.max = listed_at_once;
    auto asked = detail::tasks_question(query);
    if (!asked) return;
    machine.call(std::move(asked->request),
                 [this, &machine, read = asked->read](const Result<Bytes>& body, bool) {
                     auto page = read(*body, machine.clock());
                     if (!page) return;
                     for (TaskInfo& task : page->tasks) ground_.witness.on_task(std::move(task));
                     if (page->more && !page->last.empty()) ask_tasks(machine, page->last);
                 });
}

void AgentLoad::work_off() {
    for (auto& machine : machines_) {
        while (machine->has_work() && is_running(*machine) && steps_ < steps_max) {  // I1
            ++steps_;
            machine->work();
            rules_.look(ground_.witness, machine->host());  // I2
        }
    }
    if (steps_ >= steps_max && !std::exchange(halted_, true)) {
        rules_.report(agents_let_time_pass, ground_.now,
                      std::to_string(steps_max) +
                          " handlers ran in one instant: agents ask again "
                          "at once, without end");
    }
}

void AgentLoad::tell_complaints() {
    for (const Complaint& complaint : ground_.complaints) {
        rules_.report(complaint.rule, ground_.now, complaint.what);
    }
    ground_.complaints.clear();
}

}  // namespace starling::sim
