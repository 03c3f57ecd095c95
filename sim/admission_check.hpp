// Who is taken for a member: only those whom the mesh's root key certified, whatever liars say.
//
// Invariants:
//   I1  only_admitted_are_known: no certificate is learned of a node, nor with a transport key,
//       that the mesh did not begin with.
//
// Not thread safe.
#pragma once

#include "sim/check.hpp"
#include "sim/host_numbers.hpp"
#include "sim/identities.hpp"

#include <cstdint>
#include <vector>

namespace starling::sim {

class AdmissionCheck final : public Check {
public:
    AdmissionCheck(const Identities& identities, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;

    void on_started(std::uint32_t, Boot, Duration) override {}

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

private:
    Findings& findings_;
    std::uint64_t& looks_;
    HostNumbers hosts_;
    std::vector<std::uint64_t> curves_;  // by host, as traces name them
};

}  // namespace starling::sim
