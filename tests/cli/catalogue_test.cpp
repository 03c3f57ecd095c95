#include "node/cli/catalogue.hpp"

#include "node/cli/places.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <regex>
#include <set>

namespace starling::cli::catalogue_test {
namespace {

namespace fs = std::filesystem;

// Names of errors as the tree writes them: ErrorCode::invalid, "key_too_long".
void collect_names(const std::string& text, std::set<std::string>& names) {
    static const std::regex pattern("ErrorCode::[a-z_]+,\\s*\"([a-z_0-9]+)\"");
    for (auto each = std::sregex_iterator(text.begin(), text.end(), pattern);
         each != std::sregex_iterator(); ++each) {
        names.insert((*each)[1]);
    }
}

std::set<std::string> names_in_tree(const fs::path& root) {
    std::set<std::string> names;
    for (const char* folder :
         {"base", "include", "crdt", "gossip", "quorum", "auction", "node", "journal", "sim"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const std::string kind = entry.path().extension();
            if (kind != ".cpp" && kind != ".hpp") continue;
            if (const auto text = read_text(entry.path())) collect_names(*text, names);
        }
    }
    return names;
}

TEST_CASE("codes and names are unique, codes ascend", "[cli][catalogue]") {
    std::set<std::string_view> names;
    std::string_view last;
    for (const CatalogueEntry& entry : catalogue()) {
        INFO(entry.name);
        CHECK(last < entry.code);
        last = entry.code;
        CHECK(names.insert(entry.name).second);
        CHECK_FALSE(entry.meaning.empty());
        CHECK_FALSE(entry.next.empty());
    }
}

TEST_CASE("an entry is found by its code in any case and by its name", "[cli][catalogue]") {
    REQUIRE(entry_of(std::string_view("e202")) != nullptr);
    CHECK(entry_of(std::string_view("e202"))->name == "node_unreachable");
    CHECK(entry_of(std::string_view("node_unreachable"))->code == "E202");
    CHECK(entry_of(std::string_view("E999")) == nullptr);
}

TEST_CASE("an error of any code has an entry", "[cli][catalogue]") {
    for (const ErrorCode code : {ErrorCode::invalid, ErrorCode::not_found, ErrorCode::conflict,
                                 ErrorCode::no_quorum, ErrorCode::unknown, ErrorCode::overloaded,
                                 ErrorCode::would_deadlock, ErrorCode::failed}) {
        const Error error{code, "a name nobody knows", "", "", Changed::no};
        CHECK(entry_of(error).name == name_of(code));
    }
}

TEST_CASE("every error that the tree can give is explained", "[cli][catalogue]") {
    const auto root = environment_value("STARLING_SOURCE_DIR");
    REQUIRE(root);
    const auto names = names_in_tree(*root);
    CHECK(names.size() > 50);
    for (const std::string& name : names) {
        INFO(name);
        CHECK(entry_of(std::string_view(name)) != nullptr);
    }
}

}  // namespace
}  // namespace starling::cli::catalogue_test
