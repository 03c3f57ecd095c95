// Requests to a local node over its Unix socket; blocking, with one deadline for each.
//
// A node that is not there is an error within milliseconds: node_unreachable with path and cause.
// Not thread safe.
#pragma once

#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace starling::cli {

class HttpClient {
public:
    HttpClient(std::string socket_path, std::chrono::milliseconds timeout)
        : path_(std::move(socket_path)), timeout_(timeout) {}

    // The document of a 2xx answer, or the error that the node sent, or why there is no answer.
    [[nodiscard]] Result<Value> get(std::string_view target) const;
    [[nodiscard]] Result<Value> post(std::string_view target, const Value& body) const;

    [[nodiscard]] Result<Value> remove(std::string_view target, const Value& body) const;

    // The status of GET; what the body says is ignored.
    [[nodiscard]] Result<unsigned> probe(std::string_view target) const;

    // Hands every event of a stream to `take`, its name and text, until it returns false or the
    // stream ends.  No deadline once the stream began; it ends too when the descriptor `stop` is
    // readable.
    using Take = std::function<bool(std::string_view event, const Value& document)>;
    [[nodiscard]] Result<void> stream(std::string_view target, const Take& take,
                                      int stop = -1) const;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    struct Answer {
        unsigned status = 0;
        std::string body{};
    };

    [[nodiscard]] Result<Answer> exchange(const std::string& request) const;
    [[nodiscard]] Result<Value> document(const std::string& request) const;

    std::string path_;
    std::chrono::milliseconds timeout_;
};

}  // namespace starling::cli
