#include "node/calls.hpp"
#include "node/envelope.hpp"
#include "node/io/address.hpp"
#include "node/io/identity.hpp"
#include "node/io/key_file.hpp"
#include "node/io/mesh_file.hpp"
#include "node/io/node_inside.hpp"
#include <starling/version.hpp>

#include <algorithm>
#include <utility>

namespace starling {
namespace {

using namespace std::chrono_literals;

// Of limits::close_within; what is left of it belongs to the disk.
constexpr Duration leave_within = limits::close_within / 2;

io::LogOptions log_of(const Options& options) {
    switch (options.log_level) {
        case LogLevel::debug:
            return {true, Level::debug, options.log_file};
        case LogLevel::info:
            return {true, Level::info, options.log_file};
        case LogLevel::warn:
            return {true, Level::warn, options.log_file};
        case LogLevel::error:
            return {true, Level::error, options.log_file};
        case LogLevel::off:
            return {false, Level::error, options.log_file};
    }
    return {};
}

// The addresses that the mesh file, if there is one, gives the identity of this directory.
std::vector<std::string> addresses_in_mesh(const Options& options) {
    const std::string path =
        options.mesh_file.empty() ? options.data_dir + "/mesh.json" : options.mesh_file;
    const auto mesh =
        io::file_exists(path) ? io::read_mesh_file(path) : Result<io::MeshFile>(io::MeshFile{});
    const auto identity = io::read_identity(options.data_dir);
    if (!mesh || !identity) return {};
    const auto* own = mesh->find(identity->key.id());
    return own == nullptr ? std::vector<std::string>{} : own->addresses;
}

// Where to listen so that an advertised address leads here: on the loopback interface when it is
// one of it, else on its port of every interface.
std::string bind_for(const std::string& advertised) {
    const auto address = io::parse_address(advertised);
    if (!address) return "127.0.0.1:0";
    const bool loopback =
        address->host.starts_with("127.") || address->host == "localhost" || address->host == "::1";
    return loopback ? advertised : io::Address{"0.0.0.0", address->port}.text();
}

io::DriverOptions driver_options(const Options& options) {
    io::DriverOptions driver;
    driver.data_dir = options.data_dir;
    driver.mesh_file = options.mesh_file;
    driver.advertise = options.advertise;
    driver.name = options.name;
    driver.seeds = options.join;
    driver.log = log_of(options);
    if (!options.bind.empty()) {
        driver.bind = options.bind;
        return driver;
    }
    const auto known = addresses_in_mesh(options);
    if (known.empty()) return driver;
    driver.bind = bind_for(known.front());
    if (driver.advertise.empty()) driver.advertise = known;
    return driver;
}

MemberPage page_of(const node::MembersPage& page, const NodeId& self) {
    MemberPage members;
    for (const auto& record : page.members)
        members.members.push_back(detail::member_of(record, self));
    members.more = page.more;
    return members;
}

Status status_of(const node::StatusAnswer& answer, const std::string& bound) {
    return {answer.node.hex(),
            answer.name,
            answer.mesh.hex(),
            answer.mesh_name,
            bound,
            answer.addresses,
            answer.boot.value,
            answer.mode,
            answer.ready,
            answer.voter,
            answer.alive,
            answer.suspect,
            answer.dead,
            answer.left,
            answer.links,
            answer.converged,
            answer.as_of,
            answer.oldest_batch,
            answer.last_turn,
            answer.free_bytes};
}

std::vector<Metric> metrics_of(const std::vector<node::GaugeRecord>& records) {
    std::vector<Metric> metrics;
    for (const auto& record : records) metrics.push_back({record.name, record.value});
    return metrics;
}

// What the driver knows beside the cores.
void add_driver(Metrics& metrics, const io::Driver& driver) {
    const auto counts = driver.event_counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        metrics.counters.push_back({std::string(all_events()[i].name), counts[i]});
    }
    const io::DriverGauges gauges = driver.gauges();
    const auto ns = [](Duration duration) { return static_cast<std::uint64_t>(duration.count()); };
    const std::vector<Metric> counters{{"driver_turns", gauges.turns},
                                       {"journal_batches", gauges.batches},
                                       {"journal_commits", gauges.commits},
                                       {"journal_busy_ns", ns(gauges.journal_busy)},
                                       {"log_lines_lost", gauges.log_lines_lost},
                                       {"frames_sent", gauges.transport.frames_sent},
                                       {"frames_received", gauges.transport.frames_received},
                                       {"frames_dropped", gauges.transport.frames_dropped},
                                       {"frames_ignored", gauges.transport.frames_ignored},
                                       {"keys_denied", gauges.transport.keys_denied}};
    const std::vector<Metric> levels{{"journal_oldest_batch_ns", ns(gauges.oldest_batch)},
                                     {"driver_last_turn_ns", ns(gauges.last_turn)},
                                     {"driver_longest_turn_ns", ns(gauges.longest_turn)},
                                     {"journal_batches_waiting", gauges.batches_waiting},
                                     {"calls_open", gauges.calls_open},
                                     {"disk_free_bytes", gauges.free_bytes},
                                     {"journal_bytes", gauges.journal_bytes},
                                     {"links_open", gauges.transport.links},
                                     {"links_queued_bytes", gauges.transport.queued_bytes}};
    metrics.counters.insert(metrics.counters.end(), counters.begin(), counters.end());
    metrics.gauges.insert(metrics.gauges.end(), levels.begin(), levels.end());
}

Metrics metrics_of(const node::MetricsAnswer& answer, const io::Driver& driver) {
    Metrics metrics;
    metrics.counters = metrics_of(answer.counters);
    metrics.gauges = metrics_of(answer.gauges);
    for (const auto& record : answer.histograms) {
        metrics.histograms.push_back({record.name, record.bounds, record.counts, record.sum});
    }
    add_driver(metrics, driver);
    return metrics;
}

Result<std::string> mesh_text_of(const node::MeshAnswer& answer) {
    Decoder decoder;
    const auto genesis = decoded<gossip::Genesis>(decoder, answer.genesis);
    io::MeshFile mesh;
    if (genesis) mesh.genesis = *genesis;
    for (const auto& record : answer.contacts) {
        const auto certificate = decoded<gossip::Certificate>(decoder, record.certificate);
        if (certificate) mesh.members.push_back({*certificate, record.addresses});
    }
    if (genesis && mesh.members.size() == answer.contacts.size()) return io::text_of(mesh);
    return failure(ErrorCode::failed, "answer_malformed", "the node's answer is malformed");
}

Unit done(const node::Done&) {
    return {};
}

}  // namespace

Result<void> Node::Inside::close() {
    if (closing_.exchange(true)) return {};
    const BootTime begun = io::read_clocks().boot_time;
    auto left =
        ask<Unit>(node::LeaveAsk{}, detail::Effect::possible, detail::reader_of<node::Done>(done))
            .wait(std::chrono::duration_cast<std::chrono::milliseconds>(leave_within));
    const Duration used = std::min(io::read_clocks().boot_time - begun, leave_within);
    auto closed = driver_->close(limits::close_within - used);
    inbox_->stop();
    if (!closed) return closed;
    if (left || left.error().name == "node_closed") return {};
    return tl::unexpected<Error>(std::move(left.error()));
}

Result<Node> Node::open(Options options) {
    if (options.data_dir.empty()) {
        return failure(ErrorCode::invalid, "data_dir_missing", "Options::data_dir is empty",
                       "name a directory for the node's keys and journal");
    }
    auto driver = io::Driver::open(driver_options(options));
    if (!driver) return tl::unexpected<Error>(std::move(driver.error()));
    return Node(std::make_shared<Inside>(std::move(*driver)));
}

Node::Node(std::shared_ptr<Inside> inside) : inside_(std::move(inside)) {}

Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

Result<void> Node::close() {
    return inside_->close();
}

const std::string& Node::id() const {
    return inside_->id();
}

const std::string& Node::bound() const {
    return inside_->driver().bound_address();
}

bool Node::ready() const {
    return inside_->driver().ready();
}

bool Node::healthy() const {
    return !inside_->driver().failed() && !inside_->driver().closed();
}

Pending<Status> Node::status() const {
    const auto convert = [bound = bound()](const node::StatusAnswer& answer) {
        return status_of(answer, bound);
    };
    return inside_->ask<Status>(node::StatusAsk{}, detail::Effect::none,
                                detail::reader_of<node::StatusAnswer>(convert));
}

Pending<Metrics> Node::metrics() const {
    // The answer is read by whoever waits: the node may be gone then.
    const auto convert = [self = std::weak_ptr(inside_)](const node::MetricsAnswer& answer) {
        const auto inside = self.lock();
        return inside ? metrics_of(answer, inside->driver()) : Metrics{};
    };
    return inside_->ask<Metrics>(node::MetricsAsk{}, detail::Effect::none,
                                 detail::reader_of<node::MetricsAnswer>(convert));
}

Pending<MemberPage> Node::members(const std::string& after, std::uint32_t max) const {
    node::MembersAsk ask;
    ask.max = max;
    if (!after.empty()) ask.after = NodeId::from_hex(after).value_or(NodeId{});
    const auto convert = [self = inside_->driver().id()](const node::MembersPage& page) {
        return page_of(page, self);
    };
    return inside_->ask<MemberPage>(ask, detail::Effect::none,
                                    detail::reader_of<node::MembersPage>(convert));
}

Result<Watch> Node::watch_members(MemberHandler handler) {
    auto read = [self = inside_->driver().id()](ByteView bytes) -> std::optional<NodeEvent> {
        auto event = detail::member_event_of(bytes, self);
        if (!event) return std::nullopt;
        return NodeEvent{0, std::move(*event)};
    };
    return inside_->subscribe(node::request_bytes(node::MemberEventsAsk{}), std::move(read),
                              detail::deliver_to<MemberEvent>(std::move(handler)));
}

Pending<Unit> Node::leave() {
    return inside_->ask<Unit>(node::LeaveAsk{}, detail::Effect::possible,
                              detail::reader_of<node::Done>(done));
}

Pending<Unit> Node::admit(const std::string& certificate,
                          const std::vector<std::string>& addresses) {
    const auto bytes = from_hex(certificate);
    const auto convert = [](const node::AdmitAnswer&) { return Unit{}; };
    // Text that is no hexadecimal goes on empty: the node refuses it by name.
    return inside_->ask<Unit>(node::AdmitAsk{bytes.value_or(Bytes{}), addresses},
                              detail::Effect::possible,
                              detail::reader_of<node::AdmitAnswer>(convert));
}

Pending<std::string> Node::mesh_file() const {
    const auto read = [](ByteView bytes, BootTime) -> Result<std::string> {
        Decoder decoder;
        const auto answer = node::answer_from<node::MeshAnswer>(decoder, bytes);
        if (!answer) return tl::unexpected<Error>(answer.error());
        return mesh_text_of(*answer);
    };
    return inside_->ask<std::string>(node::MeshAsk{}, detail::Effect::none, read);
}

std::size_t Node::poll(std::chrono::milliseconds timeout) {
    return inside_->inbox().run(timeout);
}

void Node::run() {
    while (!inside_->inbox().stopped()) inside_->inbox().run(1s);
}

void Node::stop() {
    inside_->inbox().stop();
}

std::optional<NodeEvent> Node::next_event(std::chrono::milliseconds timeout) {
    return inside_->inbox().next(timeout);
}

int Node::event_fd() const {
    return inside_->inbox().fd();
}

std::string_view version() {
    return STARLING_VERSION_TEXT;
}

unsigned wire_version_number() {
    return node::wire_version;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warn:
            return "warn";
        case LogLevel::error:
            return "error";
        case LogLevel::off:
            return "off";
    }
    return "off";
}

}  // namespace starling
