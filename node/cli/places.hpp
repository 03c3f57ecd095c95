// Where things lie on this machine: data of nodes, sockets, the pointer to a running mesh of `dev`.
//
//   $XDG_STATE_HOME/starling/ (default ~/.local/state)       identities, journals, logs
//   $XDG_RUNTIME_DIR/starling/ (default TMP/starling-UID)    sockets, dev.json: not kept
//
// Thread safe as far as the environment is not changed.
#pragma once

#include "node/cli/command.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

[[nodiscard]] std::optional<std::string> environment_value(const std::string& name);

[[nodiscard]] std::string state_dir();

// The directory for sockets, made (0700) when it is missing.  runtime_dir_unsafe: it is not only
// ours.
[[nodiscard]] Result<std::string> runtime_dir();

// A node of a mesh of `dev`.
struct DevNode {
    std::string name;
    std::string socket;
    std::string address;  // host:port
};

// What the pointer file tells.
struct DevMesh {
    long pid = 0;
    std::string directory;
    std::string control;  // socket of the supervisor
    std::vector<DevNode> nodes;
};

[[nodiscard]] Result<std::string> write_pointer(const DevMesh& mesh);  // its path

// The mesh that runs; nothing when there is no pointer, or its process is gone.
[[nodiscard]] std::optional<DevMesh> running_dev();

// The socket that --node, STARLING_NODE or a running dev mesh names.
[[nodiscard]] Result<std::string> node_socket(const Invocation& call);

// A whole file; file_unreadable names it and the cause.
[[nodiscard]] Result<std::string> read_text(const std::string& path);

// Whether a file could be written there, as far as that can be known; else file_unwritable.
[[nodiscard]] Result<void> check_writable(const std::string& path);

// Whether a device, a pipe or a socket lies there: written to, never replaced.
[[nodiscard]] bool is_special(const std::string& path);

// Replaces a file at once: a reader sees the old text or the new one.  What is special is written
// to.
[[nodiscard]] Result<void> write_text(const std::string& path, std::string_view text);

}  // namespace starling::cli
