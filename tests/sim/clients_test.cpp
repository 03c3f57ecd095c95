// Each invariant of the clients is broken once on purpose, by answers that no node should give.
#include "base/value_codec.hpp"
#include "sim/liar.hpp"
#include "sim/register_load.hpp"
#include "sim/state_load.hpp"
#include "sim/survey.hpp"
#include "sim/task_load.hpp"
#include "tests/sim/desk.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

namespace starling::sim::clients_test {
namespace {

// ---- survey

NodeId id_of(std::uint8_t number) {
    NodeId id;
    id.bytes[0] = number;
    return id;
}

node::MembersPage page_of(MemberState second) {
    node::MembersPage page;
    for (std::uint8_t number = 1; number <= 2; ++number) {
        node::MemberRecord record;
        record.node = id_of(number);
        record.boot = Boot{7};
        record.state = number == 2 ? second : MemberState::alive;
        page.members.push_back(record);
    }
    return page;
}

Names survey_of(MemberState told_by_first, std::optional<MemberState> told_by_second) {
    Findings findings;
    Survey survey(1s, findings);
    Desk desk;
    run(survey, desk, 1s);
    answer(survey, desk.asked.at(0), page_of(told_by_first));
    if (told_by_second) answer(survey, desk.asked.at(1), page_of(*told_by_second));
    survey.learn({{id_of(1), true, Boot{7}}, {id_of(2), true, Boot{7}}});
    survey.conclude(2s);
    return broken(findings);
}

TEST_CASE("tables that agree with each other and the truth break nothing", "[sim][survey]") {
    CHECK(survey_of(MemberState::alive, MemberState::alive).empty());
}

TEST_CASE("tables that agree on a running node's death are found", "[sim][survey]") {
    CHECK(survey_of(MemberState::dead, MemberState::dead) == Names{"truth_is_known"});
}

TEST_CASE("tables that differ are found", "[sim][survey]") {
    CHECK(survey_of(MemberState::alive, MemberState::suspect) ==
          Names{"members_agree", "truth_is_known"});
}

TEST_CASE("a node without an answer is found", "[sim][survey]") {
    CHECK(survey_of(MemberState::alive, std::nullopt) == Names{"nodes_answer"});
}

// ---- state

// One put of a key of its own, acknowledged; both nodes then list these entries.
Names state_of(const std::vector<node::EntryRecord>& first,
               const std::vector<node::EntryRecord>& second) {
    Findings findings;
    StateLoad load(setup_of(1000, 1s), findings);
    Desk desk;
    run(load, desk, 1s);
    answer(load, desk.all_of<node::WriteAsk>().at(0), node::WriteAnswer{});
    run(load, desk, 10s);
    const auto lists = desk.all_of<node::ListAsk>();
    answer(load, lists.at(0), node::EntryPage{first, false, {}});
    answer(load, lists.at(1), node::EntryPage{second, false, {}});
    load.conclude(11s);
    return broken(findings);
}

node::EntryRecord entry_of(const std::string& key, const std::string& value) {
    node::EntryRecord entry;
    entry.key = key;
    entry.values = {value_bytes(Value(value))};
    return entry;
}

TEST_CASE("an acknowledged put on every node breaks nothing", "[sim][state_load]") {
    const auto kept = entry_of("puts/own/0", "value 0");
    CHECK(state_of({kept}, {kept}).empty());
}

TEST_CASE("an acknowledged put that is gone is found", "[sim][state_load]") {
    CHECK(state_of({}, {}) == Names{"acked_puts_are_kept"});
}

TEST_CASE("replicas that differ are found", "[sim][state_load]") {
    const auto kept = entry_of("puts/own/0", "value 0");
    CHECK(state_of({kept}, {}) == Names{"acked_puts_are_kept", "replicas_agree"});
}

// A node lost its disk in the tenth second: what it committed in the ninth may be gone.
Names state_after_a_loss(const node::VersionToken& version) {
    Findings findings;
    Plan plan;
    plan.nodes = 2;
    Fault loss;
    loss.kind = FaultKind::lose_disk;
    plan.faults = {loss};
    LostWrites lost(plan, {id_of(1), id_of(2)});
    lost.on_traced(0, {Event::batch_committed, 4, {id_of(1).prefix(), 1, 1, 7}}, 9s);
    lost.on_fault(loss, Phase::begins, 10s);
    LoadSetup setup = setup_of(1000, 1s);
    setup.lost = &lost;
    StateLoad load(setup, findings);
    Desk desk;
    run(load, desk, 1s);
    answer(load, desk.all_of<node::WriteAsk>().at(0), node::WriteAnswer{version, 1});
    run(load, desk, 10s);
    for (const Asked& list : desk.all_of<node::ListAsk>()) answer(load, list, node::EntryPage{});
    load.conclude(11s);
    return broken(findings);
}

TEST_CASE("a put that was on a lost disk alone may be gone, any other one not",
          "[sim][state_load]") {
    CHECK(state_after_a_loss({id_of(1), Boot{7}, 1}).empty());
    for (const node::VersionToken& other :
         {node::VersionToken{id_of(2), Boot{7}, 1}, node::VersionToken{id_of(1), Boot{8}, 1},
          node::VersionToken{id_of(1), Boot{7}, 2}}) {
        CHECK(state_after_a_loss(other) == Names{"acked_puts_are_kept"});
    }
}

TEST_CASE("a value that nobody wrote is found", "[sim][state_load]") {
    const auto kept = entry_of("puts/own/0", "value 0");
    const auto made_up = entry_of("puts/hot/1", "value 7");
    CHECK(state_of({kept, made_up}, {kept, made_up}) == Names{"values_were_written"});
}

// ---- registers

TEST_CASE("two changes that made the same version are found", "[sim][register_load]") {
    Findings findings;
    RegisterLoad load(setup_of(1000, 60s), findings);
    Desk desk;
    std::size_t answered = 0;
    for (Duration now = 0s; now < 60s; now += 1s) {
        run(load, desk, now);
        for (; answered < desk.asked.size(); ++answered) {
            node::RegisterAnswer first_version;
            first_version.outcome = node::RegisterOutcome::applied;
            first_version.present = true;
            first_version.version = 1;
            answer(load, desk.asked[answered], first_version);
        }
    }
    load.conclude(61s);
    CHECK(broken(findings) == Names{"registers_are_one", "registers_chain"});
}

TEST_CASE("registers that never answer are found", "[sim][register_load]") {
    Findings findings;
    RegisterLoad load(setup_of(1000, 10s), findings);
    Desk desk;
    run(load, desk, 10s);
    load.conclude(11s);
    CHECK(broken(findings) == Names{"calls_are_answered", "registers_progress"});
}

// ---- tasks

node::TaskRecord record_of(node::TaskState state, std::optional<std::string> result) {
    node::TaskRecord record;
    record.task.bytes[0] = 1;
    record.key = "task-0";
    record.state = state;
    if (result) record.result = bytes_of(*result);
    return record;
}

// One task, acknowledged and executed once, whose worker is told that its result counts; in the end
// both nodes are asked and say this.
Names task_of(const node::TaskRecord& first, const node::TaskRecord& second) {
    Findings findings;
    TaskLoad load(setup_of(1000, 1s), findings);
    Desk desk;
    run(load, desk, 1s);
    answer(load, desk.all_of<node::TaskOfferAsk>().at(0),
           record_of(node::TaskState::open, std::nullopt), false);
    node::AssignmentRecord assignment;
    assignment.key = "task-0";
    answer(load, desk.all_of<node::TaskServeAsk>().at(0), assignment, false);
    run(load, desk, 10s);
    answer(load, desk.all_of<node::TaskFinishAsk>().at(0), node::TaskReported{true});
    const auto questions = desk.all_of<node::TaskShowAsk>();
    answer(load, questions.at(0), first);
    answer(load, questions.at(1), second);
    load.conclude(11s);
    return broken(findings);
}

TEST_CASE("a task that is done once breaks nothing", "[sim][task_load]") {
    const auto done = record_of(node::TaskState::done, "task-0#1");
    CHECK(task_of(done, done).empty());
}

TEST_CASE("an acknowledged task that is still open in the end is found", "[sim][task_load]") {
    const auto done = record_of(node::TaskState::done, "task-0#1");
    CHECK(task_of(done, record_of(node::TaskState::open, {})) == Names{"acked_tasks_end"});
}

TEST_CASE("two results of one task are found, and one that nobody made", "[sim][task_load]") {
    const auto done = record_of(node::TaskState::done, "task-0#1");
    const auto other = record_of(node::TaskState::done, "task-0#2");
    CHECK(task_of(done, other) == Names{"one_result_counts", "results_were_made"});
}

TEST_CASE("what a winner's own node made up is not its worker's fault", "[sim][task_load]") {
    const Bytes lie = Liar::made_up_result();
    const auto told = record_of(node::TaskState::done, std::string(lie.begin(), lie.end()));
    CHECK(task_of(told, told).empty());
    const auto done = record_of(node::TaskState::done, "task-0#1");
    CHECK(task_of(told, done) == Names{"one_result_counts"});
}

TEST_CASE("a dead letter is found when nothing went wrong with its workers", "[sim][task_load]") {
    const auto dead = record_of(node::TaskState::dead, {});
    CHECK(task_of(dead, dead) == Names{"acked_tasks_end"});
}

TEST_CASE("a task that is done for one node and a dead letter for another is found",
          "[sim][task_load]") {
    CHECK(task_of(record_of(node::TaskState::done, "task-0#1"),
                  record_of(node::TaskState::dead, {})) ==
          Names{"acked_tasks_end", "tasks_end_one_way"});
}

// One task that is assigned so many times to workers of this kind, until the mesh heals at 50 s.
struct Trouble {
    Trouble(const Workers& workers, std::uint32_t attempts)
        : load(setup_of(1000, 1s), findings, workers, 50s) {
        run(load, desk, 1s);
        answer(load, desk.all_of<node::TaskOfferAsk>().at(0),
               record_of(node::TaskState::open, std::nullopt), false);
        node::AssignmentRecord assignment;
        assignment.key = "task-0";
        for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
            assignment.attempt = attempt;
            answer(load, desk.all_of<node::TaskServeAsk>().at(0), assignment, false);
        }
        run(load, desk, 10s);
    }

    Names end(const node::TaskRecord& record) {
        for (const Asked& question : desk.all_of<node::TaskShowAsk>()) {
            answer(load, question, record);
        }
        load.conclude(11s);
        return broken(findings);
    }

    Findings findings;
    Desk desk;
    TaskLoad load;
};

constexpr std::uint32_t always = 1'000'000;

TEST_CASE("a task whose workers failed as often as it may be tried is a dead letter",
          "[sim][task_load]") {
    Trouble enough({.fail = always}, 5);
    CHECK(enough.desk.all_of<node::TaskFailAsk>().size() == 5);
    CHECK(enough.end(record_of(node::TaskState::dead, {})).empty());
    Trouble too_few({.fail = always}, 4);
    CHECK(too_few.end(record_of(node::TaskState::dead, {})) == Names{"acked_tasks_end"});
}

TEST_CASE("a silent worker makes no result, one that answers twice makes two", "[sim][task_load]") {
    const Trouble silent({.silent = always}, 1);
    CHECK(silent.desk.all_of<node::TaskFinishAsk>().empty());
    CHECK(silent.desk.all_of<node::TaskFailAsk>().size() == 1);
    const Trouble twice({.twice = always}, 1);
    const auto finished = twice.desk.all_of<node::TaskFinishAsk>();
    REQUIRE(finished.size() == 2);
    CHECK(finished[0].request != finished[1].request);
}

TEST_CASE("a poison task kills its node, and one that kills too many is found",
          "[sim][task_load]") {
    Trouble three({.poison = always}, 3);
    CHECK(three.desk.killed.size() == 3);
    Trouble four({.poison = always}, 4);
    CHECK(four.end(record_of(node::TaskState::done, "task-0#1")) ==
          Names{"poison_is_contained", "results_were_made"});
}

}  // namespace
}  // namespace starling::sim::clients_test
