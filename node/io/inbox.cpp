#include "node/io/inbox.hpp"

#include <utility>

namespace starling::detail {
namespace {

thread_local bool handling = false;

}  // namespace

bool inside_handler() {
    return handling;
}

void Inbox::post(Task task) {
    const std::scoped_lock held(lock_);
    tasks_.push_back(std::move(task));
    show();
    changed_.notify_all();
}

void Inbox::deliver(Item item) {
    const std::scoped_lock held(lock_);
    items_.push_back(std::move(item));
    show();
    changed_.notify_all();
}

void Inbox::show() {
    const bool something = !tasks_.empty() || !items_.empty();
    if (something == shown_) return;
    if (something)
        wake_.ring();
    else
        wake_.quiet();
    shown_ = something;
}

std::size_t Inbox::run(std::chrono::milliseconds timeout) {
    if (handling) return 0;
    std::deque<Task> due;
    {
        std::unique_lock held(lock_);
        changed_.wait_for(held, timeout, [&] { return stopped_ || !tasks_.empty(); });
        due.swap(tasks_);
        show();
    }
    handling = true;
    for (const Task& task : due) task();  // I2
    handling = false;
    return due.size();
}

std::optional<NodeEvent> Inbox::next(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        Item item;
        {
            std::unique_lock held(lock_);
            changed_.wait_until(held, deadline, [&] { return stopped_ || !items_.empty(); });
            if (items_.empty()) return std::nullopt;
            item = std::move(items_.front());
            items_.pop_front();
            show();
        }
        if (auto event = item()) return event;  // I2
    }
}

void Inbox::stop() {
    const std::scoped_lock held(lock_);
    stopped_ = true;
    changed_.notify_all();
}

bool Inbox::stopped() const {
    const std::scoped_lock held(lock_);
    return stopped_;
}

}  // namespace starling::detail
