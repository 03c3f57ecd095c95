// Local batches whose writer waits until k nodes hold them durably, this one included.
//
//   add(counter, k) ──COPIES of k - 1 others──> reached, taken once
//          └──forget(counter): the writer waits no longer
//
// A COPIES frame speaks for everything up to its counter, so a lost one is made up for by the next.
// Not thread safe.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace starling::crdt {

// A local batch, by the version token of its last operation, and how many nodes hold it.
struct CopiesReached {
    std::uint64_t counter = 0;
    std::uint64_t copies = 0;

    friend bool operator==(const CopiesReached&, const CopiesReached&) = default;
};

class CopyWaits {
public:
    // REQUIRES: copies > 1.
    void add(std::uint64_t counter, std::uint64_t copies) { waits_[counter].wanted = copies; }

    void forget(std::uint64_t counter) { waits_.erase(counter); }

    // `holder` has everything up to `counter`; appends what is reached by that.
    void held(const NodeId& holder, std::uint64_t counter, std::vector<CopiesReached>& reached);

    [[nodiscard]] std::size_t count() const { return waits_.size(); }

private:
    struct Wait {
        std::uint64_t wanted = 0;
        std::set<NodeId> holders;
    };

    std::map<std::uint64_t, Wait> waits_;
};

}  // namespace starling::crdt
