// Answers ZeroMQ's question "may the holder of this key connect?" (ZAP, RFC 27) in a thread of its
// own.
//
//   PULL socket ──request {version, id, domain, address, .., "CURVE", key}──> handler ──> AllowList
//               <─reply {version, id, "200", .., User-Id = node id}──────────┘
//
//   I1  The handler is bound before its constructor returns: a socket bound later never runs
//   without it. I2  Anything but a well-formed CURVE request for our domain with a listed key is
//   refused.
//
// Constructed and destroyed by one thread; it shares only the AllowList.
#pragma once

#include "node/io/allow_list.hpp"
#include "node/io/zmq_socket.hpp"

#include <string_view>
#include <thread>

namespace starling::io {

inline constexpr std::string_view zap_domain = "starling";

class ZapHandler {
public:
    ZapHandler(Context& context, AllowList& allowed);
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;
    // Shuts the context down, which ends the thread: close every other socket first.
    ~ZapHandler();

private:
    void run();

    Context& context_;
    AllowList& allowed_;
    Socket socket_;
    std::thread thread_;
};

}  // namespace starling::io
