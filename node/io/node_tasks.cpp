#include "node/calls_task.hpp"
#include "node/io/assigned.hpp"
#include "node/io/node_inside.hpp"
#include "node/public_values.hpp"

namespace starling {

Pending<TaskInfo> Node::offer(const TaskOffer& task) {
    return inside_->ask(detail::offer_question(task, detail::Awaited::acknowledged));
}

AwaitedTask Node::offer_and_wait(const TaskOffer& task) {
    auto asked = detail::offer_question(task, detail::Awaited::finished);
    if (!asked) {
        return {inside_->fail<TaskInfo>(asked.error()), inside_->fail<TaskInfo>(asked.error())};
    }
    auto acknowledged = inside_->call_for(*asked);
    auto finished = inside_->call_for(*asked);
    const auto taken = [acknowledged, finished](ByteView body, bool last) {
        acknowledged->answer(body);  // does nothing the second time
        if (last || body.empty()) finished->answer(body);
    };
    if (inside_->driver().call(std::move(asked->request), taken).value == 0) {
        acknowledged->fail(inside_->refused());
        finished->fail(inside_->refused());
    }
    return {Pending<TaskInfo>(std::move(acknowledged)), Pending<TaskInfo>(std::move(finished))};
}

Result<Watch> Node::serve(const ServeOptions& options, TaskHandler handler, ErrorHandler refused,
                          StopHandler stopped) {
    const auto request = detail::serve_request(options);
    if (!request) return tl::unexpected<Error>(request.error());
    const auto report = [self = std::weak_ptr(inside_),
                         inbox = inside_->shared_inbox()](const detail::ReportAsk& ask) {
        const auto inside = self.lock();
        if (!inside) return detail::failed_call<TaskReport>(inbox, detail::node_closed());
        return inside->ask(detail::report_question(ask));
    };
    const auto marks = std::make_shared<detail::StopMarks>();
    auto read = [handler = std::move(handler), refused = std::move(refused),
                 stopped = std::move(stopped), report, marks,
                 inbox = inside_->shared_inbox()](ByteView bytes) -> std::optional<NodeEvent> {
        if (bytes.empty()) marks->clear();
        Decoder decoder;
        auto record = node::answer_from<node::AssignmentRecord>(decoder, bytes);
        if (!record) {
            if (refused) refused(record.error());
            return std::nullopt;
        }
        Award award{record->task.hex(), detail::text_of(record->epoch)};
        if (record->stop != TaskStop::none) {
            if (stopped) stopped(award, record->stop);
            return std::nullopt;
        }
        Value payload = detail::unpacked(record->payload);
        auto mark = marks->take(award);
        handler(Task(std::make_unique<detail::Assigned>(
            detail::Assigned{std::move(award), std::move(*record), std::move(payload), inbox,
                             report, std::move(mark)})));
        return std::nullopt;  // delivered
    };
    // With a handler, so that items are read in poll(); it has nothing left to do.
    return inside_->subscribe(
        node::request_bytes(*request), std::move(read), [](const NodeEvent&) {},
        [marks](ByteView item) { marks->hear(item); });
}

Pending<TaskReport> Node::finish(const Award& award, const Value& result) {
    return inside_->ask(detail::finish_question(award, result));
}

Pending<TaskReport> Node::fail(const Award& award, const std::string& reason, bool retry) {
    return inside_->ask(detail::fail_question(award, reason, retry));
}

Pending<TaskReport> Node::progress(const Award& award, const std::string& note) {
    return inside_->ask(detail::progress_question(award, note));
}

Pending<TaskInfo> Node::task(const std::string& id) const {
    return inside_->ask(detail::task_question(id));
}

Pending<TaskPage> Node::tasks(const TaskQuery& query) const {
    return inside_->ask(detail::tasks_question(query));
}

Pending<TaskPage> Node::dead_letters(const std::string& after, std::uint32_t max) const {
    return inside_->ask(detail::dead_letters_question(after, max));
}

Pending<TaskInfo> Node::dead_letter(const std::string& id) const {
    return inside_->ask(detail::dead_letter_question(id));
}

Pending<TaskInfo> Node::cancel(const std::string& id, const std::string& reason) {
    return inside_->ask(detail::cancel_question(id, reason));
}

}  // namespace starling
