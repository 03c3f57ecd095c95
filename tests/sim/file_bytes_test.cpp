#include "sim/file_bytes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace starling::sim::file_bytes_test {
namespace {

constexpr std::size_t many = 200'000;  // more than three chunks

std::string text_in(const FileBytes& file) {
    Bytes bytes(file.size());
    file.read(0, bytes);
    return {bytes.begin(), bytes.end()};
}

std::string some_text(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
}

TEST_CASE("a long file is read as it was written, in one piece or in many", "[sim][file_bytes]") {
    const std::string text = some_text(many);
    FileBytes at_once;
    at_once.write(0, view_of(text));
    FileBytes in_pieces;
    for (std::size_t at = 0; at < many; at += 777) {
        in_pieces.write(at, view_of(text).subspan(at, std::min<std::size_t>(777, many - at)));
    }
    CHECK(text_in(at_once) == text);
    CHECK(text_in(in_pieces) == text);
}

TEST_CASE("what a file is lengthened by is zeros, even where it was longer before",
          "[sim][file_bytes]") {
    FileBytes file;
    file.write(0, view_of(some_text(many)));
    file.resize(10);
    file.write(many, view_of("end"));
    const std::string text = text_in(file);
    CHECK(text.substr(0, 10) == some_text(10));
    CHECK(std::ranges::count(text.substr(10, many - 10), '\0') == many - 10);
    CHECK(text.substr(many) == "end");
}

TEST_CASE("of a part beyond the end of a file there is as much as there is", "[sim][file_bytes]") {
    FileBytes file;
    file.write(0, view_of("text"));
    Bytes part;
    file.append_to(part, 2, 100);
    file.append_to(part, 50, 100);
    CHECK(text_of(part) == "xt");
}

}  // namespace
}  // namespace starling::sim::file_bytes_test
