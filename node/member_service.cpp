#include "node/member_service.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <utility>

namespace starling::node {
namespace {

// A member that was introduced but never met is not shown as alive.
MemberState shown_state(gossip::MemberState state) {
    switch (state) {
        case gossip::MemberState::alive:
            return MemberState::alive;
        case gossip::MemberState::suspect:
            return MemberState::suspect;
        case gossip::MemberState::introduced:
        case gossip::MemberState::dead:
            return MemberState::dead;
        case gossip::MemberState::left:
            return MemberState::left;
    }
    return MemberState::dead;
}

MemberMode shown_mode(gossip::Mode mode) {
    switch (mode) {
        case gossip::Mode::up:
            return MemberMode::up;
        case gossip::Mode::away:
            return MemberMode::away;
        case gossip::Mode::draining:
        case gossip::Mode::left:
            return MemberMode::draining;
    }
    return MemberMode::up;
}

Error certificate_refused(gossip::Verdict verdict) {
    const bool foreign = verdict == gossip::Verdict::foreign_mesh;
    return {ErrorCode::invalid, "certificate_refused",
            foreign ? "the certificate is of another mesh"
                    : "the certificate is not signed by this mesh's root key, or has expired",
            "sign the newcomer's token with this mesh's root key: starling mesh admit",
            Changed::no};
}

Error certificate_malformed() {
    return {ErrorCode::invalid, "certificate_malformed", "these bytes are no certificate",
            "make one with starling mesh admit", Changed::no};
}

void count_state(StatusAnswer& answer, MemberState state) {
    switch (state) {
        case MemberState::alive:
            ++answer.alive;
            return;
        case MemberState::suspect:
            ++answer.suspect;
            return;
        case MemberState::dead:
            ++answer.dead;
            return;
        case MemberState::left:
            ++answer.left;
            return;
    }
}

}  // namespace

void MemberService::on_status(CallId call, const NodeFacts& facts, const Turn& turn) {
    StatusAnswer answer;
    for (const gossip::MemberView& view : gossip_.members()) {
        count_state(answer, shown_state(view.state));
        if (view.id != gossip_.id()) continue;
        answer.mode = shown_mode(view.mode());
        answer.addresses = *view.addresses;
    }
    answer.node = gossip_.id();
    answer.name = facts.name;
    answer.mesh = genesis_.mesh_id();
    answer.mesh_name = genesis_.name;
    answer.journal = facts.journal;
    answer.boot = facts.boot;
    answer.ready = facts.ready;
    answer.voter = is_voter(gossip_.id());
    answer.links = static_cast<std::uint32_t>(turn.links.size());
    answer.converged = gossip_.converged();
    if (const auto as_of = gossip_.as_of(turn.now.boot_time)) {
        answer.as_of = turn.now.boot_time - *as_of;
    }
    answer.oldest_batch = facts.health.oldest_batch;
    answer.last_turn = facts.health.last_turn;
    answer.free_bytes = facts.health.free_bytes;
    turn.out.answer(call, Ok{std::move(answer)});
}

void MemberService::on_members(CallId call, const MembersAsk& ask, const Turn& turn) {
    const std::size_t max = std::clamp<std::size_t>(ask.max, 1, limits::page_items);
    MembersPage page;
    std::size_t bytes = 0;
    // One more than goes into the page tells whether there are more.
    for (const NodeId& id : gossip_.ids_after(ask.after, max + 1)) {
        MemberRecord record = record_of(*gossip_.member(id), turn.now.boot_time);
        bytes += 128 + record.name.size();
        for (const std::string& address : record.addresses) bytes += address.size() + 4;
        if (page.members.size() >= max || bytes > limits::page_bytes) {
            page.more = true;
            break;
        }
        page.members.push_back(std::move(record));
    }
    turn.out.answer(call, Ok{std::move(page)});
}

void MemberService::on_member_events(CallId call, const Turn& turn) {
    streams_.insert(call);
    for (const gossip::MemberView& view : gossip_.members()) {
        turn.out.stream(
            call, Ok{MemberNews{Phase::current, record_of(view, turn.now.boot_time), {}, {}}});
    }
    turn.out.stream(call, Ok{MemberNews{Phase::caught_up, {}, {}, {}}});
}

void MemberService::on_leave(CallId call, const Turn& turn) {
    leaving_.insert(call);
    gossip_.leave(turn.now, turn.out);
}

void MemberService::on_admit(CallId call, const AdmitAsk& ask, const Turn& turn) {
    Decoder decoder;
    auto certificate = decoded<gossip::Certificate>(decoder, ask.certificate);
    if (!certificate) {
        turn.out.answer(call, Failed{certificate_malformed()});
        return;
    }
    const NodeId node = certificate->node;
    const auto verdict =
        gossip_.admit({std::move(*certificate), ask.addresses}, turn.now, turn.out);
    if (verdict != gossip::Verdict::taken && verdict != gossip::Verdict::nothing_new) {
        turn.out.answer(call, Failed{certificate_refused(verdict)});
        return;
    }
    turn.out.answer(call, Ok{AdmitAnswer{node, verdict == gossip::Verdict::nothing_new}});
}

void MemberService::on_mesh(CallId call, const MeshAsk& ask, const Turn& turn) {
    const auto members = gossip_.members();
    MeshAnswer answer{encoded(genesis_), {}};
    for (const bool voters : {true, false}) {
        for (const gossip::MemberView& view : members) {
            if (answer.contacts.size() >= ask.contacts) break;
            if (is_voter(view.id) != voters || view.addresses->empty()) continue;
            const bool living =
                view.state != gossip::MemberState::dead && view.state != gossip::MemberState::left;
            if (living) answer.contacts.push_back({encoded(*view.certificate), *view.addresses});
        }
    }
    turn.out.answer(call, Ok{std::move(answer)});
}

void MemberService::on_call_ended(CallId call) {
    streams_.erase(call);
    leaving_.erase(call);
}

void MemberService::on_changes(std::span<const gossip::MemberChange> changes, const Turn& turn) {
    if (streams_.empty()) return;  // nobody listens
    for (const gossip::MemberChange& change : changes) {
        const auto view = gossip_.member(change.node);
        if (!view) continue;
        MemberNews news{Phase::change, record_of(*view, turn.now.boot_time), {}, {}};
        news.member.state = shown_state(change.to);
        if (change.from != gossip::MemberState::introduced) news.before = shown_state(change.from);
        if (change.to == gossip::MemberState::dead) news.cause = name_of(change.cause);
        for (const CallId call : streams_) turn.out.stream(call, Ok{news});
    }
}

void MemberService::on_tick(const Turn& turn) {
    if (leaving_.empty()) return;
    if (gossip_.departure(turn.now.boot_time) != gossip::Departure::done) return;
    for (const CallId call : leaving_) turn.out.answer(call, Ok{Done{}});
    leaving_.clear();
}

bool MemberService::is_voter(const NodeId& node) const {
    return std::ranges::find(genesis_.voters, node, &Voter::node) != genesis_.voters.end();
}

MemberRecord MemberService::record_of(const gossip::MemberView& view, BootTime now) const {
    MemberRecord record;
    record.node = view.id;
    record.name = view.claim ? view.claim->name : std::string{};
    record.state = shown_state(view.state);
    record.mode = shown_mode(view.mode());
    record.addresses = *view.addresses;
    record.boot = view.boot();
    record.incarnation = view.incarnation();
    record.accusers = static_cast<std::uint32_t>(view.accusers.size());
    record.voter = is_voter(view.id);
    if (view.heard) record.last_heard = now - *view.heard;
    return record;
}

}  // namespace starling::node
