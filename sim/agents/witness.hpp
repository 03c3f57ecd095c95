// Everything that rules may look at: what nodes show, what agents told, which tasks there are.
//
//   items of a watch on each node ──> pictures      notes ──> all of them, sums      listings ──>
//   tasks
//
// Invariants:
//   I1  The picture of a node is what a program on it would have seen; none while it is down.
//   I2  Notes and tasks outlive processes.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include <starling/sim_view.hpp>
#include <starling/state.hpp>
#include <starling/task.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class Witness {
public:
    using Picture = std::map<std::pair<std::string, KeyType>, Entry>;

    explicit Witness(std::uint32_t nodes) : nodes_(nodes) {}

    void tick(Duration now) { now_ = now; }

    void on_up(std::uint32_t node) { nodes_.at(node).up = true; }

    void on_down(std::uint32_t node);
    void on_change(std::uint32_t node, const StateChange& change);
    void on_note(std::uint32_t node, const std::string& name, const Value& value);

    void on_task(TaskInfo task) { tasks_.insert_or_assign(task.id, std::move(task)); }

    [[nodiscard]] Duration now() const { return now_; }

    [[nodiscard]] std::uint32_t nodes() const { return static_cast<std::uint32_t>(nodes_.size()); }

    // Nothing for a node that does not exist.
    [[nodiscard]] bool is_up(std::uint32_t node) const;
    [[nodiscard]] const Picture& picture(std::uint32_t node) const;

    [[nodiscard]] const std::vector<agents::Note>& notes() const { return notes_; }

    [[nodiscard]] std::int64_t sum(const std::string& name) const;
    [[nodiscard]] const Value* last(std::uint32_t node, const std::string& name) const;

    [[nodiscard]] const std::map<std::string, TaskInfo>& tasks() const { return tasks_; }

private:
    struct Node {
        bool up = false;
        Picture picture;
        std::map<std::string, Value> last_notes;
    };

    Duration now_{};
    std::vector<Node> nodes_;
    std::vector<agents::Note> notes_;
    std::map<std::string, std::int64_t> sums_;
    std::map<std::string, TaskInfo> tasks_;  // by id
};

}  // namespace starling::sim
