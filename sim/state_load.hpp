// Clients that put values, and what must be true of the store in the end.
//
//      even operations: a key of their own (puts/own/<n>)     odd ones: one of a few shared keys
//      (puts/hot/<k>)
//
// Invariants:
//   acked_puts_are_kept   an acknowledged put of a key of its own is on every node in the end, and
//                         nothing beside it
//   replicas_agree        every node holds the same values under the same keys
//   values_were_written   a node holds only values that some client wrote under that key
//
// Acknowledged (durable on one node) means kept, since crashes lose no disk.  Excuse: what was put
// at the node of a disk that is lost or put back, and was on no other one by then
// (lost_writes.hpp), may be on no node in the end.  Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_state.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class StateLoad final : public Workload {
public:
    StateLoad(const LoadSetup& setup, Findings& findings);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

private:
    struct Put {
        std::string key;
        Bytes value;
        std::optional<node::VersionToken> version = {};  // once acknowledged
    };

    // What a node says it holds.
    struct Replica {
        CallId call;
        bool whole = false;
        std::map<std::string, std::vector<Bytes>> values;
    };

    void put(std::uint64_t number, Duration now, Clients& clients);
    void ask(std::uint32_t host, std::string after, Clients& clients);
    void take(std::uint32_t host, Replica& replica, const node::EntryPage& page);
    [[nodiscard]] bool is_owed(const Put& put) const;
    void check_replica(std::uint32_t host, const Replica& replica, Duration now);

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    bool asked_ = false;
    Clients* clients_ = nullptr;  // of the world, once it acted
    Decoder decoder_;
    std::vector<Put> puts_;
    std::map<std::pair<std::uint32_t, CallId>, std::size_t> waiting_;  // call -> put
    std::map<std::string, std::set<Bytes>> written_;                   // key -> values tried
    std::map<std::uint32_t, Replica> replicas_;
    LoadCounts counts_;
};

}  // namespace starling::sim
