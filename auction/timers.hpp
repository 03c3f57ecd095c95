// Deadlines by key: set, move, clear, and take those that are due in order of time, then key.
//
//   I1  A key has at most one deadline.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace starling::auction {

template <class Key>
class Timers {
public:
    void set(const Key& key, BootTime at) {
        clear(key);
        at_.emplace(key, at);
        queue_.emplace(at, key);
    }

    void bring_forward(const Key& key, BootTime at) {
        const auto found = at_.find(key);
        if (found == at_.end() || at < found->second) set(key, at);
    }

    void clear(const Key& key) {
        const auto found = at_.find(key);
        if (found == at_.end()) return;
        queue_.erase({found->second, key});
        at_.erase(found);
    }

    [[nodiscard]] std::optional<BootTime> next() const {
        if (queue_.empty()) return std::nullopt;
        return queue_.begin()->first;
    }

    // The earliest key whose time has come, removed.
    std::optional<Key> take_due(BootTime now) {
        if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
        const Key key = queue_.begin()->second;
        clear(key);
        return key;
    }

private:
    std::map<Key, BootTime> at_;
    std::set<std::pair<BootTime, Key>> queue_;
};

}  // namespace starling::auction
