// What members and outsiders that lie achieve in a mesh: nothing that others would believe.
#include "sim/adversary.hpp"

#include "node/core.hpp"
#include "quorum/messages.hpp"
#include "sim/admission_check.hpp"
#include "sim/run.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace starling::sim::adversary_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t eve = 1;

Plan plan_with(std::vector<Fault> faults) {
    Plan plan;
    plan.seed = 11;
    plan.nodes = 5;
    plan.duration = 24s;
    plan.healed_at = 14s;
    plan.faults = std::move(faults);
    return plan;
}

Fault lies(FaultKind kind, std::int64_t share = 800'000) {
    Fault fault;
    fault.at = 2s;
    fault.lasts = 10s;
    fault.kind = kind;
    fault.host = eve;
    fault.amount = share;
    return fault;
}

Fault crash_of(std::uint32_t host, Duration at) {
    Fault fault;
    fault.at = at;
    fault.lasts = 1s;
    fault.kind = FaultKind::crash;
    fault.host = host;
    return fault;
}

// Counts refusals of frames, and what was refused in them.
class Observer final : public Check {
public:
    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override {
        if (record.event == Event::frame_refused) {
            ++verdicts[static_cast<node::FrameVerdict>(record.fields[2])];
            last = now;
        }
        if (record.event == Event::claim_refused && host != eve) ++claims;
        if (record.event == Event::batch_refused && host != eve) ++batches;
        if (record.event == Event::origin_forked && host != eve) ++forks;
    }

    void on_started(std::uint32_t, Boot, Duration) override {}

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    std::map<node::FrameVerdict, std::size_t> verdicts;
    std::size_t claims = 0;
    std::size_t batches = 0;
    std::size_t forks = 0;
    Duration last{};
};

Report run_watched(const Plan& plan, Observer& observer) {
    const std::array<Check*, 1> others = {&observer};
    return run(plan, others);
}

void check_nothing_broke(const Report& report) {
    for (const auto& [name, result] : report.invariants) {
        INFO(name << ": " << (result.first ? result.first->what : ""));
        CHECK(result.violations == 0);
    }
}

TEST_CASE("a mesh in which one lies in any way converges as if nothing was said",
          "[sim][adversary]") {
    for (const FaultKind kind : {FaultKind::forge, FaultKind::impersonate, FaultKind::repeat,
                                 FaultKind::swamp, FaultKind::outsider}) {
        INFO(row_of(kind).word);
        const Report report = run(plan_with({lies(kind)}));
        CHECK(report.network.lies > 60);
        check_nothing_broke(report);
    }
}

TEST_CASE("forged and changed claims and batches are refused", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::forge)}), observer);
    CHECK(observer.claims > 10);
    CHECK(observer.batches > 10);
    check_nothing_broke(report);
}

TEST_CASE("nobody hears who holds no certificate", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::outsider)}), observer);
    CHECK(observer.verdicts[node::FrameVerdict::not_admitted] > 60);
    CHECK(observer.verdicts[node::FrameVerdict::not_admitted] <= report.network.lies);
    check_nothing_broke(report);
}

TEST_CASE("who greets of another mesh or as another is refused", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::impersonate)}), observer);
    CHECK(observer.verdicts[node::FrameVerdict::foreign_mesh] > 5);
    CHECK(observer.verdicts[node::FrameVerdict::refused] > 5);
    check_nothing_broke(report);
}

// Counts votes that reach their proposer from the journal of somebody else than their sender,
// before that voter's own.
class Ballots final : public Check {
public:
    void on_traced(std::uint32_t, const TraceRecord&, Duration) override {}

    void on_started(std::uint32_t, Boot, Duration) override {}

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_heard(const Told& frame) override {
        if (frame.kind == Kind::promise) note<quorum::Promise>(frame);
        if (frame.kind == Kind::accepted) note<quorum::Accepted>(frame);
    }

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    std::size_t early = 0;

private:
    template <class Vote>
    void note(const Told& frame) {
        const auto vote = decoded<Vote>(decoder_, frame.body);
        if (!vote) return;
        const auto voter = std::ranges::find(voters_, vote->journal, &Voter::journal);
        const auto cast = std::tuple(frame.kind, vote->name, vote->ballot, vote->journal);
        if (voter->node == frame.peer) {
            heard_.insert(cast);
        } else if (!heard_.contains(cast)) {
            ++early;
        }
    }

    std::vector<Voter> voters_ = make_identities(plan_with({}).seed, 5).genesis.voters;
    Decoder decoder_;
    std::set<std::tuple<Kind, std::string, quorum::Ballot, JournalId>> heard_;
};

TEST_CASE("a liar votes for others before they do, and changes nothing", "[sim][adversary]") {
    Ballots ballots;
    const std::array<Check*, 1> others = {&ballots};
    check_nothing_broke(run(plan_with({lies(FaultKind::impersonate)}), others));
    CHECK(ballots.early > 8);
}

TEST_CASE("frames too large or too deep are malformed", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::swamp)}), observer);
    CHECK(observer.verdicts[node::FrameVerdict::malformed] > 20);
    check_nothing_broke(report);
}

TEST_CASE("what was said before a restart is no use after it", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(
        plan_with({lies(FaultKind::repeat), crash_of(eve, 5s), crash_of(3, 8s)}), observer);
    CHECK(observer.verdicts[node::FrameVerdict::old_link] > 5);
    check_nothing_broke(report);
}

// What such a liar achieves is told in docs/RELIABILITY.md.
TEST_CASE("who slanders has others declared dead until they refute", "[sim][adversary]") {
    const Report report = run(plan_with({lies(FaultKind::slander)}));
    CHECK(report.network.lies > 60);
    check_nothing_broke(report);
}

TEST_CASE("who signs two batches for one dot is found out, and kills nobody", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::equivocate)}), observer);
    CHECK(observer.forks > 0);
    for (const auto& [name, result] : report.invariants) {
        const bool of_its_values = name == "acked_puts_are_kept" || name == "replicas_agree" ||
                                   name == "values_were_written";
        INFO(name << ": " << (result.first ? result.first->what : ""));
        CHECK((of_its_values || result.violations == 0));
    }
}

TEST_CASE("several liars at once are no majority of anything", "[sim][adversary]") {
    std::vector<Fault> faults;
    for (const FaultKind kind : {FaultKind::forge, FaultKind::impersonate, FaultKind::repeat}) {
        for (const std::uint32_t host : {1U, 4U}) {
            Fault fault = lies(kind, 200'000);
            fault.host = host;
            faults.push_back(fault);
        }
    }
    check_nothing_broke(run(plan_with(faults)));
}

TEST_CASE("a certificate of somebody whom nobody admitted breaks an invariant",
          "[sim][adversary]") {
    const Identities identities = make_identities(1, 3);
    const auto learned = [&](std::uint64_t node, std::uint64_t curve) {
        Findings findings;
        AdmissionCheck check(identities, findings);
        TraceRecord record{Event::certificate_learned, 2, {}};
        record.fields = {node, curve};
        check.on_traced(0, record, 1s);
        return findings.clean();
    };
    const std::uint64_t ann = identities.nodes[0].key.id().prefix();
    const std::uint64_t ann_curve = identities.nodes[0].curve.prefix();
    CHECK(learned(ann, ann_curve));
    CHECK_FALSE(learned(ann, ann_curve + 1));
    CHECK_FALSE(learned(ann + 1, ann_curve));
}

TEST_CASE("who stops lying says no further lie", "[sim][adversary]") {
    Observer observer;
    const Report report = run_watched(plan_with({lies(FaultKind::outsider)}), observer);
    CHECK(report.network.lies > 0);
    CHECK(observer.last <= 12s + 1ms);
}

TEST_CASE("a lie in nobody's plan is told by nobody", "[sim][adversary]") {
    CHECK(run(plan_with({})).network.lies == 0);
    CHECK(run(plan_with({lies(FaultKind::forge, 0)})).network.lies == 0);
}

TEST_CASE("equal plans have equal lies", "[sim][adversary]") {
    const Plan plan = plan_with({lies(FaultKind::forge), lies(FaultKind::repeat)});
    CHECK(run(plan).trace_hash == run(plan).trace_hash);
}

}  // namespace
}  // namespace starling::sim::adversary_test
