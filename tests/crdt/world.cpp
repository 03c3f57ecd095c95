#include "tests/crdt/world.hpp"

#include "base/assert.hpp"
#include "base/value_codec.hpp"

#include <algorithm>
#include <utility>

namespace starling::crdt {
namespace {

constexpr std::uint64_t first_boot =
    1'700'000'000'000;  // milliseconds: wall time of the world's start

}  // namespace

void MemoryDisk::scan(Table table, const Visit& visit) const {
    const auto found = tables.find(table);
    if (found == tables.end()) return;
    for (const auto& [key, value] : found->second) visit(key, value);
}

std::optional<Bytes> MemoryDisk::read(Table table, ByteView key) const {
    const auto found = tables.find(table);
    if (found == tables.end()) return std::nullopt;
    const auto record = found->second.find(copy_of(key));
    if (record == found->second.end()) return std::nullopt;
    return record->second;
}

void MemoryDisk::commit(const Effects& out) {
    for (const Stored& stored : out.stored()) {
        auto& records = tables[stored.table];
        if (stored.erase) {
            records.erase(copy_of(out.view(stored.key)));
        } else {
            records[copy_of(out.view(stored.key))] = copy_of(out.view(stored.value));
        }
    }
}

std::vector<Bytes> MemoryDisk::fetch(const Effects& out, const Fetch& fetch) const {
    std::vector<Bytes> values;
    const auto found = tables.find(fetch.table);
    if (found == tables.end()) return values;
    const Bytes last = copy_of(out.view(fetch.last));
    std::size_t bytes = 0;
    auto record = found->second.lower_bound(copy_of(out.view(fetch.first)));
    for (; record != found->second.end() && record->first <= last; ++record) {
        bytes += record->first.size() + record->second.size();
        if (bytes > limits::fetch_bytes) break;
        values.push_back(record->second);
    }
    return values;
}

bool RememberingVerifier::verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                                 const Signature& signature) const {
    const auto [place, added] = known_.try_emplace({signer, copy_of(bytes), signature});
    if (added) place->second = Verifier::verify(signer, domain, bytes, signature);
    return place->second;
}

World::World(std::size_t nodes, std::uint64_t log_bytes) : log_bytes_(log_bytes) {
    for (std::size_t i = 0; i < nodes; ++i) {
        SigningKey::Seed seed{};
        seed[0] = static_cast<std::uint8_t>(i + 1);
        nodes_.emplace_back(SigningKey(seed));
    }
    for (std::size_t i = 0; i < nodes; ++i) restart(i, Boot{first_boot + i});
}

std::uint64_t World::traced(std::size_t node, Event event) const {
    const auto found = nodes_[node].traced.find(event);
    return found == nodes_[node].traced.end() ? 0 : found->second;
}

Moment World::now(std::size_t node) const {
    const WallTime start{std::chrono::milliseconds{first_boot}};
    return {BootTime{elapsed_}, start + elapsed_ + nodes_[node].skew};
}

void World::restart(std::size_t node) {
    restart(node, Boot{nodes_[node].boot.value + 1000});
}

void World::restart(std::size_t node, Boot boot) {
    Node& it = nodes_[node];
    it.boot = boot;
    std::erase_if(flying_, [&](const Flight& flight) { return flight.to == node; });
    it.store =
        std::make_unique<Store>(Setup{it.key, boot, log_bytes_}, verifier_, it.disk, now(node));
}

std::vector<NodeId> World::links_of(std::size_t node) const {
    std::vector<NodeId> links;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (i != node && !cut_.contains(std::minmax(node, i))) links.push_back(id(i));
    }
    return links;
}

std::size_t World::index_of(const NodeId& node) const {
    const auto is_it = [&](const Node& each) { return each.key.id() == node; };
    return static_cast<std::size_t>(std::ranges::find_if(nodes_, is_it) - nodes_.begin());
}

void World::cut(std::size_t a, std::size_t b) {
    const std::pair pair = std::minmax(a, b);
    cut_.insert(pair);
    std::erase_if(flying_, [&](const Flight& flight) {
        return std::pair(std::minmax(flight.from, flight.to)) == pair;
    });
}

void World::carry_out(std::size_t node, const Effects& out) {
    Node& it = nodes_[node];
    it.disk.commit(out);
    for (const TraceRecord& record : out.traced()) ++it.traced[record.event];
    for (const Outgoing& frame : out.outgoing()) {
        const std::size_t to = index_of(frame.to);
        if (to == nodes_.size() || cut_.contains(std::minmax(node, to))) continue;
        flying_.push_back({node, to, frame.kind, copy_of(out.view(frame.body))});
    }
    for (const Fetch& fetch : out.fetches()) {
        const std::vector<Bytes> values = it.disk.fetch(out, fetch);
        const std::vector<ByteView> views(values.begin(), values.end());
        step(node, [&](Store& store, Effects& further) {
            STARLING_ASSERT(store.on_fetched(fetch.tag, views, further));
        });
    }
}

void World::step(std::size_t node, const std::function<void(Store&, Effects&)>& act) {
    Effects out;
    act(store(node), out);
    carry_out(node, out);
}

Result<Dot> World::write(std::size_t node, std::vector<Operation> operations,
                         const WriteInfo& info) {
    std::optional<Result<Dot>> result;
    step(node, [&](Store& store, Effects& out) {
        result = store.write(std::move(operations), info, links_of(node), now(node), out);
    });
    return *result;
}

Dot World::must_write(std::size_t node, Operation operation) {
    const auto dot = write(node, {std::move(operation)});
    STARLING_ASSERT(dot.has_value());
    return *dot;
}

BatchVerdict World::receive(std::size_t node, std::size_t from, const Batches& message) {
    BatchVerdict verdict{};
    step(node, [&](Store& store, Effects& out) {
        verdict = store.on_batches(id(from), message, links_of(node), now(node), out);
    });
    return verdict;
}

void World::receive_frame(const Flight& flight) {
    const NodeId& from = id(flight.from);
    const auto decode = [&]<class M>(M& message) {
        Reader in = decoder_.parse(flight.body);
        STARLING_ASSERT(M::decode(in, message));
    };
    if (flight.kind == Kind::batches) {
        Batches message;
        decode(message);
        receive(flight.to, flight.from, message);
        return;
    }
    step(flight.to, [&](Store& store, Effects& out) {
        if (flight.kind == Kind::want) {
            Want message;
            decode(message);
            store.on_want(from, message, out);
        } else if (flight.kind == Kind::heads) {
            Heads message;
            decode(message);
            store.on_heads(from, message, now(flight.to), out);
        } else if (flight.kind == Kind::copies) {
            Copies message;
            decode(message);
            store.on_copies(from, message);
        }
    });
}

void World::deliver(std::size_t flight) {
    const Flight frame = flying_[flight];
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(flight));
    receive_frame(frame);
}

void World::deliver_all() {
    while (!flying_.empty()) deliver(0);
}

void World::deliver_only(std::size_t to, Kind kind) {
    std::vector<Flight> frames = std::exchange(flying_, {});
    for (const Flight& frame : frames) {
        if (frame.to == to && frame.kind == kind) receive_frame(frame);
    }
}

void World::advance(Duration by) {
    elapsed_ += by;
}

bool World::equal_roots() const {
    return std::ranges::all_of(nodes_, [&](const Node& node) {
        return node.store->root() == nodes_.front().store->root();
    });
}

bool World::settle() {
    for (int round = 0; round < 200; ++round) {
        deliver_all();
        if (equal_roots()) return true;
        advance(limits::reconcile_period);
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            step(i, [&](Store& store, Effects& out) {
                store.on_tick(links_of(i), now(i), out);
                for (const NodeId& link : links_of(i)) {
                    const bool differs = nodes_[index_of(link)].store->root() != store.root();
                    if (differs) store.on_reconcile(link, now(i), out);
                }
            });
        }
    }
    return false;
}

Batches World::stored(std::size_t node, const Dot& first) {
    const Bytes& bytes = disk(node).tables[Table::batches].at(key_of(first));
    Batches message{Freshness::stored, {{}}};
    Reader in = decoder_.parse(bytes);
    STARLING_ASSERT(SealedBatch::decode(in, message.batches.front()));
    return message;
}

Bytes text(std::string_view value) {
    return value_bytes(Value(std::string(value)));
}

Bytes number(std::int64_t value) {
    return value_bytes(Value(value));
}

}  // namespace starling::crdt
