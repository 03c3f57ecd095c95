#include "node/cli/descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

namespace starling::cli {
namespace {

// sockaddr_un holds 108 bytes on Linux and 104 elsewhere.
constexpr std::size_t socket_path_max = 100;

Result<sockaddr_un> address_of(const std::string& path) {
    if (path.empty() || path.size() > socket_path_max) {
        return failure(ErrorCode::invalid, "socket_path_too_long",
                       fmt::format("the socket path {} has {} bytes, the limit is {}", path,
                                   path.size(), socket_path_max),
                       "choose a shorter path (--http unix:PATH), or set XDG_RUNTIME_DIR");
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Result<Descriptor> unix_socket() {
    Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return tl::unexpected(system_error("socket", "AF_UNIX", errno));
    return fd;
}

bool connects(int fd, const sockaddr_un& address) {
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Removes what an earlier process left at the path.
std::optional<Error> clear_path(const std::string& path) {
    struct stat found {};

    if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
    if (!S_ISSOCK(found.st_mode)) {
        return Error{ErrorCode::invalid, "file_exists", path + " is there and is no socket",
                     "choose another path", Changed::no};
    }
    if (connect_unix(path)) {
        return Error{ErrorCode::failed, "socket_in_use", "another process answers at " + path,
                     "starling --node unix:" + path + " status", Changed::no};
    }
    if (::unlink(path.c_str()) == 0) return std::nullopt;
    return system_error("unlink", path, errno);
}

std::optional<Error> make_parent(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    std::error_code cause;
    if (parent.empty() || std::filesystem::exists(parent, cause)) return std::nullopt;
    std::filesystem::create_directories(parent.parent_path(), cause);
    if (::mkdir(parent.c_str(), 0700) == 0 || errno == EEXIST) return std::nullopt;
    return system_error("mkdir", parent.string(), errno);
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Error system_error(const std::string& call, const std::string& what, int number) {
    return Error{ErrorCode::failed, "system_failed",
                 fmt::format("{} {}: {}", call, what, std::system_category().message(number)), "",
                 Changed::no};
}

Error connection_lost(const std::string& path) {
    return Error{ErrorCode::unknown, "connection_lost",
                 "the node at unix:" + path + " ended the connection before its answer",
                 "starling --node unix:" + path + " status", Changed::unknown};
}

Result<Descriptor> listen_unix(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected(address.error());
    if (auto error = make_parent(path)) return tl::unexpected(*error);
    if (auto error = clear_path(path)) return tl::unexpected(*error);
    auto fd = unix_socket();
    if (!fd) return fd;
    if (::bind(fd->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        return tl::unexpected(system_error("bind", path, errno));
    }
    if (::chmod(path.c_str(), 0600) != 0 || ::listen(fd->get(), SOMAXCONN) != 0) {
        return tl::unexpected(system_error("listen", path, errno));
    }
    return fd;
}

Result<Descriptor> connect_unix(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected(address.error());
    auto fd = unix_socket();
    if (!fd) return fd;
    if (connects(fd->get(), *address)) return fd;
    const int cause = errno;
    const bool nobody = cause == ENOENT || cause == ECONNREFUSED;
    return failure(
        ErrorCode::failed, "node_unreachable",
        fmt::format("no node answers at unix:{}: {}", path, std::system_category().message(cause)),
        nobody ? "starling dev starts a mesh; starling node starts one node" : "ls -l " + path);
}

}  // namespace starling::cli
