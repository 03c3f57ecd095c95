// The clocks of the machine, read in one place.
//
// Thread safe.
#pragma once

#include "base/moment.hpp"

namespace starling::io {

[[nodiscard]] Moment read_clocks();

}  // namespace starling::io
