// File descriptors that close themselves, and the eventfd that wakes a sleeping loop.
//
// Wake::ring() is thread safe, the rest is not.
#pragma once

#include <utility>

namespace starling::io {

class Descriptor {
public:
    Descriptor() = default;

    explicit Descriptor(int fd) : fd_(fd) {}

    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    ~Descriptor();

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] bool valid() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// Readable from ring() until quiet().
class Wake {
public:
    Wake();

    [[nodiscard]] int fd() const { return fd_.get(); }

    void ring() const;
    void quiet() const;

private:
    Descriptor fd_;
};

// Raises the soft limit of open files to the hard one; returns the limit that holds now.
unsigned long raise_descriptor_limit();

}  // namespace starling::io
