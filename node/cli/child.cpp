#include "node/cli/child.hpp"

#include "node/cli/descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace starling::cli {
namespace {

// In the child between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
    constexpr int cannot_start = 127;
    sigset_t none{};
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(cannot_start);  // it died before prctl
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv("/proc/self/exe", arguments);
    ::_exit(cannot_start);
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& arguments, const std::string& log) {
    const Descriptor output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!output.is_open()) {
        return tl::unexpected(system_error("open", log, errno));
    }
    std::vector<std::string> words{"starling"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return tl::unexpected(system_error("fork", "", errno));
    if (pid == 0) become(pointers.data(), output.get(), parent);
    return Child(pid);
}

void Child::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

std::optional<std::string> Child::reap() {
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = 0;
    if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
    return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace starling::cli
