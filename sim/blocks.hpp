// Many items by number, in blocks: they grow without being moved, and take no more memory than one
// block above what they need.
//
// Invariants:
//   I1  An item stays where it is: references live as long as this.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace starling::sim {

template <class T>
class Blocks {
public:
    [[nodiscard]] std::size_t size() const { return size_; }

    void emplace_back() {
        if (size_ % block == 0) blocks_.push_back(std::make_unique<T[]>(block));
        ++size_;
    }

    // These two REQUIRE: number < size().
    [[nodiscard]] T& operator[](std::size_t number) {
        return blocks_[number / block][number % block];
    }

    [[nodiscard]] const T& operator[](std::size_t number) const {
        return blocks_[number / block][number % block];
    }

    [[nodiscard]] T& at(std::size_t number) {
        STARLING_ASSERT(number < size_);
        return (*this)[number];
    }

private:
    static constexpr std::size_t block = 64;

    std::vector<std::unique_ptr<T[]>> blocks_;
    std::size_t size_ = 0;
};

}  // namespace starling::sim
