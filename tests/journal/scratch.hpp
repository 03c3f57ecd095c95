// A directory of a test's own, gone when the test ends.
//
// Not thread safe.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace starling::tests {

class Scratch {
public:
    Scratch() {
        std::string pattern =
            std::filesystem::temp_directory_path() / ("starling-test-" + std::string(6, 'X'));
        const char* made = mkdtemp(pattern.data());
        if (made == nullptr) std::abort();
        path_ = made;
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace starling::tests
