// The paths of a node's local interface, and what each does with the node.
//
//   GET  /healthz /readyz /metrics                          text
//   GET  /v1/status /v1/members?after=&max= /v1/mesh        JSON
//   GET  /v1/events                                         server-sent events: members
//   POST /v1/leave  /v1/admit {certificate, addresses}      JSON
//   state, agreement and work: mesh_routes.hpp
//
// A served node must outlive the server.  Not thread safe: handlers run in the server's thread,
// inside Node::poll, which that thread calls.
#pragma once

#include "node/cli/http_server.hpp"
#include <starling/node.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace starling::cli {

// Paths and methods; anything else is route_unknown or method_not_allowed.  A path that ends in
// "/*" stands for all longer ones, the longest such path wins.
class Routes {
public:
    using Handler = std::function<void(const HttpRequest& request, const Exchange& exchange)>;

    void add(const std::string& method, const std::string& path, Handler handler);
    void serve(const HttpRequest& request, const Exchange& exchange) const;

private:
    using Methods = std::map<std::string, Handler, std::less<>>;

    [[nodiscard]] const Methods* find(std::string_view path) const;

    std::map<std::string, Methods, std::less<>> by_path_;
};

// `left` is called when a client had the node leave its mesh, after the answer.
[[nodiscard]] Routes routes_of(Node& node, const std::function<void()>& left = {});

}  // namespace starling::cli
