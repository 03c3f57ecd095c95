// Serves local programs from the shared state: write, get, list, watch.
//
//   write ──> store ──> answered once durable here      copies > 1: once that many nodes hold it,
//   or
//                                                       at the deadline with what is known
//   watch ──> current values, some per turn ──> caught_up ──> every change, in the order of
//   delivery
//
// Invariants:
//   I1  A watch misses no change: until it is caught up it tells changes of the keys it has passed,
//   and
//       comes to the others later.
//   I2  Every write that waits for copies is answered once.
//
// Not thread safe.
#pragma once

#include "crdt/store.hpp"
#include "node/calls_state.hpp"
#include "node/turn.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace starling::node {

class StateService {
public:
    // `store` outlives the service.
    explicit StateService(crdt::Store& store) : store_(store) {}

    void on_write(CallId call, const WriteAsk& ask, const Turn& turn);
    // `as_of`: how long ago all neighbours last showed equal state roots.
    void on_get(CallId call, const GetAsk& ask, std::optional<Duration> as_of, const Turn& turn);
    void on_list(CallId call, const ListAsk& ask, std::optional<Duration> as_of, const Turn& turn);
    void on_watch(CallId call, const WatchAsk& ask);
    void on_call_ended(CallId call);

    // Tells watchers and waiting writers what the store did since the last call.
    void on_tick(const Turn& turn);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // From the commit at the writer to the change here, by the wall clocks.
    [[nodiscard]] const std::vector<std::uint64_t>& staleness_counts() const { return staleness_; }

    [[nodiscard]] std::uint64_t conflicts() const { return conflicts_; }

private:
    struct Watcher {
        std::string prefix;
        std::string passed;  // every key up to here was told
        bool caught_up = false;
    };

    struct Waiting {
        CallId call;
        VersionToken version;
        std::uint64_t wanted = 0;
        BootTime deadline{};
    };

    void tell_changes(const Turn& turn);
    void tell_change(const crdt::Change& change, const Turn& turn);
    void tell_current(const Turn& turn);
    void tell_copies(const Turn& turn);
    void give_up_copies(const Turn& turn);

    crdt::Store& store_;
    std::map<CallId, Watcher> watchers_;
    std::map<std::uint64_t, Waiting> waiting_;  // by counter of the write
    std::vector<std::uint64_t> staleness_ = std::vector<std::uint64_t>(16);
    std::uint64_t conflicts_ = 0;
};

}  // namespace starling::node
