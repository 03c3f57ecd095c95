#include "node/io/key_file.hpp"
#include <starling/text_file.hpp>

namespace starling {
namespace {

constexpr std::size_t text_bytes_max = 1024 * 1024;

}  // namespace

Result<void> write_text_file(const std::string& path, const std::string& text) {
    return io::write_file(path, text, io::Secrecy::open, io::Existing::replace);
}

Result<std::string> read_text_file(const std::string& path) {
    return io::read_file(path, text_bytes_max);
}

}  // namespace starling
