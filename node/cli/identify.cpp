#include "node/cli/commands.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include <starling/mesh.hpp>

#include <fmt/format.h>

namespace starling::cli {
namespace {

const Option dir_option{"dir", "DIR", "keys and journal of the node (default STATE/starling/node)"};

std::string directory_of(const Invocation& call) {
    return call.has("dir") ? call.text("dir") : state_dir() + "/node";
}

Error missing(const Invocation& call, std::string_view option) {
    return Error{ErrorCode::invalid, "missing_argument", fmt::format("--{} is missing", option),
                 fmt::format("starling help {}", call.command->name), Changed::no};
}

Value::Map identity_document(const Identity& identity) {
    return {{"id", identity.id}, {"token", identity.token}, {"directory", identity.directory}};
}

// A token for people is one line, so that it can be pasted; with an address behind an @.
std::string token_line(const Identity& identity, const std::string& address) {
    return address.empty() ? identity.token : identity.token + "@" + address;
}

Result<Exit> show_identity(const Result<Identity>& identity, const Invocation& call,
                           Terminal& terminal) {
    if (!identity) return tl::unexpected(identity.error());
    const std::string line = token_line(*identity, call.text("address"));
    Value::Map document = identity_document(*identity);
    document["token"] = line;
    terminal.result(std::move(document), [&] { return line; });
    return Exit::ok;
}

Result<Exit> id_new(const Invocation& call, Terminal& terminal) {
    const auto identity = make_identity(directory_of(call));
    if (identity) {
        terminal.note(fmt::format("node {} in {}; give this token to whoever makes the mesh:",
                                  identity->id.substr(0, 8), identity->directory));
    }
    return show_identity(identity, call, terminal);
}

Result<Exit> id_show(const Invocation& call, Terminal& terminal) {
    return show_identity(read_identity(directory_of(call)), call, terminal);
}

// TOKEN or TOKEN@HOST:PORT
MeshMember member_of(const std::string& text) {
    const std::size_t mark = text.find('@');
    MeshMember member{text.substr(0, mark), {}};
    if (mark != std::string::npos) member.addresses.push_back(text.substr(mark + 1));
    return member;
}

Result<Exit> mesh_init(const Invocation& call, Terminal& terminal) {
    if (!call.has("members")) return tl::unexpected(missing(call, "members"));
    NewMesh mesh{call.text("name"), {}, call.text("root-key")};
    for (const std::string& list : call.texts("members")) {
        for (const std::string& token : split(list, ',')) mesh.members.push_back(member_of(token));
    }
    const auto file = make_mesh(mesh);
    if (!file) return tl::unexpected(file.error());
    terminal.note(
        fmt::format("root key in {}: whoever holds it admits members; keep it off the nodes",
                    mesh.root_key_file));
    terminal.result({{"mesh_file", *file}, {"root_key_file", mesh.root_key_file}},
                    [&] { return *file; });
    return Exit::ok;
}

Result<std::string> running_mesh_file(const HttpClient& client) {
    const auto answer = client.get("/v1/mesh");
    if (!answer) return tl::unexpected(answer.error());
    return text_at(*answer, "mesh_file");
}

Result<Exit> mesh_show(const Invocation& call, Terminal& terminal) {
    const auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    const auto file = running_mesh_file(HttpClient(*socket, call.timeout));
    if (!file) return tl::unexpected(file.error());
    terminal.result({{"mesh_file", *file}}, [&] { return *file; });
    return Exit::ok;
}

MeshMember newcomer_of(const Invocation& call) {
    MeshMember member = member_of(call.words.front());
    member.addresses.insert(member.addresses.end(), call.words.begin() + 1, call.words.end());
    return member;
}

Result<Exit> mesh_admit(const Invocation& call, Terminal& terminal) {
    if (!call.has("root-key")) return tl::unexpected(missing(call, "root-key"));
    const auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    const HttpClient client(*socket, call.timeout);
    const auto known = running_mesh_file(client);
    if (!known) return tl::unexpected(known.error());
    const MeshMember newcomer = newcomer_of(call);
    const auto admission = certify(*known, newcomer, call.text("root-key"));
    if (!admission) return tl::unexpected(admission.error());
    Value::List addresses(newcomer.addresses.begin(), newcomer.addresses.end());
    const auto answer = client.post("/v1/admit", Value::Map{{"certificate", admission->certificate},
                                                            {"addresses", std::move(addresses)}});
    if (!answer) return tl::unexpected(answer.error());
    terminal.note(fmt::format("node {} is admitted; start it with the mesh file below",
                              admission->id.substr(0, 8)));
    terminal.result({{"id", admission->id},
                     {"certificate", admission->certificate},
                     {"mesh_file", admission->mesh_file}},
                    [&] { return admission->mesh_file; });
    return Exit::ok;
}

}  // namespace

Command id_new_command() {
    Command command{"id new", "set up", "make a node's keys and journal, print its token",
                    "",       0,        0};
    command.options = {dir_option,
                       {"address", "HOST:PORT", "where others will dial it; added to the token"}};
    command.examples = {"starling id new --dir /var/lib/starling --address 10.0.0.7:7847"};
    command.notes =
        "An identity is never overwritten. Secret keys stay in the directory (mode 0700).";
    command.run = id_new;
    return command;
}

Command id_show_command() {
    Command command{"id show", "set up", "print a node's token", "", 0, 0};
    command.options = {dir_option,
                       {"address", "HOST:PORT", "where others will dial it; added to the token"}};
    command.examples = {"starling id show --dir /var/lib/starling"};
    command.run = id_show;
    return command;
}

Command mesh_init_command() {
    Command command{"mesh init", "set up", "make a mesh of these tokens, print its mesh file",
                    "",          0,        0};
    command.options = {
        {"members", "T1,T2,..", "tokens, each with @HOST:PORT when it has an address", "", 0, true},
        {"name", "NAME", "the mesh's name, for people"},
        {"root-key", "FILE", "where the root key is written (mode 0600); never overwritten",
         "mesh.root"}};
    command.examples = {
        "starling mesh init --members $ANN@10.0.0.5:7847,$BOB@10.0.0.6:7847 > mesh.json"};
    command.notes =
        "The first 1 (of 1 or 2), 3 (of 3 or 4) or 5 members vote in registers. Copy the mesh file "
        "to\n"
        "every node; it holds no secret. The root key admits members: keep it off the nodes.";
    command.run = mesh_init;
    return command;
}

Command mesh_admit_command() {
    Command command{"mesh admit",         "set up", "admit a newcomer, print a mesh file for it",
                    "TOKEN [ADDRESS...]", 1,        5};
    command.options = {{"root-key", "FILE", "the root key that mesh init wrote"}};
    command.examples = {"starling mesh admit $EVE 10.0.0.8:7847 --root-key mesh.root > eve.json"};
    command.notes = "Any running member spreads the certificate: --node names which one to tell.";
    command.run = mesh_admit;
    return command;
}

Command mesh_show_command() {
    Command command{"mesh show", "set up", "print the mesh file of a running node", "", 0, 0};
    command.examples = {"starling mesh show --node dev-1 > mesh.json"};
    command.run = mesh_show;
    return command;
}

}  // namespace starling::cli
