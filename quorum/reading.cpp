#include "quorum/reading.hpp"

#include "base/buggify.hpp"
#include "base/mutant.hpp"

#include <algorithm>

namespace starling::quorum {

void Reading::ask(const Desk& desk, std::uint64_t sequence, Moment now, Effects& out) {
    if (asked_ == 0) started_ = now.boot_time;
    const Duration patience = Desk::patience(desk.reads, asked_);
    again_ = now.boot_time + (STARLING_BUGGIFY(reader_asks_again_early) ? patience / 8 : patience);
    ++asked_;
    out.send_all(desk.electorate.nodes(), Read{name_, desk.boot, sequence});
}

VoteCounted Reading::on_read_ok(const NodeId& from, const ReadOk& message, Desk& desk, Moment now) {
    const auto voter = desk.electorate.index_of({from, message.journal});
    if (!voter) return VoteCounted::unknown_voter;
    if (heard_.has(*voter)) return VoteCounted::repeated;
    heard_.add(*voter);
    desk.learn(message.accepted.round);
    Shown& shown = shown_as(message);
    shown.by.add(*voter);
    if (shown.by.count() >= STARLING_MUTANT(10, desk.electorate.majority(), 1U)) {
        winner_ = static_cast<std::size_t>(&shown - shown_.data());
        desk.reads.note(now.boot_time - started_);
    }
    if (heard_.count() == desk.electorate.majority()) {
        stragglers_ = now.boot_time + Desk::patience_for_stragglers(desk.reads);
    }
    return VoteCounted::counted;
}

Reading::Shown& Reading::shown_as(const ReadOk& message) {
    const auto found = std::ranges::find(shown_, message.accepted, &Shown::accepted);
    if (found != shown_.end()) return *found;
    return shown_.emplace_back(Shown{message.accepted, message.state, {}});
}

ReadState Reading::state(const Desk& desk, Moment now) const {
    if (winner_) return ReadState::settled;
    if (now.boot_time >= deadline_) return ReadState::too_late;
    if (heard_.count() < desk.electorate.majority()) return ReadState::asking;
    return desk.nobody_left(heard_.count()) || now.boot_time >= *stragglers_ ? ReadState::contested
                                                                             : ReadState::asking;
}

BootTime Reading::next_deadline() const {
    return std::min({deadline_, again_, stragglers_.value_or(deadline_)});
}

}  // namespace starling::quorum
