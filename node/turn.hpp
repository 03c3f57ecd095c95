// What a step of the node works with: when it is, whom it is linked to, where its effects go.
//
// A value for one call; not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"

#include <span>

namespace starling::node {

struct Turn {
    std::span<const NodeId> links;       // peers with an outgoing connection, ids ascending
    std::span<const NodeId> neighbours;  // of these, the ones on the rings: floods go there
    Moment now;
    Effects& out;
};

}  // namespace starling::node
