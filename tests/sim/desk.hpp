// Two nodes of which the test writes every answer.
#pragma once

#include "node/calls.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workload.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

using namespace std::chrono_literals;

struct Asked {
    std::uint32_t host = 0;
    CallId call;
    Bytes request;
};

// Two nodes that run and leave the answers to the test.
class Desk final : public Clients {
public:
    std::optional<CallId> call(std::uint32_t host, Bytes request) override {
        asked.push_back({host, CallId{asked.size() + 1}, std::move(request)});
        return asked.back().call;
    }

    void end_call(std::uint32_t, CallId) override {}

    void kill(std::uint32_t host) override { killed.push_back(host); }

    [[nodiscard]] ProcessState state_of(std::uint32_t) const override {
        return ProcessState::running;
    }

    [[nodiscard]] std::uint32_t hosts() const override { return 2; }

    // The calls of one kind, oldest first.
    template <class Request>
    std::vector<Asked> all_of() const {
        std::vector<Asked> found;
        for (const Asked& each : asked) {
            if (node::call_kind(each.request) == Request::call) found.push_back(each);
        }
        return found;
    }

    [[nodiscard]] BootTime clock_of(std::uint32_t) const override { return clock; }

    std::vector<Asked> asked;
    std::vector<std::uint32_t> killed;
    BootTime clock{};  // what both show
};

template <class Answer>
void answer(Workload& workload, const Asked& asked, const Answer& with, bool last = true) {
    workload.on_answer(asked.host, asked.call, encoded(node::Ok{with}), last, 1s);
}

inline std::vector<std::string> broken(const Findings& findings) {
    std::vector<std::string> names;
    for (const auto& [name, result] : findings.results()) {
        if (result.violations > 0) names.push_back(name);
    }
    return names;
}

using Names = std::vector<std::string>;

inline LoadSetup setup_of(std::uint32_t rate, Duration until, Duration survey_at = 10s) {
    return {.seed = 1,
            .rate = rate,
            .from = 0s,
            .until = until,
            .survey_at = survey_at,
            .healed_at = 0s};
}

inline void run(Workload& workload, Desk& desk, Duration until) {
    while (workload.next_time() && *workload.next_time() <= until) {
        desk.clock = BootTime{*workload.next_time()};
        workload.act(*workload.next_time(), desk);
    }
}

}  // namespace starling::sim
