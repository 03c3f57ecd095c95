// Decisions: named electors vote; a majority of them decides, else the status quo holds.
//
//   proposed ──votes──> closed: an option with a majority | the status quo, with the reason
//
// One decision is one register: it needs a majority of the mesh's voters to be proposed, voted on
// and read.  Values, not thread safe; const ones are.
#pragma once

#include <starling/register.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace starling {

struct Proposal {
    std::string name;                                         // 1 to 256 bytes, used once
    std::string question{};                                   // at most 4096 bytes
    std::vector<std::string> options{};                       // 1 to 16
    std::string status_quo{};                                 // one of the options
    std::vector<std::string> electors{};                      // node ids; empty: the mesh's voters
    std::chrono::nanoseconds within = std::chrono::hours(1);  // at most 24 h
};

// What this node votes.
struct Ballot {
    std::string option;
    std::string agent{};
    std::string reason{};
};

enum class Until : std::uint8_t { read, closed };

struct Vote {
    std::string elector;  // the node: 64 hexadecimal digits
    std::string option;
    std::string agent;
    std::string reason;
};

struct Decision {
    RegisterOutcome outcome{};  // of the proposal or vote that was asked for
    std::string name;
    std::string question;
    std::vector<std::string> options;
    std::string status_quo;
    std::vector<std::string> electors;
    std::vector<Vote> votes;
    bool closed = false;
    std::string decided;  // once closed
    std::string why;      // majority, or why the status quo holds
    std::chrono::nanoseconds remaining{};
};

}  // namespace starling
