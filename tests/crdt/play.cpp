#include "tests/crdt/play.hpp"

#include "base/assert.hpp"

#include <utility>

namespace starling::crdt {

using namespace std::chrono_literals;

Play::Play(std::size_t nodes, Type type, std::vector<std::uint32_t> choices)
    : world(nodes), type_(type), choices_(std::move(choices)) {
    // Further apart than a hybrid clock follows.
    for (std::size_t i = 0; i < nodes; ++i) world.skew(i, i * 40s);
}

void Play::run(const Watch& watch) {
    for (const std::uint32_t choice : choices_) watch(*this, act(choice));
}

std::size_t Play::act(std::uint32_t choice) {
    const std::uint32_t action = choice % 20;
    const std::uint32_t rest = choice / 20;
    const std::size_t node = rest % world.size();
    world.advance(1ms);
    if (action < 9) return write(node, rest / 8);
    auto& flying = world.flying();
    if (action >= 17 || flying.empty()) return disturb(node, rest / 8);
    const std::size_t flight = rest % flying.size();
    const std::size_t to = flying[flight].to;
    if (action < 15) world.deliver(flight);
    if (action == 15) flying.push_back(Flight(flying[flight]));
    if (action == 16) flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(flight));
    return to;
}

Operation Play::operation(std::uint32_t choice) const {
    const std::string key = choice % 2 == 0 ? "a" : "a/b";
    const Bytes value = number(choice / 2 % 3);
    const bool ends = choice / 6 % 3 == 0;
    switch (type_) {
        case Type::lww:
        case Type::mv:
            return ends ? Operation::clear(key, type_) : Operation::assign(key, value, type_);
        case Type::counter:
            return Operation::increment(key, choice / 2 % 7 - std::int64_t{3});
        case Type::set:
            if (choice / 18 % 5 == 0) return Operation::clear(key, type_);
            return ends ? Operation::erase(key, value) : Operation::insert(key, value);
        case Type::any:
            break;
    }
    return {};
}

std::size_t Play::write(std::size_t node, std::uint32_t choice) {
    std::vector<Operation> operations;
    for (std::uint32_t i = 0; i <= choice % 3; ++i) operations.push_back(operation(choice / 3 + i));
    const Vector seen = vector_of(world.store(node));
    const auto last = world.write(node, operations);
    if (!last) {
        STARLING_ASSERT(last.error().code == ErrorCode::not_found);  // nothing to delete
        return node;
    }
    const Dot first{last->origin, last->counter + 1 - operations.size()};
    model.note(operations, first, seen, world.store(node).heads().at(last->origin).time);
    return node;
}

std::size_t Play::disturb(std::size_t node, std::uint32_t choice) {
    const std::size_t other = (node + 1 + choice / 4 % (world.size() - 1)) % world.size();
    switch (choice % 4) {
        case 0:
            world.restart(node);
            break;
        case 1:
            world.cut(node, other);
            break;
        case 2:
            world.heal();
            break;
        default:
            world.advance(limits::reconcile_period);
            world.step(node, [&](Store& store, Effects& out) {
                store.on_tick({}, world.now(node), out);
                store.on_reconcile(world.id(other), world.now(node), out);
            });
    }
    return node;
}

std::vector<Bytes> log_of(World& world, std::size_t node) {
    std::vector<Bytes> batches;
    for (const auto& [key, value] : world.disk(node).tables[Table::batches]) {
        batches.push_back(value);
    }
    return batches;
}

Listener::Listener() {
    SigningKey::Seed seed{};
    seed[0] = 99;
    const Setup setup{SigningKey(seed), Boot{1}, limits::log_bytes};
    store_ = std::make_unique<Store>(setup, verifier_, disk, Moment{});
}

BatchVerdict Listener::hear(const std::vector<Bytes>& stored) {
    Bytes body;
    Writer out(body);
    out.list(2);
    out.uint(0);
    out.list(stored.size());
    for (const Bytes& batch : stored) body.insert(body.end(), batch.begin(), batch.end());
    Decoder decoder;
    Reader in = decoder.parse(body);
    Batches message;
    STARLING_ASSERT(Batches::decode(in, message));
    out_.clear();
    const auto verdict = store_->on_batches(NodeId{}, message, {}, Moment{}, out_);
    disk.commit(out_);
    return verdict;
}

}  // namespace starling::crdt
