// Work in a process of its own, behind closed doors: what it computes comes through a pipe, and
// whatever becomes of it, the one who asked goes on and learns what it was.
//
//      start ──fork──> doors closed ──> work(outlet) ──bytes──> read() ... ──> end()
//                                          |                                     |
//                                          └── crash, assertion, forbidden call ─┘ Ended
//
// Invariants:
//   I1  A child ends with its owner: with the SimChild, and with the process, however that ends.
//   I2  What it wrote before it ended is read before it is said to have ended.
//
// Not thread safe: a process with one thread forks, and that thread's death is the children's.
#pragma once

#include "base/moment.hpp"
#include "node/cli/descriptor.hpp"
#include "node/cli/signals.hpp"
#include <starling/error.hpp>

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

enum class Ending : std::uint8_t {
    finished,
    assertion,    // of ours
    signal,       // anything else that kills
    forbidden,    // it asked for what the doors keep out
    threw,        // an exception left the work: memory ran out, most likely
    out_of_time,  // it used up its processor time
};

struct Ended {
    Ending ending{};
    std::string what;          // a word or two for who counts: "signal 11", "forbidden clock"
    std::string errors;        // what it wrote to standard error
    Duration cpu{};            // processor time, the system's included
    std::uint64_t memory = 0;  // the most that it had at once, bytes
};

// Where work writes.  Waits while nobody reads.
class Outlet {
public:
    explicit Outlet(int fd) : fd_(fd) {}

    void write(std::string_view bytes);
    void flush();

private:
    int fd_;
    std::string buffer_;
};

using Work = std::function<void(Outlet&)>;

inline constexpr Duration child_cpu_max = std::chrono::hours{1};

class SimChild {
public:
    // The work may use this much processor time, in whole seconds.  system_failed: there is no
    // child.
    [[nodiscard]] static Result<SimChild> start(const Work& work, Duration cpu = child_cpu_max);

    SimChild(SimChild&& other) noexcept;
    SimChild& operator=(SimChild&& other) noexcept;
    ~SimChild();  // kills it

    // Readable when there are bytes, and at the end.
    [[nodiscard]] int fd() const { return bytes_.get(); }

    // Adds what it wrote meanwhile, waiting for at least a byte; false: that was all.
    [[nodiscard]] bool read(std::string& bytes);

    // What became of it, after the last bytes.
    [[nodiscard]] Ended end();

    // Whether the doors were closed; known with the first bytes.
    [[nodiscard]] bool was_guarded() const { return guarded_; }

private:
    SimChild(pid_t pid, Descriptor bytes, Descriptor errors)
        : pid_(pid), bytes_(std::move(bytes)), errors_(std::move(errors)) {}

    pid_t pid_ = 0;
    Descriptor bytes_;
    Descriptor errors_;
    bool began_ = false;
    bool guarded_ = false;
};

// Several children at once, each with a number.
class SimCrew {
public:
    struct Done {
        std::uint64_t number = 0;
        std::string bytes;
        Ended ended;
        bool guarded = false;
    };

    SimCrew(std::size_t jobs, Duration cpu) : jobs_(jobs), cpu_(cpu) {}

    [[nodiscard]] bool has_room() const { return members_.size() < jobs_; }

    [[nodiscard]] bool is_idle() const { return members_.empty(); }

    // REQUIRES: has_room().
    [[nodiscard]] Result<void> start(std::uint64_t number, const Work& work);

    // Waits until one ends; nothing when a signal came first.  REQUIRES: !is_idle().
    [[nodiscard]] std::optional<Done> wait(const Signals& signals);

    // Kills those whose number is greater.
    void drop_above(std::uint64_t number);

private:
    struct Member {
        std::uint64_t number = 0;
        SimChild child;
        std::string bytes;
    };

    std::optional<Done> read(std::size_t place);

    std::size_t jobs_;
    Duration cpu_;
    std::vector<Member> members_;
};

}  // namespace starling::cli
