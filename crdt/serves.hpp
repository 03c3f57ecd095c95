// The giving side of catching up: stored batches go out as they came in.
//
//   WANT range ──fetch──> journal ──on_fetched──> one BATCHES frame, as much as fits
//
// Invariants:
//   I1  At most serves_per_peer fetches run for one peer and serves for all; more are refused,
//   loudly.
//       A range is answered once: whoever wants the rest asks again.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "crdt/messages.hpp"

#include <cstdint>
#include <map>
#include <span>

namespace starling::crdt {

enum class WantVerdict : std::uint8_t { served, too_many };

class Serves {
public:
    // too_many: ranges past the bound were left out.
    [[nodiscard]] WantVerdict on_want(const NodeId& from, const Want& want, Effects& out);

    // `stored`: values of Table::batches, ascending.  False when the tag is none of ours.
    bool on_fetched(std::uint64_t tag, std::span<const ByteView> stored, Effects& out);

    [[nodiscard]] std::size_t count() const { return running_.size(); }

private:
    [[nodiscard]] bool full(const NodeId& peer) const;

    std::map<std::uint64_t, NodeId> running_;  // tag -> who asked
    std::map<NodeId, std::size_t> running_for_;
    std::uint64_t next_tag_ = 0;
};

}  // namespace starling::crdt
