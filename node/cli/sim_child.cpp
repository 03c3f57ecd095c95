#include "node/cli/sim_child.hpp"

#include "base/assert.hpp"
#include "node/cli/sim_guard.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace starling::cli {
namespace {

constexpr int threw_exit = 79;
constexpr std::size_t flush_at = 64UL * 1024;
constexpr std::size_t read_max = 64UL * 1024;
constexpr std::size_t errors_max = 64UL * 1024;  // more than this is not kept
constexpr rlim_t errors_file_max = 16UL << 20U;
constexpr char guarded_mark = 'g';  // the first byte of every child
constexpr char open_mark = 'o';

void limit(int resource, rlim_t soft, rlim_t hard) {
    const rlimit limits{soft, hard};
    ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limits);
}

// In the child: away from the one who asked, before the doors close.
void leave_home(int errors, pid_t parent, Duration cpu) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(threw_exit);  // it died before prctl
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGXCPU, SIGTERM}) {
        ::signal(number, SIG_DFL);
    }
    ::dup2(errors, STDERR_FILENO);
    const auto seconds =
        static_cast<rlim_t>(std::max<std::int64_t>(1, cpu / std::chrono::seconds{1}));
    limit(RLIMIT_CPU, seconds, seconds + 1);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_FSIZE, errors_file_max, errors_file_max);
}

// The next so many addresses of the heap are of huge pages, where the system gives them on request:
// every turn of a simulation is at another node's memory.  A heap that grows further does without.
void use_huge_pages() {
    constexpr int addresses = 1 << 30;
    constexpr std::uintptr_t page = 2UL << 20U;
    ::mallopt(M_TOP_PAD, addresses);
    const auto old_end = reinterpret_cast<std::uintptr_t>(::sbrk(0));
    void* volatile block = ::malloc(page);  // more than a young heap has left
    ::free(block);
    const auto begin = (old_end + page - 1) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(::sbrk(0));
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

// A run lives for a moment: memory that it gave back to the system it would only fetch again.
void keep_memory() {
    ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
    ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
    use_huge_pages();
    ::mallopt(M_TOP_PAD, 4 << 20);
}

[[noreturn]] void carry_out(const Work& work, int result) {
    try {
        Outlet outlet(result);
        keep_memory();
        const char mark = close_doors(result) ? guarded_mark : open_mark;
        outlet.write({&mark, 1});
        outlet.flush();  // told even if the work says nothing
        work(outlet);
        outlet.flush();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "starling: %s\n", error.what());
        ::_exit(threw_exit);
    }
    ::_exit(0);
}

std::string text_in(int file) {
    std::string text(errors_max, '\0');
    const ssize_t size = ::pread(file, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    return text;
}

Duration duration_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// "assertion FILE:LINE", so that two different ones count as two.
std::string assertion_in(std::string_view errors) {
    constexpr std::string_view said = "assertion failed at ";
    const std::size_t begin = errors.rfind(said);
    if (begin == std::string_view::npos) return "abort";
    std::string_view place = errors.substr(begin + said.size());
    while (place.starts_with("../")) place.remove_prefix(3);  // as the build directory lies
    return "assertion " + std::string(place.substr(0, place.find(": ")));
}

Ended ended_of(int status, const rusage& used, std::string errors) {
    Ended ended;
    ended.cpu = duration_of(used.ru_utime) + duration_of(used.ru_stime);
    ended.memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGABRT) {
        ended.ending = Ending::assertion;
        ended.what = assertion_in(errors);
    } else if (signal == SIGXCPU) {
        ended.ending = Ending::out_of_time;
        ended.what = "out of processor time";
    } else if (signal != 0) {
        ended.ending = Ending::signal;
        ended.what = fmt::format("signal {}", signal);
    } else if (exit == forbidden_exit) {
        ended.ending = Ending::forbidden;
        ended.what = "forbidden " + forbidden_call(errors).value_or("call");
    } else if (exit != 0) {
        ended.ending = Ending::threw;
        ended.what = "exception";
    }
    ended.errors = std::move(errors);
    return ended;
}

}  // namespace

void Outlet::write(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= flush_at) flush();
}

void Outlet::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t size = ::write(fd_, rest.data(), rest.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) ::_exit(threw_exit);  // nobody reads any more
        rest.remove_prefix(static_cast<std::size_t>(size));
    }
    buffer_.clear();
}

Result<SimChild> SimChild::start(const Work& work, Duration cpu) {
    auto pipe = make_pipe();
    if (!pipe) return tl::unexpected(system_error("pipe", "", errno));
    Descriptor errors(::memfd_create("errors", MFD_CLOEXEC));
    if (!errors.is_open()) return tl::unexpected(system_error("memfd_create", "", errno));
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return tl::unexpected(system_error("fork", "", errno));
    if (pid == 0) {
        leave_home(errors.get(), parent, cpu);
        carry_out(work, pipe->in.get());
    }
    return SimChild(pid, std::move(pipe->out), std::move(errors));
}

SimChild::SimChild(SimChild&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      bytes_(std::move(other.bytes_)),
      errors_(std::move(other.errors_)),
      began_(other.began_),
      guarded_(other.guarded_) {}

SimChild& SimChild::operator=(SimChild&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(bytes_, other.bytes_);
    std::swap(errors_, other.errors_);
    std::swap(began_, other.began_);
    std::swap(guarded_, other.guarded_);
    return *this;
}

SimChild::~SimChild() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool SimChild::read(std::string& bytes) {
    std::array<char, read_max> part{};
    ssize_t size = 0;
    do {
        size = ::read(bytes_.get(), part.data(), part.size());
    } while (size < 0 && errno == EINTR);
    if (size <= 0) return false;
    std::string_view came(part.data(), static_cast<std::size_t>(size));
    if (!std::exchange(began_, true)) {
        guarded_ = came.front() == guarded_mark;
        came.remove_prefix(1);
    }
    bytes += came;
    return true;
}

Ended SimChild::end() {
    STARLING_ASSERT(pid_ > 0);
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return ended_of(status, used, text_in(errors_.get()));
}

Result<void> SimCrew::start(std::uint64_t number, const Work& work) {
    STARLING_ASSERT(has_room());
    auto child = SimChild::start(work, cpu_);
    if (!child) return tl::unexpected(child.error());
    members_.push_back({number, std::move(*child), {}});
    return {};
}

std::optional<SimCrew::Done> SimCrew::wait(const Signals& signals) {
    STARLING_ASSERT(!is_idle());
    for (;;) {
        std::vector<pollfd> waits{{signals.fd(), POLLIN, 0}};
        for (const Member& member : members_) waits.push_back({member.child.fd(), POLLIN, 0});
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // EINTR
        if (waits.front().revents != 0 && signals.take()) return std::nullopt;
        for (std::size_t place = 0; place < members_.size(); ++place) {
            if (waits[place + 1].revents == 0) continue;
            if (auto done = read(place)) return done;
        }
    }
}

void SimCrew::drop_above(std::uint64_t number) {
    std::erase_if(members_, [&](const Member& member) { return member.number > number; });
}

std::optional<SimCrew::Done> SimCrew::read(std::size_t place) {
    Member& member = members_[place];
    if (member.child.read(member.bytes)) return std::nullopt;
    Done done{member.number, std::move(member.bytes), member.child.end(),
              member.child.was_guarded()};
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(place));
    return done;
}

}  // namespace starling::cli
