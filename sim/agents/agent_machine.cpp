#include "sim/agents/agent_machine.hpp"

#include "sim/agents/agent_process.hpp"

#include <exception>
#include <string>
#include <utility>

namespace starling::sim {

AgentMachine::AgentMachine(AgentGround& ground, std::uint32_t host, const NodeId& id)
    : ground_(ground), host_(host), id_(id) {}

AgentMachine::~AgentMachine() = default;

void AgentMachine::begin(std::span<const Actor> actors, std::uint64_t starts) {
    life_ = std::make_shared<const bool>(true);
    ground_.witness.on_up(host_);
    for (std::uint32_t number = 0; number < actors.size(); ++number) {
        if (actors[number].host != host_) continue;
        agents_.push_back(std::make_unique<AgentProcess>(*this, ground_, number, starts));
        agents_.back()->begin(actors[number].make());
    }
}

void AgentMachine::end() {
    if (!life_) return;
    life_.reset();
    calls_.clear();
    agents_.clear();
    inbox_.clear();
    ground_.witness.on_down(host_);
}

void AgentMachine::work() {
    const Task task = std::move(inbox_.front());
    inbox_.pop_front();
    std::string thrown;
    try {
        return task();
    } catch (const std::exception& exception) {
        thrown = exception.what();
    } catch (...) {
        thrown = "something that is no std::exception";
    }
    ground_.complaints.push_back(
        {"agents_do_not_throw",
         "an agent on node " + std::to_string(host_ + 1) + " threw " + thrown});
    ground_.clients->kill(host_);  // I2
}

void AgentMachine::appoint(Duration after, Task task) {
    ground_.calendar.add(ground_.now + after, life_, std::move(task));
}

std::optional<CallId> AgentMachine::call(Bytes request, Answered answered) {
    ++ground_.counts.calls;
    const auto id = ground_.clients->call(host_, std::move(request));
    if (id) calls_.emplace(*id, std::move(answered));
    return id;
}

void AgentMachine::end_call(CallId call) {
    if (calls_.erase(call) > 0) ground_.clients->end_call(host_, call);
}

bool AgentMachine::on_answer(CallId call, ByteView body, bool last) {
    const auto open = calls_.find(call);
    if (open == calls_.end()) return false;
    enqueue([this, call, body = copy_of(body), last] {
        const auto waiting = calls_.find(call);
        if (waiting == calls_.end()) return;  // ended meanwhile
        const Answered answered = waiting->second;
        if (last) calls_.erase(waiting);
        answered(body, last);
    });
    return true;
}

}  // namespace starling::sim
