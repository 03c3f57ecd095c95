#include "quorum/acceptor.hpp"

#include "base/assert.hpp"
#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/names.hpp"

#include <algorithm>

namespace starling::quorum {
namespace {

struct Ceiling {
    std::uint64_t round = 0;

    void encode(Writer& out) const {
        out.list(1);
        out.uint(round);
    }

    static bool decode(Reader& in, Ceiling& ceiling) {
        ceiling.round = in.uint();
        return in.ok();
    }
};

// A register as the journal keeps it.
struct Kept {
    Ballot accepted;
    State state;

    static bool decode(Reader& in, Kept& kept) {
        Reader ballot = in.list();
        if (!Ballot::decode(ballot, kept.accepted)) return false;
        Reader state = in.list();
        return State::decode(state, kept.state);
    }
};

struct Keeping {
    const Ballot& accepted;
    const State& state;

    void encode(Writer& out) const {
        out.list(2);
        accepted.encode(out);
        state.encode(out);
    }
};

}  // namespace

Acceptor::Acceptor(const Voter& self, const RecordSource& records, Effects& out) : self_(self) {
    if (const auto value = records.read(Table::meta, view_of(promise_ceiling_key))) {
        const auto ceiling = decoded<Ceiling>(decoder_, *value);
        if (!ceiling) ++damaged_;
        ceiling_ = ceiling.value_or(Ceiling{}).round;
    }
    records.scan(Table::registers, [this](ByteView key, ByteView value) { load(key, value); });
    if (STARLING_MUTANT(3, ceiling_ > 0, false)) restart_floor_ = Ballot::top_of(ceiling_);  // I2
    if (damaged_ > 0) out.trace(Event::records_damaged, damaged_);
}

void Acceptor::load(ByteView key, ByteView value) {
    auto kept = decoded<Kept>(decoder_, value);
    if (!kept || kept->accepted.round > ceiling_) {
        ++damaged_;
        return;
    }
    records_.emplace(text_of(key),
                     Record{kept->accepted, kept->accepted, 0, std::move(kept->state)});
}

void Acceptor::erase(Effects& out) const {
    for (const auto& [name, record] : records_) out.erase(Table::registers, view_of(name));
    out.erase(Table::meta, view_of(promise_ceiling_key));
}

Ballot Acceptor::accepted(const std::string& name) const {
    const auto found = records_.find(name);
    return found == records_.end() ? Ballot{} : found->second.accepted;
}

Ballot Acceptor::promised(const std::string& name) const {
    const auto record = records_.find(name);
    if (record != records_.end()) return std::max(record->second.promised, restart_floor_);
    const auto waiting = waiting_.find(name);
    const Ballot floor = std::max(absent_floor_, restart_floor_);
    return waiting == waiting_.end() ? floor : std::max(waiting->second, floor);
}

VoterVerdict Acceptor::on_prepare(const NodeId& from, const Prepare& message, Effects& out) {
    const auto bad = unusable(from, message.ballot, message.ballot.round);
    if (bad != VoterVerdict::promised) {
        out.trace(Event::ballot_refused, trace_name(message.name), from.prefix(),
                  message.ballot.round, bad);
        return bad;
    }
    const bool too_low = STARLING_MUTANT(4, message.ballot < promised(message.name), false) ||
                         message.ballot.round <= accepted(message.name).round;  // I3
    if (too_low || is_full_for(message.name)) {
        STARLING_PROBE(promise_refused);
        refuse(from, message.name, message.ballot, out);
        return VoterVerdict::refused;
    }
    raise_ceiling(message.ballot.round, out);
    if (STARLING_MUTANT(6, true, false)) promise(message.name, message.ballot);
    const auto found = records_.find(message.name);
    const bool absent = found == records_.end();
    out.send(from, Promise{message.name, message.ballot, self_.journal,
                           absent ? Ballot{} : found->second.accepted,
                           absent ? State{} : found->second.state});
    return VoterVerdict::promised;
}

VoterVerdict Acceptor::on_accept(const NodeId& from, const Accept& message, Effects& out) {
    const auto bad =
        unusable(from, message.ballot, std::max(message.ballot.round, message.next_round));
    if (bad != VoterVerdict::promised) {
        out.trace(Event::ballot_refused, trace_name(message.name), from.prefix(),
                  message.ballot.round, bad);
        return bad;
    }
    const auto found = records_.find(message.name);
    if (found != records_.end() && found->second.accepted == message.ballot) {
        return on_same_ballot(from, message, found->second, out);
    }
    if (STARLING_MUTANT(5, message.ballot < promised(message.name), false) ||
        is_full_for(message.name)) {
        refuse(from, message.name, message.ballot, out);
        return VoterVerdict::refused;
    }
    store(message, out);
    out.send(from, Accepted{message.name, message.ballot, self_.journal});
    return VoterVerdict::accepted;
}

VoterVerdict Acceptor::on_same_ballot(const NodeId& from, const Accept& message, Record& record,
                                      Effects& out) {
    if (record.state != message.state) {      // I5
        STARLING_ASSERT(from != self_.node);  // our own proposer never reuses a ballot
        out.trace(Event::ballot_refused, trace_name(message.name), from.prefix(),
                  message.ballot.round, VoterVerdict::ballot_reused);
        return VoterVerdict::ballot_reused;
    }
    STARLING_PROBE(accept_repeated);
    out.send(from, Accepted{message.name, message.ballot, self_.journal});
    return VoterVerdict::repeated;  // I4: the promise stays as it is
}

VoterVerdict Acceptor::on_read(const NodeId& from, const Read& message, Effects& out) {
    if (damaged_ > 0) return VoterVerdict::damaged;
    const auto found = records_.find(message.name);
    const bool absent = found == records_.end();
    out.send(from, ReadOk{message.name, message.boot, message.sequence, self_.journal,
                          absent ? Ballot{} : found->second.accepted,
                          absent ? State{} : found->second.state});
    return VoterVerdict::shown;
}

VoterVerdict Acceptor::unusable(const NodeId& from, const Ballot& ballot,
                                std::uint64_t highest_round) const {
    if (damaged_ > 0) return VoterVerdict::damaged;
    if (ballot.node != from) return VoterVerdict::foreign_ballot;
    const bool too_far =
        highest_round > limits::round_max || highest_round > ceiling_ + limits::round_jump;
    return too_far ? VoterVerdict::round_too_far : VoterVerdict::promised;
}

bool Acceptor::is_full_for(const std::string& name) const {
    return records_.size() >= limits::registers && !records_.contains(name);  // I6
}

void Acceptor::raise_ceiling(std::uint64_t round, Effects& out) {
    if (round < ceiling_) return;
    STARLING_PROBE(ceiling_raised);
    ceiling_ = round + (STARLING_BUGGIFY(promise_ceiling_low) ? 1 : limits::promise_ceiling_step);
    out.persist(Table::meta, view_of(promise_ceiling_key), Ceiling{ceiling_});
}

void Acceptor::promise(const std::string& name, const Ballot& ballot) {
    STARLING_ASSERT(ballot.round < ceiling_);  // I2
    const auto record = records_.find(name);
    if (record != records_.end()) {
        STARLING_ASSERT(record->second.promised <= ballot);  // I1
        record->second.reserved = record->second.reserved && record->second.promised == ballot;
        record->second.promised = ballot;
        return;
    }
    const bool full = waiting_.size() >= limits::promises_without_record;
    if ((full || STARLING_BUGGIFY(promises_folded_early)) && !waiting_.contains(name)) {
        fold_promises();
    }
    waiting_[name] = ballot;
}

void Acceptor::fold_promises() {
    STARLING_PROBE(promises_folded);
    for (const auto& [name, ballot] : waiting_) absent_floor_ = std::max(absent_floor_, ballot);
    waiting_.clear();
}

void Acceptor::store(const Accept& message, Effects& out) {
    raise_ceiling(std::max(message.ballot.round, message.next_round), out);
    const Ballot before = promised(message.name);
    Record& record = records_[message.name];
    STARLING_ASSERT(record.accepted < message.ballot);  // I1
    record.accepted = message.ballot;
    record.promised = std::max({before, record.promised, message.ballot});  // I4
    record.reserved = false;
    record.state = message.state;
    if (message.next_round > record.promised.round) {
        STARLING_PROBE(next_round_reserved);
        record.promised = {message.next_round, message.ballot.node, message.ballot.boot};
        record.reserved = true;
    }
    waiting_.erase(message.name);
    if (STARLING_MUTANT(2, true, false)) {
        out.persist(Table::registers, view_of(message.name),
                    Keeping{record.accepted, record.state});
    }
}

Refusal Acceptor::refusal_of(const std::string& name) const {
    if (is_full_for(name)) return Refusal::table_full;
    const Ballot promise = promised(name);
    if (promise == restart_floor_) {
        STARLING_PROBE(restart_floor_refuses);
        return Refusal::restarted;
    }
    const auto found = records_.find(name);
    if (found == records_.end()) return promise == absent_floor_ ? Refusal::outbid : Refusal::busy;
    const Record& record = found->second;
    return promise == record.accepted || record.reserved ? Refusal::outbid : Refusal::busy;
}

void Acceptor::refuse(const NodeId& to, const std::string& name, const Ballot& ballot,
                      Effects& out) const {
    out.send(to, Conflict{name, ballot, self_.journal, promised(name).round, restart_floor_.round,
                          refusal_of(name)});
}

}  // namespace starling::quorum
