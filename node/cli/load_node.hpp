// A node under load: its requests, and what it streams to us.
//
//   gone ──every 100 ms──> probing ──/readyz 200──> attached ──a stream ends──> gone
//
// Attached: a worker of the skill is served, keys are watched, members are watched.
//
// Not thread safe: one loop owns it.
#pragma once

#include "node/cli/http_channel.hpp"
#include "node/cli/http_pool.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

// Where a node is reached.
struct LoadTarget {
    std::string name;
    std::string socket;
};

// What the streams are asked for.
struct LoadStreams {
    std::string skill;
    unsigned slots = 1;
    std::string prefix;
};

class LoadNode;

class LoadListener {
public:
    LoadListener() = default;
    LoadListener(const LoadListener&) = delete;
    LoadListener& operator=(const LoadListener&) = delete;
    virtual ~LoadListener() = default;

    virtual void on_assigned(LoadNode& node, const Value& task) = 0;
    virtual void on_state(LoadNode& node, const Value& change) = 0;
    virtual void on_member(LoadNode& node, const Value& event) = 0;
    virtual void on_gone(LoadNode& node) = 0;  // before its requests end without an answer
};

class LoadNode {
public:
    using Clock = HttpChannel::Clock;

    LoadNode(std::size_t number, LoadTarget target, const LoadStreams& streams,
             LoadListener& listener);

    // Tries to attach when it is time to; ends requests that wait too long.
    void turn(Clock::time_point now);

    void detach();

    [[nodiscard]] bool is_attached() const { return state_ == State::attached; }

    // Its watch shows changes as they happen.
    [[nodiscard]] bool is_current() const { return is_attached() && current_; }

    [[nodiscard]] std::size_t number() const { return number_; }

    [[nodiscard]] const std::string& name() const { return target_.name; }

    [[nodiscard]] const std::string& socket() const { return target_.socket; }

    [[nodiscard]] HttpPool& pool() { return pool_; }

    // Why it is not attached.
    [[nodiscard]] const Error& trouble() const { return trouble_; }

    void add_to(std::vector<Pollable*>& polled);

private:
    enum class State : std::uint8_t { gone, probing, attached };

    void attach();
    void lose(const Error& why);
    void take_task(std::string_view event, const Value& task);
    void take_change(const Value& change);

    std::size_t number_;
    LoadTarget target_;
    LoadListener& listener_;
    HttpPool pool_;
    EventStream serve_;
    EventStream watch_;
    EventStream members_;
    State state_ = State::gone;
    bool current_ = false;
    Clock::time_point retry_at_{};
    Error trouble_;
};

}  // namespace starling::cli
