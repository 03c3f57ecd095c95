#include "node/io/assigned.hpp"
#include "node/public_values.hpp"

#include <catch2/catch.hpp>

namespace starling::detail {
namespace {

node::AssignmentRecord item(std::uint8_t task, std::uint32_t round, TaskStop stop) {
    node::AssignmentRecord record;
    record.task.bytes.fill(task);
    record.epoch.round = round;
    record.stop = stop;
    return record;
}

Award award_of(const node::AssignmentRecord& record) {
    return {record.task.hex(), text_of(record.epoch)};
}

void hear(StopMarks& marks, const node::AssignmentRecord& record) {
    marks.hear(encoded(node::Ok{record}));
}

TEST_CASE("a task learns that nothing of it counts, before and after its handler got it",
          "[api][stop]") {
    StopMarks marks;
    const auto first = item(1, 1, TaskStop::none);
    const auto second = item(2, 1, TaskStop::none);
    hear(marks, first);
    hear(marks, second);
    const auto taken = marks.take(award_of(first));
    CHECK(taken->load() == TaskStop::none);
    hear(marks, item(1, 1, TaskStop::cancelled));
    CHECK(taken->load() == TaskStop::cancelled);
    hear(marks, item(2, 1, TaskStop::lost));
    CHECK(marks.take(award_of(second))->load() == TaskStop::lost);
}

TEST_CASE("a stop under another epoch or of an unknown task concerns no task", "[api][stop]") {
    StopMarks marks;
    const auto first = item(1, 2, TaskStop::none);
    hear(marks, first);
    hear(marks, item(1, 1, TaskStop::lost));
    hear(marks, item(3, 1, TaskStop::lost));
    CHECK(marks.take(award_of(first))->load() == TaskStop::none);
    CHECK(marks.take(award_of(item(3, 1, TaskStop::none)))->load() == TaskStop::none);
}

}  // namespace
}  // namespace starling::detail
