// Which host a trace speaks of: traces name nodes by the first bytes of their ids.
//
// Invariants:
//   I1  Two hosts whose ids begin alike are one: the later one, as in a map that it was put into.
//
// Not thread safe.
#pragma once

#include "base/hash_index.hpp"
#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace starling::sim {

class HostNumbers {
public:
    // Hosts are numbered from 0 in the order of `ids`.
    explicit HostNumbers(std::span<const NodeId> ids) : size_(ids.size()) {
        for (std::uint32_t host = 0; host < ids.size(); ++host) {
            const Beginning beginning{ids[host].prefix()};
            if (!hosts_.insert(beginning, host)) *hosts_.find(beginning) = host;  // I1
        }
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t prefix) const {
        const std::uint32_t* host = hosts_.find({prefix});
        if (host == nullptr) return std::nullopt;
        return *host;
    }

    // Of hosts.
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    // Of an id.
    struct Beginning {
        std::uint64_t bytes = 0;

        friend bool operator==(const Beginning&, const Beginning&) = default;

        [[nodiscard]] std::uint64_t prefix() const { return bytes; }
    };

    HashIndex<Beginning, std::uint32_t> hosts_;
    std::size_t size_;
};

}  // namespace starling::sim
