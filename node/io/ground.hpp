// What a node stands on before it runs: options checked, identity and journal open, mesh known.
//
//   DriverOptions ──prepare_ground()──> Ground ──setup_of()──> node::Setup
//
// Thread safe: functions of their arguments and the file system.
#pragma once

#include "node/core.hpp"
#include "node/io/identity.hpp"
#include "node/io/mesh_file.hpp"
#include "node/io/trace_log.hpp"
#include <starling/error.hpp>

#include <span>
#include <string>
#include <vector>

namespace starling::io {

struct DriverOptions {
    std::string data_dir;                // made with mode 0700 when it is missing; keys too
    std::string mesh_file;               // empty: mesh.json of data_dir, else a new mesh of one
    std::string bind = "127.0.0.1:0";    // host:port; port 0 takes a free one
    std::vector<std::string> advertise;  // where others dial; empty: found out from `bind`
    std::string name;                    // for people; may be empty
    std::vector<std::string> seeds;      // host:port of members whose address changed
    std::string journal_vfs;             // SQLite VFS; empty: the system's own
    LogOptions log;
};

struct Ground {
    Identity identity;
    OpenJournal journal;
    MeshFile mesh;
    bool alone_by_choice = false;  // no mesh was given: this node made its own
    node::Contact self;
};

// Errors: those of identity.hpp, mesh_file.hpp and journal.hpp, bad_address, and not_a_member.
[[nodiscard]] Result<Ground> prepare_ground(const DriverOptions& options);

// Where others reach a node bound to `bound`.  Errors: bad_address, too_many_addresses.
[[nodiscard]] Result<std::vector<std::string>> addresses_of(const DriverOptions& options,
                                                            const std::string& bound,
                                                            const MeshFile& mesh);

// Everything but boot and addresses, which come later.
[[nodiscard]] node::Setup setup_of(const Ground& ground, const DriverOptions& options);

}  // namespace starling::io
