#include "node/cli/places.hpp"

#include "node/cli/descriptor.hpp"
#include "node/cli/json.hpp"
#include "node/cli/words.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace starling::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t text_max = 16 * 1024 * 1024;

// What is not there is looked for where it should be.
Error file_error(const std::string& name, const std::string& path, int number) {
    std::string look_at = path;
    if (number == ENOENT) look_at = fs::path(path).parent_path().string();
    if (look_at.empty()) look_at = ".";
    return Error{ErrorCode::invalid, name,
                 fmt::format("{}: {}", path, std::system_category().message(number)),
                 "ls -l " + look_at, Changed::no};
}

// Ours alone, and no link to something else.
std::optional<Error> check_private(const std::string& path) {
    struct stat found {};

    if (::lstat(path.c_str(), &found) != 0) return system_error("lstat", path, errno);
    constexpr mode_t others = S_IRWXG | S_IRWXO;
    if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & others) == 0) {
        return std::nullopt;
    }
    return Error{ErrorCode::invalid, "runtime_dir_unsafe",
                 path + " must be a directory of yours with mode 0700",
                 "set XDG_RUNTIME_DIR to a directory of yours", Changed::no};
}

Result<std::string> private_dir(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return tl::unexpected(system_error("mkdir", path, errno));
    }
    if (auto error = check_private(path)) return tl::unexpected(*error);
    return path;
}

std::string runtime_path() {
    if (const auto base = environment_value("XDG_RUNTIME_DIR")) return *base + "/starling";
    const std::string temporary = environment_value("TMPDIR").value_or("/tmp");
    return fmt::format("{}/starling-{}", temporary, ::geteuid());
}

std::string pointer_path() {
    return runtime_path() + "/dev.json";
}

bool lives(long pid) {
    return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

Value mesh_document(const DevMesh& mesh) {
    Value::List nodes;
    for (const DevNode& node : mesh.nodes) {
        nodes.emplace_back(
            Value::Map{{"name", node.name}, {"socket", node.socket}, {"address", node.address}});
    }
    return Value::Map{{"pid", std::int64_t{mesh.pid}},
                      {"directory", mesh.directory},
                      {"control", mesh.control},
                      {"nodes", std::move(nodes)}};
}

DevMesh mesh_of(const Value& document) {
    DevMesh mesh{number_at(document, "pid"),
                 text_at(document, "directory"),
                 text_at(document, "control"),
                 {}};
    for (const Value& node : list_at(document, "nodes")) {
        mesh.nodes.push_back(
            {text_at(node, "name"), text_at(node, "socket"), text_at(node, "address")});
    }
    return mesh;
}

// The node of a dev mesh that a name or a number from 1 means.
Result<std::string> dev_node(const std::string& wanted) {
    const auto mesh = running_dev();
    if (!mesh) {
        return failure(ErrorCode::failed, "dev_not_running",
                       fmt::format("--node {} means a node of starling dev, but none runs", wanted),
                       "starling dev, or --node unix:PATH");
    }
    const std::string name = parse_number(wanted) ? "dev-" + wanted : wanted;
    const auto found = std::ranges::find(mesh->nodes, name, &DevNode::name);
    if (found != mesh->nodes.end()) return found->socket;
    return failure(ErrorCode::not_found, "node_not_found",
                   fmt::format("the running dev mesh has no node {}; it has dev-1 to dev-{}",
                               printable(name), mesh->nodes.size()),
                   "starling dev nodes");
}

}  // namespace

std::optional<std::string> environment_value(const std::string& name) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

std::string state_dir() {
    if (const auto base = environment_value("XDG_STATE_HOME")) return *base + "/starling";
    return environment_value("HOME").value_or(".") + "/.local/state/starling";
}

Result<std::string> runtime_dir() {
    return private_dir(runtime_path());
}

Result<std::string> write_pointer(const DevMesh& mesh) {
    const std::string path = pointer_path();
    const auto written = write_text(path, json_pages(mesh_document(mesh)) + "\n");
    if (!written) return tl::unexpected(written.error());
    return path;
}

std::optional<DevMesh> running_dev() {
    const std::string path = pointer_path();
    if (!fs::exists(path) || check_private(runtime_path())) return std::nullopt;
    const auto text = read_text(path);
    const auto document = text ? json_value(*text) : Result<Value>(Value());
    if (!document) return std::nullopt;
    DevMesh mesh = mesh_of(*document);
    // The socket tells a process that took over an old number from the supervisor.
    if (!lives(mesh.pid) || !connect_unix(mesh.control)) return std::nullopt;
    return mesh;
}

Result<std::string> node_socket(const Invocation& call) {
    const std::string named = call.text("node");
    if (named.starts_with("unix:")) return named.substr(5);
    if (named.find('/') != std::string::npos) return named;
    if (named.find(':') != std::string::npos) {
        return failure(
            ErrorCode::invalid, "address_unsupported",
            "--node " + printable(named) + ": a node listens for programs on a Unix socket",
            "--node unix:PATH, with the path that starling node printed");
    }
    if (!named.empty()) return dev_node(named);
    const auto mesh = running_dev();
    if (mesh && !mesh->nodes.empty()) return mesh->nodes.front().socket;
    return failure(ErrorCode::failed, "no_node",
                   "no --node, no STARLING_NODE, and no mesh of starling dev at " + pointer_path(),
                   "starling dev");
}

Result<std::string> read_text(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) return tl::unexpected(file_error("file_unreadable", path, errno));
    std::string text;
    std::array<char, 16 * 1024> buffer{};
    while (true) {
        const auto count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count == 0) return text;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return tl::unexpected(file_error("file_unreadable", path, errno));
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > text_max)
            return tl::unexpected(file_error("file_unreadable", path, EFBIG));
    }
}

bool is_special(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

Result<void> check_writable(const std::string& path) {
    const fs::path parent = fs::path(path).parent_path();
    if (fs::is_directory(path)) {
        return tl::unexpected(file_error("file_unwritable", path, EISDIR));
    }
    const std::string place = is_special(path) ? path : parent.empty() ? "." : parent.string();
    if (::access(place.c_str(), W_OK) == 0) return {};
    return tl::unexpected(file_error("file_unwritable", path, errno));
}

Result<void> write_text(const std::string& path, std::string_view text) {
    const bool special = is_special(path);
    const std::string fresh = special ? path : path + ".new";
    const int create = special ? 0 : O_CREAT | O_TRUNC;
    const Descriptor fd(::open(fresh.c_str(), O_WRONLY | O_CLOEXEC | create, 0600));
    if (!fd.is_open()) return tl::unexpected(file_error("file_unwritable", path, errno));
    while (!text.empty()) {
        const auto count = ::write(fd.get(), text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            const int cause = errno;
            if (!special) ::unlink(fresh.c_str());
            return tl::unexpected(file_error("file_unwritable", path, cause));
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (special || ::rename(fresh.c_str(), path.c_str()) == 0) return {};
    const int cause = errno;
    ::unlink(fresh.c_str());
    return tl::unexpected(file_error("file_unwritable", path, cause));
}

}  // namespace starling::cli
