// A file descriptor with one owner, and Unix sockets made of them.
//
// Not thread safe.
#pragma once

#include <starling/error.hpp>

#include <optional>
#include <string>
#include <utility>

namespace starling::cli {

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

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct Pipe {
    Descriptor out;  // to read from
    Descriptor in;   // to write to
};

// Nothing when there is none to be had; errno says why.
[[nodiscard]] std::optional<Pipe> make_pipe();

// The error of a failed system call: "bind /run/x.sock: Permission denied".
[[nodiscard]] Error system_error(const std::string& call, const std::string& what, int number);

// The node at `path` closed the connection before its answer; the request may have been done.
[[nodiscard]] Error connection_lost(const std::string& path);

// Listens on a new Unix socket of mode 0600; makes its directory (0700) when it is missing and
// replaces a socket that nobody listens on.  socket_path_too_long, socket_in_use: nothing changed.
[[nodiscard]] Result<Descriptor> listen_unix(const std::string& path);

// node_unreachable names the path and the cause.  The socket is non-blocking.
[[nodiscard]] Result<Descriptor> connect_unix(const std::string& path);

}  // namespace starling::cli
