#include "tests/node/village.hpp"

#include "node/envelope.hpp"
#include "node/marks.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

namespace starling::node {
namespace {

using namespace std::chrono_literals;

SigningKey key_of(std::size_t number) {
    SigningKey::Seed seed{};
    seed[0] = static_cast<std::uint8_t>(number + 1);
    return SigningKey(seed);
}

JournalId journal_of(std::size_t number) {
    JournalId id;
    id.bytes[0] = static_cast<std::uint8_t>(number + 1);
    return id;
}

CurveKey curve_of(std::size_t number) {
    CurveKey key;
    key.bytes[0] = static_cast<std::uint8_t>(number + 1);
    return key;
}

std::string address_of(std::size_t number) {
    return "house-" + std::to_string(number) + ":1";
}

}  // namespace

void Shelf::scan(Table table, const Visit& visit) const {
    const auto found = tables_.find(table);
    if (found == tables_.end()) return;
    for (const auto& [key, value] : found->second) visit(key, value);
}

std::optional<Bytes> Shelf::read(Table table, ByteView key) const {
    const auto found = tables_.find(table);
    if (found == tables_.end()) return std::nullopt;
    const auto record = found->second.find(copy_of(key));
    if (record == found->second.end()) return std::nullopt;
    return record->second;
}

void Shelf::take(const Effects& out) {
    for (const Stored& stored : out.stored()) {
        auto& table = tables_[stored.table];
        if (stored.erase) {
            table.erase(copy_of(out.view(stored.key)));
        } else {
            table.insert_or_assign(copy_of(out.view(stored.key)), copy_of(out.view(stored.value)));
        }
    }
}

std::vector<FetchedRecord> Shelf::fetch(const Effects& out, const Fetch& fetch) const {
    std::vector<FetchedRecord> records;
    const auto table = tables_.find(fetch.table);
    if (table == tables_.end()) return records;
    const Bytes last = copy_of(out.view(fetch.last));
    std::size_t bytes = 0;
    for (auto it = table->second.lower_bound(copy_of(out.view(fetch.first)));
         it != table->second.end() && it->first <= last; ++it) {
        bytes += it->first.size() + it->second.size();
        if (bytes > limits::fetch_bytes && !records.empty()) break;
        records.push_back({it->first, it->second});
    }
    return records;
}

Village::Village(std::size_t count) : now_{BootTime{1h}, WallTime{1'000'000h}} {
    const SigningKey root = key_of(200);
    genesis_.root = root.id();
    genesis_.name = "village";
    for (std::size_t i = 0; i < count; ++i) {
        keys_.push_back(key_of(i));
        const std::size_t voters = count <= 2 ? 1 : count <= 4 ? 3 : 5;
        if (i < voters) genesis_.voters.push_back({keys_[i].id(), journal_of(i)});
    }
    std::ranges::sort(genesis_.voters);
    for (std::size_t i = 0; i < count; ++i) {
        gossip::CertificateTerms terms;
        terms.mesh = genesis_.mesh_id();
        terms.node = keys_[i].id();
        terms.curve = curve_of(i);
        terms.journal = journal_of(i);
        certificates_.push_back(gossip::issue(terms, root));
    }
    houses_.resize(count);
    for (std::size_t i = 0; i < count; ++i) start(i);
}

Village::~Village() = default;

NodeId Village::id(std::size_t index) const {
    return keys_[index].id();
}

Setup Village::setup_of(std::size_t index) const {
    Setup setup{keys_[index],
                genesis_,
                certificates_[index],
                journal_of(index),
                houses_[index].boot,
                {address_of(index)},
                "house-" + std::to_string(index),
                {},
                {},
                index + 1,
                {}};
    const auto journal = houses_[index].shelf.read(Table::meta, view_of(journal_id_key));
    if (journal) setup.journal = *JournalId::from_bytes(*journal);
    std::vector<Contact> contacts;
    for (std::size_t other = 0; other < keys_.size(); ++other) {
        if (other == index) continue;
        contacts.push_back({certificates_[other], {address_of(other)}});
    }
    std::ranges::sort(contacts, {}, [](const Contact& each) { return each.certificate.node; });
    setup.contacts = std::make_shared<const std::vector<Contact>>(std::move(contacts));
    return setup;
}

void Village::start(std::size_t index) {
    House& house = houses_[index];
    house.boot.value = std::max(house.boot.value + 1, wall_ms(now_.wall));
    house.links.clear();
    Effects out;
    house.core = std::make_unique<NodeCore>(setup_of(index), verifier_, house.shelf, now_, out);
    carry_out(index, out);
}

void Village::kill(std::size_t index) {
    houses_[index].core.reset();
    for (std::size_t other = 0; other < houses_.size(); ++other) {
        const auto link = houses_[other].links.find(id(index));
        if (!houses_[other].core || link == houses_[other].links.end()) continue;
        events_.push_back({other, {id(index), link->second, LinkNews::lost, 0}});
    }
}

void Village::run(Duration time) {
    const BootTime end = now_.boot_time + time;
    while (now_.boot_time < end) step();
}

bool Village::run_until(const std::function<bool()>& done, Duration limit) {
    const BootTime end = now_.boot_time + limit;
    while (!done()) {
        if (now_.boot_time >= end) return false;
        step();
    }
    return true;
}

void Village::step() {
    now_.boot_time += 1ms;
    now_.wall += 1ms;
    std::vector<Effects> effects(houses_.size());
    for (auto& [index, event] : std::exchange(events_, {})) {
        if (houses_[index].core) houses_[index].core->on_link(event, now_, effects[index]);
    }
    while (!travelling_.empty() && travelling_.front().due <= now_.boot_time) {
        const Travelling arrived = std::move(travelling_.front());
        travelling_.pop_front();
        auto& core = houses_[arrived.to].core;
        if (core) core->on_frame(arrived.from, arrived.frame, now_, effects[arrived.to]);
    }
    for (std::size_t i = 0; i < houses_.size(); ++i) {
        if (!houses_[i].core) continue;
        houses_[i].core->on_tick(now_, Backlog::drained, effects[i]);
        carry_out(i, effects[i]);
    }
}

void Village::carry_out(std::size_t index, Effects& out) {
    House& house = houses_[index];
    house.shelf.take(out);
    for (const TraceRecord& record : out.traced()) ++traced_[record.event];
    carry_out_links(index, out);
    for (const Outgoing& outgoing : out.outgoing()) {
        const auto to = index_of(outgoing.to);
        const auto link = house.links.find(outgoing.to);
        const bool own = outgoing.to == id(index);
        if (!to || (!own && link == house.links.end())) continue;
        const auto header = header_bytes({.kind = outgoing.kind,
                                          .link = own ? LinkId{} : link->second,
                                          .sent_ms = sent_ms_of(now_.boot_time)});
        Bytes frame(header.begin(), header.end());
        const ByteView body = out.view(outgoing.body);
        frame.insert(frame.end(), body.begin(), body.end());
        travelling_.push_back({now_.boot_time + 1ms, *to, id(index), std::move(frame)});
    }
    for (const Answer& answer : out.answers()) {
        answers_[answer.call].push_back(copy_of(out.view(answer.body)));
    }
    Effects later;
    for (const Fetch& fetch : out.fetches()) {
        const auto records = house.shelf.fetch(out, fetch);
        house.core->on_fetched(fetch.tag, records, now_, later);
    }
    if (!later.empty()) carry_out(index, later);
}

void Village::carry_out_links(std::size_t index, const Effects& out) {
    for (const LinkCommand& command : out.links()) {
        const auto to = index_of(command.peer);
        const bool there = to && houses_[*to].core != nullptr;
        if (command.action == LinkAction::dial) {
            if (there) houses_[index].links[command.peer] = command.link;
            events_.push_back(
                {index,
                 {command.peer, command.link, there ? LinkNews::connected : LinkNews::refused, 0}});
        } else if (command.action == LinkAction::probe) {
            events_.push_back({index,
                               {command.peer, command.link,
                                there ? LinkNews::probe_accepted : LinkNews::refused, 0}});
        } else if (command.action == LinkAction::hang_up) {
            houses_[index].links.erase(command.peer);
        }
    }
}

std::optional<std::size_t> Village::index_of(const NodeId& id) const {
    const auto found = std::ranges::find(keys_, id, &SigningKey::id);
    if (found == keys_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - keys_.begin());
}

void Village::set_health(std::size_t index, const DriverHealth& health) {
    Effects out;
    node(index).on_health(health, out);
    carry_out(index, out);
}

FrameVerdict Village::inject(std::size_t to, std::size_t from, ByteView frame) {
    Effects out;
    const FrameVerdict verdict = node(to).on_frame(id(from), frame, now_, out);
    carry_out(to, out);
    return verdict;
}

LinkId Village::link_between(std::size_t from, std::size_t to) const {
    const auto found = houses_[from].links.find(id(to));
    return found == houses_[from].links.end() ? LinkId{} : found->second;
}

CallId Village::call_bytes(std::size_t index, ByteView request) {
    const CallId call{++last_call_};
    Effects out;
    node(index).on_call(call, request, now_, out);
    carry_out(index, out);
    return call;
}

void Village::end_call(std::size_t index, CallId call) {
    node(index).on_call_ended(call);
}

std::size_t Village::traced(Event event) const {
    const auto found = traced_.find(event);
    return found == traced_.end() ? 0 : found->second;
}

}  // namespace starling::node
