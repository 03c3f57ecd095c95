// What has to happen within some time, for whom and since when.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::sim {

template <class Key>
class Dues {
public:
    struct Due {
        Key key;
        Duration since{};
    };

    // From now on.
    void set(const Key& key, Duration now, Duration within) {
        clear(key);
        dues_[key] = {now, now + within};
        order_.emplace(now + within, key);
    }

    void clear(const Key& key) {
        const auto found = dues_.find(key);
        if (found == dues_.end()) return;
        order_.erase({found->second.until, key});
        dues_.erase(found);
    }

    [[nodiscard]] bool contains(const Key& key) const { return dues_.contains(key); }

    [[nodiscard]] std::optional<Duration> next() const {
        if (order_.empty()) return std::nullopt;
        return order_.begin()->first;
    }

    // One that did not happen, which is forgotten.
    std::optional<Due> take_due(Duration now) {
        if (order_.empty() || order_.begin()->first > now) return std::nullopt;
        const Key key = order_.begin()->second;
        const Due due{key, dues_.at(key).since};
        clear(key);
        return due;
    }

    // Those whose keys lie between the two, both included.
    [[nodiscard]] std::vector<Key> within(const Key& low, const Key& high) const {
        std::vector<Key> keys;
        for (auto at = dues_.lower_bound(low); at != dues_.end() && !(high < at->first); ++at) {
            keys.push_back(at->first);
        }
        return keys;
    }

private:
    struct Time {
        Duration since{};
        Duration until{};
    };

    std::map<Key, Time> dues_;
    std::set<std::pair<Duration, Key>> order_;
};

}  // namespace starling::sim
