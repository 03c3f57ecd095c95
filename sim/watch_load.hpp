// A client beside every node that watches all keys, and what it must have seen in the end.
//
//      watch ──current.. caught_up──change, change..──> its own picture of the keys
//        └── the node crashes: a new picture          in the end: what the node lists
//
// Invariants:
//   watches_miss_nothing  the picture that the changes make is what the node holds
//   watches_catch_up      every watch is told that it has everything that was there before
//
// Not thread safe.
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

namespace starling::sim {

class WatchLoad final : public Workload {
public:
    // The rate of the setup says only whether there is anything to see.
    WatchLoad(const LoadSetup& setup, Findings& findings);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return {}; }

private:
    // What one sees of a key: the sum of a counter, the elements of a set, else one value.
    using Seen = std::pair<std::int64_t, std::set<Bytes>>;
    using Picture = std::map<std::pair<std::string, node::KeyType>, Seen>;

    struct Watch {
        CallId call;
        bool caught_up = false;
        Picture picture;
    };

    // What the node itself says in the end.
    struct Listing {
        CallId call;
        bool whole = false;
        Picture picture;
    };

    void look_after(Clients& clients);
    void ask(std::uint32_t host, std::string after, Clients& clients);
    void take_page(std::uint32_t host, Listing& listing, node::EntryPage&& page);
    void compare(std::uint32_t host, const Watch& watch, const Listing& listing, Duration now);

    LoadSetup setup_;
    Findings& findings_;
    Decoder decoder_;
    Clients* clients_ = nullptr;  // of the world, once it acted
    Duration next_round_;
    bool asked_ = false;
    std::map<std::uint32_t, Watch> watches_;
    std::map<std::uint32_t, Listing> listings_;
};

}  // namespace starling::sim
