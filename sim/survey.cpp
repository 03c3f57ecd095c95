#include "sim/survey.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace starling::sim {
namespace {

constexpr const char* nodes_answer = "nodes_answer";
constexpr const char* members_agree = "members_agree";
constexpr const char* truth_is_known = "truth_is_known";

}  // namespace

Survey::Survey(Duration at, Findings& findings) : at_(at), findings_(findings) {
    for (const char* each : {nodes_answer, members_agree, truth_is_known}) findings_.expect(each);
}

std::optional<Duration> Survey::next_time() const {
    if (asked_) return std::nullopt;
    return at_;
}

void Survey::act(Duration now, Clients& clients) {
    if (asked_ || now < at_) return;
    asked_ = true;
    clients_ = &clients;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) ask(host, std::nullopt, clients);
}

void Survey::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                       Duration /*now*/) {
    const auto table = tables_.find(host);
    if (table == tables_.end() || table->second.call != call) return;
    const auto page = node::answer_from<node::MembersPage>(decoder_, body);
    if (page) take(host, table->second, *page);
}

void Survey::on_crash(std::uint32_t host) {
    tables_.erase(host);
}

void Survey::conclude(Duration now) {
    for (std::uint32_t host = 0; host < truths_.size(); ++host) {
        if (!truths_[host].running) continue;
        findings_.looked(nodes_answer);
        const auto table = tables_.find(host);
        if (table == tables_.end() || table->second.whole == nullptr) {
            findings_.violated(nodes_answer, {now, host, "no whole answer to `members`"});
            continue;
        }
        for (const Truth& truth : truths_) compare_with_truth(host, table->second, truth, now);
        findings_.looked(members_agree);
        if (table->second.whole != tables_.begin()->second.whole) {
            findings_.violated(members_agree, {now, host,
                                               "another table than that of node " +
                                                   std::to_string(tables_.begin()->first + 1)});
        }
    }
}

void Survey::ask(std::uint32_t host, std::optional<NodeId> after, Clients& clients) {
    node::MembersAsk ask;
    ask.after = after;
    if (const auto call = clients.call(host, node::request_bytes(ask))) {
        tables_[host].call = *call;
    }
}

void Survey::take(std::uint32_t host, Table& table, const node::MembersPage& page) {
    for (const node::MemberRecord& member : page.members) {
        table.members.insert_or_assign(table.members.end(), member.node,  // in ascending order
                                       Seen{member.state, member.boot, member.incarnation});
    }
    if (!page.more) {
        table.whole = kept(std::exchange(table.members, {}));
    } else if (!page.members.empty()) {
        ask(host, page.members.back().node, *clients_);
    }
}

std::shared_ptr<const Survey::Members> Survey::kept(Members members) {
    for (const auto& each : distinct_) {
        if (*each == members) return each;
    }
    distinct_.push_back(std::make_shared<const Members>(std::move(members)));
    return distinct_.back();
}

void Survey::compare_with_truth(std::uint32_t host, const Table& table, const Truth& truth,
                                Duration now) {
    findings_.looked(truth_is_known);
    const auto seen = table.whole->find(truth.id);
    const bool alive = seen != table.whole->end() && seen->second.state == MemberState::alive;
    const bool right = truth.running ? alive && seen->second.boot == truth.boot : !alive;
    if (right) return;
    findings_.violated(
        truth_is_known,
        {now, host,
         fmt::format("a {} node is {}alive, boot {}, id {}", truth.running ? "running" : "stopped",
                     alive ? "" : "not ", truth.boot.value, truth.id.brief())});
}

}  // namespace starling::sim
