// A process of ours that dies with us.
//
// Not thread safe: started and waited for by the main thread, whose death is the signal.
#pragma once

#include <starling/error.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

class Child {
public:
    Child() = default;

    // Starts this very program with these arguments, output appended to `log`, in its own process
    // group. It is killed when the calling thread ends, however that happens.
    [[nodiscard]] static Result<Child> start(const std::vector<std::string>& arguments,
                                             const std::string& log);

    [[nodiscard]] bool is_running() const { return pid_ > 0; }

    [[nodiscard]] pid_t pid() const { return pid_; }

    void signal(int number) const;

    // What became of it, once: "exit code 2", "signal 9"; nothing while it runs.
    [[nodiscard]] std::optional<std::string> reap();

private:
    explicit Child(pid_t pid) : pid_(pid) {}

    pid_t pid_ = 0;
};

}  // namespace starling::cli
