#include "node/io/assigned.hpp"

#include "node/public_values.hpp"

#include <utility>

namespace starling::detail {
namespace {

std::string name_of(const Award& award) {
    return award.task + " " + award.epoch;
}

StopMarks::Mark new_mark() {
    return std::make_shared<std::atomic<TaskStop>>(TaskStop::none);
}

}  // namespace

void StopMarks::hear(ByteView item) {
    Decoder decoder;
    const auto record = node::answer_from<node::AssignmentRecord>(decoder, item);
    if (!record) return;
    const std::string name = name_of({record->task.hex(), text_of(record->epoch)});
    const std::scoped_lock held(lock_);
    if (record->stop == TaskStop::none) {
        // Those whose Task is gone are of interest to nobody.
        std::erase_if(entries_, [](const auto& each) {
            return each.second.taken && each.second.mark.use_count() == 1;
        });
        entries_[name] = {new_mark()};
    } else if (const auto known = entries_.find(name); known != entries_.end()) {
        *known->second.mark = record->stop;
    }
}

StopMarks::Mark StopMarks::take(const Award& award) {
    const std::scoped_lock held(lock_);
    const auto known = entries_.find(name_of(award));
    if (known == entries_.end()) return new_mark();
    known->second.taken = true;
    return known->second.mark;
}

void StopMarks::clear() {
    const std::scoped_lock held(lock_);
    entries_.clear();
}

}  // namespace starling::detail
