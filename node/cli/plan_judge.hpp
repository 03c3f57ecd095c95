// Judges the candidates of a shrinking plan in children, several at once.
//
//      candidates ──> crew ──> when each broke the wanted invariant, up to the first that did
//
// A trial ends as soon as it is known.  That the simulated program ends is an invariant, too.
//
// Invariants:
//   I1  The answers are those of one after another: what runs behind the first that breaks the
//       wanted invariant is dropped.
//   I2  When the budget is used up, or a signal came, the answer ends where it is known.
//
// Not thread safe.
#pragma once

#include "node/cli/sim_child.hpp"
#include "sim/shrink.hpp"
#include <starling/error.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace starling::cli {

// How a plan first failed.
struct PlanFailure {
    std::string invariant;  // or how its process ended instead
    Duration at{};
    std::string what;
    Duration cpu{};
};

// Of the first invariant that breaks, in a child; nothing: none did within so much processor time.
// Ctrl-C ends the child with this process.
[[nodiscard]] Result<std::optional<PlanFailure>> failure_of(const sim::Plan& plan, Duration cpu);

struct JudgeSetup {
    std::string wanted;  // an invariant, or how a child ended instead
    std::size_t jobs = 1;
    Duration budget{};  // processor time of all candidates
    Duration cpu{};     // that one candidate may use
};

class PlanJudge {
public:
    using OnVerdict = std::function<void(const sim::Plan& candidate)>;

    PlanJudge(JudgeSetup setup, const Signals& signals, OnVerdict on_verdict)
        : setup_(std::move(setup)), signals_(signals), on_verdict_(std::move(on_verdict)) {}

    [[nodiscard]] std::vector<sim::Broke> judge(std::span<const sim::Candidate> candidates);

    [[nodiscard]] Duration spent() const { return spent_; }

    [[nodiscard]] bool was_interrupted() const { return interrupted_; }

    // Why a child could not be started.
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

private:
    [[nodiscard]] bool is_over() const { return interrupted_ || error_ || spent_ >= setup_.budget; }

    void start(SimCrew& crew, std::size_t place, const sim::Candidate& candidate);

    JudgeSetup setup_;
    const Signals& signals_;
    OnVerdict on_verdict_;
    Duration spent_{};
    bool interrupted_ = false;
    std::optional<Error> error_;
};

}  // namespace starling::cli
