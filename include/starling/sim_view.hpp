// What a rule of a simulated mesh looks at: every node at once, as no node can.
//
//   store of each node, notes of each agent, tasks ──> View ──> condition ──> bool
//
// Nodes are numbered from 0.  A View is valid while the condition runs; not thread safe.
#pragma once

#include <starling/state.hpp>
#include <starling/task.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::sim {

class Witness;

inline namespace agents {

// What an agent told by Ctx::note.
struct Note {
    std::chrono::nanoseconds at{};
    std::uint32_t node = 0;
    std::string name;
    Value value;
};

class View {
public:
    explicit View(const Witness& witness) : witness_(witness) {}

    [[nodiscard]] std::chrono::nanoseconds time() const;  // since the beginning
    [[nodiscard]] std::uint32_t nodes() const;

    // Whether a process runs there that is ready.
    [[nodiscard]] bool is_up(std::uint32_t node) const;

    // What a program on that node sees under a key; nothing while it is down, or without the key.
    [[nodiscard]] const Entry* entry(std::uint32_t node, const std::string& key) const;
    [[nodiscard]] std::optional<Value> value(std::uint32_t node, const std::string& key) const;
    [[nodiscard]] std::int64_t counter(std::uint32_t node, const std::string& key) const;
    [[nodiscard]] std::vector<std::string> keys(std::uint32_t node,
                                                const std::string& prefix) const;

    // Notes outlive the process that made them, like the effects that they tell of.
    [[nodiscard]] const std::vector<Note>& notes() const;
    [[nodiscard]] std::int64_t sum(const std::string& name) const;  // of all integers noted
    [[nodiscard]] std::optional<Value> last(std::uint32_t node, const std::string& name) const;

    // Tasks that were acknowledged, as some node's listing told within the last second or two.
    [[nodiscard]] std::vector<TaskInfo> tasks() const;

private:
    const Witness& witness_;
};

}  // namespace agents
}  // namespace starling::sim
