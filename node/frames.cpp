#include "node/frames.hpp"

#include "node/messages.hpp"

#include <algorithm>
#include <array>

namespace starling::node {
namespace {

using Parts = NodeCore::Parts;

// What a frame of type M leads to, once its body is decoded.
template <class M, FrameVerdict (*Handle)(Parts&, const Arrival&, const M&, Effects&)>
FrameVerdict decoded_by(Parts& parts, const Arrival& arrival, Reader& body, Effects& out) {
    M message;
    if (!M::decode(body, message) || !body.ok()) return FrameVerdict::malformed;
    return Handle(parts, arrival, message, out);
}

FrameVerdict verdict_of(gossip::Verdict verdict) {
    switch (verdict) {
        case gossip::Verdict::taken:
        case gossip::Verdict::nothing_new:
            return FrameVerdict::handled;
        case gossip::Verdict::foreign_mesh:
            return FrameVerdict::foreign_mesh;
        case gossip::Verdict::not_the_sender:
        case gossip::Verdict::bad_signature:
        case gossip::Verdict::superseded:
        case gossip::Verdict::refused:
            return FrameVerdict::refused;
    }
    return FrameVerdict::refused;
}

RejectReason reject_reason(gossip::Verdict verdict) {
    if (verdict == gossip::Verdict::foreign_mesh) return RejectReason::foreign_mesh;
    if (verdict == gossip::Verdict::superseded) return RejectReason::superseded;
    return RejectReason::refused;
}

FrameVerdict on_hello(Parts& parts, const Arrival& arrival, const gossip::Hello& hello,
                      Effects& out) {
    const auto verdict = parts.gossip.on_hello(arrival.from, hello, arrival.now, out);
    const FrameVerdict answer = verdict_of(verdict);
    if (answer != FrameVerdict::handled) {
        if (answer == FrameVerdict::foreign_mesh) {
            out.trace(Event::mesh_foreign, arrival.from.prefix(), hello.mesh.prefix(),
                      parts.setup.genesis.mesh_id().prefix());
        }
        out.send(arrival.from, Reject{reject_reason(verdict)});
        return answer;
    }
    if (!parts.links.introduce(arrival.from, hello.claim.boot, arrival.header.link)) {
        return FrameVerdict::old_link;
    }
    out.trace(Event::link_heard, arrival.from.prefix(), arrival.header.link.value,
              hello.claim.boot.value);
    parts.links.want(arrival.from, arrival.now, out);  // who greets us can be answered
    return answer;
}

FrameVerdict on_reject(Parts& parts, const Arrival& arrival, const Reject& reject, Effects& out) {
    if (reject.reason == RejectReason::hello) {
        if (parts.links.is_up(arrival.from)) parts.greet(arrival.from, out);
        return FrameVerdict::handled;
    }
    out.trace(Event::peer_refused, arrival.from.prefix(), static_cast<unsigned>(reject.reason), 0U);
    return FrameVerdict::handled;
}

FrameVerdict on_mark(Parts& parts, const Arrival& arrival, const Mark& mark, Effects& out) {
    parts.marks.on_mark(arrival.from, mark, arrival.now, out);
    return FrameVerdict::handled;
}

FrameVerdict on_recalled(Parts& parts, const Arrival& arrival, const Recalled& recalled,
                         Effects& out) {
    parts.on_recalled(arrival.from, recalled, out);
    return FrameVerdict::handled;
}

template <class M,
          gossip::Verdict (gossip::Gossip::*Handle)(const NodeId&, const M&, Moment, Effects&)>
FrameVerdict to_gossip(Parts& parts, const Arrival& arrival, const M& message, Effects& out) {
    return verdict_of((parts.gossip.*Handle)(arrival.from, message, arrival.now, out));
}

// A flood brings every claim over many links: repetitions are not decoded again.
FrameVerdict open_cells(Parts& parts, const Arrival& arrival, Reader& body, Effects& out) {
    gossip::OpenCells cells;
    if (!gossip::OpenCells::decode(body, parts.gossip.commons(), cells)) {
        return FrameVerdict::malformed;
    }
    return verdict_of(parts.gossip.on_cells(arrival.from, cells, arrival.now, out));
}

FrameVerdict open_entries(Parts& parts, const Arrival& arrival, Reader& body, Effects& out) {
    gossip::OpenEntries entries;
    if (!gossip::OpenEntries::decode(body, parts.gossip.commons(), entries)) {
        return FrameVerdict::malformed;
    }
    return verdict_of(parts.gossip.on_table_entries(arrival.from, entries, arrival.now, out));
}

FrameVerdict on_batches(Parts& parts, const Arrival& arrival, const crdt::Batches& message,
                        Effects& out) {
    const auto verdict =
        parts.store.on_batches(arrival.from, message, parts.relays, arrival.now, out);
    return verdict >= crdt::BatchVerdict::malformed ? FrameVerdict::refused : FrameVerdict::handled;
}

FrameVerdict on_want(Parts& parts, const Arrival& arrival, const crdt::Want& message,
                     Effects& out) {
    (void)parts.store.on_want(arrival.from, message, out);
    return FrameVerdict::handled;
}

FrameVerdict on_heads(Parts& parts, const Arrival& arrival, const crdt::Heads& message,
                      Effects& out) {
    const auto verdict = parts.store.on_heads(arrival.from, message, arrival.now, out);
    return verdict == crdt::HeadsVerdict::suspicious ? FrameVerdict::refused
                                                     : FrameVerdict::handled;
}

FrameVerdict on_copies(Parts& parts, const Arrival& arrival, const crdt::Copies& message,
                       Effects&) {
    const auto verdict = parts.store.on_copies(arrival.from, message);
    return verdict == crdt::CopiesVerdict::not_mine ? FrameVerdict::refused : FrameVerdict::handled;
}

template <class M,
          quorum::Verdict (quorum::Quorum::*Handle)(const NodeId&, const M&, Moment, Effects&)>
FrameVerdict to_quorum(Parts& parts, const Arrival& arrival, const M& message, Effects& out) {
    const auto verdict = (parts.quorum.*Handle)(arrival.from, message, arrival.now, out);
    switch (verdict) {
        case quorum::Verdict::handled:
        case quorum::Verdict::repeated:
        case quorum::Verdict::stale:
            return FrameVerdict::handled;
        case quorum::Verdict::unknown_voter:
        case quorum::Verdict::impossible:
        case quorum::Verdict::not_a_voter:
        case quorum::Verdict::overloaded:
            return FrameVerdict::refused;
    }
    return FrameVerdict::refused;
}

// What a conversation about a task has outlived is no fault: late answers are its daily bread.
template <class M,
          auction::Verdict (auction::Auctions::*Handle)(const NodeId&, const M&, Moment, Effects&)>
FrameVerdict to_auctions(Parts& parts, const Arrival& arrival, const M& message, Effects& out) {
    const auto verdict = (parts.auctions.*Handle)(arrival.from, message, arrival.now, out);
    return verdict == auction::Verdict::malformed ? FrameVerdict::malformed : FrameVerdict::handled;
}

template <class M, FrameVerdict (*Handle)(Parts&, const Arrival&, const M&, Effects&)>
constexpr FrameRow row(std::string_view name, std::size_t body_bytes = limits::body_bytes) {
    return {M::kind, name, body_bytes, decoded_by<M, Handle>};
}

template <class M, auto Handle>
constexpr FrameRow gossip_row(std::string_view name, std::size_t body_bytes) {
    return row<M, to_gossip<M, Handle>>(name, body_bytes);
}

template <class M, auto Handle>
constexpr FrameRow quorum_row(std::string_view name) {
    return row<M, to_quorum<M, Handle>>(name);
}

template <class M, auto Handle>
constexpr FrameRow auction_row(std::string_view name) {
    return row<M, to_auctions<M, Handle>>(name);
}

using auction::Auctions;
using gossip::Gossip;
using quorum::Quorum;

constexpr std::size_t small_body = 4096;

constexpr auto frame_table = std::to_array<FrameRow>({
    row<gossip::Hello, on_hello>("hello", small_body),
    row<Reject, on_reject>("reject", small_body),
    row<Mark, on_mark>("mark", small_body),
    row<Recalled, on_recalled>("recalled", small_body),
    gossip_row<gossip::Ping, &Gossip::on_ping>("ping", small_body),
    gossip_row<gossip::Pong, &Gossip::on_pong>("pong", small_body),
    {Kind::cells, "cells", limits::body_bytes, open_cells},
    gossip_row<gossip::TableDigest, &Gossip::on_table_digest>("table_digest", small_body),
    {Kind::table_entries, "table_entries", limits::body_bytes, open_entries},
    row<crdt::Batches, on_batches>("batches"),
    row<crdt::Want, on_want>("want"),
    row<crdt::Heads, on_heads>("heads"),
    row<crdt::Copies, on_copies>("copies", small_body),
    quorum_row<quorum::Prepare, &Quorum::on_prepare>("prepare"),
    quorum_row<quorum::Promise, &Quorum::on_promise>("promise"),
    quorum_row<quorum::Accept, &Quorum::on_accept>("accept"),
    quorum_row<quorum::Accepted, &Quorum::on_accepted>("accepted"),
    quorum_row<quorum::Conflict, &Quorum::on_conflict>("conflict"),
    quorum_row<quorum::Read, &Quorum::on_read>("read"),
    quorum_row<quorum::ReadOk, &Quorum::on_read_ok>("read_ok"),
    quorum_row<quorum::DecisionOpened, &Quorum::on_decision_opened>("decision_opened"),
    auction_row<auction::Cfp, &Auctions::on_cfp>("cfp"),
    auction_row<auction::Propose, &Auctions::on_propose>("propose"),
    auction_row<auction::Refuse, &Auctions::on_refuse>("refuse"),
    auction_row<auction::AcceptProposal, &Auctions::on_accept_proposal>("accept_proposal"),
    auction_row<auction::RejectProposal, &Auctions::on_reject_proposal>("reject_proposal"),
    auction_row<auction::Agree, &Auctions::on_agree>("agree"),
    auction_row<auction::Inform, &Auctions::on_inform>("inform"),
    auction_row<auction::Failure, &Auctions::on_failure>("failure"),
    auction_row<auction::Cancel, &Auctions::on_cancel>("cancel"),
    auction_row<auction::RecordTask, &Auctions::on_record>("record"),
    auction_row<auction::Recorded, &Auctions::on_recorded>("recorded"),
    auction_row<auction::Grant, &Auctions::on_grant>("grant"),
    auction_row<auction::Granted, &Auctions::on_granted>("granted"),
    auction_row<auction::StoreResult, &Auctions::on_store_result>("store_result"),
    auction_row<auction::StoredResult, &Auctions::on_stored_result>("stored_result"),
    auction_row<auction::Renew, &Auctions::on_renew>("renew"),
    auction_row<auction::Query, &Auctions::on_query>("query"),
    auction_row<auction::QueryAnswer, &Auctions::on_query_answer>("query_answer"),
    auction_row<auction::DigestNews, &Auctions::on_digest>("digest"),
    auction_row<auction::Renewed, &Auctions::on_renewed>("renewed"),
    auction_row<auction::Informed, &Auctions::on_informed>("informed"),
    auction_row<auction::Progress, &Auctions::on_progress>("progress"),
});

}  // namespace

std::span<const FrameRow> frame_rows() {
    return frame_table;
}

const FrameRow* row_of(Kind kind) {
    const auto* found = std::ranges::lower_bound(frame_table, kind, {}, &FrameRow::kind);
    return found == frame_table.end() || found->kind != kind ? nullptr : found;
}

}  // namespace starling::node
