// Checks look at everything at once, as no node can: what must hold in a world, and where it
// did not.
//
//      World ── traces, process and partition changes, checkpoints ──> Check ──> Findings
//
// One file per group of invariants.  A check that never ran proves nothing: every look counts.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"
#include "base/moment.hpp"
#include "base/trace.hpp"
#include "sim/fault.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::sim {

struct Violation {
    Duration at{};
    std::uint32_t host = 0;  // where it was seen
    std::string what;
};

struct InvariantResult {
    std::uint64_t checks = 0;
    std::uint64_t violations = 0;
    std::optional<Violation> first;

    // The run gave no occasion to look: it neither held nor broke.
    [[nodiscard]] bool is_idle() const { return checks == 0 && violations == 0; }
};

class Findings {
public:
    using Results = std::map<std::string, InvariantResult, std::less<>>;

    // An invariant that is listed even if it is never looked at.
    void expect(std::string_view invariant) { static_cast<void>(result_of(invariant)); }

    void looked(std::string_view invariant) { ++result_of(invariant).checks; }

    // The number of looks, for who looks at every frame.
    [[nodiscard]] std::uint64_t& looks_of(std::string_view invariant) {
        return result_of(invariant).checks;
    }

    void violated(std::string_view invariant, Violation violation) {
        InvariantResult& result = result_of(invariant);
        if (result.violations++ == 0) result.first = std::move(violation);
    }

    [[nodiscard]] const Results& results() const { return results_; }

    [[nodiscard]] bool clean() const {
        for (const auto& [name, result] : results_) {
            if (result.violations > 0) return false;
        }
        return true;
    }

private:
    InvariantResult& result_of(std::string_view invariant) {
        const auto known = results_.find(invariant);
        if (known != results_.end()) return known->second;
        return results_.try_emplace(std::string(invariant)).first->second;
    }

    Results results_;
};

struct FrameSeen {
    std::uint64_t from = 0;  // first bytes of the sender's id
    std::uint32_t to = 0;    // host
    std::uint8_t kind = 0;   // as on the wire
    std::size_t bytes = 0;
    Duration sent{};
    Duration arrived{};
};

// What a node says or hears: a frame that it lets go, itself a receiver at times, or one that its
// core is given next.  Lies that are told in a member's name are heard, and said by nobody.
struct Told {
    std::uint32_t host = 0;  // whose node
    NodeId peer;             // to whom, or from whom as the transport says
    Kind kind{};
    ByteView body;             // until the call returns
    std::uint64_t number = 0;  // of the body: that of a broadcast is one for all its receivers
    std::uint64_t batch = 0;   // the last batch of records that the node made before
    std::uint64_t durable = 0;
    Duration now{};
    Duration made{};  // by the core that says it: what waited for the disk is older than `now`
};

class Check {
public:
    Check() = default;
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;
    virtual ~Check() = default;

    virtual void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) = 0;

    // A process began with this boot; a fault of the plan struck, or was repaired.
    virtual void on_started(std::uint32_t host, Boot boot, Duration now) = 0;
    virtual void on_fault(const Fault& fault, Phase phase, Duration now) = 0;

    // A process ended by itself, because of a fault that went before.
    virtual void on_ended(std::uint32_t /*host*/, Duration /*now*/) {}

    // A frame reached its receiver.  Called only of a check that says so before the run.
    [[nodiscard]] virtual bool wants_frames() const { return false; }

    virtual void on_frame(const FrameSeen& /*frame*/) {}

    // Called only of a check that says so before the run.
    [[nodiscard]] virtual bool wants_words() const { return false; }

    virtual void on_said(const Told& /*frame*/) {}

    virtual void on_heard(const Told& /*frame*/) {}

    // When the check wants on_time(); it is called then or a little later.
    [[nodiscard]] virtual std::optional<Duration> next_time() const = 0;
    virtual void on_time(Duration now) = 0;
};

}  // namespace starling::sim
