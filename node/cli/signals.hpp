// Signals as a file descriptor, so that a loop sees them like any other input.
//
// Make one before other threads start: they inherit the blocked signals.  Not thread safe.
#pragma once

#include "node/cli/descriptor.hpp"
#include <starling/error.hpp>

#include <initializer_list>
#include <optional>

namespace starling::cli {

class Signals {
public:
    // Blocks these signals for the process and queues them here.
    [[nodiscard]] static Result<Signals> block(std::initializer_list<int> numbers);

    // Readable when one came.
    [[nodiscard]] int fd() const { return fd_.get(); }

    // The next one that came.
    [[nodiscard]] std::optional<int> take() const;

private:
    explicit Signals(Descriptor fd) : fd_(std::move(fd)) {}

    Descriptor fd_;
};

}  // namespace starling::cli
