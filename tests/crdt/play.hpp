// A random history: numbers drawn by a generator become writes, deliveries in any order,
// duplicates, losses, restarts, cuts and exchanges between two to five stores with clocks that
// disagree.
//
// Not thread safe.
#pragma once

#include "tests/crdt/model.hpp"
#include "tests/crdt/world.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace starling::crdt {

class Play {
public:
    using Watch = std::function<void(Play&, std::size_t node)>;

    Play(std::size_t nodes, Type type, std::vector<std::uint32_t> choices);

    // Calls `watch` for the node that may have changed, after every action.
    void run(const Watch& watch = [](Play&, std::size_t) {});

    World world;
    Model model;

private:
    std::size_t act(std::uint32_t choice);
    std::size_t write(std::size_t node, std::uint32_t choice);
    [[nodiscard]] Operation operation(std::uint32_t choice) const;
    std::size_t disturb(std::size_t node, std::uint32_t choice);

    Type type_;
    std::vector<std::uint32_t> choices_;
};

// All batches of a node's log, origins mixed as the journal sorts them.
[[nodiscard]] std::vector<Bytes> log_of(World& world, std::size_t node);

// A store by itself that is handed batches.
class Listener {
public:
    Listener();

    BatchVerdict hear(const std::vector<Bytes>& stored);

    MemoryDisk disk;

    [[nodiscard]] const Store& store() const { return *store_; }

private:
    RememberingVerifier verifier_;
    std::unique_ptr<Store> store_;
    Effects out_;
};

}  // namespace starling::crdt
