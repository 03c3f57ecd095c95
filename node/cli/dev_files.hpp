// What a mesh of `dev` needs on disk before it starts: an identity for each node, free ports, a
// mesh file.
//
//   DIR/mesh.json  DIR/mesh.root  DIR/dev-1/ .. DIR/dev-N/   kept from start to start
//
// Not thread safe.
#pragma once

#include <starling/error.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace starling::cli {

struct DevMember {
    std::string name;  // dev-1
    std::string id;
    std::string directory;
    std::string address;  // 127.0.0.1:port
};

struct DevFiles {
    std::string directory;
    std::string mesh_file;  // path
    std::vector<DevMember> members;
};

// Makes what is missing.  mesh_malformed: the directory holds a mesh of another size.
[[nodiscard]] Result<DevFiles> prepare_dev(const std::string& directory, std::size_t count);

// Ports of 127.0.0.1 that nobody uses, below those that the system hands out to outgoing
// connections: a node that starts again finds its port free.
[[nodiscard]] Result<std::vector<std::uint16_t>> free_ports(std::size_t count);

}  // namespace starling::cli
