#include "auction/messages.hpp"

#include "auction/encoding.hpp"
#include "base/limits.hpp"

namespace starling::auction {
namespace {

// A length of time that a peer named: never negative, never absurd.
Duration take_duration(Reader& in) {
    const Duration duration = in.duration();
    if (duration < Duration{0} || duration > limits::task_duration_max) in.fail();
    return duration;
}

}  // namespace

void RecordTask::encode(Writer& out) const {
    out.list(6);
    record.encode(out);
    epoch.encode(out);
    out.boolean(fresh);
    out.duration(deadline_left);
    put_optional(out, known);
    put_list(out, attempts);
}

bool RecordTask::decode(Reader& in, RecordTask& message) {
    take(in, message.record);
    take(in, message.epoch);
    message.fresh = in.boolean();
    message.deadline_left = take_duration(in);
    take_optional(in, message.known);
    take_list(in, message.attempts, limits::attempts_kept);
    return in.ok();
}

void Grant::encode(Writer& out) const {
    out.list(4);
    out.id(task);
    home.encode(out);
    epoch.encode(out);
    put_list(out, attempts);
}

bool Grant::decode(Reader& in, Grant& message) {
    message.task = in.id<TaskId>();
    take(in, message.home);
    take(in, message.epoch);
    take_list(in, message.attempts, limits::attempts_kept);
    return in.ok();
}

void GrantAnswer::encode(Writer& out) const {
    out.list(8);
    out.id(task);
    epoch.encode(out);
    put_enum(out, verdict);
    highest.encode(out);
    put_optional(out, held);
    out.boolean(accepted);
    put_optional(out, record);
    put_list(out, attempts);
}

bool GrantAnswer::decode(Reader& in, GrantAnswer& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.verdict = take_enum<GrantVerdict>(in, 6);
    take(in, message.highest);
    take_optional(in, message.held);
    message.accepted = in.boolean();
    take_optional(in, message.record);
    take_list(in, message.attempts, limits::attempts_kept);
    return in.ok();
}

void StoreResult::encode(Writer& out) const {
    out.list(5);
    out.id(task);
    home.encode(out);
    held.encode(out);
    out.boolean(accepted);
    put_list(out, attempts);
}

bool StoreResult::decode(Reader& in, StoreResult& message) {
    message.task = in.id<TaskId>();
    take(in, message.home);
    take(in, message.held);
    message.accepted = in.boolean();
    take_list(in, message.attempts, limits::attempts_kept);
    return in.ok();
}

void StoredResult::encode(Writer& out) const {
    out.list(5);
    out.id(task);
    epoch.encode(out);
    put_enum(out, verdict);
    highest.encode(out);
    put_optional(out, accepted);
}

bool StoredResult::decode(Reader& in, StoredResult& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.verdict = take_enum<StoreVerdict>(in, 4);
    take(in, message.highest);
    take_optional(in, message.accepted);
    return in.ok();
}

void Cfp::encode(Writer& out) const {
    out.list(6);
    out.id(task);
    epoch.encode(out);
    out.text(skill);
    out.duration(estimate);
    out.duration(reply_within);
    out.duration(deadline_left);
}

bool Cfp::decode(Reader& in, Cfp& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.skill = take_text(in, limits::name_bytes);
    message.estimate = take_duration(in);
    message.reply_within = take_duration(in);
    message.deadline_left = take_duration(in);
    return in.ok();
}

void FreeWorkers::encode(Writer& out) const {
    out.list(2);
    out.uint(sequence);
    out.uint(count);
}

bool FreeWorkers::decode(Reader& in, FreeWorkers& free) {
    free.sequence = in.uint();
    free.count = static_cast<std::uint32_t>(in.uint(limits::workers));
    return in.ok();
}

void Propose::encode(Writer& out) const {
    out.list(6);
    out.id(task);
    epoch.encode(out);
    out.ordinal(boot);
    out.uint(cost);
    put_enum(out, standing);
    free.encode(out);
}

bool Propose::decode(Reader& in, Propose& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.boot = in.ordinal<Boot>();
    message.cost = in.uint();
    message.standing = take_enum<Standing>(in, 3);
    take(in, message.free);
    return in.ok();
}

void Refuse::encode(Writer& out) const {
    out.list(4);
    out.id(task);
    epoch.encode(out);
    put_enum(out, reason);
    free.encode(out);
}

bool Refuse::decode(Reader& in, Refuse& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.reason = take_enum<RefuseReason>(in, 6);
    take(in, message.free);
    return in.ok();
}

void AcceptProposal::encode(Writer& out) const {
    out.list(5);
    record.encode(out);
    epoch.encode(out);
    out.ordinal(boot);
    out.duration(lease);
    out.id(bid);
}

bool AcceptProposal::decode(Reader& in, AcceptProposal& message) {
    take(in, message.record);
    take(in, message.epoch);
    message.boot = in.ordinal<Boot>();
    message.lease = take_duration(in);
    message.bid = in.id<TaskId>();
    return in.ok();
}

void RejectProposal::encode(Writer& out) const {
    out.list(2);
    out.id(task);
    epoch.encode(out);
}

bool RejectProposal::decode(Reader& in, RejectProposal& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    return in.ok();
}

void Agree::encode(Writer& out) const {
    out.list(3);
    out.id(task);
    epoch.encode(out);
    free.encode(out);
}

bool Agree::decode(Reader& in, Agree& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    take(in, message.free);
    return in.ok();
}

void Failure::encode(Writer& out) const {
    out.list(6);
    out.id(task);
    epoch.encode(out);
    put_enum(out, reason);
    out.boolean(retryable);
    out.text(text);
    free.encode(out);
}

bool Failure::decode(Reader& in, Failure& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.reason = take_enum<FailureReason>(in, 4);
    message.retryable = in.boolean();
    message.text = take_text(in, limits::name_bytes);
    take(in, message.free);
    return in.ok();
}

void Inform::encode(Writer& out) const {
    out.list(4);
    out.id(task);
    epoch.encode(out);
    out.bytes(result);
    free.encode(out);
}

bool Inform::decode(Reader& in, Inform& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.result = take_bytes(in, limits::encoded_value_bytes);
    take(in, message.free);
    return in.ok();
}

void Informed::encode(Writer& out) const {
    out.list(4);
    out.id(task);
    epoch.encode(out);
    put_enum(out, verdict);
    out.id(runner);
}

bool Informed::decode(Reader& in, Informed& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.verdict = take_enum<InformVerdict>(in, 6);
    message.runner = in.id<NodeId>();
    return in.ok();
}

void Cancel::encode(Writer& out) const {
    out.list(3);
    out.id(task);
    epoch.encode(out);
    put_enum(out, purpose);
}

bool Cancel::decode(Reader& in, Cancel& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.purpose = take_enum<CancelPurpose>(in, 2);
    return in.ok();
}

void Renew::encode(Writer& out) const {
    out.list(4);
    out.id(task);
    epoch.encode(out);
    out.uint(permille);
    out.text(note);
}

bool Renew::decode(Reader& in, Renew& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.permille = static_cast<std::uint32_t>(in.uint(1000));
    message.note = take_text(in, limits::name_bytes);
    return in.ok();
}

void Renewed::encode(Writer& out) const {
    out.list(3);
    out.id(task);
    epoch.encode(out);
    put_enum(out, verdict);
}

bool Renewed::decode(Reader& in, Renewed& message) {
    message.task = in.id<TaskId>();
    take(in, message.epoch);
    message.verdict = take_enum<RenewVerdict>(in, 4);
    return in.ok();
}

void Duty::encode(Writer& out) const {
    out.list(3);
    out.id(task);
    epoch.encode(out);
    put_enum(out, note);
}

bool Duty::decode(Reader& in, Duty& duty) {
    duty.task = in.id<TaskId>();
    take(in, duty.epoch);
    duty.note = take_enum<DutyNote>(in, 4);
    return in.ok();
}

void Progress::encode(Writer& out) const {
    out.list(1);
    put_list(out, duties);
}

bool Progress::decode(Reader& in, Progress& message) {
    take_list(in, message.duties, limits::list_entries);
    return in.ok();
}

void SkillCount::encode(Writer& out) const {
    out.list(3);
    out.text(skill);
    out.uint(free);
    out.uint(total);
}

bool SkillCount::decode(Reader& in, SkillCount& count) {
    count.skill = take_text(in, limits::name_bytes);
    count.free = static_cast<std::uint32_t>(in.uint(limits::workers));
    count.total = static_cast<std::uint32_t>(in.uint(limits::workers));
    return in.ok();
}

void NodeDigest::encode(Writer& out) const {
    out.list(4);
    out.id(node);
    out.ordinal(boot);
    out.uint(sequence);
    put_list(out, skills);
}

bool NodeDigest::decode(Reader& in, NodeDigest& digest) {
    digest.node = in.id<NodeId>();
    digest.boot = in.ordinal<Boot>();
    digest.sequence = in.uint();
    take_list(in, digest.skills, limits::skills_per_node);
    return in.ok();
}

void DigestNews::encode(Writer& out) const {
    out.list(1);
    put_list(out, digests);
}

bool DigestNews::decode(Reader& in, DigestNews& message) {
    take_list(in, message.digests, limits::list_entries);
    return in.ok();
}

void Query::encode(Writer& out) const {
    out.list(5);
    out.uint(request);
    if (task) {
        out.id(*task);
    } else {
        out.nil();
    }
    out.id(after);
    put_enum(out, filter);
    out.uint(limit);
}

bool Query::decode(Reader& in, Query& message) {
    message.request = in.uint();
    if (in.shape() == Shape::nil) {
        in.nil();
        message.task.reset();
    } else {
        message.task = in.id<TaskId>();
    }
    message.after = in.id<TaskId>();
    message.filter = take_enum<ListFilter>(in, 3);
    message.limit = static_cast<std::uint32_t>(in.uint(limits::list_entries));
    return in.ok();
}

void QueryAnswer::encode(Writer& out) const {
    out.list(4);
    out.uint(request);
    put_list(out, views);
    out.boolean(more);
    put_optional(out, record);
}

bool QueryAnswer::decode(Reader& in, QueryAnswer& message) {
    message.request = in.uint();
    take_list(in, message.views, limits::list_entries);
    message.more = in.boolean();
    take_optional(in, message.record);
    return in.ok();
}

}  // namespace starling::auction
