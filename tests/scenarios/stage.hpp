// Behaviour of a few nodes as a text that a person reads and a machine runs again.
//
//   # a comment tells the story
//   tasks ann bob eve        the first line names the stage and its nodes
//   run 3s                   one command a line: words, then options NAME=VALUE
//   expect ...               fails with the line when the world is otherwise
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace starling::scenario {

// One line, without its comment.
struct Line {
    std::vector<std::string> words;
    std::map<std::string, std::string> options;

    // Stops the test when there is no such word, time or number.
    [[nodiscard]] const std::string& word(std::size_t index) const;
    [[nodiscard]] Duration time(const std::string& text) const;
    [[nodiscard]] Duration time_option(const std::string& name, Duration fallback) const;
    [[nodiscard]] std::size_t number_option(const std::string& name, std::size_t fallback) const;
};

// Nodes of one kind of world and what happens to them.
class Stage {
public:
    explicit Stage(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {}

    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    virtual ~Stage() = default;

    // Whether it knows the command.
    virtual bool act(const Line& line) = 0;
    // What an expectation `expect SUBJECT ...` finds, as a text that the line's last word names.
    virtual std::string look(const Line& line) = 0;

    // Empty, or what must never be the case and is.
    virtual std::string broken() { return {}; }

protected:
    [[nodiscard]] std::size_t index_of(const std::string& node) const;

    [[nodiscard]] const std::vector<std::string>& nodes() const { return nodes_; }

private:
    std::vector<std::string> nodes_;
};

std::unique_ptr<Stage> task_stage(const std::vector<std::string>& nodes);
std::unique_ptr<Stage> member_stage(const std::vector<std::string>& nodes);
std::unique_ptr<Stage> register_stage(const std::vector<std::string>& nodes);

}  // namespace starling::scenario
