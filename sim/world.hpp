// A mesh in one process on virtual time: hosts, network, disks, the plan's faults, clients, checks.
//
//      Plan ──> World ── earliest appointment ──> network | host | fault | workload | check
//                              ^                                    |
//                              └──────── new appointments ──────────┘
//
// Invariants:
//   I1  Equal plans and equal workloads give equal trace hashes, on every machine and build.
//   I2  The production NodeCore runs unchanged: hosts are its only driver here.
//   I3  What hampers a host is a function of the faults in force: of several that slow it the
//       worst counts, and one that ends leaves the others.
//   I4  A fault that ended a process starts the next one, and no other fault does.
//
// Not thread safe.
#pragma once

#include "base/buggify.hpp"
#include "sim/adversary.hpp"
#include "sim/bodies.hpp"
#include "sim/check.hpp"
#include "sim/fault.hpp"
#include "sim/host.hpp"
#include "sim/identities.hpp"
#include "sim/machine.hpp"
#include "sim/memo_verifier.hpp"
#include "sim/network.hpp"
#include "sim/plan.hpp"
#include "sim/timetable.hpp"
#include "sim/trace_hash.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class World final : private Ends, private Watcher, private Clients {
public:
    explicit World(Plan plan);
    ~World() override;

    // Before the first run_until().  Checks and workloads outlive the world.
    void watch(Check& check) {
        checks_.push_back(&check);
        if (check.wants_frames()) frame_checks_.push_back(&check);
        if (check.wants_words()) word_checks_.push_back(&check);
    }

    void engage(Workload& workload) { workloads_.push_back(&workload); }

    // Carries out everything that is due up to and including this time.
    void run_until(Duration until);

    [[nodiscard]] Duration now() const { return now_; }

    [[nodiscard]] const Plan& plan() const { return plan_; }

    [[nodiscard]] const Identities& identities() const { return identities_; }

    [[nodiscard]] const Host& host(std::uint32_t number) const { return *hosts_.at(number); }

    [[nodiscard]] const Network& network() const { return network_; }

    [[nodiscard]] const MemoVerifier& verifier() const { return verifier_; }

    [[nodiscard]] const FaultCounts& faults() const { return faults_; }

    [[nodiscard]] std::uint64_t appointments() const { return timetable_.pushed(); }

    // Of everything up to now, draw counts included.
    [[nodiscard]] std::string trace_hash() const;

private:
    void on_arrival(std::uint32_t host, const Arrival& arrival) override;
    void on_link(std::uint32_t host, const node::LinkEvent& event) override;
    void on_dropped(std::uint32_t host, const NodeId& to, Kind kind, DropReason reason) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last) override;
    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;
    void on_failed(std::uint32_t host) override;
    std::optional<CallId> call(std::uint32_t host, Bytes request) override;
    void end_call(std::uint32_t host, CallId call) override;
    void kill(std::uint32_t host) override;
    [[nodiscard]] ProcessState state_of(std::uint32_t host) const override;
    [[nodiscard]] std::uint32_t hosts() const override;
    [[nodiscard]] BootTime clock_of(std::uint32_t host) const override;

    void make_hosts();
    void begin();
    void carry_out(const Appointment& due);
    void start(std::uint32_t host);
    void crash(std::uint32_t host);
    void end_process(std::uint32_t host, std::uint32_t line);
    [[nodiscard]] Duration end_of(const Fault& fault) const;

    // world_faults.cpp
    void carry_out(const Fault& fault, Phase phase);
    bool begin(const Fault& fault);
    bool end(const Fault& fault);
    bool strike(const Fault& fault);
    bool strike_process(const Fault& fault);
    bool repair(const Fault& fault);
    bool repair_process(const Fault& fault);
    void freeze(const Fault& fault);
    bool ask_to_leave(const Fault& fault);
    void depart(std::uint32_t line);
    void apply(const Fault& fault);
    [[nodiscard]] DiskErrors disk_errors(std::uint32_t host) const;
    [[nodiscard]] std::uint32_t disk_error(std::uint32_t host) const;
    void start_after(const Fault& fault);
    [[nodiscard]] std::vector<std::int64_t> in_force(FaultKind kind, std::uint32_t host) const;
    void act(std::uint32_t workload);
    void look(std::uint32_t check);
    void schedule_acts();
    void schedule_looks();

    Plan plan_;
    std::optional<Buggify> buggify_;
    Identities identities_;
    Timetable timetable_;
    Bodies bodies_;
    Effects effects_;  // of the turn under way
    TraceHash hash_;
    MemoVerifier verifier_;
    Adversary adversary_;
    Network network_;
    std::optional<Machine> machine_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::vector<Check*> checks_;
    std::vector<Check*> frame_checks_;
    std::vector<Check*> word_checks_;
    std::vector<Duration> looks_due_;  // of each check
    std::vector<Workload*> workloads_;
    std::vector<Duration> acts_due_;       // of each workload
    std::vector<bool> in_force_;           // of each fault that has an end
    std::vector<std::uint32_t> ended_by_;  // of each host: the line whose end starts it again
    std::map<std::uint32_t, std::pair<CallId, std::uint32_t>> leaving_;  // host -> its call, line
    FaultCounts faults_;
    Duration now_{};
    bool begun_ = false;
};

}  // namespace starling::sim
