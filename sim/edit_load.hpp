// Clients that add to counters, and insert, delete and insert again what others see at once: what
// must be true of sums and of presence in the end.
//
//      counter   add                                       the sum of what was acknowledged
//      set       insert e ──> remove e ──> insert e        each step once the one before is
//      value     put k    ──> erase k  ──> put k           acknowledged, anywhere; may end earlier
//
// A removal that finds nothing where it is asked fails and changes nothing.  One that is
// acknowledged ends what it saw and nothing else: what is inserted after its answer stays, wherever
// it is inserted.
//
// Excuse: what the node of a disk that is lost or put back acknowledged, and no other disk held by
// then (lost_writes.hpp), counts like what has no answer: an add of it may be in the sum or not, a
// thing whose last step it was may be there or not.
//
// Invariants:
//   counters_add_up        a counter is the sum of the acknowledged adds, and of some of those
//                          whose answer was lost
//   deleted_stays_deleted  what was deleted last is nowhere in the end
//   inserted_stays         what was inserted last is everywhere in the end
//   edits_agree            every node holds the same sums, elements and values
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_state.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class EditLoad final : public Workload {
public:
    EditLoad(const LoadSetup& setup, Findings& findings);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

private:
    enum class Stage : std::uint8_t { insert, remove, insert_again, done };
    enum class Presence : std::uint8_t { unknown, there, gone };

    // An element of a set, or a key with a value.
    struct Thing {
        std::string key;
        std::optional<std::string> element;  // of a set
        Stage stage = Stage::insert;
        Presence presence = Presence::unknown;
        node::VersionToken version = {};  // of the last step that was acknowledged
    };

    struct Add {
        std::int64_t amount = 0;
        node::VersionToken version;
    };

    struct Counter {
        std::vector<Add> acked;
        std::vector<std::int64_t> unsure;
    };

    // What an answer is waited for: a step of a thing, or an add.
    struct Asked {
        std::optional<std::size_t> thing;
        std::string counter;
        std::int64_t amount = 0;
    };

    // What a node says it holds: sums, elements and values by key.
    struct Replica {
        CallId call;
        bool whole = false;
        std::map<std::string, std::pair<std::int64_t, std::set<Bytes>>> entries;
    };

    using CallKey = std::pair<std::uint32_t, CallId>;

    void begin(std::uint64_t number, Duration now, Clients& clients);
    void add(std::uint64_t number, std::uint32_t host, Clients& clients);
    void step(std::size_t number, Duration now, Clients& clients);
    void write(std::uint32_t host, node::WriteStep step, Asked asked, Clients& clients);
    void on_written(const Asked& asked, const Result<node::WriteAnswer>& answer, Duration now);
    void go_on(std::size_t number, bool found, Duration now);
    void doubt_lost();
    void ask(std::uint32_t host, std::string after, Clients& clients);
    void check_things(std::uint32_t host, const Replica& replica, Duration now);
    void check_counters(std::uint32_t host, const Replica& replica, Duration now);

    LoadSetup setup_;
    Findings& findings_;
    Pace pace_;
    bool asked_ = false;
    Clients* clients_ = nullptr;  // of the world, once it acted
    Decoder decoder_;
    std::vector<Thing> things_;
    std::map<std::string, Counter> counters_;
    std::multimap<Duration, std::size_t> due_;  // the next step of which thing
    std::map<CallKey, Asked> waiting_;
    std::map<std::uint32_t, Replica> replicas_;
    std::uint64_t steps_ = 0;
    LoadCounts counts_;
};

}  // namespace starling::sim
