// How a node is doing: itself, its mesh, and its numbers for monitoring.
//
// Values: thread safe to read.
#pragma once

#include <starling/member.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling {

struct Status {
    std::string id;  // 64 hexadecimal digits
    std::string name;
    std::string mesh;  // 64 hexadecimal digits: the hash of the genesis
    std::string mesh_name;
    std::string bound;                   // host:port this node listens on
    std::vector<std::string> addresses;  // host:port others are told to dial
    std::uint64_t boot = 0;
    MemberMode mode{};
    bool ready = false;  // joined, or alone by choice, and able to serve
    bool voter = false;
    std::uint32_t alive = 0;  // members by state, this node included
    std::uint32_t suspect = 0;
    std::uint32_t dead = 0;
    std::uint32_t left = 0;
    std::uint32_t links = 0;  // connections to other members that are up
    bool converged = false;   // this node and all its neighbours hold the same membership table

    // Since all neighbours last held the same state as this node; nothing when they never did.
    std::optional<std::chrono::nanoseconds> as_of;

    std::chrono::nanoseconds oldest_batch{};  // age of the oldest record that is not durable yet
    std::chrono::nanoseconds last_turn{};     // how long the node's loop took for its last turn
    std::uint64_t free_bytes = 0;             // on the file system of the data directory
};

// One page of a listing, in the order of ids.
struct MemberPage {
    std::vector<Member> members;
    bool more = false;  // ask again with the last id
};

struct Metric {
    std::string name;  // without the prefix starling_; the unit comes last: log_bytes
    std::uint64_t value = 0;
};

// Counts of durations up to each bound; the last count is of those above every bound.
struct Histogram {
    std::string name;
    std::vector<std::chrono::nanoseconds> bounds;
    std::vector<std::uint64_t> counts;  // one more than bounds
    std::chrono::nanoseconds sum{};
};

struct Metrics {
    std::vector<Metric> counters;  // since this start; they only rise
    std::vector<Metric> gauges;
    std::vector<Histogram> histograms;
};

}  // namespace starling
