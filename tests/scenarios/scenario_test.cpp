#include "tests/scenarios/stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace starling::scenario {
namespace {

using namespace std::chrono_literals;

Line line_of(const std::string& text) {
    Line line;
    std::istringstream words(text.substr(0, text.find('#')));
    for (std::string word; words >> word;) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            line.words.push_back(word);
        } else {
            line.options[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    return line;
}

std::unique_ptr<Stage> stage_of(const Line& line) {
    const std::vector<std::string> nodes(line.words.begin() + 1, line.words.end());
    if (line.word(0) == "tasks") return task_stage(nodes);
    if (line.word(0) == "members") return member_stage(nodes);
    if (line.word(0) == "register") return register_stage(nodes);
    FAIL("the first line begins with tasks, members or register");
    return nullptr;
}

// `expect bob sees eve alive`: the last word is what should be found.
void expect(Stage& stage, Line line) {
    const std::string wanted = line.words.back();
    line.words.pop_back();
    line.words.erase(line.words.begin());
    CHECK(stage.look(line) == wanted);
}

void play(std::istream& text) {
    std::unique_ptr<Stage> stage;
    std::string written;
    for (int number = 1; std::getline(text, written); ++number) {
        INFO("line " << number << ": " << written);
        const Line line = line_of(written);
        if (line.words.empty()) continue;
        if (!stage) {
            stage = stage_of(line);
        } else if (line.word(0) == "expect") {
            expect(*stage, line);
        } else {
            REQUIRE(stage->act(line));
        }
        CHECK(stage->broken().empty());
    }
    REQUIRE(stage);
}

}  // namespace

const std::string& Line::word(std::size_t index) const {
    REQUIRE(index < words.size());
    return words[index];
}

Duration Line::time(const std::string& text) const {
    std::size_t used = 0;
    const auto count = std::stoll(text, &used);
    const std::string unit = text.substr(used);
    REQUIRE((unit == "s" || unit == "ms"));
    return unit == "s" ? Duration(count * 1s) : Duration(count * 1ms);
}

Duration Line::time_option(const std::string& name, Duration fallback) const {
    const auto found = options.find(name);
    return found == options.end() ? fallback : time(found->second);
}

std::size_t Line::number_option(const std::string& name, std::size_t fallback) const {
    const auto found = options.find(name);
    return found == options.end() ? fallback : std::stoul(found->second);
}

std::size_t Stage::index_of(const std::string& node) const {
    const auto found = std::ranges::find(nodes_, node);
    REQUIRE(found != nodes_.end());
    return static_cast<std::size_t>(found - nodes_.begin());
}

TEST_CASE("every scenario goes as it is written", "[scenario]") {
    const char* root = std::getenv("STARLING_SOURCE_DIR");
    const std::filesystem::path folder =
        std::filesystem::path(root == nullptr ? "." : root) / "tests/scenarios";
    std::vector<std::filesystem::path> files;
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
        const auto& path = each.path();
        const bool text = path.extension() == ".txt" && path.stem() != "CMakeLists";
        if (text) files.push_back(path);
    }
    std::ranges::sort(files);
    REQUIRE_FALSE(files.empty());
    for (const auto& file : files) {
        INFO(file.filename().string());
        std::ifstream text(file);
        play(text);
    }
}

}  // namespace starling::scenario
