#include "node/cli/sim_trace.hpp"

#include "sim/transcript.hpp"

#include <array>

namespace starling::cli {
namespace {

constexpr char report_begins = '{';  // no line of a transcript does

}  // namespace

Result<SimTrace> SimTrace::start(const sim::Plan& plan) {
    auto child = SimChild::start([&plan](Outlet& outlet) {
        sim::Transcript transcript(plan, [&](std::string_view line) { outlet.write(line); });
        const std::array<sim::Check*, 1> others{&transcript};
        outlet.write(message_of(sim::run(plan, others)));
    });
    if (!child) return tl::unexpected(child.error());
    return SimTrace(plan, std::move(*child));
}

std::optional<std::string_view> SimTrace::next() {
    begin_ = end_;
    if (!fill() || bytes_[begin_] == report_begins) {
        end_ = begin_;
        return std::nullopt;
    }
    return std::string_view(bytes_).substr(begin_, end_ - begin_ - 1);
}

Verdict SimTrace::verdict() {
    while (child_.read(bytes_)) {
    }
    SimCrew::Done done;
    done.bytes = bytes_.substr(begin_);
    done.ended = child_.end();
    done.guarded = child_.was_guarded();
    return verdict_of(plan_, done);
}

bool SimTrace::fill() {
    std::size_t look_from = begin_;
    for (;;) {
        const std::size_t end = bytes_.find('\n', look_from);
        if (end != std::string::npos) {
            end_ = end + 1;
            return true;
        }
        bytes_.erase(0, begin_);
        begin_ = 0;
        look_from = bytes_.size();
        if (!child_.read(bytes_)) return false;
    }
}

}  // namespace starling::cli
