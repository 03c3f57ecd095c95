// What observers hold of subjects: last-writer-wins cells, stamped by their observers.  Soft state:
// void as soon as the subject claims anything higher.
//
// Invariants:
//   I1  Of two opinions of one observer about one subject the later stamp holds.
//   I2  All opinions kept about a subject are about one (boot, incarnation): the latest claimed.
//   I3  At most `per_subject` opinions about one subject.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "gossip/messages.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace starling::gossip {

enum class OpinionVerdict : std::uint8_t {
    taken,
    old,   // a later one by this observer is known, or the subject has claimed higher since
    full,  // I3
};

class Opinions {
public:
    static constexpr std::size_t per_subject = 32;

    // Of two opinions of one observer about one claim of their subject (I1); false when they are
    // not that.
    [[nodiscard]] static bool is_newer(const Opinion& opinion, const Opinion& than);

    // REQUIRES: the opinion is about what its subject claims now.
    OpinionVerdict take(const Opinion& opinion);

    // The subject claimed something higher, or is no member any more.
    void drop_subject(const NodeId& subject);
    // The observer ended or started again: what it held is void.
    void drop_observer(const NodeId& observer);

    // Opinions about one subject, by observer; null when there are none.
    using About = std::map<NodeId, Opinion>;
    [[nodiscard]] const About* about(const NodeId& subject) const;

    // How many accuse.
    [[nodiscard]] std::uint32_t down(const NodeId& subject) const;

    // Whether most of those who hold an opinion accuse.
    [[nodiscard]] bool most_accuse(const NodeId& subject) const;

    // Everybody somebody holds an opinion of, ascending.
    [[nodiscard]] std::vector<NodeId> subjects() const;

    // Those who accuse, ascending.
    [[nodiscard]] std::vector<NodeId> accusers(const NodeId& subject) const;

    [[nodiscard]] bool empty() const { return by_subject_.empty(); }

    // Grows with every change: equal numbers, equal opinions.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    // Subjects about whom something changed since the last call; repeated ones possible.
    [[nodiscard]] std::vector<NodeId> take_touched() { return std::exchange(touched_, {}); }

private:
    struct Held {
        About votes;
        std::uint32_t down = 0;  // of these
    };

    void touch(const NodeId& subject);

    std::map<NodeId, Held> by_subject_;
    std::uint64_t changes_ = 0;
    std::vector<NodeId> touched_;
};

}  // namespace starling::gossip
