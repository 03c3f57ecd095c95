#include "node/cli/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace starling::cli {

Result<Signals> Signals::block(std::initializer_list<int> numbers) {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const int number : numbers) ::sigaddset(&set, number);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
        return tl::unexpected(system_error("sigprocmask", "", errno));
    }
    Descriptor fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd.is_open()) return tl::unexpected(system_error("signalfd", "", errno));
    return Signals(std::move(fd));
}

std::optional<int> Signals::take() const {
    signalfd_siginfo came{};
    if (::read(fd_.get(), &came, sizeof came) != sizeof came) return std::nullopt;
    return static_cast<int>(came.ssi_signo);
}

}  // namespace starling::cli
