// Which CURVE keys may send us frames, and as whom.
//
// Thread safe: the driver changes it, the authentication thread reads it.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::io {

// Somebody whose key is not on the list tried to connect.
struct Denial {
    CurveKey curve;
    std::string address;  // without port, as the transport saw it
};

class AllowList {
public:
    static constexpr std::size_t denials_kept = 16;

    void admit(const CurveKey& curve, const NodeId& node);
    void expel(const CurveKey& curve);

    // Who holds this key; nothing leaves a note for take_denials().
    [[nodiscard]] std::optional<NodeId> ask(const CurveKey& curve, std::string_view address);

    // Whether anything admitted sends as this node.
    [[nodiscard]] bool has(const NodeId& node) const;

    // At most denials_kept; denied() counts the others too.
    [[nodiscard]] std::vector<Denial> take_denials();
    [[nodiscard]] std::uint64_t denied() const;

private:
    void remove(const CurveKey& curve);  // under the lock

    mutable std::mutex mutex_;
    std::map<CurveKey, NodeId> nodes_;
    std::map<NodeId, std::size_t> keys_of_;
    std::vector<Denial> denials_;
    std::uint64_t denied_ = 0;
};

}  // namespace starling::io
