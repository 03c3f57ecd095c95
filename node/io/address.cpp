#include "node/io/address.hpp"

#include "node/io/descriptor.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace starling::io {
namespace {

std::string joined(std::string_view host, std::uint16_t port) {
    const bool colons = host.find(':') != std::string_view::npos;
    std::string text;
    text += colons ? "[" : "";
    text += host;
    text += colons ? "]:" : ":";
    return text + std::to_string(port);
}

std::string host_of(const sockaddr* address, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    if (getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
        return "?";
    }
    return host.data();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

std::string Address::text() const {
    return joined(host, port);
}

Endpoint Endpoint::of(const sockaddr* address, socklen_t size) {
    Endpoint endpoint;
    endpoint.size_ = std::min(size, static_cast<socklen_t>(sizeof endpoint.storage_));
    std::memcpy(&endpoint.storage_, address, endpoint.size_);
    return endpoint;
}

std::string Endpoint::text() const {
    return joined(host_of(get(), size_), port());
}

std::uint16_t Endpoint::port() const {
    if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(get())->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in*>(get())->sin_port);
}

bool Endpoint::is_unspecified() const {
    const std::string host = host_of(get(), size_);
    return host == "0.0.0.0" || host == "::";
}

Result<Address> parse_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, std::min(colon, text.size()));
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        host = {};  // an IPv6 address needs brackets, else its port cannot be told
    }
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_port(text.substr(colon + 1));
    if (host.empty() || !port) {
        return failure(ErrorCode::invalid, "bad_address",
                       "\"" + std::string(text) + "\" is no address",
                       "write host:port, for example 10.0.0.7:7847 or [fe80::1]:7847");
    }
    return Address{std::string(host), *port};
}

std::optional<Endpoint> lookup(const Address& address, Names names) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (names == Names::numeric_only ? AI_NUMERICHOST : 0);
    addrinfo* found = nullptr;
    const std::string port = std::to_string(address.port);
    if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return std::nullopt;
    // IPv4 first: it is what most meshes listen on.
    const addrinfo* chosen = found;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        if (each->ai_family != AF_INET) continue;
        chosen = each;
        break;
    }
    Endpoint endpoint = Endpoint::of(chosen->ai_addr, chosen->ai_addrlen);
    freeaddrinfo(found);
    return endpoint;
}

std::optional<std::string> source_host_towards(const Endpoint& to) {
    // Connecting a datagram socket sends nothing; it only makes the system choose a route.
    const Descriptor socket(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid() || ::connect(socket.get(), to.get(), to.size()) != 0) return std::nullopt;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    auto* address = reinterpret_cast<sockaddr*>(&own);
    if (getsockname(socket.get(), address, &size) != 0) return std::nullopt;
    return host_of(address, size);
}

}  // namespace starling::io
