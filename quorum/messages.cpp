#include "quorum/messages.hpp"

namespace starling::quorum {
namespace {

void encode_name(Writer& out, const std::string& name) {
    out.bytes(view_of(name));
}

std::string decode_name(Reader& in) {
    std::string name(text_of(in.bytes(register_name_bytes)));
    if (name.empty()) in.fail();
    return name;
}

// Ballots that a proposer made; the zero ballot is none.
bool decode_used(Reader& in, Ballot& ballot) {
    Reader list = in.list();
    if (Ballot::decode(list, ballot) && ballot.is_zero()) in.fail();
    return in.ok();
}

// A state without content goes with the zero ballot, and with no other.
void encode_record(Writer& out, const Ballot& accepted, const State& state) {
    accepted.encode(out);
    if (accepted.is_zero()) {
        out.nil();
    } else {
        state.encode(out);
    }
}

bool decode_state(Reader& in, const Ballot& ballot, State& state) {
    Reader list = in.list();
    if (!State::decode(list, state)) return false;
    if (state.snapshot.version > ballot.round) in.fail();  // state.hpp, I1
    return in.ok();
}

bool decode_record(Reader& in, Ballot& accepted, State& state) {
    Reader ballot = in.list();
    if (!Ballot::decode(ballot, accepted)) return false;
    if (!accepted.is_zero()) return decode_state(in, accepted, state);
    in.nil();
    return in.ok();
}

}  // namespace

void Prepare::encode(Writer& out) const {
    out.list(2);
    encode_name(out, name);
    ballot.encode(out);
}

bool Prepare::decode(Reader& in, Prepare& message) {
    message.name = decode_name(in);
    return decode_used(in, message.ballot);
}

void Promise::encode(Writer& out) const {
    out.list(5);
    encode_name(out, name);
    ballot.encode(out);
    out.id(journal);
    encode_record(out, accepted, state);
}

bool Promise::decode(Reader& in, Promise& message) {
    message.name = decode_name(in);
    decode_used(in, message.ballot);
    message.journal = in.id<JournalId>();
    return decode_record(in, message.accepted, message.state);
}

void Accept::encode(Writer& out) const {
    out.list(4);
    encode_name(out, name);
    ballot.encode(out);
    out.uint(next_round);
    state.encode(out);
}

bool Accept::decode(Reader& in, Accept& message) {
    message.name = decode_name(in);
    decode_used(in, message.ballot);
    message.next_round = in.uint(limits::round_max);
    if (message.next_round != 0 && message.next_round <= message.ballot.round) in.fail();
    return in.ok() && decode_state(in, message.ballot, message.state);
}

void Accepted::encode(Writer& out) const {
    out.list(3);
    encode_name(out, name);
    ballot.encode(out);
    out.id(journal);
}

bool Accepted::decode(Reader& in, Accepted& message) {
    message.name = decode_name(in);
    decode_used(in, message.ballot);
    message.journal = in.id<JournalId>();
    return in.ok();
}

void Conflict::encode(Writer& out) const {
    out.list(6);
    encode_name(out, name);
    ballot.encode(out);
    out.id(journal);
    out.uint(round);
    out.uint(floor);
    out.uint(static_cast<std::uint64_t>(refusal));
}

bool Conflict::decode(Reader& in, Conflict& message) {
    message.name = decode_name(in);
    decode_used(in, message.ballot);
    message.journal = in.id<JournalId>();
    message.round = in.uint(limits::round_max);
    message.floor = in.uint(limits::round_max);
    message.refusal =
        static_cast<Refusal>(in.uint(static_cast<std::uint64_t>(Refusal::table_full)));
    return in.ok();
}

void Read::encode(Writer& out) const {
    out.list(3);
    encode_name(out, name);
    out.ordinal(boot);
    out.uint(sequence);
}

bool Read::decode(Reader& in, Read& message) {
    message.name = decode_name(in);
    message.boot = in.ordinal<Boot>();
    message.sequence = in.uint();
    return in.ok();
}

void ReadOk::encode(Writer& out) const {
    out.list(6);
    encode_name(out, name);
    out.ordinal(boot);
    out.uint(sequence);
    out.id(journal);
    encode_record(out, accepted, state);
}

bool ReadOk::decode(Reader& in, ReadOk& message) {
    message.name = decode_name(in);
    message.boot = in.ordinal<Boot>();
    message.sequence = in.uint();
    message.journal = in.id<JournalId>();
    return decode_record(in, message.accepted, message.state);
}

void DecisionOpened::encode(Writer& out) const {
    out.list(2);
    encode_name(out, name);
    out.duration(remaining);
}

bool DecisionOpened::decode(Reader& in, DecisionOpened& message) {
    message.name = decode_name(in);
    message.remaining = in.duration();
    const bool in_range =
        message.remaining >= Duration{} && message.remaining <= limits::decision_duration_max;
    if (!in_range || message.name.size() > limits::key_bytes) in.fail();
    return in.ok();
}

}  // namespace starling::quorum
