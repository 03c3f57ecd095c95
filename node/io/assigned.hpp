// What a Task holds: the award, what came with it, and the way to report; and whether it should be
// left.
//
//   driver's thread ──hear──> StopMarks <──take── the thread that runs the Task
//
// So a handler that blocks its thread for the whole task still sees that it should stop.
//
// Assigned: not thread safe.  StopMarks: thread safe.
#pragma once

#include "node/calls_task.hpp"
#include "node/io/inbox.hpp"
#include "node/questions.hpp"
#include <starling/task.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace starling::detail {

class StopMarks {
public:
    using Mark = std::shared_ptr<std::atomic<TaskStop>>;

    // Every item of the stream, when it arrives.
    void hear(ByteView item);

    // Of an assignment that was heard.
    [[nodiscard]] Mark take(const Award& award);

    // Items were dropped: their marks are of no use.
    void clear();

private:
    struct Entry {
        Mark mark;
        bool taken = false;
    };

    std::mutex lock_;
    std::map<std::string, Entry> entries_;  // by task and epoch
};

struct Assigned {
    Award award;
    node::AssignmentRecord record;
    Value payload;
    std::shared_ptr<Inbox> inbox;
    std::function<Pending<TaskReport>(const ReportAsk& ask)> report;
    StopMarks::Mark stop;
    bool ended = false;
};

}  // namespace starling::detail
