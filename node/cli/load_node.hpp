// A node under load: its requests, and what it streams to us.
//
//   gone ──every 100 ms──> probing ──/readyz 200──> attached ──a stream ends──> gone
//
// Attached: a worker of the skill is served, keys are watched, members are watched.  A watch of
// keys that ends alone is opened again; the worker goes on.
//
// Not thread safe: one loop owns it.
#pragma once

#include "node/cli/http_channel.hpp"
#include "node/cli/http_pool.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
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
    std::vector<std::string> prefixes;  // each watched by a stream of its own
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

    // Its watches show changes as they happen.
    [[nodiscard]] bool is_current() const;

    [[nodiscard]] std::size_t number() const { return number_; }

    [[nodiscard]] const std::string& name() const { return target_.name; }

    [[nodiscard]] const std::string& socket() const { return target_.socket; }

    [[nodiscard]] HttpPool& pool() { return pool_; }

    // Why it is not attached.
    [[nodiscard]] const Error& trouble() const { return trouble_; }

    void add_to(std::vector<Pollable*>& polled);

private:
    enum class State : std::uint8_t { gone, probing, attached };

    struct Part {
        std::unique_ptr<EventStream> stream;
        bool current = false;
        Clock::time_point retry_at{};
    };

    void add_watch(const std::string& prefix);
    void attach();
    void watch_again(Clock::time_point now);
    void lose(const Error& why);
    void take_task(std::string_view event, const Value& task);
    void take_change(Part& part, const Value& change);

    std::size_t number_;
    LoadTarget target_;
    LoadListener& listener_;
    HttpPool pool_;
    EventStream serve_;
    EventStream members_;
    std::vector<std::unique_ptr<Part>> watches_;
    State state_ = State::gone;
    Clock::time_point retry_at_{};
    Error trouble_;
};

}  // namespace starling::cli
