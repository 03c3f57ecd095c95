// What a turn of the cores wants done: frames to send, records to keep, answers to local callers,
// link commands, trace records.  One reusable object per driver; everything is encoded at once into
// an arena.
//
//   core step ──append──> Effects ──end of turn──> driver: records become journal batch n,
//                            ^                     the rest leaves when its gate allows
//                            └──── clear() keeps the capacity: a warm turn allocates nothing
//
// Invariants:
//   I1  A send or answer whose gate is `durable` leaves only after every record appended in this
//   turn
//       and in earlier turns is durable ("durable before visible").
//   I2  A broadcast is encoded once; its entries share one span.
//   I3  A frame's body is at most limits::body_bytes: larger is a bug of the sender, which must
//   chunk.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/tables.hpp"
#include "base/trace.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace starling {

enum class Gate : std::uint8_t { open, durable };

// Part of the arena; read it with Effects::view().
struct Span {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

// A frame for a member.  The body excludes the frame header.
struct Outgoing {
    NodeId to;
    Kind kind{};
    Gate gate{};
    Span body;
};

// One key of one table: a new value, or its removal.
struct Stored {
    Table table{};
    bool erase = false;
    Span key;
    Span value;
};

// Something for the local program that made a call: a reply, or an item of a stream.
struct Answer {
    CallId call;
    Gate gate{};
    bool last = true;  // no further answers to this call
    Span body;
};

// Records of one table from `first` to `last`, both included, wanted back from the journal: they
// come to NodeCore::on_fetched with the same tag, keys ascending, as many as fit into
// limits::fetch_bytes.
struct Fetch {
    std::uint64_t tag = 0;
    Table table{};
    Span first;
    Span last;
};

enum class LinkAction : std::uint8_t {
    dial,     // open a fresh outgoing connection to `address`, closing an older one to this peer
    hang_up,  // close the outgoing connection
    probe,    // a plain connect to `address`: is anybody listening there?
    admit,    // accept frames from the holder of `curve` as `peer`
    expel,    // stop doing so
};

struct LinkCommand {
    LinkAction action{};
    NodeId peer;
    CurveKey curve;
    LinkId link;
    Span address;  // host:port
};

template <class M>
concept Encodable = requires(const M& message, Writer& writer) {
    message.encode(writer);
};

template <class M>
concept Frame = Encodable<M> && requires {
    { M::kind } -> std::convertible_to<Kind>;
};

class Effects {
public:
    template <Frame M>
    void send(const NodeId& to, const M& message) {
        outgoing_.push_back({to, M::kind, gate_of(M::kind), body_of(message)});
    }

    template <Frame M>
    void send_all(std::span<const NodeId> to, const M& message) {
        if (to.empty()) return;
        const Span body = body_of(message);
        for (const NodeId& node : to) outgoing_.push_back({node, M::kind, gate_of(M::kind), body});
    }

    // A body that is encoded already (a stored batch on its way to another node).
    void send_encoded(const NodeId& to, Kind kind, ByteView body);

    void persist(Table table, ByteView key, ByteView value);

    template <Encodable M>
    void persist(Table table, ByteView key, const M& value) {
        stored_.push_back({table, false, append(key), encode(value)});
    }

    void erase(Table table, ByteView key);

    template <Encodable M>
    void answer(CallId call, const M& message) {
        answers_.push_back({call, Gate::durable, true, encode(message)});
    }

    // An item of a stream that goes on.  It may pass the gate only if it promises nothing, as all
    // items of that stream.
    template <Encodable M>
    void stream(CallId call, const M& message, Gate gate = Gate::durable) {
        answers_.push_back({call, gate, false, encode(message)});
    }

    void fetch(std::uint64_t tag, Table table, ByteView first, ByteView last);

    void dial(const NodeId& peer, const CurveKey& curve, LinkId link, std::string_view address);
    void hang_up(const NodeId& peer);
    void probe(const NodeId& peer, LinkId link, std::string_view address);
    void admit(const NodeId& peer, const CurveKey& curve);
    void expel(const NodeId& peer, const CurveKey& curve);

    template <class... Numbers>
    void trace(Event event, Numbers... numbers) {
        static_assert(sizeof...(Numbers) <= 6);
        trace_.push_back({event, sizeof...(Numbers), {static_cast<std::uint64_t>(numbers)...}});
    }

    [[nodiscard]] ByteView view(Span span) const {
        return ByteView(arena_).subspan(span.offset, span.size);
    }

    [[nodiscard]] std::span<const Outgoing> outgoing() const { return outgoing_; }

    [[nodiscard]] std::span<const Stored> stored() const { return stored_; }

    [[nodiscard]] std::span<const Answer> answers() const { return answers_; }

    [[nodiscard]] std::span<const Fetch> fetches() const { return fetches_; }

    [[nodiscard]] std::span<const LinkCommand> links() const { return links_; }

    [[nodiscard]] std::span<const TraceRecord> traced() const { return trace_; }

    [[nodiscard]] bool empty() const;

    // Forgets everything, keeps the memory.
    void clear();

private:
    static Gate gate_of(Kind kind) {
        return STARLING_MUTANT(62, promises(kind), false) ? Gate::durable : Gate::open;
    }

    Span append(ByteView bytes);

    template <Encodable M>
    Span encode(const M& message) {
        const std::size_t start = arena_.size();
        Writer writer(arena_);
        message.encode(writer);
        return span_from(start);
    }

    template <Encodable M>
    Span body_of(const M& message) {
        const Span body = encode(message);
        STARLING_ASSERT(body.size <= limits::body_bytes);  // I3
        return body;
    }

    [[nodiscard]] Span span_from(std::size_t start) const;

    Bytes arena_;
    std::vector<Outgoing> outgoing_;
    std::vector<Stored> stored_;
    std::vector<Answer> answers_;
    std::vector<Fetch> fetches_;
    std::vector<LinkCommand> links_;
    std::vector<TraceRecord> trace_;
};

}  // namespace starling
