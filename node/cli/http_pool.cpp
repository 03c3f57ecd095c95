#include "node/cli/http_pool.hpp"

#include "node/cli/json.hpp"

#include <algorithm>
#include <utility>

namespace starling::cli {

void HttpPool::get(std::string_view target, Answered answered) {
    put(http_request_text("GET", target, {}), std::move(answered));
}

void HttpPool::post(std::string_view target, const Value& body, Answered answered) {
    put(http_request_text("POST", target, json_text(body)), std::move(answered));
}

void HttpPool::put(std::string request, Answered answered) {
    line_.push_back({std::move(request), std::move(answered), Clock::now() + patience_});
    pump();
}

HttpChannel* HttpPool::free_channel() {
    const auto free =
        std::ranges::find_if(channels_, [](const auto& each) { return each->is_idle(); });
    if (free != channels_.end()) return free->get();
    if (channels_.size() == channels_max_) return nullptr;
    return channels_.emplace_back(std::make_unique<HttpChannel>(path_)).get();
}

void HttpPool::pump() {
    while (!line_.empty()) {
        HttpChannel* channel = free_channel();
        if (channel == nullptr) return;
        Waiting next = std::move(line_.front());
        line_.pop_front();
        auto then = [this, answered = std::move(next.answered)](const Result<HttpReply>& reply) {
            answered(reply);
            pump();
        };
        channel->begin(next.request, std::move(then), next.deadline);
    }
}

void HttpPool::abandon() {
    const auto line = std::exchange(line_, {});
    for (std::size_t i = 0; i < channels_.size(); ++i) channels_[i]->abandon();
    for (const Waiting& each : line) {
        each.answered(failure(ErrorCode::unknown, "connection_lost",
                              "the node at unix:" + path_ + " is gone", "", Changed::no));
    }
}

void HttpPool::expire(Clock::time_point now) {
    for (std::size_t i = 0; i < channels_.size(); ++i) channels_[i]->expire(now);
}

void HttpPool::add_to(std::vector<Pollable*>& polled) const {
    for (const auto& each : channels_) polled.push_back(each.get());
}

}  // namespace starling::cli
