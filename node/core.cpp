#include "node/core.hpp"

#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "node/envelope.hpp"
#include "node/frames.hpp"
#include "node/latency.hpp"
#include "node/messages.hpp"
#include "node/parts.hpp"
#include "node/requests.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace starling::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration reject_period = 1s;  // between two REJECTs to one sender
constexpr Duration services_rest = 1s;  // see Parts

// Most frames are gossip's, and end there unless a member changed.
bool is_gossip(Kind kind) {
    return kind == Kind::ping || kind == Kind::pong || kind == Kind::cells ||
           kind == Kind::table_digest || kind == Kind::table_entries;
}

gossip::Setup gossip_setup(const Setup& setup) {
    return {.key = setup.key,
            .genesis = setup.genesis,
            .certificate = setup.certificate,
            .boot = setup.boot,
            .addresses = setup.addresses,
            .name = setup.name,
            .contacts = setup.contacts,
            .seeds = setup.seeds,
            .random_seed = setup.random_seed,
            .commons = setup.commons};
}

// Those that all cores of this process share, if they share any.
std::shared_ptr<NodeInterner> numbers_of(const Setup& setup) {
    if (setup.commons == nullptr) return nullptr;
    return {setup.commons, &setup.commons->numbers};
}

}  // namespace

NodeCore::Parts::Parts(Setup setup_in, const Verifier& verifier_in, const RecordSource& records,
                       Moment now, Effects& out)
    : setup(std::move(setup_in)),
      verifier(verifier_in),
      gossip(gossip_setup(setup), verifier, records, now, out),
      links(*this, Rng(setup.random_seed, 1)),
      marks(setup.journal, setup.boot, records, now),
      store(crdt::Setup{.key = setup.key, .boot = setup.boot}, verifier, records, now),
      quorum({.self = {setup.key.id(), setup.journal},
              .boot = setup.boot,
              .voters = setup.genesis.voters,
              .random_seed = setup.random_seed},
             records, now, out),
      auctions({.self = setup.key.id(),
                .boot = setup.boot,
                .random_seed = setup.random_seed,
                .timing = {},
                .numbers = numbers_of(setup),
                .may_have_forgotten = setup.journal != setup.certificate.journal},
               records, now),
      members(gossip, setup.genesis),
      state(store),
      agreement(quorum, setup.key.id(), setup.boot),
      tasks(auctions),
      quota(setup.random_seed) {
    // What the table kept over a restart is no change: tell it once.
    for (const gossip::MemberView& view : gossip.members()) {
        if (view.id == self()) continue;
        if (view.state == gossip::MemberState::alive) {
            auctions.on_member_alive(view.id, view.boot(), now, out);
        } else if (view.state == gossip::MemberState::dead) {
            auctions.on_member_gone(view.id, auction::Leaving::dead, now, out);
        } else if (view.state == gossip::MemberState::left) {
            auctions.on_member_gone(view.id, auction::Leaving::left, now, out);
        }
    }
    tell_reachable();
    out.trace(Event::node_started, self().prefix(), setup.boot.value, gossip.known_count());
    settle(now, out);
}

std::optional<Route> NodeCore::Parts::route_to(const NodeId& peer) const {
    const auto contact = gossip.contact(peer);
    if (!contact || contact->addresses.empty()) return std::nullopt;
    return Route{contact->certificate.curve, contact->addresses};
}

NodeFacts NodeCore::Parts::facts(BootTime) const {
    return {setup.journal, setup.boot, setup.name, ready, health};
}

void NodeCore::Parts::settle(Moment now, Effects& out) {
    gossip.set_state_root(store.root());
    for (const auto& certificate : gossip.take_certificates()) {
        services_touched = true;
        auctions.on_member_certified(certificate->node);
        out.admit(certificate->node, certificate->curve);
        out.trace(Event::certificate_learned, certificate->node.prefix(),
                  certificate->curve.prefix());
    }
    on_member_changes(now, out);
    for (const auto& [peer, behind] : gossip.take_lag_changes()) {
        services_touched = true;
        auctions.on_member_lag(peer, behind, now, out);
    }
    for (const NodeId& peer : gossip.take_dials()) links.want(peer, now, out);
    settle_links(now, out);
    for (const NodeId& peer : gossip.take_reconcile()) {
        services_touched = true;
        store.on_reconcile(peer, now, out);
    }
    gossip.set_state_root(store.root());
}

void NodeCore::Parts::on_member_changes(Moment now, Effects& out) {
    const auto changes = gossip.take_changes();
    if (changes.empty()) return;
    services_touched = true;
    for (const gossip::MemberChange& change : changes) on_member_change(change, now, out);
    tell_reachable();
    members.on_changes(changes, turn(now, out));
}

void NodeCore::Parts::on_member_change(const gossip::MemberChange& change, Moment now,
                                       Effects& out) {
    if (change.node == self()) return;
    switch (change.to) {
        case gossip::MemberState::introduced:
            return;
        case gossip::MemberState::alive:
        case gossip::MemberState::suspect:
            auctions.on_member_alive(change.node, change.boot, now, out);
            return;
        case gossip::MemberState::dead:
            auctions.on_member_gone(change.node, auction::Leaving::dead, now, out);
            return;
        case gossip::MemberState::left:
            auctions.on_member_gone(change.node, auction::Leaving::left, now, out);
            return;
    }
}

void NodeCore::Parts::tell_reachable() {
    reachable = gossip.present_count();
    std::vector<NodeId> voters;
    std::ranges::copy_if(quorum.registers().voter_nodes(), std::back_inserter(voters),
                         [&](const NodeId& voter) { return gossip.is_present(voter); });
    quorum.on_reachable(voters);
}

void NodeCore::Parts::settle_links(Moment now, Effects& out) {
    const std::uint64_t current = gossip.overlay_changes();
    const bool moved = overlay != current;
    overlay = current;
    if (moved && kept != gossip.neighbours()) {
        kept = gossip.neighbours();
        links.keep(kept, now, out);
    }
    const auto changes = links.take_changes();
    for (const LinkChanged& changed : changes) on_link_changed(changed, now, out);
    if (moved || !changes.empty()) {
        services_touched = true;
        settle_floods(now, out);
        settle_relays();
    }
    store.on_reach(flooded.size() + 1 >= reachable ? crdt::Reach::all : crdt::Reach::some);
}

// HELLO is on its way before anything is flooded over a new link.
void NodeCore::Parts::settle_floods(Moment now, Effects& out) {
    const std::vector<NodeId> before = std::exchange(flooded, {});
    std::ranges::set_intersection(links.linked(), kept, std::back_inserter(flooded));
    for (const NodeId& peer : before) {
        if (!std::ranges::binary_search(flooded, peer)) auctions.on_link_down(peer);
    }
    for (const NodeId& peer : flooded) {
        if (!std::ranges::binary_search(before, peer)) auctions.on_link_up(peer, now, out);
    }
}

// Every member hears from each of its observers: K copies, and ways around K - 1 of them.  While
// somebody is missing or silent, all neighbours hear everything.
void NodeCore::Parts::settle_relays() {
    relays = flooded;
    const bool all_there = flooded.size() == kept.size() && !gossip.accuses_anybody();
    if (!all_there) return;
    std::erase_if(relays, [&](const NodeId& peer) { return !gossip.observes(peer); });
}

void NodeCore::Parts::on_link_changed(const LinkChanged& changed, Moment now, Effects& out) {
    switch (changed.change) {
        case LinkChange::up:
            greet(changed.peer, out);
            gossip.on_link_up(changed.peer, now, out);
            return;
        case LinkChange::lost:
            gossip.on_link_lost(changed.peer, now);
            store.on_peer_lost(changed.peer);
            return;
        case LinkChange::refused:
            gossip.on_refused(changed.peer);
            return;
        case LinkChange::denied:
            out.trace(Event::peer_refused, changed.peer.prefix(),
                      static_cast<unsigned>(RejectReason::foreign_mesh), changed.detail);
            return;
        case LinkChange::failed:
            return;
    }
}

void NodeCore::Parts::want_receivers(Moment now, Effects& out) {
    for (std::size_t i = 0; i < out.outgoing().size(); ++i) {
        const NodeId to = out.outgoing()[i].to;
        if (to != self()) links.want(to, now, out);
    }
}

void NodeCore::Parts::check_ready(Moment now, Effects& out) {
    if (ready || !gossip.joined(now.boot_time)) return;
    ready = true;
    services_touched = true;
    out.trace(Event::node_ready, self().prefix(), gossip.alive_count());
    for (const auto& [call, ask] : std::exchange(early_offers, {})) {
        STARLING_PROBE(offer_waited_for_join);
        tasks.on(call, ask, turn(now, out));
    }
}

bool NodeCore::Parts::are_services_due(BootTime now) const {
    return services_touched || now - services_looked >= services_rest ||
           (services_due && now >= *services_due);
}

void NodeCore::Parts::tick_services(Moment now, Effects& out) {
    services_touched = false;
    services_looked = now.boot_time;
    quorum.on_tick(now, out);
    auctions.on_round_trip(gossip.farthest());
    auctions.on_tick(now, out);
    state.on_tick(turn(now, out));
    agreement.on_tick(turn(now, out));
    tasks.on_tick(turn(now, out));
}

std::optional<BootTime> NodeCore::Parts::services_deadline() const {
    std::optional<BootTime> next = store.next_deadline();
    next = earlier(next, quorum.next_deadline());
    next = earlier(next, auctions.next_deadline());
    next = earlier(next, tasks.next_deadline());
    return earlier(next, state.next_deadline());
}

std::optional<BootTime> NodeCore::Parts::next_deadline() const {
    const auto next = earlier(gossip.next_deadline(), links.next_deadline());
    return earlier(earlier(next, services_deadline()), marks.next_deadline());
}

void NodeCore::Parts::trace_health(const DriverHealth& now, Effects& out) const {
    const auto ms = [](Duration time) { return static_cast<std::uint64_t>(time / 1ms); };
    if (now.is_degraded() != health.is_degraded()) {
        out.trace(now.is_degraded() ? Event::node_degraded : Event::node_recovered,
                  ms(now.oldest_batch), ms(now.last_turn));
    }
    if (now.is_disk_low() && !health.is_disk_low()) out.trace(Event::disk_low, now.free_bytes);
}

void NodeCore::Parts::fill_metrics(MetricsAnswer& answer) const {
    constexpr auto all_bounds = latency_bounds();
    const std::vector<Duration> bounds(all_bounds.begin(), all_bounds.end());
    std::map<gossip::MemberState, std::uint64_t> states;
    for (const gossip::MemberView& view : gossip.members()) ++states[view.state];
    using gossip::MemberState;
    answer.gauges = {
        {"members_alive", states[MemberState::alive]},
        {"members_suspect", states[MemberState::suspect]},
        {"members_dead", states[MemberState::dead]},
        {"members_left", states[MemberState::left]},
        {"links_up", links.linked().size()},
        {"state_values", store.values().rows()},
        {"state_log_bytes", store.log_bytes()},
        {"state_batches_waiting", store.waiting()},
        {"voters_reachable", quorum.registers().reachable()},
    };
    const auto ns = [](Duration time) { return static_cast<std::uint64_t>(time.count()); };
    const auto heartbeat = gossip.round_trip();
    answer.gauges.insert(answer.gauges.end(),
                         {{"heartbeat_round_trip_ns", ns(heartbeat.typical)},
                          {"heartbeat_deviation_ns", ns(heartbeat.deviation)}});
    const auction::Gauges work = auctions.gauges();
    answer.gauges.insert(answer.gauges.end(), {{"tasks_open", work.auctions_open},
                                               {"tasks_waiting", work.tasks_waiting},
                                               {"tasks_running", work.tasks_running},
                                               {"results_offered", work.results_offered},
                                               {"tasks_in_custody", work.custody_unfinished},
                                               {"tasks_finished_kept", work.custody_finished}});
    answer.counters = {
        {"frames_refused", frames_refused},
        {"state_conflicts", store.values().losses()},
    };
    const auction::Counters& done = auctions.counters();
    answer.counters.insert(answer.counters.end(), {{"tasks_offered", done.offered},
                                                   {"tasks_completed", done.completed},
                                                   {"tasks_completed_twice", done.completed_twice},
                                                   {"tasks_dead_lettered", done.dead_lettered},
                                                   {"tasks_cancelled", done.cancelled},
                                                   {"tasks_reassigned", done.reassigned},
                                                   {"tasks_retried", done.retried},
                                                   {"tasks_adopted", done.adopted},
                                                   {"tasks_executed", done.executed},
                                                   {"results_refused_stale", done.refused_stale},
                                                   {"task_messages", done.messages}});
    answer.histograms = {{"staleness", bounds, state.staleness_counts(), {}},
                         {"award", bounds, tasks.award_counts(), {}},
                         {"decision", bounds, agreement.latency_counts(), {}}};
}

NodeCore::NodeCore(Setup setup, const Verifier& verifier, const RecordSource& records, Moment now,
                   Effects& out)
    : parts_(std::make_unique<Parts>(std::move(setup), verifier, records, now, out)) {}

NodeCore::~NodeCore() = default;

FrameVerdict NodeCore::on_frame(const NodeId& from, ByteView frame, Moment now, Effects& out) {
    parts_->deadline.reset();
    const auto header = read_header(frame);
    const FrameVerdict verdict =
        header ? open(from, *header, body_of(frame), now, out) : FrameVerdict::malformed;
    if (verdict != FrameVerdict::handled) {
        ++parts_->frames_refused;
        out.trace(Event::frame_refused, from.prefix(),
                  header ? static_cast<unsigned>(header->kind) : 0U, static_cast<unsigned>(verdict),
                  frame.size());
    }
    parts_->settle(now, out);
    return verdict;
}

FrameVerdict NodeCore::open(const NodeId& from, const FrameHeader& header, ByteView body,
                            Moment now, Effects& out) {
    if (header.version != wire_version) return FrameVerdict::unknown_version;
    const FrameRow* row = row_of(header.kind);
    if (row == nullptr) return FrameVerdict::unknown_kind;
    if (body.size() > row->body_bytes) return FrameVerdict::malformed;
    if (from != id()) {
        if (!parts_->gossip.knows(from)) return FrameVerdict::not_admitted;
        if (!parts_->quota.take(from, now.boot_time)) return FrameVerdict::over_quota;
        const FrameVerdict link = check_link(from, header, now, out);
        if (link != FrameVerdict::handled) return link;
    }
    Reader reader = parts_->decoder.parse(body);
    if (!reader.ok()) return FrameVerdict::malformed;
    parts_->services_touched |= !is_gossip(header.kind);
    const bool told = STARLING_MUTANT(64, parts_->marks.is_vouched_for(), true);
    const bool early = !told && asks_for_memory(header.kind);
    if (early) STARLING_PROBE(asked_before_vouched_for);
    const FrameVerdict verdict =
        early ? FrameVerdict::handled : row->handle(*parts_, {from, header, now}, reader, out);
    if (verdict == FrameVerdict::handled && from != id()) parts_->gossip.on_heard(from, now, out);
    return verdict;
}

FrameVerdict NodeCore::check_link(const NodeId& from, const FrameHeader& header, Moment now,
                                  Effects& out) {
    if (header.kind == Kind::hello || header.kind == Kind::reject) return FrameVerdict::handled;
    switch (parts_->links.check(from, header.link)) {
        case Incoming::newest:
            return FrameVerdict::handled;
        case Incoming::old:
            STARLING_PROBE(frame_of_old_link);
            return FrameVerdict::old_link;
        case Incoming::unknown:
            break;
    }
    auto [last, first] = parts_->rejected.try_emplace(from, now.boot_time);
    if (first || now.boot_time - last->second >= reject_period) {
        last->second = now.boot_time;
        STARLING_PROBE(frame_before_hello);
        out.send(from, Reject{RejectReason::hello});
    }
    return FrameVerdict::unknown_link;
}

void NodeCore::on_link(const LinkEvent& event, Moment now, Effects& out) {
    parts_->deadline.reset();
    parts_->services_touched = true;
    parts_->links.on_event(event, now, out);
    parts_->settle(now, out);
}

void NodeCore::on_call(CallId call, ByteView request, Moment now, Effects& out) {
    parts_->deadline.reset();
    parts_->services_touched = true;
    serve(*parts_, call, request, parts_->turn(now, out));
    parts_->settle(now, out);
}

void NodeCore::on_call_ended(CallId call) {
    parts_->deadline.reset();
    parts_->services_touched = true;
    parts_->members.on_call_ended(call);
    parts_->state.on_call_ended(call);
    parts_->agreement.on_call_ended(call);
    parts_->tasks.on_call_ended(call);
    std::erase_if(parts_->early_offers, [&](const auto& offer) { return offer.first == call; });
}

void NodeCore::on_fetched(std::uint64_t tag, std::span<const FetchedRecord> records, Moment now,
                          Effects& out) {
    parts_->deadline.reset();
    parts_->services_touched = true;
    std::vector<ByteView> values;
    for (const FetchedRecord& record : records) values.emplace_back(record.value);
    (void)parts_->store.on_fetched(tag, values, out);
    parts_->settle(now, out);
}

void NodeCore::on_health(const DriverHealth& health, Effects& out) {
    parts_->deadline.reset();
    parts_->trace_health(health, out);
    parts_->health = health;
    // Records of tasks are taken by a slow disk too: where few nodes are left, late is better than
    // never.
    const bool full = health.is_disk_low() || parts_->members.is_leaving();
    const bool busy = full || health.is_degraded();
    if (std::pair(full, busy) != parts_->refused) {
        parts_->refused = {full, busy};
        parts_->services_touched = true;
        parts_->auctions.refuse_custody(full);
        parts_->auctions.refuse_work(busy);
    }
    parts_->gossip.set_health(health.oldest_batch, health.last_turn);
}

void NodeCore::on_tick(Moment now, Backlog backlog, Effects& out) {
    const auto input = backlog == Backlog::left ? gossip::Input::left : gossip::Input::drained;
    Parts& parts = *parts_;
    if (parts.are_services_due(now.boot_time)) parts.store.on_tick(parts.flooded, now, out);
    parts.gossip.on_tick(now, input, out);
    parts.settle(now, out);
    parts.check_ready(now, out);
    const bool due = parts.are_services_due(now.boot_time);
    if (due) parts.tick_services(now, out);
    parts.members.on_tick(parts.turn(now, out));
    parts.look_for_vouchers(now);
    parts.marks.on_tick(parts.setup.key, parts.links.linked(), now, out);
    parts.want_receivers(now, out);
    parts.links.on_tick(now, out);
    parts.settle(now, out);
    if (due || parts.services_touched) parts.services_due = parts.services_deadline();
    const auto next = earlier(parts.gossip.next_deadline(), parts.links.next_deadline());
    parts.deadline = earlier(earlier(next, parts.services_due), parts.marks.next_deadline());
    parts.gossip.on_sleep(*parts.deadline);
}

std::optional<BootTime> NodeCore::next_deadline() const {
    return parts_->deadline ? *parts_->deadline : parts_->next_deadline();
}

const NodeId& NodeCore::id() const {
    return parts_->self();
}

std::optional<Boot> NodeCore::superseded() const {
    return std::max(parts_->gossip.superseded(), parts_->used_before);
}

bool NodeCore::ready() const {
    return parts_->ready;
}

}  // namespace starling::node
