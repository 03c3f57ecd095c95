#include "node/cli/programs.hpp"

#include "node/cli/descriptor.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

namespace starling::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

void unblock(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// The environment of the child: that of this process, and the variables over it.
std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
    std::vector<std::string> all = variables;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string entry = *each;
        const std::string name = entry.substr(0, entry.find('=') + 1);
        const bool replaced = std::ranges::any_of(
            variables, [&](const std::string& variable) { return variable.starts_with(name); });
        if (!replaced) all.push_back(entry);
    }
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

bool is_executable(const std::string& path) {
    return ::access(path.c_str(), X_OK) == 0;
}

enum class Pause : std::uint8_t { ended, over, late, halted };

// What goes in and comes out until the child ended; its limits kept.
class Conversation {
public:
    Conversation(Descriptor to, Descriptor from, const std::string& input, std::size_t output_max)
        : to_(std::move(to)), from_(std::move(from)), input_(input), output_max_(output_max) {
        unblock(to_.get());
        unblock(from_.get());
        if (input_.empty()) to_ = Descriptor();
    }

    // Returns early, with the child alive, when it printed too much, took too long or `halt` (-1:
    // none) is readable.
    Pause hold(int child, std::optional<Clock::time_point> deadline, int halt) {
        while (!over()) {
            std::array<pollfd, 4> polled{{{child, POLLIN, 0},
                                          {from_.is_open() ? from_.get() : -1, POLLIN, 0},
                                          {to_.is_open() ? to_.get() : -1, POLLOUT, 0},
                                          {halt, POLLIN, 0}}};
            const int count = ::poll(polled.data(), polled.size(), remaining_ms(deadline));
            if (count == 0) return Pause::late;
            if (polled[1].revents != 0) read();
            if (polled[2].revents != 0) write();
            if (polled[0].revents == 0) {
                if (polled[3].revents != 0) return Pause::halted;
                continue;
            }
            while (from_.is_open() && read()) {
            }
            return over() ? Pause::over : Pause::ended;
        }
        return Pause::over;
    }

    [[nodiscard]] bool over() const { return output_.size() > output_max_; }

    [[nodiscard]] std::string take_output() { return std::move(output_); }

private:
    static int remaining_ms(const std::optional<Clock::time_point>& deadline) {
        if (!deadline) return -1;
        const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now()).count();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }

    // Whether something came; what is over the limit is not kept.
    bool read() {
        std::array<char, 4096> buffer{};
        const auto count = ::read(from_.get(), buffer.data(), buffer.size());
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (count <= 0) from_ = Descriptor();
        if (count > 0 && !over()) output_.append(buffer.data(), static_cast<std::size_t>(count));
        return count > 0 && !over();
    }

    void write() {
        const auto count = ::write(to_.get(), input_.data() + sent_, input_.size() - sent_);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count > 0) sent_ += static_cast<std::size_t>(count);
        if (count < 0 || sent_ == input_.size()) to_ = Descriptor();  // it need not read it all
    }

    Descriptor to_;
    Descriptor from_;
    const std::string& input_;
    std::size_t output_max_;
    std::size_t sent_ = 0;
    std::string output_;
};

// In the child between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* words, char* const* variables, int input, int output) {
    constexpr int cannot_start = 127;
    sigset_t none{};
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::execvpe(words[0], words, variables);
    ::_exit(cannot_start);
}

}  // namespace

struct Programs::Pipes {
    Descriptor child_input;
    Descriptor child_output;
};

Halt::Halt() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Halt::ask() {
    const std::uint64_t one = 1;
    // Full or closed: then it was asked already, or cannot be.
    if (::write(wake_.get(), &one, sizeof one) < 0) return;
}

Result<std::vector<std::string>> Programs::check(std::vector<std::string> words) {
    const std::string& program = words.front();
    bool found = program.find('/') != std::string::npos && is_executable(program);
    for (const std::string& folder : split(environment_value("PATH").value_or("/bin"), ':')) {
        const bool bare = program.find('/') == std::string::npos;
        found = found || (bare && is_executable(folder + "/" + program));
    }
    if (found) return words;
    return failure(ErrorCode::invalid, "program_missing",
                   printable(program) + " is no executable, here or on PATH",
                   "check the path and its mode");
}

pid_t Programs::start(const Pipes& pipes, const std::vector<std::string>& variables) {
    std::vector<std::string> words = words_;
    std::vector<std::string> environment = environment_with(variables);
    const auto arguments = pointers_to(words);
    const auto variable_list = pointers_to(environment);
    const std::scoped_lock held(lock_);
    if (stopped_) return -1;
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(arguments.data(), variable_list.data(), pipes.child_input.get(),
               pipes.child_output.get());
    }
    if (pid > 0) ::setpgid(pid, pid);  // before anybody signals the group
    if (pid > 0) running_.insert(pid);
    return pid;
}

ProgramEnd Programs::reap(pid_t pid) {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    const std::scoped_lock held(lock_);  // the number is free for others once it is reaped
    running_.erase(pid);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) return {ProgramEnd::How::signalled, WTERMSIG(status)};
    return {ProgramEnd::How::exited, WEXITSTATUS(status)};
}

ProgramEnd Programs::run(const std::string& input, const std::vector<std::string>& variables,
                         milliseconds limit, const Halt* halt) {
    auto in = make_pipe();
    auto out = make_pipe();
    if (!in || !out) return {ProgramEnd::How::not_started, errno};
    std::optional<Clock::time_point> deadline;
    if (limit.count() > 0) deadline = Clock::now() + limit;
    pid_t pid = 0;
    {
        const Pipes pipes{std::move(in->out), std::move(out->in)};
        pid = start(pipes, variables);
    }
    if (pid <= 0) return {ProgramEnd::How::not_started, errno};
    const Descriptor child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    Conversation conversation(std::move(in->in), std::move(out->out), input, output_max_);
    const Pause pause = conversation.hold(child.get(), deadline, halt == nullptr ? -1 : halt->fd());
    if (pause == Pause::halted) {
        ::kill(-pid, SIGTERM);
        static_cast<void>(conversation.hold(child.get(), Clock::now() + grace, -1));
    }
    if (pause != Pause::ended) ::kill(-pid, SIGKILL);
    ProgramEnd end = reap(pid);
    end.output = conversation.take_output();
    if (pause == Pause::late) end.how = ProgramEnd::How::over_limit;
    if (end.output.size() > output_max_) end.how = ProgramEnd::How::output_too_long;
    if (pause == Pause::halted) end.how = ProgramEnd::How::halted;
    return end;
}

void Programs::stop() {
    const std::scoped_lock held(lock_);
    stopped_ = true;
    for (const pid_t pid : running_) ::kill(-pid, SIGKILL);
}

}  // namespace starling::cli
