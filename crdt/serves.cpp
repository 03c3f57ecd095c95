#include "crdt/serves.hpp"

#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/probes.hpp"

namespace starling::crdt {
namespace {

// The table in the top byte keeps tags of different cores apart.
constexpr std::uint64_t tag_base = static_cast<std::uint64_t>(Table::batches) << 56U;

// Room for the headers of the two lists around the batches.
constexpr std::size_t frame_room = limits::body_bytes - 16;

// A BATCHES body made of batches as they were stored: nothing is encoded again.
Bytes body_of(std::span<const ByteView> stored) {
    Bytes body;
    Writer out(body);
    out.list(2);
    out.uint(static_cast<std::uint64_t>(Freshness::stored));
    out.list(stored.size());
    for (const ByteView batch : stored) body.insert(body.end(), batch.begin(), batch.end());
    return body;
}

// How many of the batches fit into one frame.
std::size_t fitting(std::span<const ByteView> stored) {
    const std::size_t most = STARLING_BUGGIFY(one_batch_a_frame) ? 1 : limits::batches_per_frame;
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const ByteView batch : stored) {
        bytes += batch.size();
        if (bytes > frame_room || count == most) {
            STARLING_PROBE(range_cut_to_frame);
            break;
        }
        ++count;
    }
    return count;
}

}  // namespace

bool Serves::full(const NodeId& peer) const {
    const auto running = running_for_.find(peer);
    return running_.size() >= limits::serves ||
           (running != running_for_.end() && running->second >= limits::serves_per_peer);
}

WantVerdict Serves::on_want(const NodeId& from, const Want& want, Effects& out) {
    for (const Range& range : want.ranges) {
        if (full(from)) {
            STARLING_PROBE(want_refused);
            out.trace(Event::want_refused, from.prefix(), range.origin.node.prefix(),
                      static_cast<std::uint64_t>(WantVerdict::too_many));
            return WantVerdict::too_many;
        }
        const std::uint64_t tag = tag_base | next_tag_++;
        running_.emplace(tag, from);
        ++running_for_[from];
        out.fetch(tag, Table::batches, key_of(Dot{range.origin, range.from}),
                  key_of(Dot{range.origin, range.to}));
    }
    return WantVerdict::served;
}

bool Serves::on_fetched(std::uint64_t tag, std::span<const ByteView> stored, Effects& out) {
    const auto running = running_.find(tag);
    if (running == running_.end()) return false;
    const NodeId peer = running->second;
    running_.erase(running);
    const auto count = running_for_.find(peer);
    if (--count->second == 0) running_for_.erase(count);

    const std::size_t fit = fitting(stored);
    if (fit > 0) out.send_encoded(peer, Kind::batches, body_of(stored.first(fit)));
    return true;
}

}  // namespace starling::crdt
