// Runs an agent on a real node, in the thread that calls.
//
//     auto node = starling::Node::open({.data_dir = "ann", .mesh_file = "mesh.json"});
//     PricingAgent agent;
//     starling::run(*node, agent, {.externals = {{"llm.price", ask_the_model}}});
//
//   this thread: on_start, handlers, timers          driver thread: the node
//   a thread for each external call: the External, which may block
//
// The agent must not use the Node itself; other threads may.
#pragma once

#include <starling/agent.hpp>
#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/node.hpp>

#include <functional>
#include <map>
#include <string>

namespace starling {

struct RunOptions {
    std::map<std::string, External> externals{};  // by the name that Ctx::call gives
    std::function<void(const std::string& name, const Value& value)> on_note{};
};

// Waits until the node is ready, then runs the agent until Ctx::stop, Node::stop or Node::close;
// returns once no External runs any more.  Handlers of the node's own watches run meanwhile too.
// What a handler throws comes out of here.  Errors: node_closed; would_deadlock inside a handler.
[[nodiscard]] STARLING_EXPORT Result<void> run(Node& node, Agent& agent,
                                               const RunOptions& options = {});

}  // namespace starling
