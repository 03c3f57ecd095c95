#include "sim/plan_text.hpp"

#include "sim/fault_reader.hpp"
#include "sim/plan_fields.hpp"
#include "sim/region_fields.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace starling::sim {
namespace {

// "{1,4-7}", hosts in their order.
std::string side_text(std::span<const std::uint32_t> hosts) {
    std::string text;
    for (std::size_t first = 0; first < hosts.size();) {
        std::size_t last = first;
        while (last + 1 < hosts.size() && hosts[last + 1] == hosts[last] + 1) ++last;
        if (last == first + 1) last = first;  // of two, both are written
        text += (text.empty() ? "" : ",") + std::to_string(hosts[first] + 1);
        if (last > first) text += '-' + std::to_string(hosts[last] + 1);
        first = last + 1;
    }
    return '{' + text + '}';
}

std::string target_text(const Fault& fault) {
    if (row_of(fault.kind).target == Target::host) return "node " + std::to_string(fault.host + 1);
    std::string text = side_text(fault.left) + " | " + side_text(fault.right);
    if (fault.direction == Direction::one_way) text += ' ' + std::string(one_way);
    return text;
}

// A line of a plan: what stands in brackets, and the rest.
struct Line {
    std::string head;
    std::string rest;
};

Line line_of(const Fault& fault) {
    const FaultRow& row = row_of(fault.kind);
    Line line{"[at " + time_text(fault.at) + ']', std::string(row.word) + ' ' + target_text(fault)};
    if (row.amount != Amount::none) line.rest += ' ' + amount_text(row.amount, fault.amount);
    if (row.has_end) line.rest += " for " + time_text(fault.lasts);
    return line;
}

// "latency=60us", or where latencies are said.
std::string field_text(const Plan& plan, const PlanField& field) {
    const std::string name = std::string(field.name) + '=';
    const Regions& regions = plan.network.regions;
    if (field.section == "network" && field.name == "latency" && !regions.source.empty()) {
        return name + regions.source + region_fields_text(regions);
    }
    return name + text_of(field.quantity, field.read(plan));
}

std::vector<Line> lines_of(const Plan& plan) {
    std::vector<Line> lines;
    for (const PlanField& field : plan_fields()) {
        const std::string head = '[' + std::string(field.section) + ']';
        if (lines.empty() || lines.back().head != head) lines.push_back({head, ""});
        std::string& rest = lines.back().rest;
        if (!rest.empty()) rest += ' ';
        rest += field_text(plan, field);
    }
    for (const Fault& fault : plan.faults) lines.push_back(line_of(fault));
    return lines;
}

}  // namespace

std::string text_of(const Plan& plan) {
    const std::vector<Line> lines = lines_of(plan);
    std::size_t width = 0;
    for (const Line& line : lines) width = std::max(width, line.head.size());
    std::string text;
    for (const Line& line : lines) {
        text += line.head + std::string(width - line.head.size() + 1, ' ') + line.rest + '\n';
    }
    return text;
}

}  // namespace starling::sim
