#include "sim/transcript.hpp"

#include "sim/identities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::uint64_t decimal_max = 0xffff'ffff'ffff;  // larger ones are ids and hashes
constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

Transcript::Transcript(const Plan& plan, Sink sink) : sink_(std::move(sink)) {
    for (const Identity& identity : make_identities(plan.seed, plan.nodes).nodes) {
        const auto number = static_cast<std::uint32_t>(nodes_.size() + 1);
        nodes_.emplace(identity.key.id().prefix(), number);
    }
}

void Transcript::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const EventInfo& info = info_of(record.event);
    begin_line(now);
    fmt::format_to(std::back_inserter(line_), "n{} {}", host + 1, info.name);
    std::string_view names = info.fields;
    for (std::size_t field = 0; field < record.count; ++field) {
        const std::string_view name = names.substr(0, names.find(' '));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        add_number(name.empty() ? "more" : name, record.fields.at(field));
    }
    end_line();
}

void Transcript::on_started(std::uint32_t host, Boot boot, Duration now) {
    begin_line(now);
    fmt::format_to(std::back_inserter(line_), "n{} process starts", host + 1);
    add_number("boot", boot.value);
    end_line();
}

void Transcript::on_fault(const Fault& fault, Phase phase, Duration now) {
    begin_line(now);
    fmt::format_to(std::back_inserter(line_), "-- fault {} {} {}", fault.number,
                   row_of(fault.kind).word, phase == Phase::begins ? "begins" : "ends");
    end_line();
}

void Transcript::begin_line(Duration now) {
    line_.clear();
    fmt::format_to(std::back_inserter(line_), "{}.{:09} ", now.count() / ns_per_s,
                   now.count() % ns_per_s);
}

void Transcript::add_number(std::string_view name, std::uint64_t number) {
    const auto out = std::back_inserter(line_);
    const auto node = nodes_.find(number);
    if (node != nodes_.end()) {
        fmt::format_to(out, " {}=n{}", name, node->second);
    } else if (number > decimal_max) {
        fmt::format_to(out, " {}={:016x}", name, number);
    } else {
        fmt::format_to(out, " {}={}", name, number);
    }
}

void Transcript::end_line() {
    line_ += '\n';
    sink_(line_);
}

}  // namespace starling::sim
