#include "node/cli/dev_files.hpp"

#include "node/cli/descriptor.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"
#include <starling/mesh.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace starling::cli {
namespace {

namespace fs = std::filesystem;

// Linux hands out 32768 and above to outgoing connections.
constexpr unsigned first_port = 20'000;
constexpr unsigned ports = 12'000;

bool is_free(std::uint16_t port) {
    const Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
           ::listen(fd.get(), 1) == 0;
}

Result<Identity> identity_in(const std::string& directory) {
    auto identity = read_identity(directory);
    if (identity || identity.error().name != "identity_missing") return identity;
    return make_identity(directory);
}

// The mesh file of an earlier start, or a fresh one.
Result<std::string> mesh_text(const DevFiles& files, const std::vector<Identity>& identities) {
    if (fs::exists(files.mesh_file)) return read_text(files.mesh_file);
    NewMesh mesh{"dev", {}, files.directory + "/mesh.root"};
    for (const Identity& identity : identities) mesh.members.push_back({identity.token, {}});
    return make_mesh(mesh);
}

// The port of the last start, when it is still free: members remember each other's addresses.
std::optional<std::string> kept_address(const MeshSummary& mesh, const std::string& id) {
    const auto found = std::ranges::find(mesh.members, id, &MeshSummary::Entry::id);
    if (found == mesh.members.end() || found->addresses.empty()) return std::nullopt;
    const std::string& address = found->addresses.front();
    const auto port = parse_number(address.substr(std::min(address.find(':') + 1, address.size())));
    if (!port || *port > UINT16_MAX || !is_free(static_cast<std::uint16_t>(*port)))
        return std::nullopt;
    return address;
}

Result<void> choose_addresses(const MeshSummary& mesh, DevFiles& files) {
    std::size_t missing = 0;
    for (DevMember& member : files.members) {
        member.address = kept_address(mesh, member.id).value_or("");
        if (member.address.empty()) ++missing;
    }
    const auto free = free_ports(missing);
    if (!free) return tl::unexpected(free.error());
    for (DevMember& member : files.members) {
        if (member.address.empty())
            member.address = fmt::format("127.0.0.1:{}", (*free)[--missing]);
    }
    return {};
}

// The mesh file with the addresses of this start, which the members get too.
Result<std::string> addressed(std::string text, DevFiles& files) {
    const auto mesh = read_mesh(text);
    if (!mesh) return tl::unexpected(mesh.error());
    if (mesh->members.size() != files.members.size()) {
        return failure(
            ErrorCode::invalid, "mesh_malformed",
            fmt::format("{} holds a mesh of {} nodes", files.directory, mesh->members.size()),
            fmt::format("starling dev -n {}, or another --dir", mesh->members.size()));
    }
    const auto chosen = choose_addresses(*mesh, files);
    if (!chosen) return tl::unexpected(chosen.error());
    for (const DevMember& member : files.members) {
        auto changed = with_addresses(text, member.id, {member.address});
        if (!changed) return changed;
        text = std::move(*changed);
    }
    return text;
}

}  // namespace

Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
    std::vector<std::uint16_t> found;
    const auto start = static_cast<unsigned>(::getpid()) * 16U % ports;
    for (unsigned i = 0; i < ports && found.size() < count; ++i) {
        const auto port = static_cast<std::uint16_t>(first_port + (start + i) % ports);
        if (is_free(port)) found.push_back(port);
    }
    if (found.size() == count) return found;
    return tl::unexpected(system_error("bind", "127.0.0.1", EADDRINUSE));
}

Result<DevFiles> prepare_dev(const std::string& directory, std::size_t count) {
    std::error_code cause;
    fs::create_directories(directory, cause);
    if (cause) return tl::unexpected(system_error("mkdir", directory, cause.value()));
    DevFiles files{directory, directory + "/mesh.json", {}};
    std::vector<Identity> identities;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = fmt::format("dev-{}", i + 1);
        auto identity = identity_in(directory + "/" + name);
        if (!identity) return tl::unexpected(identity.error());
        files.members.push_back({name, identity->id, identity->directory, {}});
        identities.push_back(std::move(*identity));
    }
    auto text = mesh_text(files, identities);
    if (text) text = addressed(std::move(*text), files);
    if (!text) return tl::unexpected(text.error());
    const auto written = write_text(files.mesh_file, *text);
    if (!written) return tl::unexpected(written.error());
    return files;
}

}  // namespace starling::cli
