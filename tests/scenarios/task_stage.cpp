// tasks NODE..          nodes that auction work; nobody serves yet
//
//   serve NODE run=5s             a worker that takes so long for each task
//   offer NODE TASK               then the task is known by this name
//   cut NODE      heal            from everybody
//   crash NODE    restart NODE
//   cancel NODE TASK
//   run 3s
//   expect TASK state done        as the first node that is up shows it
//   expect TASK winner NODE       who has it, or did it
//   expect TASK executions 2      expect TASK refused 1
//   expect NODE told lost         why its worker should leave its task; nothing: it was not told
#include "tests/auction/world.hpp"
#include "tests/scenarios/stage.hpp"

#include <catch2/catch.hpp>

namespace starling::scenario {
namespace {

namespace auctions = auction::test;

std::string name_of(auction::StopReason reason) {
    switch (reason) {
        case auction::StopReason::cancelled:
            return "cancelled";
        case auction::StopReason::lost:
            return "lost";
        case auction::StopReason::run_limit:
            return "run_limit";
        case auction::StopReason::leaving:
            return "leaving";
    }
    return {};
}

class TaskStage : public Stage {
public:
    explicit TaskStage(const std::vector<std::string>& nodes)
        : Stage(nodes), world_({.nodes = nodes.size()}) {}

    bool act(const Line& line) override {
        const std::string& command = line.word(0);
        if (command == "run") {
            world_.run(line.time(line.word(1)));
        } else if (command == "heal") {
            world_.heal();
        } else {
            return act_on(command, index_of(line.word(1)), line);
        }
        return true;
    }

    std::string look(const Line& line) override {
        const std::string& what = line.word(1);
        if (what == "told") return told(index_of(line.word(0)));
        const auto view = world_.show(witness(), tasks_.at(line.word(0)));
        REQUIRE(view);
        if (what == "state") return std::string(name_of(view->state));
        if (what == "winner") return nodes()[world_.index_of(view->winner)];
        if (what == "executions") return std::to_string(view->executions);
        if (what == "refused") return std::to_string(view->refused);
        return "no such question";
    }

    std::string broken() override {
        for (const auto& [name, task] : tasks_) {
            if (world_.accepted_count(task) > 1) return name + " has two results";
        }
        return world_.sum().malformed == 0 ? "" : "a message was malformed";
    }

private:
    bool act_on(const std::string& command, std::size_t node, const Line& line) {
        if (command == "serve") {
            world_.serve(node, "quote", 1, line.time_option("run", std::chrono::seconds{1}));
        } else if (command == "offer") {
            tasks_[line.word(2)] = world_.offer(node, auctions::quote());
        } else if (command == "cancel") {
            world_.cancel(node, tasks_.at(line.word(2)));
        } else if (command == "cut") {
            world_.isolate(node);
        } else if (command == "crash") {
            world_.crash(node);
        } else if (command == "restart") {
            world_.restart(node);
        } else {
            return false;
        }
        return true;
    }

    [[nodiscard]] std::size_t witness() const {
        std::size_t node = 0;
        while (!world_.is_up(node)) ++node;
        return node;
    }

    // Workers are numbered as nodes begin to serve, so a worker says whose it is by its task.
    [[nodiscard]] std::string told(std::size_t node) const {
        std::string why = "nothing";
        for (const auto& stopped : world_.stopped) {
            for (const auto& each : world_.executed) {
                const bool same = each.task == stopped.task && each.epoch == stopped.epoch;
                if (same && each.node == node) why = name_of(stopped.reason);
            }
        }
        return why;
    }

    auctions::World world_;
    std::map<std::string, TaskId> tasks_;
};

}  // namespace

std::unique_ptr<Stage> task_stage(const std::vector<std::string>& nodes) {
    return std::make_unique<TaskStage>(nodes);
}

}  // namespace starling::scenario
