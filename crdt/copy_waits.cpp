#include "crdt/copy_waits.hpp"

namespace starling::crdt {

void CopyWaits::held(const NodeId& holder, std::uint64_t counter,
                     std::vector<CopiesReached>& reached) {
    for (auto wait = waits_.begin(); wait != waits_.end() && wait->first <= counter;) {
        wait->second.holders.insert(holder);
        const std::uint64_t copies = wait->second.holders.size() + 1;
        if (copies < wait->second.wanted) {
            ++wait;
            continue;
        }
        reached.push_back({wait->first, copies});
        wait = waits_.erase(wait);
    }
}

}  // namespace starling::crdt
