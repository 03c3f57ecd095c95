// How a node is opened.
//
//     auto node = starling::Node::open({.data_dir = "/var/lib/picker", .mesh_file = "mesh.json"});
//
// Values, not thread safe.
#pragma once

#include <starling/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

struct Options {
    // Keys and journal of the node.  Made (mode 0700) with a fresh identity when it holds none;
    // locked while the node is open.  Required.
    std::string data_dir{};

    // Path of a mesh file.  Empty: the one that data_dir keeps, else a mesh of one made there.
    std::string mesh_file{};

    // host:port to listen on; port 0 lets the system choose.  Empty: the port that the mesh file
    // gives this node on every interface, else 127.0.0.1:0.
    std::string bind{};

    // host:port where others dial this node, at most four.  Empty: what the mesh file says, else
    // the bound address.
    std::vector<std::string> advertise{};

    // For people; need not be unique.  At most 256 bytes.
    std::string name{};

    // host:port of members that moved since the mesh file was written; names are resolved at each
    // dial.
    std::vector<std::string> join{};

    // What the node tells about itself, and where: a path, or empty for standard error.
    LogLevel log_level = LogLevel::warn;
    std::string log_file{};
};

[[nodiscard]] STARLING_EXPORT std::string_view name_of(LogLevel level);

}  // namespace starling
