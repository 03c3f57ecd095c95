// One row per call of a local program: what decodes it, who serves it.
//
// Not thread safe.
#pragma once

#include "node/calls.hpp"
#include "node/parts.hpp"

namespace starling::node {

// Serves one call; a malformed or unknown one is answered with an error.
void serve(NodeCore::Parts& parts, CallId call, ByteView request, const Turn& turn);

}  // namespace starling::node
