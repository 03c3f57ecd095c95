// What a Task holds: the award, what came with it, and the way to report.
//
// Not thread safe.
#pragma once

#include "node/calls_task.hpp"
#include "node/io/inbox.hpp"
#include "node/questions.hpp"
#include <starling/task.hpp>

#include <functional>
#include <memory>

namespace starling::detail {

struct Assigned {
    Award award;
    node::AssignmentRecord record;
    Value payload;
    std::shared_ptr<Inbox> inbox;
    std::function<Pending<TaskReport>(const ReportAsk& ask)> report;
    bool ended = false;
};

}  // namespace starling::detail
