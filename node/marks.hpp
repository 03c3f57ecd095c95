// How far this node's journal was when it last kept a vote or a grant, as its peers remember it:
// what tells a disk that was put back to an earlier state.
//
//   votes and grants kept ──> mark + 1, on the disk ──MARK──> linked peers, which keep the highest
//   started again         <── what they kept ──RECALLED────── each, when a link to this node is up
//      ├── above the mark that the disk has: put back; what it says of votes and grants is void
//      └── else, once all present voters and neighbours told, or after limits::recalled_within:
//          vouched for
//
// Invariants:
//   I1  A mark is on the disk before anybody hears of it, and never falls under one journal.
//   I2  A mark proves something if this node signed it for its journal, in an earlier boot above
//       what the disk had at the start, or else above all that it told since: then a process before
//       it had this boot, or a higher one, too.
//   I3  Until it is vouched for, nothing that a vote or a grant rests on is asked of this node.
//   I4  Who grants much tells a mark every limits::mark_period, who grants nothing tells none.
//
// What nobody heard of, or nobody who is present: is not told.  Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "base/records.hpp"
#include "node/messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace starling::node {

// In Table::meta; the rest of it stands in node/io/identity.hpp.
inline constexpr std::string_view journal_id_key = "journal";

// Kinds whose answers rest on what was voted or granted before.
[[nodiscard]] bool asks_for_memory(Kind kind);

class Marks {
public:
    Marks(const JournalId& journal, Boot boot, const RecordSource& records, Moment now);

    // Whether `peer`'s memory proves that the disk was put back.
    [[nodiscard]] bool on_recalled(const NodeId& peer, const Recalled& recalled, const NodeId& self,
                                   const Verifier& verifier);

    // A peer's own.  What is kept of it outlives a restart, limits::mark_stored_after
    // behind at most.
    void on_mark(const NodeId& peer, const Mark& mark, Moment now, Effects& out);
    [[nodiscard]] Recalled recalled(const NodeId& peer) const;

    [[nodiscard]] bool is_vouched_for() const { return vouched_for_; }

    // It said in this boot what it remembers.
    [[nodiscard]] bool has_told(const NodeId& peer) const { return told_.contains(peer); }

    // `all_told`: it is known who is present, and all of them have.
    void look(bool all_told, Moment now);

    // From now on the records are of another journal, which this turn writes.
    [[nodiscard]] JournalId replace_journal(Effects& out);

    // At the end of a turn: `out` has its records.
    void on_tick(const SigningKey& key, std::span<const NodeId> linked, Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // As the disk had it at the start.
    [[nodiscard]] std::uint64_t start() const { return start_; }

private:
    struct Kept {
        Mark mark;
        std::optional<BootTime> stored;
    };

    void load(ByteView key, ByteView value);

    JournalId journal_;
    Boot boot_;
    BootTime began_;
    std::uint64_t start_ = 0;
    std::uint64_t number_ = 0;
    bool vouched_for_ = false;
    bool due_ = false;                // there is something to mark
    std::optional<BootTime> marked_;  // when last
    std::set<NodeId> told_;           // who recalled in this boot
    std::map<NodeId, Kept> kept_;     // of others
    Decoder decoder_;
};

}  // namespace starling::node
