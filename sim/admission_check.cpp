#include "sim/admission_check.hpp"

#include <string>

namespace starling::sim {
namespace {

constexpr const char* only_admitted_are_known = "only_admitted_are_known";

}  // namespace

AdmissionCheck::AdmissionCheck(const Identities& identities, Findings& findings)
    : findings_(findings),
      looks_(findings.looks_of(only_admitted_are_known)),
      hosts_(ids_of(identities)) {
    for (const Identity& identity : identities.nodes) curves_.push_back(identity.curve.prefix());
}

void AdmissionCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    if (record.event != Event::certificate_learned) return;
    ++looks_;
    const auto known = hosts_.find(record.fields[0]);
    if (known && curves_[*known] == record.fields[1]) return;
    const bool stranger = !known;
    findings_.violated(only_admitted_are_known, {now, host,
                                                 stranger ? "a certificate of a stranger"
                                                          : "another transport key for a member"});
}

}  // namespace starling::sim
