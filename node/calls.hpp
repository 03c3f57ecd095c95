// What a local program may ask of its node: one request struct and one answer struct for each call.
//
//   program ──[kind u8][request]──> NodeCore::on_call ──[true, answer] or [false, error]──> program
//
// Invariants:
//   I1  Every call is answered: once, or as a stream whose last item says so (Answer::last).
//   I2  A number is never reused; frames between nodes stay below 128 (base/kinds.hpp).
//   I3  An answer fits into limits::frame_bytes: listings are cut (page_items, page_bytes).
//
// Pure functions and values, thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "node/call_fields.hpp"
#include <starling/error.hpp>
#include <starling/member.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling {

constexpr MemberState last_of(MemberState) {
    return MemberState::left;
}

constexpr MemberMode last_of(MemberMode) {
    return MemberMode::away;
}

constexpr Phase last_of(Phase) {
    return Phase::lagged;
}

constexpr ErrorCode last_of(ErrorCode) {
    return ErrorCode::failed;
}

constexpr Changed last_of(Changed) {
    return Changed::unknown;
}

}  // namespace starling

namespace starling::node {

enum class CallKind : std::uint8_t {
    // the node and its mesh
    status = 128,
    members = 129,
    member_events = 130,  // stream
    leave = 131,
    admit = 132,
    mesh = 133,
    metrics = 134,

    // state
    write = 140,
    get = 141,
    list = 142,
    watch = 143,  // stream

    // agreement
    register_get = 150,
    register_cas = 151,
    register_settle = 152,
    lease_acquire = 153,
    lease_renew = 154,
    lease_release = 155,
    lease_show = 156,
    decide_propose = 157,
    decide_vote = 158,
    decide_show = 159,

    // work
    task_offer = 170,  // stream of two when the caller waits: acknowledged, finished
    task_list = 171,
    task_show = 172,
    task_cancel = 173,
    task_serve = 174,  // stream
    task_finish = 175,
    task_fail = 176,
    task_progress = 177,
    dead_letter_list = 178,
    dead_letter_show = 179,
};

// ---- framing

template <class Request>
[[nodiscard]] Bytes request_bytes(const Request& request) {
    Bytes bytes{static_cast<std::uint8_t>(Request::call)};
    Writer out(bytes);
    request.encode(out);
    return bytes;
}

// Which call these bytes make: a number of CallKind, or of a later version.  Nothing when empty.
[[nodiscard]] inline std::optional<CallKind> call_kind(ByteView request) {
    if (request.empty()) return std::nullopt;
    return static_cast<CallKind>(request.front());
}

// The request itself; nothing when it is malformed or of another kind.
template <class Request>
[[nodiscard]] std::optional<Request> request_from(Decoder& decoder, ByteView request) {
    if (call_kind(request) != Request::call) return std::nullopt;
    return decoded<Request>(decoder, request.subspan(1));
}

// Give these to Effects::answer: `out.answer(call, Ok{StatusAnswer{...}})`.
template <class Payload>
struct Ok {
    Payload answer;

    void encode(Writer& out) const {
        out.list(2);
        out.boolean(true);
        answer.encode(out);
    }
};
template <class Payload>
Ok(Payload) -> Ok<Payload>;

struct Failed {
    Error error;

    void encode(Writer& out) const;
};

// Takes the error out of an answer's fields.
[[nodiscard]] Error error_from(Reader& in);

template <class Payload>
[[nodiscard]] Result<Payload> answer_from(Decoder& decoder, ByteView bytes) {
    Reader in = decoder.parse(bytes);
    const bool fine = in.boolean();
    Payload payload;
    Error error;
    if (fine) {
        Reader fields = in.list(limits::codec_array);
        Payload::decode(fields, payload);
    } else {
        error = error_from(in);
    }
    if (!in.ok())
        return failure(ErrorCode::failed, "answer_malformed", "the node's answer is malformed");
    if (!fine) return tl::unexpected<Error>(std::move(error));
    return payload;
}

// For calls that answer with nothing but success.
struct Done {
    STARLING_NO_FIELDS
};

// ---- the node and its mesh

struct MemberRecord {
    NodeId node;
    std::string name;
    MemberState state{};
    MemberMode mode{};
    std::vector<std::string> addresses;
    Boot boot;
    Incarnation incarnation;
    std::uint32_t accusers = 0;
    bool voter = false;
    std::optional<Duration> last_heard;

    STARLING_FIELDS(node, name, state, mode, addresses, boot, incarnation, accusers, voter,
                    last_heard)
};

struct StatusAsk {
    static constexpr CallKind call = CallKind::status;

    STARLING_NO_FIELDS
};

struct StatusAnswer {
    NodeId node;
    std::string name;
    MeshId mesh;
    std::string mesh_name;
    JournalId journal;
    Boot boot;
    MemberMode mode{};
    std::vector<std::string> addresses;
    bool ready = false;
    bool voter = false;
    std::uint32_t alive = 0;  // members by state, this node included
    std::uint32_t suspect = 0;
    std::uint32_t dead = 0;
    std::uint32_t left = 0;
    std::uint32_t links = 0;        // outgoing connections that are up
    bool converged = false;         // membership root equals that of every neighbour
    std::optional<Duration> as_of;  // since all neighbours last showed equal state roots
    Duration oldest_batch{};        // not yet durable
    Duration last_turn{};
    std::uint64_t free_bytes = 0;

    STARLING_FIELDS(node, name, mesh, mesh_name, journal, boot, mode, addresses, ready, voter,
                    alive, suspect, dead, left, links, converged, as_of, oldest_batch, last_turn,
                    free_bytes)
};

// Members in the order of their ids.
struct MembersAsk {
    static constexpr CallKind call = CallKind::members;

    std::optional<NodeId> after;  // the last one of the page before
    std::uint32_t max = limits::page_items;

    STARLING_FIELDS(after, max)
};

struct MembersPage {
    std::vector<MemberRecord> members;
    bool more = false;

    STARLING_FIELDS(members, more)
};

struct MemberEventsAsk {
    static constexpr CallKind call = CallKind::member_events;

    STARLING_NO_FIELDS
};

// An item of the stream: every member as `current`, one `caught_up`, then each `change`.
struct MemberNews {
    Phase phase{};
    MemberRecord member;
    std::optional<MemberState> before;
    std::string cause;

    STARLING_FIELDS(phase, member, before, cause)
};

// Says goodbye.  Answered with Done once enough others know, or when the deadline of a leave
// passed.
struct LeaveAsk {
    static constexpr CallKind call = CallKind::leave;

    STARLING_NO_FIELDS
};

// Spreads a certificate that the root key signed.  Answered with AdmitAnswer once it is durable
// here.
struct AdmitAsk {
    static constexpr CallKind call = CallKind::admit;

    Bytes certificate;                   // canonical bytes with the root's signature
    std::vector<std::string> addresses;  // where the newcomer will listen; may be empty

    STARLING_FIELDS(certificate, addresses)
};

struct AdmitAnswer {
    NodeId node;
    bool known = false;  // this certificate was known before: nothing changed

    STARLING_FIELDS(node, known)
};

// What a mesh file holds: the genesis, and up to `contacts` living members, voters first.
struct MeshAsk {
    static constexpr CallKind call = CallKind::mesh;

    std::uint32_t contacts = 16;

    STARLING_FIELDS(contacts)
};

struct ContactRecord {
    Bytes certificate;
    std::vector<std::string> addresses;

    STARLING_FIELDS(certificate, addresses)
};

struct MeshAnswer {
    Bytes genesis;                        // canonical bytes
    std::vector<ContactRecord> contacts;  // this node included

    STARLING_FIELDS(genesis, contacts)
};

// Numbers of the cores; counters of trace events are kept by the driver and added by node/io.
struct MetricsAsk {
    static constexpr CallKind call = CallKind::metrics;

    STARLING_NO_FIELDS
};

struct GaugeRecord {
    std::string name;  // without the prefix starling_; unit at the end: members_alive, log_bytes
    std::uint64_t value = 0;

    STARLING_FIELDS(name, value)
};

// Counts of durations up to each bound; the last count is of those above every bound.
struct HistogramRecord {
    std::string name;  // without prefix and unit: award, staleness
    std::vector<Duration> bounds;
    std::vector<std::uint64_t> counts;  // one more than bounds
    Duration sum{};

    STARLING_FIELDS(name, bounds, counts, sum)
};

struct MetricsAnswer {
    std::vector<GaugeRecord> gauges;
    std::vector<GaugeRecord> counters;
    std::vector<HistogramRecord> histograms;

    STARLING_FIELDS(gauges, counters, histograms)
};

}  // namespace starling::node
