// A queue in one piece of memory, which it keeps: what enters and leaves in turn allocates nothing.
//
// Not thread safe.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace starling::sim {

template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const { return first_ == items_.size(); }

    [[nodiscard]] std::size_t size() const { return items_.size() - first_; }

    // These four REQUIRE: not empty.
    [[nodiscard]] T& front() { return items_[first_]; }

    [[nodiscard]] T& back() { return items_.back(); }

    void push_back(T item) {
        // Where half of it is gone, what is left moves to the front: each moves once at most.
        if (items_.size() == items_.capacity() && 2 * first_ > items_.size()) drop_taken();
        items_.push_back(std::move(item));
    }

    void pop_front() {
        ++first_;
        if (empty()) clear();
    }

    void pop_back() {
        items_.pop_back();
        if (empty()) clear();
    }

    void clear() {
        items_.clear();
        first_ = 0;
    }

    [[nodiscard]] auto begin() { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }

    [[nodiscard]] auto end() { return items_.end(); }

private:
    void drop_taken() {
        items_.erase(items_.begin(), begin());
        first_ = 0;
    }

    std::vector<T> items_;
    std::size_t first_ = 0;  // those before it are taken
};

}  // namespace starling::sim
