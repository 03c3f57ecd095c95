#include "node/cli/load_node.hpp"

#include "node/cli/http_server.hpp"
#include "node/cli/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto retry_every = 100ms;
constexpr auto patience = 10s;
constexpr std::size_t channels_max = 64;

}  // namespace

LoadNode::LoadNode(std::size_t number, LoadTarget target, const LoadStreams& streams,
                   LoadListener& listener)
    : number_(number),
      target_(std::move(target)),
      listener_(listener),
      pool_(target_.socket, channels_max, patience),
      serve_(
          target_.socket,
          fmt::format("/v1/serve?skill={}&slots={}&agent=load", percent_encoded(streams.skill),
                      streams.slots),
          [this](std::string_view event, const Value& task) { take_task(event, task); },
          [this](const Error& why) { lose(why); }),
      members_(
          target_.socket, "/v1/events",
          [this](std::string_view, const Value& event) { listener_.on_member(*this, event); },
          [this](const Error& why) { lose(why); }) {
    for (const std::string& prefix : streams.prefixes) add_watch(prefix);
}

void LoadNode::add_watch(const std::string& prefix) {
    Part& part = *watches_.emplace_back(std::make_unique<Part>());
    part.stream = std::make_unique<EventStream>(
        target_.socket, "/v1/watch?prefix=" + percent_encoded(prefix),
        [this, &part](std::string_view event, const Value& change) {
            if (event == "state") take_change(part, change);
        },
        [this, &part](const Error& why) {
            trouble_ = why;
            part.current = false;
            part.retry_at = Clock::now() + retry_every;
        });
}

bool LoadNode::is_current() const {
    return is_attached() &&
           std::ranges::all_of(watches_, [](const auto& part) { return part->current; });
}

void LoadNode::watch_again(Clock::time_point now) {
    for (const auto& part : watches_) {
        if (!part->stream->is_open() && now >= part->retry_at) part->stream->open();
    }
}

void LoadNode::turn(Clock::time_point now) {
    pool_.expire(now);
    if (is_attached()) watch_again(now);
    if (state_ != State::gone || now < retry_at_) return;
    state_ = State::probing;
    retry_at_ = now + retry_every;
    pool_.get("/readyz", [this](const Result<HttpReply>& reply) {
        if (state_ != State::probing) return;
        if (reply && reply->status == http_ok) return attach();
        state_ = State::gone;
        if (!reply) trouble_ = reply.error();
    });
}

void LoadNode::attach() {
    state_ = State::attached;
    for (EventStream* each : {&members_, &serve_}) {
        if (is_attached()) each->open();
    }
    if (is_attached()) watch_again(Clock::now());
}

void LoadNode::lose(const Error& why) {
    trouble_ = why;
    detach();
}

void LoadNode::detach() {
    if (state_ == State::gone) return;
    const bool was_attached = is_attached();
    state_ = State::gone;
    retry_at_ = Clock::now() + retry_every;
    for (EventStream* each : {&members_, &serve_}) each->close();
    for (const auto& part : watches_) {
        part->stream->close();
        part->current = false;
        part->retry_at = {};
    }
    if (was_attached) listener_.on_gone(*this);
    pool_.abandon();
}

// The node refuses the worker with an event `error`.
void LoadNode::take_task(std::string_view event, const Value& task) {
    if (event == "task") return listener_.on_assigned(*this, task);
    if (event == "error") lose(error_of_problem(json_text(task)));
}

void LoadNode::take_change(Part& part, const Value& change) {
    const std::string phase = text_at(change, "phase");
    if (phase == "caught_up") part.current = true;
    if (phase == "lagged") part.current = false;
    listener_.on_state(*this, change);
}

void LoadNode::add_to(std::vector<Pollable*>& polled) {
    pool_.add_to(polled);
    for (EventStream* each : {&serve_, &members_}) polled.push_back(each);
    for (const auto& part : watches_) polled.push_back(part->stream.get());
}

}  // namespace starling::cli
