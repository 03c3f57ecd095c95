// What a Task holds: the award, what came with it, and the way to report.
//
// Not thread safe.
#pragma once

#include "node/calls_task.hpp"
#include "node/io/inbox.hpp"
#include <starling/task.hpp>

#include <functional>
#include <memory>
#include <variant>

namespace starling::detail {

using ReportAsk = std::variant<node::TaskFinishAsk, node::TaskFailAsk, node::TaskProgressAsk>;

struct Assigned {
    Award award;
    node::AssignmentRecord record;
    Value payload;
    std::shared_ptr<Inbox> inbox;
    std::function<Pending<TaskReport>(const ReportAsk& ask)> report;
    bool ended = false;
};

}  // namespace starling::detail
