// What answers external calls in a simulated mesh.
//
//   name, payload, draws ──> Outside ──> Reply{how long it takes, answer or error}
//
// Invariants:
//   I1  A reply is a function of the payload, the draws and the calls before, whoever made them.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/moment.hpp"
#include "base/rng.hpp"
#include <starling/agent.hpp>
#include <starling/cassette.hpp>
#include <starling/sim_models.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace starling::sim {

class Outside {
public:
    struct Reply {
        Duration takes{};
        Result<Value> answer;
    };

    Outside() = default;
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;
    virtual ~Outside() = default;

    [[nodiscard]] virtual Reply reply(const Value& payload, Rng& rng) = 0;
};

// By name.
using Outsides = std::map<std::string, std::shared_ptr<Outside>>;

// A function behind a model of time and errors.
class ModelledOutside final : public Outside {
public:
    ModelledOutside(const agents::AnswerTime& time, agents::Share errors, External answer)
        : time_(time), errors_(errors), answer_(std::move(answer)) {}

    [[nodiscard]] Reply reply(const Value& payload, Rng& rng) override;

private:
    agents::AnswerTime time_;
    agents::Share errors_;
    External answer_;
};

// What was recorded of one name.
class RecordedOutside final : public Outside {
public:
    void add(const CassetteCall& call);

    // not_in_cassette.
    [[nodiscard]] Reply reply(const Value& payload, Rng& rng) override;

private:
    struct Track {
        std::vector<CassetteCall> calls;
        std::size_t played = 0;
    };

    std::map<Bytes, Track> tracks_;  // by payload
};

inline constexpr const char* not_in_cassette = "not_in_cassette";

}  // namespace starling::sim
