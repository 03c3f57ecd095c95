// Registers of a few nodes over a network and disks that a test, or chance, drives one event at a
// time.
//
//   Registers ──Effects──> gate ──(records durable)──> packets ──deliver, drop, repeat──> Registers
//
// Looks at everything that leaves a node and keeps count of what must never happen: broken() names
// the first invariant of quorum/ that did not hold.
//
//   I1 a ballot has one state           I2 accepted ballots and promises shown never fall at a
//   voter
//   I3 no vote before its record        I4 chosen states form one chain       I5 version <= round
//   I6 an operation sees all that ended before it began
//   I7 an operation is applied at most once; one that was not applied is in no chosen state
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"
#include "quorum/registers.hpp"
#include "sim/register_history.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace starling::quorum {

// What a broken implementation would do; each must be caught.
enum class Mutation : std::uint8_t {
    none,
    lazy_sync,     // votes leave before their records are durable
    lost_ceiling,  // a restart forgets what was promised
    wiped_disk,    // a restart loses every record, under the same journal id
    lost_records,  // promises do not tell what was accepted
    same_boot,     // a restart keeps the boot number
    stale_read,    // a voter shows the state before the last one
};

class DiskRecords final : public RecordSource {
public:
    using Key = std::pair<Table, Bytes>;

    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;

    std::map<Key, Bytes> records;
};

struct Packet {
    NodeId from;
    NodeId to;
    Kind kind{};
    Bytes body;
};

struct Asked {
    std::size_t node = 0;
    std::string name;
    Change change;
    bool is_read = false;
    std::string token;  // what it writes
    std::int64_t began = 0;
    std::int64_t ended = -1;
    Finished finished;
    OpId id;
    bool retried = false;
};

class World {
public:
    struct Shape {
        std::size_t nodes = 3;
        std::size_t voters = 3;
        std::uint64_t seed = 1;
        Mutation mutation = Mutation::none;
    };

    explicit World(Shape shape);

    // Commands of a client at a node; each returns the ticket.
    Ticket put(std::size_t node, std::optional<std::uint64_t> expected, const std::string& token,
               Duration within = std::chrono::seconds{5});
    Ticket change(std::size_t node, Operation operation, Duration within = std::chrono::seconds{5});
    Ticket read(std::size_t node, Duration within = std::chrono::seconds{5});
    Ticket settle(std::size_t node, const Receipt& receipt);

    // Single events.
    void deliver(std::size_t packet);

    void repeat(std::size_t packet) { packets.push_back(packets[packet]); }

    void drop(std::size_t packet);
    void sync(std::size_t node);
    void tick(std::size_t node);
    void wait(Duration duration);  // advances the clock and ticks everybody
    void crash(std::size_t node, std::size_t synced_batches = 0);
    void restart(std::size_t node);
    void on_reachable(std::size_t node, const std::vector<std::size_t>& alive);

    // Delivers and syncs everything that `allowed` lets through, until nothing moves.
    using Allowed = std::function<bool(const Packet&)>;
    void settle_down(const Allowed& allowed = {});
    // As settle_down(), and lets time pass until the ticket has ended.
    const Finished& finish(Ticket ticket, const Allowed& allowed = {});

    void drop_all() { packets.clear(); }

    [[nodiscard]] bool is_up(std::size_t node) const { return hosts_[node].core != nullptr; }

    [[nodiscard]] bool ended(Ticket ticket) const { return asked.at(ticket).ended >= 0; }

    [[nodiscard]] const Finished& result(Ticket ticket) const { return asked.at(ticket).finished; }

    [[nodiscard]] NodeId id(std::size_t node) const { return ids_[node]; }

    [[nodiscard]] std::size_t index(const NodeId& node) const;

    [[nodiscard]] Registers& core(std::size_t node) { return *hosts_[node].core; }

    [[nodiscard]] DiskRecords& disk(std::size_t node) { return hosts_[node].disk; }

    [[nodiscard]] std::size_t unsynced(std::size_t node) const {
        return hosts_[node].batches.size();
    }

    [[nodiscard]] sim::CallHistory history() const;

    [[nodiscard]] const std::string& broken() const { return broken_; }

    void violated(const std::string& what) {
        if (broken_.empty()) broken_ = what;
    }

    Moment now;
    std::string name = "r/x";
    std::vector<Packet> packets;
    std::map<Ticket, Asked> asked;
    Rng rng;

private:
    struct Held {
        Packet packet;
        std::uint64_t gate = 0;
    };

    struct Host {
        std::unique_ptr<Registers> core;
        DiskRecords disk;
        Boot boot;
        JournalId journal;
        std::vector<std::vector<std::pair<DiskRecords::Key, Bytes>>> batches;
        std::uint64_t handed = 0;
        std::uint64_t durable = 0;
        std::vector<Held> held;
    };

    struct Visible {
        Ballot accepted;
        Ballot promised;
    };

    [[nodiscard]] Setup setup_of(std::size_t node) const;
    void absorb(std::size_t node);
    template <class Message, class Handle>
    void hand(const Packet& packet, Handle handle);
    void dispatch(std::size_t node, const Packet& packet);
    void release(std::size_t node);
    void emit(Packet packet);
    void take_results(std::size_t node);

    void look_at(const Packet& packet);
    void look_at_accept(const Packet& packet);
    void look_at_accepted(const Packet& packet);
    void look_at_promise(const Packet& packet);
    void on_chosen(const std::string& where, const Ballot& ballot, const State& state);
    [[nodiscard]] bool is_final(const Asked& done) const;
    void check_result(const Asked& done);
    void mutate(Packet& packet);

    Shape shape_;
    std::vector<NodeId> ids_;
    std::vector<Voter> voters_;
    std::deque<Host> hosts_;  // they do not move
    Effects out_;
    Decoder decoder_;
    Ticket tickets_ = 0;
    std::int64_t step_ = 0;
    std::string broken_;

    using At = std::pair<std::string, Ballot>;
    std::map<At, State> sent_;  // accepts
    std::map<At, std::set<NodeId>> accepted_by_;
    std::map<std::string, std::map<Ballot, State>> chosen_;
    std::map<std::string, std::uint64_t> version_of_;  // token -> the version it made
    std::set<std::string> never_;                      // tokens answered as not applied
    std::map<std::pair<NodeId, std::string>, Visible> visible_;
    std::map<std::pair<NodeId, std::string>, std::vector<State>> shown_;
};

}  // namespace starling::quorum
