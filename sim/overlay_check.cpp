#include "sim/overlay_check.hpp"

#include "base/limits.hpp"

#include <numeric>
#include <string>

namespace starling::sim {
namespace {

constexpr const char* overlay_is_connected = "overlay_is_connected";
constexpr const char* links_are_bounded = "links_are_bounded";

// Ring neighbours, both ways, and what lingers of earlier ones.
constexpr std::uint32_t ring_links_max = 32;

std::uint32_t root_of(std::vector<std::uint32_t>& parents, std::uint32_t host) {
    while (parents[host] != host) {
        parents[host] = parents[parents[host]];
        host = parents[host];
    }
    return host;
}

}  // namespace

void check_overlay(std::span<const std::pair<std::uint32_t, std::uint32_t>> links,
                   const std::vector<bool>& running, Duration now, Findings& findings) {
    std::vector<std::uint32_t> parents(running.size());
    std::iota(parents.begin(), parents.end(), 0U);
    std::vector<std::uint32_t> dialled(running.size());
    for (const auto& [from, to] : links) {
        ++dialled[from];
        if (running[from] && running[to]) parents[root_of(parents, from)] = root_of(parents, to);
    }

    std::optional<std::uint32_t> root;
    for (std::uint32_t host = 0; host < running.size(); ++host) {
        if (!running[host]) continue;
        findings.looked(links_are_bounded);
        if (dialled[host] > limits::push_sockets + ring_links_max) {
            findings.violated(links_are_bounded,
                              {now, host, std::to_string(dialled[host]) + " outgoing links"});
        }
        findings.looked(overlay_is_connected);
        const std::uint32_t own = root_of(parents, host);
        if (!root) root = own;
        if (own != *root) findings.violated(overlay_is_connected, {now, host, "an island"});
    }
}

}  // namespace starling::sim
