#include "crdt/store.hpp"

#include "base/buggify.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>
#include <iterator>

namespace starling::crdt {
namespace {

HeadEntry entry_of(const Origin& origin, const Head& head) {
    return {origin, head.counter, head.chain.prefix()};
}

}  // namespace

Store::Store(const Setup& setup, const Verifier& verifier, const RecordSource& records, Moment now)
    : key_(setup.key),
      own_{setup.key.id(), setup.boot},
      log_limit_(setup.log_bytes),
      verifier_(verifier),
      origins_(own_, records),
      values_(records) {
    for (const auto& [origin, head] : origins_.all()) clock_.observe(head.time, now.wall);
    origin_reused_ = origins_.counter_of(own_) > 0;  // a new boot has written nothing yet
}

bool Store::origin_reused() const {
    const Head* own = origins_.find(own_);
    return origin_reused_ || (own != nullptr && own->frozen);
}

WantVerdict Store::on_want(const NodeId& from, const Want& message, Effects& out) {
    return serves_.on_want(from, message, out);
}

bool Store::on_fetched(std::uint64_t tag, std::span<const ByteView> stored, Effects& out) {
    return serves_.on_fetched(tag, stored, out);
}

CopiesVerdict Store::on_copies(const NodeId& from, const Copies& message) {
    if (message.origin != own_ || from == own_.node) return CopiesVerdict::not_mine;
    copy_waits_.held(from, message.counter, reached_);
    if (copy_waits_.count() == 0) copies_due_.reset();
    return CopiesVerdict::counted;
}

void Store::on_reconcile(const NodeId& peer, Moment now, Effects& out) {
    const auto [last, first_time] = reconciled_.try_emplace(peer, now.boot_time);
    if (!first_time && now.boot_time - last->second < limits::reconcile_period) return;
    last->second = now.boot_time;

    STARLING_PROBE(heads_reconciled);
    Heads heads{Purpose::reconcile, std::nullopt, std::nullopt, {}};
    for (const auto& [origin, head] : origins_.all()) {
        if (head.counter == 0) continue;
        const bool small = !heads.entries.empty() && STARLING_BUGGIFY(heads_in_small_frames);
        if (small || heads.entries.size() == limits::list_entries) {
            heads.through = heads.entries.back().origin;
            out.send(peer, heads);
            heads = {Purpose::reconcile, heads.through, std::nullopt, {}};
        }
        heads.entries.push_back(entry_of(origin, head));
    }
    out.send(peer, heads);
}

void Store::on_peer_lost(const NodeId& peer) {
    pulls_.forget_peer(peer);
    reconciled_.erase(peer);
}

HeadsVerdict Store::on_heads(const NodeId& from, const Heads& message, Moment now, Effects& out) {
    HeadsVerdict worst = HeadsVerdict::level;
    for (const HeadEntry& entry : message.entries) {
        worst = std::max(worst, on_head(from, entry, out));
    }
    if (message.purpose == Purpose::reconcile) answer_heads(from, message, out);
    if (message.purpose == Purpose::confirm && !message.entries.empty()) {
        const Origin& origin = message.entries.back().origin;
        const std::uint64_t counter = origins_.counter_of(origin);
        if (origin.node == from && counter > 0) out.send(from, Copies{origin, counter});
    }
    pulls_.ask(origins_, now, out);
    return worst;
}

HeadsVerdict Store::on_head(const NodeId& from, const HeadEntry& entry, Effects& out) {
    const Head* head = origins_.find(entry.origin);
    if (head != nullptr && head->frozen) return HeadsVerdict::level;
    const std::uint64_t here = head == nullptr ? 0 : head->counter;
    if (entry.counter > here + STARLING_MUTANT(28, 0U, 1U)) {
        STARLING_PROBE(heads_show_more);
        pulls_.want(entry.origin, entry.counter, from);
        return HeadsVerdict::behind;
    }
    const bool differs =
        entry.counter > 0 && entry.counter == here && entry.chain != head->chain.prefix();
    if (!differs) return HeadsVerdict::level;
    // Hearsay: only a signed batch convicts.  The one that ends here begins at most so far back.
    const std::uint64_t back = limits::operations_per_batch - 1;
    out.send(from, Want{{{entry.origin, here > back ? here - back : 1, here}}});
    return HeadsVerdict::suspicious;
}

// Tells a peer what it lacks of the range that its entries speak for.
void Store::answer_heads(const NodeId& from, const Heads& message, Effects& out) const {
    if (message.after && message.through && *message.after >= *message.through) return;
    const auto& all = origins_.all();
    auto place = message.after ? all.upper_bound(*message.after) : all.begin();
    const auto end = message.through ? all.upper_bound(*message.through) : all.end();
    auto theirs = message.entries.begin();
    Heads answer{Purpose::answer, std::nullopt, std::nullopt, {}};
    // Both are sorted by origin.
    for (; place != end; ++place) {
        const auto& [origin, head] = *place;
        theirs =
            std::find_if(theirs, message.entries.end(),
                         [&from = origin](const HeadEntry& entry) { return entry.origin >= from; });
        const bool named = theirs != message.entries.end() && theirs->origin == origin;
        if (head.counter <= (named ? theirs->counter : 0)) continue;
        answer.entries.push_back(entry_of(origin, head));
        const bool small = STARLING_BUGGIFY(answers_in_small_frames);
        if (!small && answer.entries.size() < limits::list_entries) continue;
        out.send(from, answer);
        answer.entries.clear();
    }
    if (!answer.entries.empty()) {
        STARLING_PROBE(heads_answered);
        out.send(from, answer);
    }
}

void Store::ask_copies(const Step& step) {
    if (!copies_due_ || step.now.boot_time < *copies_due_) return;
    copies_due_ = step.now.boot_time + limits::copies_period;
    const Head* own = origins_.find(own_);
    step.out.send_all(step.links,
                      Heads{Purpose::confirm, std::nullopt, std::nullopt, {entry_of(own_, *own)}});
}

void Store::on_tick(std::span<const NodeId> links, Moment now, Effects& out) {
    pulls_.on_tick(now);
    pulls_.ask(origins_, now, out);
    if (copy_waits_.count() == 0) copies_due_.reset();
    ask_copies({links, now, out});
}

std::optional<BootTime> Store::next_deadline() const {
    return earlier(pulls_.next_deadline(), copies_due_);
}

}  // namespace starling::crdt
