#include "node/io/driver.hpp"

#include "base/limits.hpp"
#include "node/io/clocks.hpp"
#include "node/io/driver_loop.hpp"
#include "node/io/thread.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace starling::io {
struct Driver::Parts {
    NodeId id;
    Boot boot;
    MeshId mesh;
    std::string mesh_name;
    std::string bound;
    std::vector<std::string> addresses;
    bool alone_by_choice = false;
    std::string directory;

    std::unique_ptr<TraceLog> log;
    std::unique_ptr<DriverLoop> loop;
    std::thread thread;

    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::condition_variable changed;
    bool close_begun = false;
    bool close_late = false;
    bool ended = false;

    void run();
    [[noreturn]] void on_journal_failure(const Error& error);
};

void Driver::Parts::run() {
    loop->run();
    const std::scoped_lock lock(mutex);
    ended = true;
    changed.notify_all();
}

void Driver::Parts::on_journal_failure(const Error& error) {
    failed = true;
    const TraceRecord record{Event::node_failed, 1, {journal::free_bytes_at(directory)}};
    log->write(std::span(&record, 1));
    log->flush();
    std::this_thread::sleep_for(std::chrono::milliseconds{20});  // for the writer of the log
    std::fprintf(stderr,
                 "starling: node %s: %s; the node ends, since it must not promise what it "
                 "cannot keep\n",
                 id.brief().c_str(), error.message.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "starling: %s\n", error.hint.c_str());
    std::_Exit(1);
}

Driver::Driver(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Driver>> Driver::open(const DriverOptions& options) {
    raise_descriptor_limit();
    auto log = TraceLog::open(options.log);
    if (!log) return tl::unexpected<Error>(std::move(log.error()));
    auto ground = prepare_ground(options);
    if (!ground) return tl::unexpected<Error>(std::move(ground.error()));

    node::Setup setup = setup_of(*ground, options);
    // Before anybody can connect: until the core is made nobody is admitted.
    const auto boot =
        begin_boot(*ground->journal.journal, setup.genesis.mesh_id(), read_clocks().wall);
    if (!boot) return tl::unexpected<Error>(boot.error());
    setup.boot = *boot;
    auto poller = std::make_unique<Poller>();
    auto transport = Transport::open(ground->identity.curve, options.bind, *poller);
    if (!transport) return tl::unexpected<Error>(std::move(transport.error()));
    auto addresses = addresses_of(options, (*transport)->address(), ground->mesh);
    if (!addresses) return tl::unexpected<Error>(std::move(addresses.error()));
    setup.addresses = *addresses;

    auto parts = std::make_shared<Parts>();
    parts->id = setup.key.id();
    parts->mesh = setup.genesis.mesh_id();
    parts->mesh_name = setup.genesis.name;
    parts->bound = (*transport)->address();
    parts->addresses = std::move(*addresses);
    parts->alone_by_choice = ground->alone_by_choice;
    parts->directory = options.data_dir;
    parts->log = std::move(*log);

    parts->boot = setup.boot;
    DriverLoop::Parts loop{std::move(poller),
                           std::move(*transport),
                           std::move(ground->journal.journal),
                           parts->log.get(),
                           options.data_dir,
                           [p = parts.get()](const Error& error) { p->on_journal_failure(error); }};
    parts->loop = std::make_unique<DriverLoop>(std::move(loop), std::move(setup));
    if (const auto& error = parts->loop->read_failure()) return tl::unexpected<Error>(*error);
    parts->thread = start_thread("starling", [parts] { parts->run(); });
    return std::unique_ptr<Driver>(new Driver(std::move(parts)));
}

Driver::~Driver() {
    static_cast<void>(close());
}

CallId Driver::call(Bytes request, AnswerSink sink) {
    return parts_->loop->calls().post(std::move(request), std::move(sink));
}

void Driver::end_call(CallId call) {
    parts_->loop->calls().post_end(call);
}

Result<void> Driver::close(Duration within) {
    std::unique_lock lock(parts_->mutex);
    if (!std::exchange(parts_->close_begun, true)) {
        parts_->loop->stop(within);
        const bool ended = parts_->changed.wait_for(lock, within, [&] { return parts_->ended; });
        lock.unlock();
        ended ? parts_->thread.join() : parts_->thread.detach();
        lock.lock();
        parts_->close_late = !ended;
    }
    if (!parts_->close_late) return {};
    return failure(ErrorCode::failed, "close_late", "the disk did not finish within 2 s of closing",
                   "look at the disk of " + parts_->directory, Changed::unknown);
}

const NodeId& Driver::id() const {
    return parts_->id;
}

Boot Driver::boot() const {
    return parts_->boot;
}

const MeshId& Driver::mesh() const {
    return parts_->mesh;
}

const std::string& Driver::mesh_name() const {
    return parts_->mesh_name;
}

const std::string& Driver::bound_address() const {
    return parts_->bound;
}

const std::vector<std::string>& Driver::addresses() const {
    return parts_->addresses;
}

bool Driver::is_alone_by_choice() const {
    return parts_->alone_by_choice;
}

bool Driver::ready() const {
    return parts_->loop->ready();
}

bool Driver::failed() const {
    return parts_->failed;
}

bool Driver::closed() const {
    const std::scoped_lock lock(parts_->mutex);
    return parts_->close_begun;
}

std::vector<std::uint64_t> Driver::event_counts() const {
    return parts_->log->counts();
}

DriverGauges Driver::gauges() const {
    const DriverLoop& loop = *parts_->loop;
    const LoopNumbers numbers = loop.numbers();
    DriverGauges gauges;
    gauges.oldest_batch = numbers.oldest_batch;
    gauges.last_turn = numbers.last_turn;
    gauges.longest_turn = numbers.longest_turn;
    gauges.turns = numbers.turns;
    gauges.batches = numbers.batches;
    gauges.batches_waiting = numbers.batches_waiting;
    gauges.calls_open = numbers.calls_open;
    gauges.transport = numbers.transport;
    gauges.commits = loop.journal().commits();
    gauges.journal_busy = loop.journal().busy();
    gauges.journal_bytes = loop.journal().file_bytes();
    gauges.free_bytes = journal::free_bytes_at(parts_->directory);
    gauges.log_lines_lost = parts_->log->lost();
    return gauges;
}

}  // namespace starling::io
