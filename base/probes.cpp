#include "base/probes.hpp"

namespace starling {

std::vector<std::pair<std::string_view, std::uint64_t>> probe_hits() {
    std::vector<std::pair<std::string_view, std::uint64_t>> hits;
    for (std::size_t probe = 0; probe < probe_names.size(); ++probe) {
        hits.emplace_back(probe_names[probe],
                          detail::probe_counts[probe].load(std::memory_order_relaxed));
    }
    return hits;
}

}  // namespace starling
