#include "quorum/registers.hpp"

#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/names.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {

Registers::Registers(Setup setup, const RecordSource& records, Effects& out)
    : desk_{Electorate(std::move(setup.voters)),
            setup.self.node,
            setup.boot,
            stream_of(setup.self.node, setup.boot),
            Rng(setup.random_seed, setup.boot.value),
            0,
            {},
            {},
            0,
            {}} {
    desk_.answering = desk_.electorate.size();
    if (desk_.electorate.index_of(setup.self)) acceptor_.emplace(setup.self, records, out);
}

void Registers::change(Request request, Moment now, Effects& out) {
    request.deadline = std::min(request.deadline, now.boot_time + limits::operation_lifetime);
    if (desk_.answering < needed()) {
        refuse(request, Reason::no_quorum, out);  // I3
    } else if (waiting_ >= limits::operations_waiting ||
               proposer_of(request.name).waiting() >= limits::register_waiting) {
        refuse(request, Reason::overloaded, out);
    } else {
        submit(std::move(request), now, out);
    }
}

void Registers::refuse(const Request& request, Reason reason, Effects& out) {
    const bool retried = request.operation.retried;
    desk_.finished.push_back({request.ticket,
                              retried ? Outcome::unknown : Outcome::not_applied,
                              reason,
                              0,
                              {},
                              {request.operation.id, 0}});
    if (reason == Reason::no_quorum) {
        STARLING_PROBE(quorum_missing);
        out.trace(Event::quorum_missing, trace_name(request.name), desk_.answering, needed());
    }
}

void Registers::submit(Request request, Moment now, Effects& out) {
    Proposer& proposer = proposer_of(request.name);
    const std::size_t before = proposer.waiting();
    proposer.submit({request.ticket, std::move(request.operation), request.deadline}, now, out);
    waiting_ += proposer.waiting() - before;
    rearm(request.name, proposer);
}

Proposer& Registers::proposer_of(const std::string& name) {
    const auto found = proposers_.find(name);
    const bool full = proposers_.size() >= limits::registers_remembered;
    if (found == proposers_.end() && (full || STARLING_BUGGIFY(idle_proposers_forgotten))) {
        forget_idle();
    }
    auto& named = proposers_.try_emplace(name, Named{Proposer(name, desk_)}).first->second;
    named.used = ++calls_;
    return named.proposer;
}

// Forgets the half of the idle proposers that was used longest ago: slots and hints, no promises.
void Registers::forget_idle() {
    std::vector<std::uint64_t> uses;
    for (const auto& [name, named] : proposers_) {
        if (named.proposer.waiting() == 0) uses.push_back(named.used);
    }
    if (uses.empty()) return;
    const auto middle = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
    std::ranges::nth_element(uses, middle);
    std::erase_if(proposers_, [&](const auto& each) {
        return each.second.proposer.waiting() == 0 && each.second.used <= *middle;
    });
}

void Registers::rearm(const std::string& name, const Proposer& proposer) {
    proposer_timers_.set(name, proposer.next_deadline());
}

RequestVerdict Registers::on_prepare(const NodeId& from, const Prepare& message, Effects& out) {
    if (!acceptor_) return RequestVerdict::not_a_voter;
    acceptor_->on_prepare(from, message, out);
    return RequestVerdict::handled;
}

RequestVerdict Registers::on_accept(const NodeId& from, const Accept& message, Effects& out) {
    if (!acceptor_) return RequestVerdict::not_a_voter;
    acceptor_->on_accept(from, message, out);
    return RequestVerdict::handled;
}

RequestVerdict Registers::on_read(const NodeId& from, const Read& message, Effects& out) {
    if (!acceptor_) return RequestVerdict::not_a_voter;
    acceptor_->on_read(from, message, out);
    return RequestVerdict::handled;
}

void Registers::abstain(Effects& out) {
    if (acceptor_) acceptor_->erase(out);
    acceptor_.reset();
}

template <class Message, class Handle>
VoteCounted Registers::with_proposer(const Message& message, Moment now, Handle handle) {
    const auto found = proposers_.find(message.name);
    if (found == proposers_.end()) return VoteCounted::stale;
    Proposer& proposer = found->second.proposer;
    const std::size_t before = proposer.waiting();
    const VoteCounted counted = handle(proposer, now);
    waiting_ -= before - proposer.waiting();
    rearm(message.name, proposer);
    return counted;
}

VoteCounted Registers::on_promise(const NodeId& from, const Promise& message, Moment now,
                                  Effects& out) {
    return with_proposer(message, now, [&](Proposer& proposer, Moment at) {
        return proposer.on_promise(from, message, at, out);
    });
}

VoteCounted Registers::on_accepted(const NodeId& from, const Accepted& message, Moment now,
                                   Effects& out) {
    return with_proposer(message, now, [&](Proposer& proposer, Moment at) {
        return proposer.on_accepted(from, message, at, out);
    });
}

VoteCounted Registers::on_conflict(const NodeId& from, const Conflict& message, Moment now,
                                   Effects& out) {
    return with_proposer(message, now, [&](Proposer& proposer, Moment at) {
        return proposer.on_conflict(from, message, at, out);
    });
}

void Registers::read(Ticket ticket, const std::string& name, BootTime deadline, Moment now,
                     Effects& out) {
    deadline = std::min(deadline, now.boot_time + limits::operation_lifetime);
    const bool missing = desk_.answering < needed();
    if (missing || readings_.size() >= limits::operations_waiting) {
        refuse({ticket, name, {}, deadline}, missing ? Reason::no_quorum : Reason::overloaded, out);
        return;
    }
    const std::uint64_t sequence = ++sequence_;
    auto& reading = readings_.try_emplace(sequence, ticket, name, deadline).first->second;
    reading.ask(desk_, sequence, now, out);
    reading_timers_.set(sequence, reading.next_deadline());
}

VoteCounted Registers::on_read_ok(const NodeId& from, const ReadOk& message, Moment now,
                                  Effects& out) {
    const auto found = readings_.find(message.sequence);
    const bool known = message.boot == desk_.boot && found != readings_.end() &&
                       found->second.name() == message.name;
    if (!known) return VoteCounted::stale;
    const VoteCounted counted = found->second.on_read_ok(from, message, desk_, now);
    if (counted == VoteCounted::counted) look_at(message.sequence, now, out);
    return counted;
}

void Registers::look_at(std::uint64_t sequence, Moment now, Effects& out) {
    Reading& reading = readings_.at(sequence);
    const Ticket ticket = reading.ticket();
    switch (reading.state(desk_, now)) {
        case ReadState::asking:
            if (reading.asks_again(now)) {
                STARLING_PROBE(read_asked_again);
                reading.ask(desk_, sequence, now, out);
            }
            reading_timers_.set(sequence, reading.next_deadline());
            return;
        case ReadState::settled: {
            const Snapshot& shown = reading.shown();
            end_read(sequence, {ticket, Outcome::applied, Reason::none, shown.version, shown, {}});
            return;
        }
        case ReadState::too_late: {
            STARLING_PROBE(read_too_late);
            const bool quorum = reading.heard() >= needed();
            const Reason reason = quorum ? Reason::deadline : Reason::no_quorum;
            end_read(sequence, {ticket, Outcome::not_applied, reason, 0, {}, {}});
            return;
        }
        case ReadState::contested:
            break;
    }
    STARLING_PROBE(read_contested);
    Request round{ticket, reading.name(), {{}, 0, Identity{}, false}, reading.deadline()};
    readings_.erase(sequence);
    reading_timers_.set(sequence, std::nullopt);
    change(std::move(round), now, out);
}

void Registers::end_read(std::uint64_t sequence, Finished finished) {
    desk_.finished.push_back(std::move(finished));
    readings_.erase(sequence);
    reading_timers_.set(sequence, std::nullopt);
}

void Registers::on_reachable(std::span<const NodeId> alive) {
    desk_.answering = static_cast<std::size_t>(std::ranges::count_if(
        desk_.electorate.nodes(),
        [&](const NodeId& voter) { return std::ranges::find(alive, voter) != alive.end(); }));
}

void Registers::on_tick(Moment now, Effects& out) {
    while (const auto name = proposer_timers_.due(now.boot_time)) {
        Proposer& proposer = proposers_.at(*name).proposer;
        const std::size_t before = proposer.waiting();
        proposer.on_tick(now, out);
        waiting_ -= before - proposer.waiting();
        if (STARLING_MUTANT(24, true, false)) rearm(*name, proposer);
    }
    while (const auto sequence = reading_timers_.due(now.boot_time)) look_at(*sequence, now, out);
}

std::optional<BootTime> Registers::next_deadline() const {
    return earlier(proposer_timers_.first(), reading_timers_.first());
}

std::vector<Finished> Registers::take_finished() {
    return std::exchange(desk_.finished, {});
}

}  // namespace starling::quorum
