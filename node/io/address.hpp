// Addresses as people write them, host:port, and as the system wants them.
//
//   "10.0.0.7:7847"  "node-3.example:7847"  "[fe80::1]:7847"  "127.0.0.1:0" (any free port, to
//   bind)
//
// Pure functions save for lookup(), which may ask a name server and so may block.  Thread safe.
#pragma once

#include <starling/error.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling::io {

struct Address {
    std::string host;  // without brackets
    std::uint16_t port = 0;

    [[nodiscard]] std::string text() const;
};

// A numeric address, ready to connect to.
class Endpoint {
public:
    [[nodiscard]] static Endpoint of(const sockaddr* address, socklen_t size);

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }

    [[nodiscard]] socklen_t size() const { return size_; }

    [[nodiscard]] int family() const { return storage_.ss_family; }

    [[nodiscard]] std::string text() const;  // host:port
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] bool is_unspecified() const;  // 0.0.0.0 or ::

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

// Error invalid `bad_address`: no colon, no host, no port up to 65535.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

enum class Names : std::uint8_t { numeric_only, ask };

// Nothing when the host is no numeric address (numeric_only), or nobody knows it (ask).
[[nodiscard]] std::optional<Endpoint> lookup(const Address& address, Names names);

// The address of this machine from which packets to `to` leave; nothing when there is no route.
[[nodiscard]] std::optional<std::string> source_host_towards(const Endpoint& to);

}  // namespace starling::io
