#include "node/io/mesh_file.hpp"

#include "base/limits.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace starling::io::mesh_file_test {
namespace {

SigningKey key(std::uint8_t number) {
    SigningKey::Seed seed{};
    seed.fill(number);
    return SigningKey(seed);
}

Candidate candidate(std::uint8_t number) {
    Candidate made;
    made.token.node = key(number).id();
    made.token.curve.bytes.fill(number);
    made.token.journal.bytes.fill(number);
    made.addresses = {"10.0.0." + std::to_string(number) + ":7847"};
    return made;
}

MeshFile mesh_of(std::uint8_t members) {
    std::vector<Candidate> candidates;
    for (std::uint8_t i = 1; i <= members; ++i) candidates.push_back(candidate(i));
    auto mesh = make_mesh("prices", key(100), candidates);
    REQUIRE(mesh);
    return *mesh;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string complaint_about(const std::string& text) {
    const auto mesh = parse_mesh_file(text, "prices.json");
    return mesh ? "" : mesh.error().name + " " + mesh.error().message;
}

}  // namespace

TEST_CASE("a mesh file is read back as it was printed", "[io][mesh_file]") {
    const MeshFile mesh = mesh_of(3);
    const auto parsed = parse_mesh_file(text_of(mesh), "prices.json");
    REQUIRE(parsed);
    CHECK(parsed->genesis == mesh.genesis);
    CHECK(text_of(*parsed) == text_of(mesh));
}

TEST_CASE("a mesh has one, three or five voters", "[io][mesh_file]") {
    std::vector<std::size_t> voters;
    for (std::uint8_t members = 1; members <= 8; ++members) {
        voters.push_back(mesh_of(members).genesis.voters.size());
    }
    CHECK(voters == std::vector<std::size_t>{1, 1, 3, 3, 5, 5, 5, 5});
}

TEST_CASE("a mesh finds its member by the node's id", "[io][mesh_file]") {
    const MeshFile mesh = mesh_of(3);
    const node::Contact* found = mesh.find(key(2).id());
    REQUIRE(found != nullptr);
    CHECK(found->addresses == std::vector<std::string>{"10.0.0.2:7847"});
}

TEST_CASE("a member that is certified later belongs to the same mesh", "[io][mesh_file]") {
    MeshFile mesh = mesh_of(3);
    const auto newcomer = certify(mesh.genesis, key(100), candidate(4), 5);
    REQUIRE(newcomer);
    mesh.members.push_back(*newcomer);
    CHECK(parse_mesh_file(text_of(mesh), "prices.json"));
}

TEST_CASE("only the mesh's own root key certifies", "[io][mesh_file]") {
    const auto newcomer = certify(mesh_of(3).genesis, key(101), candidate(4), 5);
    REQUIRE_FALSE(newcomer);
    CHECK(newcomer.error().name == "root_key_foreign");
}

TEST_CASE("a node cannot be two members", "[io][mesh_file]") {
    const std::vector<Candidate> twice{candidate(1), candidate(1)};
    CHECK(make_mesh("prices", key(100), twice).error().name == "member_twice");
}

TEST_CASE("a member has four addresses and no fifth", "[io][mesh_file]") {
    Candidate member = candidate(1);
    member.addresses.assign(limits::addresses_per_member, "10.0.0.1:7847");
    CHECK(make_mesh("prices", key(100), std::span(&member, 1)));
    member.addresses.emplace_back("10.0.0.1:7847");
    CHECK(make_mesh("prices", key(100), std::span(&member, 1)).error().name ==
          "too_many_addresses");
}

TEST_CASE("text that is no JSON is complained about by line and column", "[io][mesh_file]") {
    CHECK(complaint_about("{\n  \"starling_mesh\": 1,\n  oops\n}") ==
          "bad_mesh_file prices.json:3:3: this is no JSON");
}

TEST_CASE("JSON of another kind is no mesh file", "[io][mesh_file]") {
    for (const char* text : {"[]", "{}", "1", "null", R"({"name": "prices"})"}) {
        CHECK_THAT(complaint_about(text), Catch::Contains("this is no mesh file"));
    }
}

TEST_CASE("a mesh file of a later version is refused by its version", "[io][mesh_file]") {
    const std::string text =
        replaced(text_of(mesh_of(1)), "\"starling_mesh\": 1", "\"starling_mesh\": 2");
    CHECK_THAT(complaint_about(text), Catch::Contains("version 2"));
}

TEST_CASE("a wrong field is named with its place", "[io][mesh_file]") {
    const std::string text = text_of(mesh_of(3));
    CHECK_THAT(complaint_about(replaced(text, "10.0.0.1:7847", "nowhere")),
               Catch::Contains("members[") && Catch::Contains("addresses"));
}

TEST_CASE("a changed certificate is refused", "[io][mesh_file]") {
    MeshFile mesh = mesh_of(1);
    mesh.members[0].certificate.signature.bytes[5] ^= 1U;
    CHECK_THAT(complaint_about(text_of(mesh)), Catch::Contains("mesh_certificate_invalid"));
}

TEST_CASE("a certificate of another mesh is refused", "[io][mesh_file]") {
    MeshFile mesh = mesh_of(1);
    mesh.genesis.name = "weather";
    CHECK_THAT(complaint_about(text_of(mesh)), Catch::Contains("mesh_certificate_invalid"));
}

TEST_CASE("a certificate under another node's id is refused", "[io][mesh_file]") {
    MeshFile mesh = mesh_of(2);
    const std::string id = mesh.members[0].certificate.node.hex();
    const std::string text = text_of(mesh);
    const std::size_t members = text.find("\"members\"");
    const std::string changed =
        text.substr(0, members) + replaced(text.substr(members), id, std::string(64, 'a'));
    CHECK_THAT(complaint_about(changed), Catch::Contains("certificate"));
}

TEST_CASE("no cut of a mesh file is taken for a whole one", "[io][mesh_file]") {
    const std::string text = text_of(mesh_of(2));
    std::size_t taken = 0;
    for (std::size_t size = 0; size + 2 < text.size(); size += 7) {
        if (parse_mesh_file(std::string_view(text).substr(0, size), "prices.json")) ++taken;
    }
    CHECK(taken == 0);
}

}  // namespace starling::io::mesh_file_test
