// What happens in a world, one line after another, for people and for comparing two runs.
//
//      12.345678901 n3 gossip.member_suspect node=n5 boot=1 incarnation=2 accusers=1
//      13.000000000 -- fault 4 crash begins
//
// A time in seconds, the node (from 1) where it happened, the event and its numbers by name; ids of
// the mesh's nodes as n1, n2, ..., other large numbers in hexadecimal.
//
// Invariants:
//   I1  Looking on changes nothing: a run with a transcript has the trace hash of one without.
//
// Not thread safe.
#pragma once

#include "sim/check.hpp"
#include "sim/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace starling::sim {

class Transcript final : public Check {
public:
    // A line with its end of line; gone after the call.
    using Sink = std::function<void(std::string_view line)>;

    Transcript(const Plan& plan, Sink sink);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

private:
    void begin_line(Duration now);
    void add_number(std::string_view name, std::uint64_t number);
    void end_line();

    std::map<std::uint64_t, std::uint32_t> nodes_;  // by the first eight bytes of their ids
    Sink sink_;
    std::string line_;
};

}  // namespace starling::sim
