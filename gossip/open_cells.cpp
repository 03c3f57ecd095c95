#include "gossip/open_cells.hpp"

#include <utility>

namespace starling::gossip {
namespace {

// REQUIRES: take(bytes) gives a cell or nothing.
template <class Cell, class Take>
void open_each(Reader& in, std::vector<Cell>& cells, std::uint32_t& malformed, const Take& take) {
    Reader list = in.list();
    cells.clear();
    cells.reserve(list.remaining());
    while (list.remaining() > 0) {
        if (auto cell = take(list.bytes())) {
            cells.push_back(std::move(*cell));
        } else {
            ++malformed;
        }
    }
}

}  // namespace

OpenCells OpenCells::of(const Cells& cells, Commons& commons) {
    OpenCells open;
    for (const Introduction& each : cells.introductions) {
        open.introductions.push_back(commons.introductions.take(each));
    }
    for (const Claim& each : cells.claims) open.claims.push_back(commons.claims.take(each));
    open.deaths = cells.deaths;
    open.opinions = cells.opinions;
    open.malformed = cells.malformed;
    return open;
}

bool OpenCells::decode(Reader& in, Commons& commons, OpenCells& out) {
    Decoder& inner = in.inner();
    out.malformed = 0;
    open_each(in, out.introductions, out.malformed,
              [&](ByteView cell) { return commons.introductions.take(cell, inner); });
    open_each(in, out.claims, out.malformed,
              [&](ByteView cell) { return commons.claims.take(cell, inner); });
    open_each(in, out.deaths, out.malformed,
              [&](ByteView cell) { return decoded<Death>(inner, cell); });
    open_each(in, out.opinions, out.malformed,
              [&](ByteView cell) { return decoded<Opinion>(inner, cell); });
    return in.ok();
}

OpenEntries OpenEntries::of(const TableEntries& entries, Commons& commons) {
    return {entries.whole, entries.answer, OpenCells::of(entries.cells, commons)};
}

bool OpenEntries::decode(Reader& in, Commons& commons, OpenEntries& out) {
    BucketSet::decode(in, out.whole);
    out.answer = in.boolean();
    Reader cells = in.list();
    OpenCells::decode(cells, commons, out.cells);
    return in.ok();
}

}  // namespace starling::gossip
