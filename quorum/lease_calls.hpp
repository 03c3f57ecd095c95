// Leases as local programs ask for them: acquires, waits for its turn, renews, releases, shows.
//
//   acquire ──> change ──free, or own──────────────> granted: fence, and how long it counts
//                 └──held──> observe ──read now and then──> free or unchanged long enough ──>
//                 change
//
// Invariants:
//   I1  What a holder is told to rely on began before its request was first sent (lease.hpp, I2).
//   I2  Every call ends once, at the latest at its deadline.
//
// Not thread safe.
#pragma once

#include "quorum/asked.hpp"
#include "quorum/registers.hpp"
#include "quorum/timers.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

class LeaseCalls {
public:
    explicit LeaseCalls(const Place& place) : place_(place) {}

    void acquire(const Caller& caller, const AcquireRequest& request, Moment now, Effects& out);
    void renew(const Caller& caller, std::uint64_t fence, std::optional<Duration> term, Moment now,
               Effects& out);
    void release(const Caller& caller, std::uint64_t fence, Moment now, Effects& out);
    void show(const Caller& caller, Moment now, Effects& out);
    void on_call_ended(CallId call);

    // One of this part's tickets ended.
    void on_finished(const Finished& finished, Moment now, Effects& out);

    void on_tick(Moment now, Effects& out);

    [[nodiscard]] std::optional<BootTime> next_deadline() const { return timers_.first(); }

private:
    enum class Step : std::uint8_t { change, look, pause };  // only an acquire looks and pauses

    struct Flow {
        Question question{};
        Caller caller;
        AcquireRequest request;
        Step step = Step::change;
        BootTime asked{};  // when the change was handed over
        Finished last;     // why it is still waiting
    };

    struct Held {
        std::uint64_t fence = 0;
        BootTime until{};
    };

    void start(Flow flow, Change change, Moment now, Effects& out);
    void refuse(const Flow& flow, Reason reason);
    void try_acquire(Ticket ticket, Flow& flow, Moment now, Effects& out);
    void on_held(Ticket ticket, Flow& flow, const Finished& finished, Moment now);
    void on_looked(Ticket ticket, const Finished& finished, Moment now, Effects& out);
    void end(Ticket ticket, const Finished& finished, Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> note_result(const Flow& flow, const Finished& finished,
                                                      Moment now, Effects& out);
    void hold(const std::string& name, const Held& held, Moment now);
    [[nodiscard]] LeaseKey key_of(std::uint64_t fence) const;

    Place place_;
    std::map<Ticket, Flow> flows_;
    std::map<std::string, Held> held_;
    Observations observations_;
    Timers<Ticket> timers_;
};

}  // namespace starling::quorum
