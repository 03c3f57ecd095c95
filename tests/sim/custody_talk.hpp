// What custodians of one task say in tests: epochs, grants, duties, and a task up to its end.
#pragma once

#include "auction/messages.hpp"
#include "sim/custody_check.hpp"
#include "tests/sim/talk.hpp"

#include <cstdint>

namespace starling::sim::five_nodes {

inline constexpr TaskId task{{7}};

inline auction::Epoch epoch(std::uint32_t round, std::uint32_t runner) {
    return {round, id_of(runner), Boot{100}, 1};
}

inline auction::Granted granted(const auction::Epoch& asked, const auction::Epoch& highest) {
    auction::Granted answer;
    answer.task = task;
    answer.epoch = asked;
    answer.verdict = auction::GrantVerdict::granted;
    answer.highest = highest;
    return answer;
}

inline auction::Progress duty(const auction::Epoch& under, auction::DutyNote note) {
    return {{{task, under, note}}};
}

// Bob keeps the task for Ann, and its result; then he hears that it is finished.
inline void finish(Talk<CustodyCheck>& talk) {
    const auction::Epoch first = epoch(1, ann);
    talk.batch = talk.durable = 1;
    talk.says(bob, ann, granted(first, first));
    auction::StoredResult stored;
    stored.task = task;
    stored.epoch = stored.highest = first;
    talk.says(bob, ann, stored);
    talk.hears(bob, ann, duty(first, auction::DutyNote::finished));
    talk.batch = talk.durable = 2;
    talk.says(bob, ann, auction::Progress{});
}

}  // namespace starling::sim::five_nodes
