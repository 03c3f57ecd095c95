// A few nodes with whole Quorum faces, a network of one millisecond unless told otherwise, and
// disks that sync at once: for stories about leases and decisions.  Faults on purpose only.
//
// Not thread safe.
#pragma once

#include "quorum/quorum.hpp"
#include "tests/quorum/world.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace starling::quorum {

class Mesh {
public:
    using Hop = std::function<Duration(std::size_t from, std::size_t to)>;

    explicit Mesh(std::size_t nodes, Hop hop = {});

    // Carries out what the step wanted done.  Use: mesh.at(0).cas(mesh.caller("x"), {..}, mesh.now,
    // mesh.out); mesh.after(0);
    void after(std::size_t node);

    // A new call with so much time.
    Caller caller(const std::string& name, Duration within = std::chrono::seconds{5});

    // Lets time pass, delivering.
    void run(Duration duration);
    // Until the latest call has ended; its end.
    const CallEnded& end();
    const CallEnded& end_of(CallId call);

    [[nodiscard]] bool has_ended(CallId call) const { return ended.contains(call.value); }

    void crash(std::size_t node) { hosts_[node].core.reset(); }

    void restart(std::size_t node);

    // The node neither hears nor is heard.
    void cut(std::size_t node) { cut_.insert(node); }

    void heal() { cut_.clear(); }

    Quorum& at(std::size_t node) { return *hosts_[node].core; }

    [[nodiscard]] NodeId id(std::size_t node) const { return ids_[node]; }

    [[nodiscard]] CallId latest() const { return CallId{calls_}; }

    Moment now;
    Effects out;
    std::map<std::uint64_t, CallEnded> ended;
    std::vector<std::vector<DecisionNews>> news;  // by node

private:
    struct Host {
        std::unique_ptr<Quorum> core;
        DiskRecords disk;
        Boot boot;
        JournalId journal;
    };

    template <class Message, class Handle>
    void hand(const Packet& packet, Handle handle);
    void dispatch(std::size_t node, const Packet& packet);
    [[nodiscard]] std::size_t index(const NodeId& node) const;

    std::vector<NodeId> ids_;
    std::vector<Voter> voters_;
    std::deque<Host> hosts_;
    Hop hop_;
    std::multimap<BootTime, Packet> flying_;  // by when it arrives
    std::set<std::size_t> cut_;
    Decoder decoder_;
    std::uint64_t calls_ = 0;
};

}  // namespace starling::quorum
