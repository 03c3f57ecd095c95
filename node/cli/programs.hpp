// Runs one program many times: input on its standard input, what it prints taken up to a bound.
//
//   run() ──fork, exec──> child in its own process group ──exit, limit, stop()──> ProgramEnd
//                                            └─ Halt::ask(): SIGTERM ──grace──> SIGKILL ─┘
//
// Invariants:
//   I1  No shell: the words are the program and its arguments as they stand.
//   I2  A child dies with the thread that runs it, and so with this process; stop() kills all with
//       what they started in their groups.
//
// REQUIRES: SIGPIPE is ignored; a program need not read its input.  Thread safe.
#pragma once

#include "node/cli/descriptor.hpp"
#include <starling/error.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace starling::cli {

struct ProgramEnd {
    enum class How : std::uint8_t {
        exited,
        signalled,
        output_too_long,
        over_limit,
        halted,  // it was asked to end
        not_started,
    };

    How how{};
    int number = 0;  // exit code, signal or errno
    std::string output{};
};

// Asks one run of a program to end, from another thread, at most once.
class Halt {
public:
    // Descriptors were used up: ask() does nothing then.
    Halt();

    void ask();

    [[nodiscard]] int fd() const { return wake_.get(); }  // readable once asked

private:
    Descriptor wake_;
};

class Programs {
public:
    // How long a program has after SIGTERM.
    static constexpr std::chrono::milliseconds grace{2000};

    // program_missing: no such executable here or on PATH.
    [[nodiscard]] static Result<std::vector<std::string>> check(std::vector<std::string> words);

    Programs(std::vector<std::string> words, std::size_t output_max)
        : words_(std::move(words)), output_max_(output_max) {}

    // Blocks until the program ended.  `variables` are NAME=VALUE, over those of this process; a
    // zero limit is none.
    [[nodiscard]] ProgramEnd run(const std::string& input,
                                 const std::vector<std::string>& variables,
                                 std::chrono::milliseconds limit, const Halt* halt = nullptr);

    void stop();

private:
    struct Pipes;

    [[nodiscard]] pid_t start(const Pipes& pipes, const std::vector<std::string>& variables);
    [[nodiscard]] ProgramEnd reap(pid_t pid);

    const std::vector<std::string> words_;
    const std::size_t output_max_;
    std::mutex lock_;
    std::set<pid_t> running_;
    bool stopped_ = false;
};

}  // namespace starling::cli
