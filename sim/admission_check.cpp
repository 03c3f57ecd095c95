#include "sim/admission_check.hpp"

#include <string>

namespace starling::sim {
namespace {

constexpr const char* only_admitted_are_known = "only_admitted_are_known";

}  // namespace

AdmissionCheck::AdmissionCheck(const Identities& identities, Findings& findings)
    : findings_(findings) {
    findings_.expect(only_admitted_are_known);
    for (const Identity& identity : identities.nodes) {
        curve_of_[identity.key.id().prefix()] = identity.curve.prefix();
    }
}

void AdmissionCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    if (record.event != Event::certificate_learned) return;
    findings_.looked(only_admitted_are_known);
    const auto known = curve_of_.find(record.fields[0]);
    if (known != curve_of_.end() && known->second == record.fields[1]) return;
    const bool stranger = known == curve_of_.end();
    findings_.violated(only_admitted_are_known, {now, host,
                                                 stranger ? "a certificate of a stranger"
                                                          : "another transport key for a member"});
}

}  // namespace starling::sim
