#include "quorum/quorum.hpp"

#include "quorum/names.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {
namespace {

Verdict verdict_of(RequestVerdict verdict) {
    return verdict == RequestVerdict::handled ? Verdict::handled : Verdict::not_a_voter;
}

Verdict verdict_of(VoteCounted counted) {
    switch (counted) {
        case VoteCounted::counted:
            return Verdict::handled;
        case VoteCounted::repeated:
            return Verdict::repeated;
        case VoteCounted::stale:
            return Verdict::stale;
        case VoteCounted::unknown_voter:
            return Verdict::unknown_voter;
        case VoteCounted::impossible:
            return Verdict::impossible;
    }
    return Verdict::handled;
}

// A client's operation: a numbered stream has taken the answers to everything lower.
Operation operation_of(CasRequest request, OpId own_id) {
    Operation operation{std::move(own_id), 0, Put{request.expected, std::move(request.value)},
                        request.retried};
    if (request.operation) {
        operation.id = request.operation->id;
        if (is_client_stream(operation.id.stream)) {
            operation.done_below = operation.id.seq;
        } else {
            operation.retried = true;  // a node made this name, and gave it out
        }
    }
    return operation;
}

}  // namespace

Quorum::Quorum(Setup setup, const RecordSource& records, Moment now, Effects& out)
    : registers_(setup, records, out),
      leases_({registers_, tickets_, ended_, setup.self.node, setup.boot}),
      decisions_({registers_, tickets_, ended_, setup.self.node, setup.boot}, records, now) {}

void Quorum::read(const Caller& caller, Moment now, Effects& out) {
    if (!is_name(caller.name)) return refuse(caller, Question::read, Reason::bad_name);
    const Ticket ticket = tickets_.next(Part::registers);
    plain_.emplace(ticket, Plain{Question::read, caller.call});
    registers_.read(ticket, plain_name(caller.name), caller.deadline, now, out);
    route(now, out);
}

void Quorum::cas(const Caller& caller, CasRequest request, Moment now, Effects& out) {
    if (!is_name(caller.name)) return refuse(caller, Question::cas, Reason::bad_name);
    if (request.value && request.value->size() > limits::encoded_value_bytes) {
        return refuse(caller, Question::cas, Reason::too_large);
    }
    change(caller, Question::cas, operation_of(std::move(request), registers_.next_id()), now, out);
}

void Quorum::settle(const Caller& caller, const Receipt& receipt, Moment now, Effects& out) {
    if (!is_name(caller.name)) return refuse(caller, Question::settle, Reason::bad_name);
    change(caller, Question::settle, {registers_.next_id(), 0, Settle{receipt}, false}, now, out);
}

void Quorum::change(const Caller& caller, Question question, Operation operation, Moment now,
                    Effects& out) {
    const Ticket ticket = tickets_.next(Part::registers);
    plain_.emplace(ticket, Plain{question, caller.call});
    registers_.change({ticket, plain_name(caller.name), std::move(operation), caller.deadline}, now,
                      out);
    route(now, out);
}

void Quorum::refuse(const Caller& caller, Question question, Reason reason) {
    ended_.push_back(refused(caller.call, question, reason));
}

void Quorum::acquire(const Caller& caller, const AcquireRequest& request, Moment now,
                     Effects& out) {
    leases_.acquire(caller, request, now, out);
    route(now, out);
}

void Quorum::renew(const Caller& caller, std::uint64_t fence, std::optional<Duration> term,
                   Moment now, Effects& out) {
    leases_.renew(caller, fence, term, now, out);
    route(now, out);
}

void Quorum::release(const Caller& caller, std::uint64_t fence, Moment now, Effects& out) {
    leases_.release(caller, fence, now, out);
    route(now, out);
}

void Quorum::show_lease(const Caller& caller, Moment now, Effects& out) {
    leases_.show(caller, now, out);
    route(now, out);
}

void Quorum::propose(const Caller& caller, Decision decision, Moment now, Effects& out) {
    decisions_.propose(caller, std::move(decision), now, out);
    route(now, out);
}

void Quorum::vote(const Caller& caller, const Vote& vote, Moment now, Effects& out) {
    decisions_.vote(caller, vote, now, out);
    route(now, out);
}

void Quorum::show_decision(const Caller& caller, bool wait, Moment now, Effects& out) {
    decisions_.show(caller, wait, now, out);
    route(now, out);
}

void Quorum::on_call_ended(CallId call) {
    std::erase_if(plain_, [&](const auto& each) { return each.second.call == call; });
    leases_.on_call_ended(call);
    decisions_.on_call_ended(call);
}

Verdict Quorum::on_prepare(const NodeId& from, const Prepare& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_prepare(from, message, out)), now, out);
}

Verdict Quorum::on_promise(const NodeId& from, const Promise& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_promise(from, message, now, out)), now, out);
}

Verdict Quorum::on_accept(const NodeId& from, const Accept& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_accept(from, message, out)), now, out);
}

Verdict Quorum::on_accepted(const NodeId& from, const Accepted& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_accepted(from, message, now, out)), now, out);
}

Verdict Quorum::on_conflict(const NodeId& from, const Conflict& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_conflict(from, message, now, out)), now, out);
}

Verdict Quorum::on_read(const NodeId& from, const Read& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_read(from, message, out)), now, out);
}

Verdict Quorum::on_read_ok(const NodeId& from, const ReadOk& message, Moment now, Effects& out) {
    return after(verdict_of(registers_.on_read_ok(from, message, now, out)), now, out);
}

Verdict Quorum::on_decision_opened(const NodeId&, const DecisionOpened& message, Moment now,
                                   Effects& out) {
    const NoticeVerdict verdict = decisions_.on_decision_opened(message, now);
    if (verdict == NoticeVerdict::overloaded) return Verdict::overloaded;
    decisions_.on_tick(now, out);
    return after(Verdict::handled, now, out);
}

Verdict Quorum::after(Verdict verdict, Moment now, Effects& out) {
    route(now, out);
    return verdict;
}

// Hands every finished ticket to the part that asked; that may ask for more.
void Quorum::route(Moment now, Effects& out) {
    for (auto finished = registers_.take_finished(); !finished.empty();
         finished = registers_.take_finished()) {
        for (const Finished& each : finished) {
            switch (Tickets::part_of(each.ticket)) {
                case Part::registers:
                    end_plain(each);
                    break;
                case Part::leases:
                    leases_.on_finished(each, now, out);
                    break;
                case Part::decisions:
                    decisions_.on_finished(each, now, out);
                    break;
            }
        }
    }
}

void Quorum::end_plain(const Finished& finished) {
    const auto found = plain_.extract(finished.ticket);
    if (!found) return;
    const auto& [question, call] = found.mapped();
    ended_.push_back(ended_of(call, question, finished));
}

void Quorum::on_tick(Moment now, Effects& out) {
    registers_.on_tick(now, out);
    leases_.on_tick(now, out);
    decisions_.on_tick(now, out);
    route(now, out);
}

std::optional<BootTime> Quorum::next_deadline() const {
    return earlier(registers_.next_deadline(),
                   earlier(leases_.next_deadline(), decisions_.next_deadline()));
}

std::vector<CallEnded> Quorum::take_ended() {
    return std::exchange(ended_, {});
}

}  // namespace starling::quorum
