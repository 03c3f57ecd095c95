#include "node/io/identity.hpp"

#include "tests/journal/scratch.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace starling::io::identity_test {
namespace {

using tests::Scratch;

Token sample() {
    Token token;
    token.node.bytes.fill(1);
    token.curve.bytes.fill(2);
    token.journal.bytes.fill(3);
    return token;
}

unsigned mode_of(const std::string& path) {
    struct stat status {};

    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

WallTime at_ms(std::int64_t ms) {
    return WallTime{std::chrono::milliseconds{ms}};
}

MeshId mesh(std::uint8_t number) {
    MeshId id;
    id.bytes.fill(number);
    return id;
}

}  // namespace

TEST_CASE("a token is read back as it was printed", "[io][identity]") {
    CHECK(parse_token(text_of(sample())) == sample());
}

TEST_CASE("one mistyped character makes a token invalid", "[io][identity]") {
    const std::string text = text_of(sample());
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string wrong = text;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        if (parse_token(wrong)) ++accepted;
    }
    CHECK(accepted == 0);
}

TEST_CASE("a token that is cut off is called one", "[io][identity]") {
    const std::string text = text_of(sample());
    const auto parsed = parse_token(std::string_view(text).substr(0, text.size() - 1));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().name == "bad_token");
}

TEST_CASE("a new identity is the same when it is read again", "[io][identity]") {
    const Scratch scratch;
    const auto first = make_or_read_identity(scratch.file("ann"));
    const auto second = make_or_read_identity(scratch.file("ann"));
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->key.id() == second->key.id());
    CHECK(first->curve.key == second->curve.key);
}

TEST_CASE("a new data directory and its keys are the user's alone", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(make_or_read_identity(scratch.file("ann")));
    CHECK(mode_of(scratch.file("ann")) == 0700);
    CHECK(mode_of(scratch.file("ann/node.key")) == 0600);
    CHECK(mode_of(scratch.file("ann/curve.key")) == 0600);
}

TEST_CASE("a key that others may read is refused", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(make_or_read_identity(scratch.file("ann")));
    REQUIRE(::chmod(scratch.file("ann/node.key").c_str(), 0640) == 0);
    const auto identity = make_or_read_identity(scratch.file("ann"));
    REQUIRE_FALSE(identity);
    CHECK(identity.error().name == "key_open");
}

TEST_CASE("half an identity is an error and stays as it is", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(make_or_read_identity(scratch.file("ann")));
    REQUIRE(std::remove(scratch.file("ann/curve.key").c_str()) == 0);
    const auto identity = make_or_read_identity(scratch.file("ann"));
    REQUIRE_FALSE(identity);
    CHECK(identity.error().name == "key_missing");
}

TEST_CASE("a key file with other text in it is damaged", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(make_or_read_identity(scratch.file("ann")));
    std::ofstream(scratch.file("ann/node.key")) << "hello\n";
    const auto identity = make_or_read_identity(scratch.file("ann"));
    REQUIRE_FALSE(identity);
    CHECK(identity.error().name == "key_damaged");
}

TEST_CASE("a key is never overwritten", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(make_key(scratch.file("root.key")));
    const auto second = make_key(scratch.file("root.key"));
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "key_exists");
}

TEST_CASE("a data directory under a file cannot be made", "[io][identity]") {
    const Scratch scratch;
    std::ofstream(scratch.file("file")) << "x";
    const auto prepared = prepare_directory(scratch.file("file/ann"));
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().name == "directory_unusable");
}

TEST_CASE("a journal keeps its id", "[io][identity]") {
    const Scratch scratch;
    const JournalId id = open_journal(scratch.path())->id;
    CHECK(open_journal(scratch.path())->id == id);
}

TEST_CASE("every new journal has another id", "[io][identity]") {
    const Scratch scratch;
    REQUIRE(prepare_directory(scratch.file("a")));
    REQUIRE(prepare_directory(scratch.file("b")));
    CHECK(open_journal(scratch.file("a"))->id != open_journal(scratch.file("b"))->id);
}

TEST_CASE("the token names the journal that lies in the directory", "[io][identity]") {
    const Scratch scratch;
    const auto token = token_of(scratch.file("ann"));
    REQUIRE(token);
    CHECK(token->journal == open_journal(scratch.file("ann"))->id);
}

TEST_CASE("a first boot is the wall clock's milliseconds", "[io][identity]") {
    const Scratch scratch;
    const auto opened = open_journal(scratch.path());
    CHECK(begin_boot(*opened->journal, mesh(1), at_ms(5000))->value == 5000);
}

TEST_CASE("a boot grows although the wall clock went back", "[io][identity]") {
    const Scratch scratch;
    const auto opened = open_journal(scratch.path());
    REQUIRE(begin_boot(*opened->journal, mesh(1), at_ms(5000)));
    CHECK(begin_boot(*opened->journal, mesh(1), at_ms(4000))->value == 5001);
}

TEST_CASE("a boot grows beyond the one that this node is known to have had", "[io][identity]") {
    const Scratch scratch;
    const auto opened = open_journal(scratch.path());
    REQUIRE(begin_boot(*opened->journal, mesh(1), at_ms(5000)));
    Effects effects;
    keep_boot(Boot{9000}, effects);
    const Effects* turns[] = {&effects};
    REQUIRE(opened->journal->commit(turns));
    CHECK(begin_boot(*opened->journal, mesh(1), at_ms(6000))->value == 9001);
}

TEST_CASE("a journal belongs to the mesh it began in", "[io][identity]") {
    const Scratch scratch;
    const auto opened = open_journal(scratch.path());
    REQUIRE(begin_boot(*opened->journal, mesh(1), at_ms(5000)));
    const auto other = begin_boot(*opened->journal, mesh(2), at_ms(6000));
    REQUIRE_FALSE(other);
    CHECK(other.error().name == "mesh_foreign");
}

}  // namespace starling::io::identity_test
