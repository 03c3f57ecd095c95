#include "sim/host.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "node/envelope.hpp"
#include "node/marks.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::string_view boot_key = "boot";

// Purposes of a host's draws.
constexpr std::uint64_t disk_stream = 1ULL << 60U;
constexpr std::uint64_t core_stream = 2ULL << 60U;
constexpr std::uint64_t exit_stream = 3ULL << 60U;
constexpr std::uint64_t journal_stream = 4ULL << 60U;
constexpr std::uint64_t kept_stream = 5ULL << 60U;

}  // namespace

Host::Host(const HostSetup& setup, const Surroundings& around)
    : setup_(setup),
      around_(around),
      clock_(setup.boot_offset, setup.wall_offset),
      disk_(setup.disk, setup.seed, disk_stream | setup.number, around.disks),
      journal_(around.identities.nodes[setup.number].journal),
      effects_(around.machine != nullptr ? own_effects_ : around.effects) {}

Host::~Host() = default;

bool Host::start(Duration now) {
    STARLING_ASSERT(state_ == ProcessState::down);
    if (!make_core(now)) return false;
    state_ = ProcessState::running;
    ++process_;
    ++counts_.starts;
    around_.network.start(setup_.number);
    around_.watcher.on_started(setup_.number, boot_, now);
    busy_until_ = now;
    end_turn(now);
    schedule_turn(now);
    return true;
}

bool Host::make_core(Duration now) {
    const auto boot = disk_.open().and_then([&] { return next_boot(now); });
    if (!boot) return false;
    boot_ = *boot;
    const auto journal = disk_.read(Table::meta, view_of(node::journal_id_key));
    if (journal) journal_ = *JournalId::from_bytes(*journal);  // I6: a process replaced it
    core_ = std::make_unique<node::NodeCore>(core_setup(), around_.verifier, disk_, moment(now),
                                             effects_);
    if (!disk_.has_misread()) return true;
    core_.reset();
    effects_.clear();
    return false;
}

void Host::crash(Duration now) {
    STARLING_ASSERT(state_ != ProcessState::down);
    state_ = ProcessState::down;
    ++process_;
    ++counts_.crashes;
    core_.reset();
    own_effects_.clear();  // of a turn that does not end
    STARLING_ASSERT(effects_.empty());
    discard_inputs();
    outbox_.discard([&](const Held& held) {
        if (const auto* frame = std::get_if<HeldFrame>(&held)) around_.bodies.release(frame->body);
    });
    disk_.crash();
    turn_due_ = false;
    synced_in_pause_ = false;
    wake_due_.reset();
    threads_ = {};
    pieces_left_ = 0;
    piece_due_ = false;
    Rng rng(draw(setup_.seed, exit_stream | setup_.number, process_));
    const Duration exit = setup_.process.exit_min + rng.exponential(setup_.process.exit_mean);
    around_.network.crash(setup_.number, now, exit);
}

void Host::lose_disk() {
    STARLING_ASSERT(state_ == ProcessState::down);
    disk_.wipe();
    outbid_.reset();
    Rng rng(draw(setup_.seed, journal_stream | setup_.number, process_));
    for (std::uint8_t& byte : journal_.bytes) byte = static_cast<std::uint8_t>(rng.below(256));
}

void Host::keep_disk() {
    Rng rng(draw(setup_.seed, kept_stream | setup_.number, process_));
    disk_.keep(rng);
    kept_journal_ = journal_;
}

void Host::restore_disk() {
    STARLING_ASSERT(state_ == ProcessState::down);
    disk_.restore();
    outbid_.reset();
    journal_ = kept_journal_;
}

void Host::move() {
    STARLING_ASSERT(state_ == ProcessState::down);
    around_.network.move(setup_.number, address_of(setup_.number, ++moves_));
}

void Host::pause() {
    STARLING_ASSERT(state_ == ProcessState::running);
    state_ = ProcessState::paused;
    around_.network.pause(setup_.number);
}

void Host::resume(Duration now) {
    STARLING_ASSERT(state_ == ProcessState::paused);
    state_ = ProcessState::running;
    around_.network.resume(setup_.number);
    if (std::exchange(synced_in_pause_, false)) on_synced(now);
    schedule_turn(now);
    if (around_.machine != nullptr) claim_again(now);
}

void Host::freeze(Duration now) {
    pause();
    clock_.freeze(now);
}

void Host::thaw(Duration now) {
    clock_.thaw(now);
    resume(now);
}

void Host::drift(Duration gain, Duration now) {
    clock_.drift(gain, now);
    if (core_) wake_at(core_->next_deadline(), now);
}

void Host::on_arrival(const Arrival& arrival, Duration now) {
    if (around_.machine != nullptr) return pass(arrival, now);
    accept(arrival, now);
}

void Host::on_link(const node::LinkEvent& event, Duration now) {
    // A plain connect is the driver's own.
    const bool own =
        event.news == node::LinkNews::refused || event.news == node::LinkNews::probe_accepted;
    if (around_.machine != nullptr && !own) return pass(event, now);
    accept(event, now);
}

void Host::on_dropped(const NodeId& to, Kind kind, DropReason reason, Duration now) {
    TraceRecord record{Event::send_dropped, 3, {}};
    record.fields = {to.prefix(), static_cast<std::uint64_t>(kind),
                     static_cast<std::uint64_t>(reason)};
    around_.hash.add(now, setup_.number, record);
    around_.watcher.on_traced(setup_.number, record, now);
}

void Host::on_due(const Appointment& due, Duration now) {
    if (due.stamp != process_) return;
    if (due.what == Happening::turn) {
        turn(now);
    } else if (due.what == Happening::wake) {
        on_wake(now);
    } else if (due.what == Happening::synced) {
        on_synced(now);
    } else if (due.what == Happening::piece) {
        on_piece(now);
    }
}

std::optional<CallId> Host::call(Bytes request, Duration now) {
    if (state_ == ProcessState::down) return std::nullopt;
    const CallId id{++calls_};
    accept(Call{id, std::move(request)}, now);
    return id;
}

void Host::end_call(CallId call) {
    if (core_) core_->on_call_ended(call);
}

const NodeId& Host::id() const {
    return around_.identities.nodes[setup_.number].key.id();
}

bool Host::ready() const {
    return core_ && core_->ready();
}

void Host::accept(Input input, Duration now) {
    inbox_.push_back(std::move(input));
    schedule_turn(now);
}

void Host::schedule_turn(Duration now) {
    if (around_.machine != nullptr) return claim(Thread::driver, now);
    if (turn_due_ || state_ != ProcessState::running) return;
    turn_due_ = true;
    schedule(Happening::turn, std::max(now, busy_until_));
}

void Host::turn(Duration now) {
    turn_due_ = false;
    if (state_ != ProcessState::running) return;
    busy_until_ = now + begin_turn(now);
    if (gives_way()) return;
    end_turn(now);
    if (!inbox_.empty()) schedule_turn(now);
}

// Everything but what its effects want; returns how long it takes.
Duration Host::begin_turn(Duration now) {
    ++counts_.turns;
    report_health(now);
    const std::uint64_t verified = around_.verifier.asked();
    const Taken taken = take_inputs(now);
    counts_.inputs += taken.inputs;
    const auto backlog = inbox_.empty() ? node::Backlog::drained : node::Backlog::left;
    core_->on_tick(moment(now), backlog, effects_);  // I1
    last_turn_ = time_of(taken, around_.verifier.asked() - verified);
    return last_turn_;
}

Duration Host::time_of(const Taken& taken, std::uint64_t signatures) const {
    const ProcessModel& takes = setup_.process;
    const auto times = [](Duration each, std::uint64_t count) {
        return each * static_cast<std::int64_t>(count);
    };
    return (takes.turn + times(takes.input, taken.inputs) + times(takes.verify, signatures) +
            times(takes.link, taken.links)) *
           slowness_;
}

// I7: what it would say contradicts what it said before.
bool Host::gives_way() {
    const auto outbid = core_->superseded();
    if (!outbid) return false;
    outbid_ = outbid;
    effects_.clear();
    around_.watcher.on_failed(setup_.number);
    return true;
}

Host::Taken Host::take_inputs(Duration now) {
    Taken taken;
    while (!inbox_.empty() && taken.inputs < limits::frames_per_turn) {
        const Input input = std::move(inbox_.front());
        inbox_.pop_front();
        std::visit([&](const auto& each) { take(each, now); }, input);
        ++taken.inputs;
        taken.links += std::holds_alternative<node::LinkEvent>(input) ? 1U : 0U;
    }
    return taken;
}

void Host::take(const Arrival& arrival, Duration now) {
    const ByteView frame = around_.bodies.frame(arrival.head, arrival.body);
    const std::array<std::uint64_t, 4> numbers = {
        arrival.from.prefix(), load_u64(frame),
        std::uint64_t{arrival.head[8]} << 8U | arrival.head[9], arrival.body.slot};
    around_.hash.add_numbers(now, setup_.number, numbers);
    around_.network.consumed(arrival, now);
    around_.watcher.on_heard(told(arrival.from, Kind{arrival.head[1]}, arrival.body, now));
    core_->on_frame(arrival.from, frame, moment(now), effects_);
    around_.bodies.release(arrival.body);
}

void Host::take(const node::LinkEvent& event, Duration now) {
    core_->on_link(event, moment(now), effects_);
}

void Host::take(const Call& call, Duration now) {
    core_->on_call(call.id, call.request, moment(now), effects_);
}

void Host::take(const Disk::Fetched& fetched, Duration now) {
    core_->on_fetched(fetched.tag, fetched.records, moment(now), effects_);
}

void Host::take(const OwnFrame& own, Duration now) {
    const auto head = node::header_bytes(
        {.kind = own.kind, .link = {}, .sent_ms = node::sent_ms_of(moment(now).boot_time)});
    around_.watcher.on_heard(told(id(), own.kind, own.body, now));
    core_->on_frame(id(), around_.bodies.frame(head, own.body), moment(now), effects_);
    around_.bodies.release(own.body);
}

void Host::report_health(Duration now) {
    node::DriverHealth health;
    if (const auto oldest = disk_.oldest_waiting()) health.oldest_batch = now - *oldest;
    health.last_turn = last_turn_;
    health.free_bytes = free_bytes_;
    core_->on_health(health, effects_);
}

void Host::end_turn(Duration now) {
    for (const TraceRecord& record : effects_.traced()) {
        around_.hash.add(now, setup_.number, record);
        around_.watcher.on_traced(setup_.number, record, now);
    }
    const std::uint64_t gate = disk_.write(effects_, now);
    disk_.fetch(effects_);
    carry_out_links(now);
    carry_out_sends(gate, now);
    carry_out_answers(gate);
    effects_.clear();
    start_disk(now);
    wake_at(core_->next_deadline(), now);
}

void Host::carry_out_links(Duration now) {
    for (const LinkCommand& command : effects_.links()) {
        around_.network.carry_out(setup_.number, command,
                                  starling::text_of(effects_.view(command.address)), now);
    }
}

void Host::carry_out_sends(std::uint64_t gate, Duration now) {
    std::optional<Bodies::Handle> body;
    Span last;
    for (const Outgoing& outgoing : effects_.outgoing()) {
        const bool shared = body && outgoing.body.offset == last.offset &&
                            outgoing.body.size == last.size;  // a broadcast
        if (!shared) {
            if (body) around_.bodies.release(*body);
            body = around_.bodies.add(effects_.view(outgoing.body));
            last = outgoing.body;
            around_.hash.add_bytes(effects_.view(outgoing.body));
        }
        if (outgoing.gate == Gate::open || gate <= disk_.durable()) {
            send({outgoing.to, outgoing.kind, *body, gate, now}, now);
        } else {
            around_.bodies.retain(*body);
            outbox_.hold(gate, HeldFrame{outgoing.to, outgoing.kind, *body, gate, now});
        }
    }
    if (body) around_.bodies.release(*body);
}

void Host::send(const HeldFrame& frame, Duration now) {
    Told said = told(frame.to, frame.kind, frame.body, now);
    said.batch = frame.gate;
    said.made = frame.made;
    around_.watcher.on_said(said);
    const bool own = frame.to == id();
    if (!own && around_.machine == nullptr) {
        around_.network.send(setup_.number, frame.to, frame.kind, frame.body, now);
        return;
    }
    around_.bodies.retain(frame.body);
    if (!own) return pass(frame, now);
    accept(OwnFrame{frame.kind, frame.body}, now);
}

Told Host::told(const NodeId& peer, Kind kind, Bodies::Handle body, Duration now) const {
    return {.host = setup_.number,
            .peer = peer,
            .kind = kind,
            .body = around_.bodies.view(body),
            .number = around_.bodies.number_of(body),
            .batch = disk_.written(),
            .durable = disk_.durable(),
            .now = now,
            .made = now};
}

void Host::carry_out_answers(std::uint64_t gate) {
    for (const Answer& answer : effects_.answers()) {
        const ByteView body = effects_.view(answer.body);
        if (gate <= disk_.durable()) {
            around_.watcher.on_answer(setup_.number, answer.call, body, answer.last);
        } else {
            outbox_.hold(gate, HeldAnswer{answer.call, answer.last, copy_of(body)});
        }
    }
}

void Host::start_disk(Duration now) {
    const auto takes = disk_.begin(now);
    if (!takes) return;
    if (around_.machine == nullptr || !disk_.is_committing()) {
        return schedule(Happening::synced, now + *takes);
    }
    pieces_left_ = setup_.disk.pieces;
    piece_wait_ = std::max(Duration{0}, *takes - setup_.disk.work) / pieces_left_;
    piece_due_ = true;
    claim(Thread::disk, now);
}

void Host::on_synced(Duration now) {
    if (state_ == ProcessState::paused) {
        synced_in_pause_ = true;
        return;
    }
    auto finished = disk_.finish();
    if (!finished) return around_.watcher.on_failed(setup_.number);
    if (around_.machine == nullptr) release_held(now);
    for (Disk::Fetched& fetched : finished->fetched) accept(std::move(fetched), now);
    start_disk(now);
    if (around_.machine != nullptr) schedule_turn(now);  // at whose end things leave
}

void Host::release_held(Duration now) {
    outbox_.release(disk_.durable(), [&](const Held& held) { leave(held, now); });  // I2
}

void Host::leave(const Held& held, Duration now) {
    if (const auto* frame = std::get_if<HeldFrame>(&held)) {
        send(*frame, now);
        around_.bodies.release(frame->body);
    } else if (const auto* answer = std::get_if<HeldAnswer>(&held)) {
        around_.watcher.on_answer(setup_.number, answer->call, answer->body, answer->last);
    }
}

void Host::wake_at(std::optional<BootTime> deadline, Duration now) {
    if (!deadline) return;
    const std::optional<Duration> wanted = clock_.when(*deadline);
    if (!wanted) return;  // thaw() takes a turn
    const Duration due = std::max({*wanted, now, busy_until_});
    if (wake_due_ && *wake_due_ <= due) return;  // that one looks again
    wake_due_ = due;
    schedule(Happening::wake, due);
}

void Host::on_wake(Duration now) {
    if (wake_due_ != now) return;  // an earlier one took its place
    wake_due_.reset();
    if (state_ != ProcessState::running) return;  // resume() takes a turn
    const auto deadline = core_->next_deadline();
    if (deadline && *deadline <= moment(now).boot_time) return schedule_turn(now);
    wake_at(deadline, now);
}

void Host::discard_inputs() {
    for (const Input& input : inbox_) {
        if (const auto* arrival = std::get_if<Arrival>(&input)) {
            around_.bodies.release(arrival->body);
        } else if (const auto* own = std::get_if<OwnFrame>(&input)) {
            around_.bodies.release(own->body);
        }
    }
    inbox_.clear();
    discard_passing();
}

Result<Boot> Host::next_boot(Duration now) {
    Boot boot{wall_ms(moment(now).wall)};
    if (outbid_) boot.value = std::max(boot.value, outbid_->value + 1);  // I7
    if (const auto last = disk_.read(Table::meta, view_of(boot_key))) {
        boot.value = std::max(boot.value, load_u64(*last) + 1);
    }
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes, boot.value);
    const auto kept = disk_.put_durable(Table::meta, view_of(boot_key), bytes);  // I5
    return kept.map([&] { return boot; });
}

node::Setup Host::core_setup() const {
    const Identity& identity = around_.identities.nodes[setup_.number];
    return {identity.key,
            around_.identities.genesis,
            identity.certificate,
            journal_,
            boot_,
            {address_of(setup_.number, moves_)},
            identity.name,
            around_.identities.contacts,
            {},
            draw(setup_.seed, core_stream | setup_.number, boot_.value),
            around_.commons};
}

void Host::schedule(Happening what, Duration at) {
    around_.timetable.push(at, {what, setup_.number, process_});
}

}  // namespace starling::sim
