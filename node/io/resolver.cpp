#include "node/io/resolver.hpp"

#include "node/io/thread.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace starling::io {

struct Resolver::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<std::uint64_t, Address>> questions;
    std::vector<Answer> answers;
    bool ended = false;
    Wake wake;
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {}

Resolver::~Resolver() {
    const std::scoped_lock lock(shared_->mutex);
    shared_->ended = true;
    shared_->changed.notify_one();
}

void Resolver::ask(std::uint64_t ticket, Address address) {
    {
        const std::scoped_lock lock(shared_->mutex);
        shared_->questions.emplace_back(ticket, std::move(address));
    }
    shared_->changed.notify_one();
    if (std::exchange(started_, true)) return;
    start_thread("starling-names", [shared = shared_] { run(shared); }).detach();
}

int Resolver::fd() const {
    return shared_->wake.fd();
}

std::vector<Resolver::Answer> Resolver::take() {
    shared_->wake.quiet();
    const std::scoped_lock lock(shared_->mutex);
    return std::exchange(shared_->answers, {});
}

void Resolver::run(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    while (true) {
        shared->changed.wait(lock, [&] { return shared->ended || !shared->questions.empty(); });
        if (shared->ended) return;
        const auto [ticket, address] = std::move(shared->questions.front());
        shared->questions.pop_front();
        lock.unlock();
        const auto endpoint = lookup(address, Names::ask);
        lock.lock();
        shared->answers.push_back({ticket, endpoint});
        shared->wake.ring();
    }
}

}  // namespace starling::io
