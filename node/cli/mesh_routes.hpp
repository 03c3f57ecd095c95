// The paths about state, agreement and work.
//
//   GET  /v1/state?prefix=&after=&max=   POST /v1/state {steps: [..]}    GET /v1/watch?prefix=
//   GET|PUT|DELETE /v1/state/KEY
//   GET|POST /v1/registers/NAME          POST /v1/registers/NAME/settle
//   GET  /v1/leases/NAME                 POST /v1/leases/NAME/acquire|renew|release
//   GET|POST /v1/decisions/NAME          POST /v1/decisions/NAME/votes
//   GET|POST /v1/tasks                   GET|DELETE /v1/tasks/ID         GET
//   /v1/serve?skill=&slots= POST /v1/tasks/ID/finish|fail|progress     GET /v1/dead-letters GET
//   /v1/dead-letters/ID
//
// Events of /v1/serve: task (an assignment), stop {id, epoch, why} (nothing of it counts any more),
// error.  Keys and names are percent-encoded; durations are fields NAME_ms.  Not thread safe, as
// routes.hpp.
#pragma once

#include "node/cli/routes.hpp"
#include <starling/node.hpp>

#include <string>
#include <utility>

namespace starling::cli {

void add_state_routes(Routes& routes, Node& node);
void add_agreement_routes(Routes& routes, Node& node);
void add_task_routes(Routes& routes, Node& node);

// Answers the exchange with what the call gives, made into a document.
template <class T, class Show>
void answer_with(Pending<T> pending, const Exchange& exchange, Show show) {
    pending.then([exchange, show](Result<T> result) {
        if (result)
            exchange.reply(Value(show(*result)));
        else
            exchange.fail(result.error());
    });
}

// What stands behind `prefix` in the path, without `suffix` when it ends so.
[[nodiscard]] inline std::string path_rest(const HttpRequest& request, std::string_view prefix,
                                           std::string_view suffix = {}) {
    std::string rest = request.path.substr(prefix.size());
    if (!suffix.empty() && rest.ends_with(suffix)) rest.resize(rest.size() - suffix.size());
    return rest;
}

}  // namespace starling::cli
