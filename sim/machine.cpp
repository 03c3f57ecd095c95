#include "sim/machine.hpp"

namespace starling::sim {

void Machine::claim(const Claim& claim, Duration now) {
    if (idle_ == 0) return waiting_.push_back(claim);
    --idle_;
    timetable_.push(now + wake_, appointment(Happening::core, claim));
}

void Machine::on_due(const Appointment& due, Duration now) {
    go_on({due.subject, static_cast<Thread>(due.stamp & 0xFFU), due.stamp >> 8U}, now);
}

void Machine::go_on(Claim claim, Duration now) {
    while (true) {
        const auto takes = hosts_[claim.host]->go_on(claim.thread, claim.process, now);
        if (takes) return timetable_.push(now + *takes, appointment(Happening::core, claim));
        if (waiting_.empty()) break;
        claim = waiting_.front();  // I2
        waiting_.pop_front();
    }
    ++idle_;
}

Appointment Machine::appointment(Happening what, const Claim& claim) {
    return {what, claim.host, claim.process << 8U | static_cast<std::uint64_t>(claim.thread)};
}

}  // namespace starling::sim
