// Cells that are encoded already, on their way into frames: a claim is encoded once in a process,
// not at each node that passes it on.
//
//   EncodedMember, EncodedOpinion ──> EncodedCells ──> CELLS
//                                          └─────────> EncodedEntries ──> TABLE_ENTRIES
//
// The bytes are those of Cells and TableEntries (messages.hpp).  Values: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/kinds.hpp"
#include "gossip/messages.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace starling::gossip {

inline constexpr std::size_t frame_bytes_aim = 128 * 1024;

// All that is known of one member: what goes together, for a death is about the claim before it.
struct EncodedMember {
    ByteView introduction;  // each may be empty; the first two lie in the commons
    ByteView claim;
    Bytes death;

    [[nodiscard]] std::size_t size() const {
        return introduction.size() + claim.size() + death.size();
    }
};

enum class CellSort : std::uint8_t { introduction, claim, death, opinion };

// What one frame carries; the bytes lie elsewhere.
struct EncodedCells {
    static constexpr Kind kind = Kind::cells;

    std::array<std::vector<ByteView>, 4> sorts;
    std::size_t size = 0;  // an upper bound of what they take

    [[nodiscard]] bool empty() const { return size == 0; }

    // False when the frame is full without it.
    [[nodiscard]] bool add(CellSort sort, ByteView cell);
    // All of these or, when there is not room for all, none.
    [[nodiscard]] bool append(const EncodedCells& more);

    void encode(Writer& out) const;
};

// As many frames as it takes.
class CellFrames {
public:
    void add(CellSort sort, ByteView cell);
    void add(const EncodedMember& member);  // `member` outlives the frames

    [[nodiscard]] const std::vector<EncodedCells>& frames() const { return frames_; }

private:
    std::vector<EncodedCells> frames_;
};

struct EncodedEntries {
    static constexpr Kind kind = Kind::table_entries;

    BucketSet whole;
    bool answer = false;
    EncodedCells cells;

    void encode(Writer& out) const;
};

}  // namespace starling::gossip
