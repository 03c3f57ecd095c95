#include "sim/agents/outside.hpp"

#include "base/value_codec.hpp"
#include "node/agent_place.hpp"
#include "sim/agents/answer_time.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

constexpr std::uint64_t whole = 1'000'000;  // shares are of a million

}  // namespace

Outside::Reply ModelledOutside::reply(const Value& payload, Rng& rng) {
    Reply reply{draw_time(time_, rng), Value()};
    const bool fails = rng.chance(std::min<std::uint64_t>(errors_.of_million, whole), whole);
    const bool before = rng.chance(1, 2);
    if (!fails || !before) reply.answer = detail::answer_of(answer_, payload);
    if (fails) {
        reply.answer = failure(ErrorCode::unknown, "external_failed",
                               "the external call failed, as its model has it now and then",
                               "call it again if twice does no harm", Changed::unknown);
    }
    return reply;
}

void RecordedOutside::add(const CassetteCall& call) {
    tracks_[value_bytes(call.payload)].calls.push_back(call);
}

Outside::Reply RecordedOutside::reply(const Value& payload, Rng& /*rng*/) {
    const auto track = tracks_.find(value_bytes(payload));
    if (track == tracks_.end()) {
        return {
            Duration{0},
            failure(ErrorCode::not_found, not_in_cassette,
                    "the cassette has no call with this payload",
                    "record it: starling::Recorder, or make the payload independent of chance")};
    }
    auto& [calls, played] = track->second;
    const CassetteCall& call = calls[std::min(played++, calls.size() - 1)];
    return {call.took, call.answer};
}

}  // namespace starling::sim
