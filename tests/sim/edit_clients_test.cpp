// Each invariant of the clients that edit and watch is broken once on purpose.
#include "base/value_codec.hpp"
#include "sim/edit_load.hpp"
#include "sim/watch_load.hpp"
#include "tests/sim/desk.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::sim::edit_clients_test {
namespace {

node::EntryRecord sum_of(const std::string& key, std::int64_t sum) {
    node::EntryRecord entry;
    entry.key = key;
    entry.type = node::KeyType::counter;
    entry.sum = sum;
    return entry;
}

node::EntryRecord set_of(const std::string& key, const std::vector<Bytes>& elements) {
    node::EntryRecord entry;
    entry.key = key;
    entry.type = node::KeyType::set;
    entry.values = elements;
    return entry;
}

const std::vector<NodeId>& hosts() {
    static const std::vector<NodeId> ids = {NodeId{{1}}, NodeId{{2}}};
    return ids;
}

// Node 1 committed one batch a second before it lost its disk.
struct OneLoss {
    OneLoss() : lost(plan(), hosts()) {
        lost.on_traced(0, {Event::batch_committed, 4, {hosts().front().prefix(), 1, 1, 7}}, 9s);
        lost.on_fault(plan().faults.front(), Phase::begins, 10s);
    }

    static const Plan& plan() {
        static const Plan with_loss = [] {
            Plan plan;
            plan.faults.resize(1);
            plan.faults.front().kind = FaultKind::lose_disk;
            return plan;
        }();
        return with_loss;
    }

    LostWrites lost;
};

LoadSetup setup_with(const LostWrites& lost) {
    LoadSetup setup = setup_of(100'000, 200ms);
    setup.lost = &lost;
    return setup;
}

// Writes for a while, each acknowledged; the first add, the first insertion that was not removed
// and the first removal are remembered.
struct Editor {
    Findings findings;
    OneLoss loss;
    EditLoad load;
    Desk desk;
    std::uint32_t writer;
    std::size_t answered = 0;
    std::map<std::string, std::int64_t> sums;
    std::map<std::string, std::set<Bytes>> present;
    std::optional<std::pair<std::string, Bytes>> removed;

    // `host`: on whose node all is acknowledged, in one batch that a disk may have held alone.
    explicit Editor(std::uint32_t host = 1) : load(setup_with(loss.lost), findings), writer(host) {
        while (load.next_time() && *load.next_time() < 10s) {
            load.act(*load.next_time(), desk);
            const auto writes = desk.all_of<node::WriteAsk>();
            for (; answered < writes.size(); ++answered) take(writes[answered]);
        }
        run(load, desk, 10s);
    }

    void take(const Asked& asked) {
        Decoder decoder;
        const auto ask = node::request_from<node::WriteAsk>(decoder, asked.request);
        const node::WriteStep& step = ask->steps.at(0);
        if (step.action == node::WriteAction::add) sums[step.key] += step.amount;
        if (step.action == node::WriteAction::insert) present[step.key].insert(step.value);
        if (step.action == node::WriteAction::put) present[step.key] = {step.value};
        if (step.action == node::WriteAction::erase) present[step.key].clear();
        if (step.action == node::WriteAction::remove) present[step.key].erase(step.value);
        answer(load, asked, node::WriteAnswer{{hosts().at(writer), Boot{7}, 1}, 1});
    }

    [[nodiscard]] node::EntryPage page() const {
        node::EntryPage page;
        for (const auto& [key, sum] : sums) page.entries.push_back(sum_of(key, sum));
        for (const auto& [key, values] : present) {
            page.entries.push_back(set_of(key, {values.begin(), values.end()}));
        }
        return page;
    }

    Names told(const node::EntryPage& first, const node::EntryPage& second) {
        const auto lists = desk.all_of<node::ListAsk>();
        answer(load, lists.at(0), first);
        answer(load, lists.at(1), second);
        load.conclude(11s);
        return broken(findings);
    }
};

TEST_CASE("edits that are as they were acknowledged break nothing", "[sim][edit_load]") {
    Editor editor;
    CHECK(editor.told(editor.page(), editor.page()).empty());
    CHECK(editor.findings.results().at("deleted_stays_deleted").checks == 0);
}

TEST_CASE("a sum that the acknowledged adds do not make is found", "[sim][edit_load]") {
    Editor editor;
    editor.sums.begin()->second += 1;
    CHECK(editor.told(editor.page(), editor.page()) == Names{"counters_add_up"});
}

TEST_CASE("what was inserted and is gone is found", "[sim][edit_load]") {
    Editor editor;
    for (auto& [key, values] : editor.present) values.clear();
    CHECK(editor.told(editor.page(), editor.page()) == Names{"inserted_stays"});
}

TEST_CASE("edits that were on a lost disk alone may be gone", "[sim][edit_load]") {
    Editor editor(0);
    CHECK(editor.told({}, {}).empty());
}

TEST_CASE("edits that were on a lost disk alone are the same everywhere", "[sim][edit_load]") {
    Editor editor(0);
    CHECK(editor.told({}, editor.page()) == Names{"edits_agree"});
}

TEST_CASE("nodes that hold different sums are found", "[sim][edit_load]") {
    Editor editor;
    const auto right = editor.page();
    editor.sums.begin()->second += 1;
    CHECK(editor.told(right, editor.page()) == Names{"counters_add_up", "edits_agree"});
}

// ---- watches

// Each of two watches is told these changes and then that it caught up; the nodes list the key.
Names watch_of(const std::vector<node::ChangeRecord>& changes, bool catches_up) {
    Findings findings;
    WatchLoad load(setup_of(1000, 1s), findings);
    Desk desk;
    run(load, desk, 10s);
    for (const Asked& watch : desk.all_of<node::WatchAsk>()) {
        for (const node::ChangeRecord& change : changes) answer(load, watch, change, false);
        node::ChangeRecord last;
        last.phase = starling::Phase::caught_up;
        if (catches_up) answer(load, watch, last, false);
    }
    for (const Asked& list : desk.all_of<node::ListAsk>()) {
        node::EntryPage page;
        page.entries.push_back(sum_of("hits", 7));
        answer(load, list, page);
    }
    load.conclude(11s);
    return broken(findings);
}

node::ChangeRecord changed_to(std::int64_t sum) {
    node::ChangeRecord change;
    change.phase = starling::Phase::change;
    change.entry = sum_of("hits", sum);
    return change;
}

TEST_CASE("a watch that saw every change breaks nothing", "[sim][watch_load]") {
    CHECK(watch_of({changed_to(3), changed_to(7)}, true).empty());
}

TEST_CASE("a watch that missed a change is found", "[sim][watch_load]") {
    CHECK(watch_of({changed_to(3)}, true) == Names{"watches_miss_nothing"});
}

TEST_CASE("a watch that is never told it caught up is found", "[sim][watch_load]") {
    CHECK(watch_of({changed_to(7)}, false) == Names{"watches_catch_up"});
}

}  // namespace
}  // namespace starling::sim::edit_clients_test
