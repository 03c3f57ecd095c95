#include "node/cli/load_node.hpp"

#include "node/cli/http_server.hpp"
#include "node/cli/json.hpp"

#include <fmt/format.h>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto retry_every = 100ms;
constexpr auto patience = 10s;
constexpr std::size_t channels_max = 32;
constexpr unsigned fine = 200;

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
      watch_(
          target_.socket, "/v1/watch?prefix=" + percent_encoded(streams.prefix),
          [this](std::string_view, const Value& change) { take_change(change); },
          [this](const Error& why) { lose(why); }),
      members_(
          target_.socket, "/v1/events",
          [this](std::string_view, const Value& event) { listener_.on_member(*this, event); },
          [this](const Error& why) { lose(why); }) {}

void LoadNode::turn(Clock::time_point now) {
    pool_.expire(now);
    if (state_ != State::gone || now < retry_at_) return;
    state_ = State::probing;
    retry_at_ = now + retry_every;
    pool_.get("/readyz", [this](const Result<HttpReply>& reply) {
        if (state_ != State::probing) return;
        if (reply && reply->status == fine) return attach();
        state_ = State::gone;
        if (!reply) trouble_ = reply.error();
    });
}

void LoadNode::attach() {
    state_ = State::attached;
    current_ = false;
    for (EventStream* each : {&watch_, &members_, &serve_}) {
        if (is_attached()) each->open();
    }
}

void LoadNode::lose(const Error& why) {
    trouble_ = why;
    detach();
}

void LoadNode::detach() {
    if (state_ == State::gone) return;
    const bool was_attached = is_attached();
    state_ = State::gone;
    current_ = false;
    retry_at_ = Clock::now() + retry_every;
    for (EventStream* each : {&watch_, &members_, &serve_}) each->close();
    if (was_attached) listener_.on_gone(*this);
    pool_.abandon();
}

// The node refuses the worker with an event `error`.
void LoadNode::take_task(std::string_view event, const Value& task) {
    if (event == "task") return listener_.on_assigned(*this, task);
    if (event == "error") lose(error_of_problem(json_text(task)));
}

void LoadNode::take_change(const Value& change) {
    const std::string phase = text_at(change, "phase");
    if (phase == "caught_up") current_ = true;
    if (phase == "lagged") current_ = false;
    listener_.on_state(*this, change);
}

void LoadNode::add_to(std::vector<Pollable*>& polled) {
    pool_.add_to(polled);
    for (EventStream* each : {&serve_, &watch_, &members_}) polled.push_back(each);
}

}  // namespace starling::cli
