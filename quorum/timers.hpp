// The next time at which each of many things wants to be looked at.
//
//   I1  A key has at most one time.
//   I2  due() gives keys in the order of their times, ties by key.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace starling::quorum {

template <class Key>
class Timers {
public:
    // Nothing: it no longer wants to be looked at.
    void set(const Key& key, std::optional<BootTime> time) {
        const auto found = times_.find(key);
        if (found != times_.end()) {
            if (found->second == time) return;
            order_.erase({found->second, key});
            times_.erase(found);
        }
        if (!time) return;
        times_.emplace(key, *time);
        order_.emplace(*time, key);
    }

    [[nodiscard]] std::optional<BootTime> first() const {
        if (order_.empty()) return std::nullopt;
        return order_.begin()->first;
    }

    // Takes one key whose time has come.
    std::optional<Key> due(BootTime now) {
        if (order_.empty() || order_.begin()->first > now) return std::nullopt;
        const Key key = order_.begin()->second;
        set(key, std::nullopt);
        return key;
    }

private:
    std::map<Key, BootTime> times_;
    std::set<std::pair<BootTime, Key>> order_;
};

}  // namespace starling::quorum
