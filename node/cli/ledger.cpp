#include "node/cli/ledger.hpp"

#include "node/cli/json.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace starling::cli {
namespace {

Error unwritable(const std::string& path, int number) {
    return Error{ErrorCode::failed, "file_unwritable",
                 path + " cannot be written: " + std::system_category().message(number), "",
                 Changed::no};
}

}  // namespace

Result<Ledger> Ledger::open(const std::string& path) {
    std::ofstream file;
    errno = 0;
    if (!path.empty()) file.open(path, std::ios::trunc);
    if (!path.empty() && !file.is_open()) return tl::unexpected(unwritable(path, errno));
    return Ledger(path, std::move(file));
}

void Ledger::add(std::string_view event, Value::Map fields) {
    if (path_.empty()) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began_);
    fields["event"] = std::string(event);
    fields["ms"] = std::int64_t{ms.count()};
    file_ << json_text(Value(std::move(fields))) << '\n';
}

Result<void> Ledger::close() {
    if (path_.empty()) return {};
    errno = 0;
    file_.close();
    if (!file_.fail()) return {};
    return tl::unexpected(unwritable(path_, errno));
}

}  // namespace starling::cli
