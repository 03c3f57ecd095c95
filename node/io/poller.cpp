#include "node/io/poller.hpp"

#include "base/assert.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace starling::io {
namespace {

constexpr std::size_t events_per_wait = 128;

// Rounded up: waking before a deadline would only spin until it comes.
int wait_ms(std::optional<Duration> timeout) {
    if (!timeout) return -1;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
    return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000));
}

}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    STARLING_ASSERT(epoll_.valid());
}

void Poller::add(int fd, Interest interest, Watcher& watcher) {
    ++turn_;
    epoll_event event{};
    event.events = interest == Interest::readable ? EPOLLIN : EPOLLOUT;
    event.data.u64 = std::uint64_t{turn_} << 32U | static_cast<std::uint32_t>(fd);
    STARLING_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
    entries_[fd] = {turn_, &watcher};
}

void Poller::remove(int fd) {
    STARLING_ASSERT(entries_.erase(fd) == 1);
    STARLING_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);  // I2
}

void Poller::wait(std::optional<Duration> timeout) {
    std::array<epoll_event, events_per_wait> events;
    const int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(timeout));
    STARLING_ASSERT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
        const std::uint64_t token = events[static_cast<std::size_t>(i)].data.u64;
        const auto entry = entries_.find(static_cast<int>(token & 0xFFFFFFFFU));
        if (entry == entries_.end() || entry->second.turn != token >> 32U) continue;  // I1
        entry->second.watcher->on_ready();
    }
}

}  // namespace starling::io
