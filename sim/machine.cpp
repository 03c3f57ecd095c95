#include "sim/machine.hpp"

namespace starling::sim {

void Machine::claim(const Claim& claim, Duration now) {
    if (idle_since_.empty() || (telling_ && dozes(now))) return waiting_.push_back(claim);
    start(claim, now);
}

void Machine::on_due(const Appointment& due, Duration now) {
    go_on({due.subject, static_cast<Thread>(due.stamp & 0xFFU), due.stamp >> 8U}, now);
}

void Machine::go_on(Claim claim, Duration now) {
    while (true) {
        if (const auto takes = tell(claim, now)) {
            timetable_.push(now + *takes, appointment(Happening::core, claim));
            break;
        }
        if (waiting_.empty()) return idle_since_.push_back(now);
        claim = waiting_.front();  // I2
        waiting_.pop_front();
    }
    while (!waiting_.empty() && !idle_since_.empty()) {  // I1
        start(waiting_.front(), now);
        waiting_.pop_front();
    }
}

std::optional<Duration> Machine::tell(const Claim& claim, Duration now) {
    telling_ = true;
    const auto takes = hosts_[claim.host]->go_on(claim.thread, claim.process, now);
    telling_ = false;
    return takes;
}

bool Machine::dozes(Duration now) const {
    return model_.rouse > Duration{} && now - idle_since_.back() > model_.doze;
}

void Machine::start(const Claim& claim, Duration now) {
    const Duration takes = model_.wake + (dozes(now) ? model_.rouse : Duration{});
    idle_since_.pop_back();
    timetable_.push(now + takes, appointment(Happening::core, claim));
}

Appointment Machine::appointment(Happening what, const Claim& claim) {
    return {what, claim.host, claim.process << 8U | static_cast<std::uint64_t>(claim.thread)};
}

}  // namespace starling::sim
