#include "node/cli/show.hpp"

#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace starling::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// All ones until the node has looked for the first time.
Value measured(std::uint64_t bytes) {
    return bytes == UINT64_MAX ? Value() : number_value(bytes);
}

std::string brief(const std::string& id) {
    return id.substr(0, 8);
}

std::string shown_name(const Value& member) {
    const std::string name = printable(text_at(member, "name"));
    return name.empty() ? brief(text_at(member, "id")) : name;
}

std::string first_address(const Value& member) {
    const auto& addresses = list_at(member, "addresses");
    const auto* address = addresses.empty() ? nullptr : addresses.front().as<std::string>();
    return address == nullptr ? "-" : printable(*address);
}

std::string age_text(const Value& map, std::string_view key) {
    if (at(map, key).is_null()) return "-";
    return duration_text(milliseconds(number_at(map, key)));
}

std::string state_text(const Value& member) {
    const std::string mode = text_at(member, "mode");
    const std::string state = text_at(member, "state");
    return mode == "up" || state != "alive" ? state : state + " " + mode;
}

std::string seen_text(const Value& member) {
    return flag_at(member, "self") ? "this node" : age_text(member, "last_heard_ms");
}

std::vector<std::string> member_row(const Value& member) {
    return {shown_name(member),
            state_text(member),
            first_address(member),
            brief(text_at(member, "id")),
            std::to_string(number_at(member, "incarnation")),
            flag_at(member, "voter") ? "voter" : "-",
            seen_text(member)};
}

std::string counted(std::int64_t count, std::string_view what) {
    return count == 0 ? std::string{} : fmt::format(" · {} {}", count, what);
}

std::string trouble_text(const Value& status) {
    return counted(number_at(status, "suspect"), "suspect") +
           counted(number_at(status, "dead"), "dead") + counted(number_at(status, "left"), "left");
}

std::string free_text(const Value& status) {
    if (at(status, "free_bytes").is_null()) return {};
    return fmt::format(", {} MiB free", number_at(status, "free_bytes") / (1024 * 1024));
}

std::string mesh_text(const Value& status) {
    const std::string name = printable(text_at(status, "mesh_name"));
    return fmt::format("mesh {} ({})", name.empty() ? "without a name" : name,
                       brief(text_at(status, "mesh")));
}

void add_metric(std::string& out, const Metric& metric, std::string_view type,
                std::string_view suffix) {
    out += fmt::format("# TYPE starling_{0}{1} {2}\nstarling_{0}{1} {3}\n", metric.name, suffix,
                       type, metric.value);
}

// Seconds without floating point: 1234567890 ns is "1.234567890".
std::string seconds_text(nanoseconds duration) {
    constexpr std::int64_t second = 1'000'000'000;
    return fmt::format("{}.{:09}", duration.count() / second, duration.count() % second);
}

void add_histogram(std::string& out, const Histogram& histogram) {
    out += fmt::format("# TYPE starling_{}_seconds histogram\n", histogram.name);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        total += histogram.counts[i];
        const bool bounded = i < histogram.bounds.size();
        out += fmt::format("starling_{}_seconds_bucket{{le=\"{}\"}} {}\n", histogram.name,
                           bounded ? seconds_text(histogram.bounds[i]) : "+Inf", total);
    }
    out += fmt::format("starling_{0}_seconds_sum {1}\nstarling_{0}_seconds_count {2}\n",
                       histogram.name, seconds_text(histogram.sum), total);
}

// Trace events are named folder.verb; a metric's name has no dots.
std::string metric_name(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
}

}  // namespace

Value::Map document_of(const Status& status) {
    return {{"id", status.id},
            {"name", status.name},
            {"mesh", status.mesh},
            {"mesh_name", status.mesh_name},
            {"bound", status.bound},
            {"addresses", texts_value(status.addresses)},
            {"boot", number_value(status.boot)},
            {"mode", text_value(name_of(status.mode))},
            {"ready", status.ready},
            {"voter", status.voter},
            {"alive", number_value(status.alive)},
            {"suspect", number_value(status.suspect)},
            {"dead", number_value(status.dead)},
            {"left", number_value(status.left)},
            {"links", number_value(status.links)},
            {"converged", status.converged},
            {"as_of_ms", ms_value(status.as_of)},
            {"oldest_batch_ms", ms_value(status.oldest_batch)},
            {"last_turn_ms", ms_value(status.last_turn)},
            {"free_bytes", measured(status.free_bytes)}};
}

Value::Map document_of(const Member& member) {
    return {{"id", member.id},
            {"name", member.name},
            {"state", text_value(name_of(member.state))},
            {"mode", text_value(name_of(member.mode))},
            {"addresses", texts_value(member.addresses)},
            {"boot", number_value(member.boot)},
            {"incarnation", number_value(member.incarnation)},
            {"accusers", number_value(member.accusers)},
            {"voter", member.voter},
            {"self", member.self},
            {"last_heard_ms", ms_value(member.last_heard)}};
}

Value::Map document_of(const MemberPage& page) {
    Value::List items;
    for (const Member& member : page.members) items.emplace_back(document_of(member));
    return {{"items", std::move(items)}, {"more", page.more}};
}

Value::Map document_of(const MemberEvent& event) {
    Value::Map document{{"phase", text_value(name_of(event.phase))}};
    if (event.phase == Phase::caught_up || event.phase == Phase::lagged) return document;
    document["member"] = document_of(event.member);
    document["before"] = event.before ? text_value(name_of(*event.before)) : Value();
    document["cause"] = event.cause;
    return document;
}

std::string metrics_text(const Metrics& metrics) {
    std::string out = "# TYPE starling_events_total counter\n";
    for (const Metric& event : metrics.counters) {
        if (event.name.find('.') == std::string::npos) continue;
        out += fmt::format("starling_events_total{{event=\"{}\"}} {}\n", event.name, event.value);
    }
    for (const Metric& counter : metrics.counters) {
        if (counter.name.find('.') != std::string::npos) continue;
        add_metric(out, {metric_name(counter.name), counter.value}, "counter", "_total");
    }
    for (const Metric& gauge : metrics.gauges) add_metric(out, gauge, "gauge", "");
    for (const Histogram& histogram : metrics.histograms) add_histogram(out, histogram);
    return out;
}

std::string status_text(const Value& status) {
    const std::vector<std::vector<std::string>> rows{
        {"node", shown_name(status) + (flag_at(status, "ready") ? "  ready" : "  not ready")},
        {"id", text_at(status, "id")},
        {"mesh", mesh_text(status)},
        {"address", first_address(status) + "  (bound to " + text_at(status, "bound") + ")"},
        {"mode",
         text_at(status, "mode") + (flag_at(status, "voter") ? ", votes in registers" : "")},
        {"members", fmt::format("{} alive{}", number_at(status, "alive"), trouble_text(status))},
        {"links", fmt::format("{} up, membership {}", number_at(status, "links"),
                              flag_at(status, "converged") ? "converged" : "spreading")},
        {"state", at(status, "as_of_ms").is_null()
                      ? "not yet compared with the neighbours"
                      : "as the neighbours had it " + age_text(status, "as_of_ms") + " ago"},
        {"journal",
         "oldest unsynced batch " + age_text(status, "oldest_batch_ms") + free_text(status)},
    };
    return table_text(rows);
}

std::string members_text(const Value::List& members, const Value& status) {
    std::vector<std::vector<std::string>> rows{
        {"NODE", "STATE", "ADDR", "ID", "INC", "VOTES", "SEEN"}};
    for (const Value& member : members) rows.push_back(member_row(member));
    return table_text(rows) + fmt::format("{} nodes · {}{}\n", members.size(), mesh_text(status),
                                          trouble_text(status));
}

std::string member_event_text(const Value& event) {
    const std::string phase = text_at(event, "phase");
    if (phase == "caught_up") return "--- changes from here on";
    if (phase == "lagged") return "--- some changes were missed; members again:";
    const Value& member = at(event, "member");
    const std::string before = text_at(event, "before");
    const std::string cause = text_at(event, "cause");
    return fmt::format("{}  {}{}{}", shown_name(member), before.empty() ? "" : before + " -> ",
                       state_text(member), cause.empty() ? "" : "  (" + cause + ")");
}

}  // namespace starling::cli
