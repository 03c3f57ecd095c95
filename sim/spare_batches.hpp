// Batches of records between their disks, empty: whichever disk writes next takes one with the
// memory that another's records had.
//
//      take() ──> a disk fills it, syncs it ──give_back()──> empty again, or gone
//
// Invariants:
//   I1  What is kept never held more than records_max records of bytes_max bytes: what a node
//       stores when it meets a large mesh would otherwise take its memory for ever.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace starling::sim {

class SpareBatches {
public:
    static constexpr std::size_t records_max = 64;
    static constexpr std::size_t bytes_max = 16 * 1024;

    [[nodiscard]] Effects take() {
        if (spares_.empty()) return {};
        Effects batch = std::move(spares_.back());
        spares_.pop_back();
        return batch;
    }

    void give_back(Effects batch) {
        if (!is_small(batch)) return;
        batch.clear();
        spares_.push_back(std::move(batch));
    }

    [[nodiscard]] std::size_t size() const { return spares_.size(); }

private:
    static bool is_small(const Effects& batch) {
        if (batch.stored().size() > records_max) return false;
        std::size_t bytes = 0;
        for (const Stored& each : batch.stored()) bytes += each.key.size + each.value.size;
        return bytes <= bytes_max;
    }

    std::vector<Effects> spares_;
};

}  // namespace starling::sim
