// Every kind of message, once: frames between nodes below 128, calls of a local program from 128
// on.
//
// A number is never reused.  Thread safe: constants.
#pragma once

#include <array>
#include <cstdint>

namespace starling {

enum class Kind : std::uint8_t {
    // links (node/)
    hello = 1,
    reject = 2,
    bye = 3,
    mark = 4,      // how far my journal is
    recalled = 5,  // how far yours was, as I know

    // gossip
    ping = 10,
    pong = 11,
    cells = 12,         // claims, opinions, deaths: urgent lane
    table_digest = 13,  // bucket hashes of the membership table
    table_entries = 14,

    // crdt
    batches = 20,  // signed batches of one origin, in order
    want = 21,     // missing range of an origin
    heads = 22,    // version vector entries
    copies = 23,   // this batch is durable here

    // quorum
    prepare = 30,
    promise = 31,
    accept = 32,
    accepted = 33,
    conflict = 34,
    read = 35,
    read_ok = 36,
    decision_opened = 37,  // to its electors: look at this decision

    // auction (FIPA names on the wire)
    cfp = 40,
    propose = 41,
    refuse = 42,
    accept_proposal = 43,
    reject_proposal = 44,
    agree = 45,
    inform = 46,  // winner's result
    failure = 47,
    cancel = 48,
    record = 49,  // custodian: keep this task
    recorded = 50,
    grant = 51,  // custodian: grant this epoch
    granted = 52,
    store_result = 53,
    stored_result = 54,
    renew = 55,  // lease of a running task
    query = 56,  // what does the ledger say
    query_answer = 57,
    digest = 58,  // skills and free workers of a node
    renewed = 59,
    informed = 60,  // answer to inform: accepted or refused as stale
    progress = 61,  // custodian duty hand-over and task state
};

// Whether a frame of this kind promises something and so waits until everything its sender knew
// when it was made is durable.  The others leave at once.
[[nodiscard]] constexpr bool promises(Kind kind) {
    constexpr std::array open = {
        Kind::hello, Kind::reject, Kind::recalled,
        // gossip
        Kind::ping, Kind::pong, Kind::cells, Kind::table_digest, Kind::table_entries,
        // crdt
        Kind::want, Kind::heads,
        // quorum: what a proposer asks (its boot is durable, and no boot uses a round twice), and
        // a refusal: no outcome rests on it, only how soon and how high the next ballot goes
        Kind::prepare, Kind::accept, Kind::read, Kind::conflict,
        // auction: bids, and what a runner says under an epoch that others granted
        Kind::cfp, Kind::propose, Kind::refuse, Kind::accept_proposal, Kind::reject_proposal,
        Kind::agree, Kind::failure, Kind::renew, Kind::renewed, Kind::query, Kind::digest,
        Kind::record, Kind::grant, Kind::store_result};
    for (const Kind each : open) {
        if (each == kind) return false;
    }
    return true;
}

}  // namespace starling
