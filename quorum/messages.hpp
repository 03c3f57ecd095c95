// The messages of registers: requests of proposers, votes of voters, and the notice of a decision.
//
//   proposer ── prepare ──> voter ── promise | conflict ──> proposer
//            ── accept  ──>       ── accepted | conflict ──>
//            ── read    ──>       ── read_ok ──>
//
// Every vote names the journal it was cast from.  Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"
#include "quorum/ballot.hpp"
#include "quorum/state.hpp"

#include <cstdint>
#include <string>

namespace starling::quorum {

// A register's name on the wire: a letter for what it holds, then the name that a program gave.
inline constexpr std::size_t register_name_bytes = limits::key_bytes + 2;

struct Prepare {
    static constexpr Kind kind = Kind::prepare;
    std::string name;
    Ballot ballot;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Prepare& message);
};

struct Promise {
    static constexpr Kind kind = Kind::promise;
    std::string name;
    Ballot ballot;
    JournalId journal;
    Ballot accepted;  // zero: nothing
    State state;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Promise& message);
};

struct Accept {
    static constexpr Kind kind = Kind::accept;
    std::string name;
    Ballot ballot;
    std::uint64_t next_round = 0;  // also promise me this round; 0: no
    State state;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Accept& message);
};

struct Accepted {
    static constexpr Kind kind = Kind::accepted;
    std::string name;
    Ballot ballot;
    JournalId journal;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Accepted& message);
};

enum class Refusal : std::uint8_t {
    outbid,      // promised to a higher ballot that has its state, or was never used
    busy,        // promised to a higher ballot that may be in flight now
    restarted,   // below what this voter may have promised before it restarted
    table_full,  // this voter keeps no further name
};

struct Conflict {
    static constexpr Kind kind = Kind::conflict;
    std::string name;
    Ballot ballot;  // the one refused
    JournalId journal;
    std::uint64_t round = 0;  // a ballot needs a higher one
    std::uint64_t floor = 0;  // and for any other register at least one above this
    Refusal refusal{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, Conflict& message);
};

struct Read {
    static constexpr Kind kind = Kind::read;
    std::string name;
    Boot boot;
    std::uint64_t sequence = 0;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Read& message);
};

struct ReadOk {
    static constexpr Kind kind = Kind::read_ok;
    std::string name;
    Boot boot;
    std::uint64_t sequence = 0;
    JournalId journal;
    Ballot accepted;  // zero: nothing
    State state;

    void encode(Writer& out) const;
    static bool decode(Reader& in, ReadOk& message);
};

// To electors: there is a decision to vote on, and to close when its time has passed.
struct DecisionOpened {
    static constexpr Kind kind = Kind::decision_opened;
    std::string name;  // as the program gave it
    Duration remaining{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, DecisionOpened& message);
};

}  // namespace starling::quorum
