// Requests to one node, several at a time over connections that are kept; the rest waits in line.
//
//   get, post ──> line ──a free channel──> HttpChannel ──> answered
//
// Not thread safe: one loop owns it.
#pragma once

#include "node/cli/http_channel.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

class HttpPool {
public:
    using Clock = HttpChannel::Clock;
    using Answered = HttpChannel::Answered;

    // `patience`: from get() or post() to the answer.
    HttpPool(std::string path, std::size_t channels_max, std::chrono::milliseconds patience)
        : path_(std::move(path)), channels_max_(channels_max), patience_(patience) {}

    void get(std::string_view target, Answered answered);
    void post(std::string_view target, const Value& body, Answered answered);

    // Everything that waits ends without an answer.
    void abandon();
    void expire(Clock::time_point now);

    // What a poll() loop must look after now.
    void add_to(std::vector<Pollable*>& polled) const;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    struct Waiting {
        std::string request;
        Answered answered;
        Clock::time_point deadline;
    };

    void put(std::string request, Answered answered);
    void pump();
    [[nodiscard]] HttpChannel* free_channel();

    std::string path_;
    std::size_t channels_max_;
    std::chrono::milliseconds patience_;
    std::vector<std::unique_ptr<HttpChannel>> channels_;
    std::deque<Waiting> line_;
};

}  // namespace starling::cli
