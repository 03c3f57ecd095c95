// Stores of a few nodes with disks in memory and a network whose frames the test delivers itself.
//
//   write(ann, ..) ──> frames in flight ──deliver / duplicate / drop──> bob's store ──> more frames
//
// Every step commits its records before its frames fly.  Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/records.hpp"
#include "crdt/store.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace starling::crdt {

class MemoryDisk : public RecordSource {
public:
    MemoryDisk() = default;

    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;

    void commit(const Effects& out);
    [[nodiscard]] std::vector<Bytes> fetch(const Effects& out, const Fetch& fetch) const;

    std::map<Table, std::map<Bytes, Bytes>> tables;
};

// Remembers what was verified: the same batch reaches every node.
class RememberingVerifier : public Verifier {
public:
    [[nodiscard]] bool verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                              const Signature& signature) const override;

private:
    mutable std::map<std::tuple<NodeId, Bytes, Signature>, bool> known_;
};

struct Flight {
    std::size_t from = 0;
    std::size_t to = 0;
    Kind kind{};
    Bytes body;
};

class World {
public:
    static constexpr std::size_t ann = 0;
    static constexpr std::size_t bob = 1;
    static constexpr std::size_t eve = 2;
    static constexpr std::size_t dan = 3;
    static constexpr std::size_t fay = 4;

    explicit World(std::size_t nodes, std::uint64_t log_bytes = limits::log_bytes);

    [[nodiscard]] Store& store(std::size_t node) { return *nodes_[node].store; }

    [[nodiscard]] const NodeId& id(std::size_t node) const { return nodes_[node].key.id(); }

    [[nodiscard]] const SigningKey& key(std::size_t node) const { return nodes_[node].key; }

    [[nodiscard]] MemoryDisk& disk(std::size_t node) { return nodes_[node].disk; }

    [[nodiscard]] Boot boot(std::size_t node) const { return nodes_[node].boot; }

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    [[nodiscard]] std::uint64_t traced(std::size_t node, Event event) const;
    [[nodiscard]] Moment now(std::size_t node) const;

    Result<Dot> write(std::size_t node, std::vector<Operation> operations, const WriteInfo& = {});
    // REQUIRES: the write succeeds.
    Dot must_write(std::size_t node, Operation operation);

    // Runs one step of a store and carries its effects out.
    void step(std::size_t node, const std::function<void(Store&, Effects&)>& act);
    BatchVerdict receive(std::size_t node, std::size_t from, const Batches& message);

    [[nodiscard]] std::vector<Flight>& flying() { return flying_; }

    void deliver(std::size_t flight);
    void deliver_all();
    // Only frames of this kind to this node; the others are lost.
    void deliver_only(std::size_t to, Kind kind);

    // Frames between the two are lost from now on.
    void cut(std::size_t a, std::size_t b);

    void heal() { cut_.clear(); }

    // A new process on the same disk, with a higher boot unless one is given.
    void restart(std::size_t node);
    void restart(std::size_t node, Boot boot);

    void lose_disk(std::size_t node) { nodes_[node].disk.tables.clear(); }

    void skew(std::size_t node, Duration ahead) { nodes_[node].skew = ahead; }

    void advance(Duration by);
    // Ticks, compares roots and delivers until all are equal and nothing flies; false after 200
    // rounds.
    bool settle();
    [[nodiscard]] bool equal_roots() const;

    // The bytes of a batch in a node's log.
    [[nodiscard]] Batches stored(std::size_t node, const Dot& first);

private:
    struct Node {
        explicit Node(const SigningKey& signing) : key(signing) {}

        SigningKey key;
        Boot boot;
        MemoryDisk disk;
        std::unique_ptr<Store> store;
        Duration skew{};
        std::map<Event, std::uint64_t> traced;
    };

    [[nodiscard]] std::vector<NodeId> links_of(std::size_t node) const;
    [[nodiscard]] std::size_t index_of(const NodeId& node) const;
    void carry_out(std::size_t node, const Effects& out);
    void receive_frame(const Flight& flight);

    std::uint64_t log_bytes_;
    RememberingVerifier verifier_;
    std::deque<Node> nodes_;  // disks do not move
    std::vector<Flight> flying_;
    std::set<std::pair<std::size_t, std::size_t>> cut_;
    Duration elapsed_{};
    Decoder decoder_;
};

// Canonical bytes of a text.
[[nodiscard]] Bytes text(std::string_view value);
[[nodiscard]] Bytes number(std::int64_t value);

}  // namespace starling::crdt
