#include "gossip/encoded_cells.hpp"

#include "base/limits.hpp"

namespace starling::gossip {

bool EncodedCells::add(CellSort sort, ByteView cell) {
    constexpr std::size_t header = 5;
    auto& cells = sorts.at(static_cast<std::size_t>(sort));
    const std::size_t takes = cell.size() + header;
    const bool full = cells.size() >= limits::list_entries || size + takes > frame_bytes_aim;
    if (full && !empty()) return false;
    cells.push_back(cell);
    size += takes;
    return true;
}

bool EncodedCells::append(const EncodedCells& more) {
    if (size + more.size > frame_bytes_aim) return false;
    for (std::size_t i = 0; i < sorts.size(); ++i) {
        if (sorts[i].size() + more.sorts[i].size() > limits::list_entries) return false;
    }
    for (std::size_t i = 0; i < sorts.size(); ++i) {
        sorts[i].insert(sorts[i].end(), more.sorts[i].begin(), more.sorts[i].end());
    }
    size += more.size;
    return true;
}

void EncodedCells::encode(Writer& out) const {
    out.list(sorts.size());
    for (const auto& sort : sorts) {
        out.list(sort.size());
        for (const ByteView cell : sort) out.bytes(cell);
    }
}

void CellFrames::add(CellSort sort, ByteView cell) {
    if (!frames_.empty() && frames_.back().add(sort, cell)) return;
    (void)frames_.emplace_back().add(sort, cell);
}

void CellFrames::add(const EncodedMember& member) {
    if (!member.introduction.empty()) add(CellSort::introduction, member.introduction);
    if (!member.claim.empty()) add(CellSort::claim, member.claim);
    if (!member.death.empty()) add(CellSort::death, member.death);
}

void EncodedEntries::encode(Writer& out) const {
    out.list(3);
    whole.encode(out);
    out.boolean(answer);
    cells.encode(out);
}

}  // namespace starling::gossip
