// N gossip cores on virtual time, with a small model of connections under them.
//
//   Effects ──frames──> queue of the receiver ──latency──> on_<message>, then on_tick at the same
//   moment neighbours(), take_dials() ──> dials: up after a moment, refused by the dead, hanging at
//   the stopped
//
// Frames over a cut are held back as TCP would, and the connection is lost after `black_hole`.
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "gossip/gossip.hpp"
#include "tests/gossip/memory_records.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace starling::gossip {

using namespace std::chrono_literals;

inline SigningKey test_key(std::uint8_t number) {
    SigningKey::Seed seed{};
    seed.fill(number);
    return SigningKey(seed);
}

inline const SigningKey& root_key() {
    static const SigningKey key = test_key(250);
    return key;
}

inline Genesis test_genesis(std::string name = "test") {
    Genesis genesis;
    genesis.root = root_key().id();
    genesis.name = std::move(name);
    return genesis;
}

inline Certificate test_certificate(std::uint8_t number, const Genesis& genesis = test_genesis()) {
    CertificateTerms terms;
    terms.mesh = genesis.mesh_id();
    terms.node = test_key(number).id();
    terms.curve.bytes.fill(number);
    terms.issued = 1;
    return issue(terms, root_key());
}

inline Introduction test_contact(std::uint8_t number) {
    return {test_certificate(number), {"host" + std::to_string(number) + ":1"}};
}

constexpr std::uint8_t ann = 1;
constexpr std::uint8_t bob = 2;
constexpr std::uint8_t eve = 3;
constexpr std::uint8_t dan = 4;
constexpr std::uint8_t fay = 5;

// What a mesh is made of; nodes are numbered from 1.
struct Plan {
    std::size_t nodes = 5;
    std::uint64_t seed = 1;
    Duration latency = 1ms;
    std::size_t contacts_known = 255;  // of the nodes before and after, by number
};

class World {
public:
    using Name = std::uint8_t;

    explicit World(Plan plan) : plan_(plan) {
        for (std::size_t i = 1; i <= plan.nodes; ++i) add(static_cast<Name>(i));
        for (std::size_t i = 1; i <= plan.nodes; ++i) start(static_cast<Name>(i));
    }

    // ---- what happens to nodes
    void add(Name name) { hosts_[name].id = test_key(name).id(), names_[hosts_[name].id] = name; }

    void start(Name name, std::optional<std::vector<Name>> contacts = std::nullopt) {
        Host& host = hosts_.at(name);
        Setup setup{
            test_key(name), test_genesis(), test_certificate(name), {}, {}, {}, {}, {}, 0, {}};
        setup.boot = Boot{std::max(host.boot.value + 1, 1000 + wall_ms(now().wall))};
        host.boot = setup.boot;
        setup.addresses = {"host" + std::to_string(name) + ":1"};
        setup.name = "node" + std::to_string(name);
        setup.random_seed = plan_.seed * 1000 + name;
        std::vector<Introduction> listing;
        for (const auto& [other, ignored] : hosts_) {
            const bool listed =
                contacts ? std::ranges::count(*contacts, other) > 0 : other <= plan_.contacts_known;
            if (other != name && listed) listing.push_back(test_contact(other));
        }
        const auto node = [](const Introduction& each) { return each.certificate.node; };
        std::ranges::sort(listing, {}, node);
        setup.contacts = std::make_shared<const std::vector<Introduction>>(std::move(listing));
        host.inbox.clear();
        host.alive = true;
        host.stopped = false;
        host.core = std::make_unique<Gossip>(setup, *verifier_, host.records, now(), host.out);
        end_turn(name);
    }

    // kill -9: connections break, nobody listens any more.
    void kill(Name name) {
        Host& host = hosts_.at(name);
        host.alive = false;
        host.core.reset();
        host.links.clear();
        for (auto& [other, peer] : hosts_) {
            if (!peer.alive || !peer.links.contains(name)) continue;
            peer.links.erase(name);
            peer.retry[name] = time_ + 1ms;
            const NodeId gone = host.id;
            after(1ms, other,
                  [gone](Gossip& core, Moment now, Effects&) { core.on_link_lost(gone, now); });
        }
    }

    void stop(Name name) { hosts_.at(name).stopped = true; }

    void resume(Name name) {
        hosts_.at(name).stopped = false;
        step(name);
    }

    // Nothing passes between the two any more, in either direction.
    void cut(Name a, Name b) { cut_[{std::min(a, b), std::max(a, b)}] = time_; }

    void heal(Name a, Name b) { cut_.erase({std::min(a, b), std::max(a, b)}); }

    void partition(const std::vector<Name>& left, const std::vector<Name>& right) {
        for (const Name a : left) {
            for (const Name b : right) cut(a, b);
        }
    }

    void heal_all() { cut_.clear(); }

    // The journal takes this long: frames that promise something wait.
    void stall_journal(Name name, Duration delay) { hosts_.at(name).journal_delay = delay; }

    template <class Do>
    void with(Name name, Do action) {
        Host& host = hosts_.at(name);
        action(*host.core, now(), host.out);
        end_turn(name);
    }

    // ---- time
    void run(Duration duration) {
        const BootTime end = time_ + duration;
        while (const auto next = next_event(end)) {
            time_ = std::max(time_, *next);
            for (auto& [name, host] : hosts_) {
                if (host.alive && !host.stopped && is_due(host)) step(name);
            }
        }
        time_ = end;
    }

    // Runs until the condition holds; how long that took, or nothing.
    template <class Condition>
    std::optional<Duration> run_until(Duration limit, Condition condition) {
        const BootTime begin = time_;
        while (time_ - begin < limit) {
            if (condition()) return time_ - begin;
            run(5ms);
        }
        return std::nullopt;
    }

    // ---- what there is to see
    [[nodiscard]] Gossip& core(Name name) { return *hosts_.at(name).core; }

    [[nodiscard]] NodeId id(Name name) const { return hosts_.at(name).id; }

    [[nodiscard]] Moment now() const {
        return {time_, WallTime{} + 1'000'000s + time_.time_since_epoch()};
    }

    [[nodiscard]] MemberState state(Name viewer, Name subject) {
        return core(viewer).state(id(subject));
    }

    [[nodiscard]] bool all_see(Name subject, MemberState state, Incarnation above = {}) {
        return std::ranges::all_of(hosts_, [&](auto& each) {
            const auto& [name, host] = each;
            if (!host.alive || host.stopped || name == subject) return true;
            const auto view = host.core->member(id(subject));
            return view && view->state == state && view->incarnation() >= above;
        });
    }

    [[nodiscard]] bool tables_are_equal() {
        std::set<std::uint64_t> roots;
        for (auto& [name, host] : hosts_) {
            if (host.alive) roots.insert(host.core->roots().table);
        }
        return roots.size() == 1;
    }

    // And all have seen it.
    [[nodiscard]] bool converged() {
        return tables_are_equal() && std::ranges::all_of(hosts_, [](auto& each) {
                   return !each.second.alive || each.second.core->converged();
               });
    }

    [[nodiscard]] bool all_joined() {
        return std::ranges::all_of(hosts_, [&](auto& each) {
            return !each.second.alive || each.second.core->joined(time_);
        });
    }

    // How often this state was reported anywhere.
    [[nodiscard]] std::size_t changes_to(MemberState state) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            changes_, [&](const auto& each) { return each.second.to == state; }));
    }

    [[nodiscard]] const std::vector<std::pair<Name, MemberChange>>& changes() const {
        return changes_;
    }

    [[nodiscard]] std::size_t opinions_given(Name name) const {
        return hosts_.at(name).opinions_given;
    }

    [[nodiscard]] std::size_t frames(Kind kind) const {
        const auto found = frames_.find(kind);
        return found == frames_.end() ? 0 : found->second;
    }

    [[nodiscard]] bool linked(Name a, Name b) const { return hosts_.at(a).links.contains(b); }

private:
    struct Event {
        BootTime at;
        std::function<void(Gossip&, Moment, Effects&)> act;
        std::optional<Name> from;  // a frame: held back while the two are cut off
    };

    struct Host {
        NodeId id;
        Boot boot;
        bool alive = false;
        bool stopped = false;
        std::unique_ptr<Gossip> core;
        MemoryRecords records;
        Effects out;
        std::deque<Event> inbox;  // ascending by time
        std::set<Name> links;
        std::map<Name, BootTime> dialling;  // done at
        std::map<Name, BootTime> retry;     // not before
        std::set<Name> dial_once;
        std::optional<BootTime> wake;
        Duration journal_delay{};
        std::size_t opinions_given = 0;
        std::uint64_t checked_root = 0;
        std::map<NodeId, std::pair<Boot, Incarnation>> seen;
    };

    static constexpr Duration black_hole = 10s;

    [[nodiscard]] bool is_cut(Name a, Name b) const {
        return cut_.contains({std::min(a, b), std::max(a, b)});
    }

    void after(Duration delay, Name to, std::function<void(Gossip&, Moment, Effects&)> act,
               std::optional<Name> from = std::nullopt) {
        auto& inbox = hosts_.at(to).inbox;
        const BootTime at = time_ + delay;
        const auto place = std::upper_bound(inbox.begin(), inbox.end(), at,
                                            [](BootTime t, const Event& e) { return t < e.at; });
        inbox.insert(place, {at, std::move(act), from});
    }

    [[nodiscard]] std::optional<BootTime> next_event(BootTime end) {
        std::optional<BootTime> next;
        for (auto& [name, host] : hosts_) {
            if (!host.alive || host.stopped) continue;
            next = earlier(next, host.wake);
            for (const Event& each : host.inbox) {
                if (each.from && is_cut(name, *each.from)) continue;
                next = earlier(next, each.at);
                break;
            }
            for (const auto& [peer, at] : host.dialling) next = earlier(next, at);
        }
        if (!next || *next > end) return std::nullopt;
        return next;
    }

    [[nodiscard]] bool is_due(const Host& host) const {
        const Name name = names_.at(host.id);
        const auto due = [&](const Event& e) {
            return e.at <= time_ && !(e.from && is_cut(name, *e.from));
        };
        const auto dialled = [&](const auto& each) { return each.second <= time_; };
        return (host.wake && *host.wake <= time_) || std::ranges::any_of(host.inbox, due) ||
               std::ranges::any_of(host.dialling, dialled);
    }

    void step(Name name) {
        Host& host = hosts_.at(name);
        std::deque<Event> due;
        std::deque<Event> later;
        for (Event& each : host.inbox) {
            const bool held = each.from && is_cut(name, *each.from);
            (each.at <= time_ && !held ? due : later).push_back(std::move(each));
        }
        host.inbox = std::move(later);
        for (const Event& each : due) each.act(*host.core, now(), host.out);
        finish_dials(name);
        end_turn(name);
    }

    void end_turn(Name name) {
        Host& host = hosts_.at(name);
        host.core->on_tick(now(), Input::drained, host.out);
        for (const NodeId& peer : host.core->take_dials()) host.dial_once.insert(names_.at(peer));
        for (const MemberChange& each : host.core->take_changes()) {
            changes_.emplace_back(name, each);
        }
        check_standings(name);
        update_links(name);
        host.wake = host.core->next_deadline();
        if (host.wake && *host.wake <= time_) host.wake = time_ + 1ms;
        for (const auto& [peer, at] : host.retry) {
            if (wants(host, peer)) host.wake = earlier(host.wake, std::max(at, time_ + 1ms));
        }
        host.core->on_sleep(host.wake);
        release(name);
    }

    // gossip.md 4.1 I1 and I2, whenever a table changed: nobody falls back, and nobody is beyond
    // what he said himself.
    void check_standings(Name name) {
        Host& host = hosts_.at(name);
        if (host.core->roots().table == host.checked_root) return;
        host.checked_root = host.core->roots().table;
        for (const MemberView& view : host.core->members()) {
            if (!view.claim) continue;
            const auto now_at = std::pair(view.boot(), view.incarnation());
            auto& last = host.seen[view.id];
            REQUIRE(now_at >= last);
            last = now_at;
            const Host& subject = hosts_.at(names_.at(view.id));
            if (!subject.core) continue;
            const auto own = subject.core->member(view.id);
            REQUIRE(now_at <= std::pair(own->boot(), own->incarnation()));
        }
    }

    [[nodiscard]] bool wants(const Host& host, Name peer) const {
        return std::ranges::binary_search(host.core->neighbours(), hosts_.at(peer).id);
    }

    void update_links(Name name) {
        Host& host = hosts_.at(name);
        for (auto each = host.links.begin(); each != host.links.end();) {
            const auto cut = cut_.find({std::min(name, *each), std::max(name, *each)});
            const bool lost = cut != cut_.end() && time_ - cut->second > black_hole;
            const bool kept = wants(host, *each) || host.dial_once.contains(*each);
            if (kept && !lost) {
                ++each;
                continue;
            }
            host.core->on_link_lost(hosts_.at(*each).id, now());
            each = host.links.erase(each);
        }
        std::set<Name> wanted = host.dial_once;
        for (const NodeId& each : host.core->neighbours()) wanted.insert(names_.at(each));
        for (const Name peer : wanted) dial(name, peer);
    }

    void dial(Name name, Name peer) {
        Host& host = hosts_.at(name);
        if (host.links.contains(peer) || host.dialling.contains(peer)) return;
        if (host.retry.contains(peer) && host.retry[peer] > time_) return;
        host.retry.erase(peer);
        host.dialling[peer] = time_ + 3 * plan_.latency;
    }

    void finish_dials(Name name) {
        Host& host = hosts_.at(name);
        const auto dialling = host.dialling;
        for (const auto& [peer, at] : dialling) {
            if (at > time_) continue;
            host.dialling.erase(peer);
            const Host& other = hosts_.at(peer);
            if (is_cut(name, peer) || (other.alive && other.stopped)) {
                host.retry[peer] = time_ + 3500ms;
                host.dial_once.erase(peer);
            } else if (!other.alive) {
                host.retry[peer] = time_ + 200ms;
                host.dial_once.erase(peer);
                host.core->on_refused(other.id);
            } else {
                host.links.insert(peer);
                host.out.send(other.id, host.core->hello());  // first frame
                host.core->on_link_up(other.id, now(), host.out);
            }
        }
    }

    void release(Name name) {
        Host& host = hosts_.at(name);
        for (const TraceRecord& each : host.out.traced()) {
            host.opinions_given += each.event == starling::Event::opinion_given ? 1U : 0U;
        }
        host.records.apply(host.out);
        for (const Outgoing& each : host.out.outgoing()) {
            const Name to = names_.at(each.to);
            ++frames_[each.kind];
            if (!host.links.contains(to) || !hosts_.at(to).alive) continue;
            const Duration wait = each.gate == Gate::durable ? host.journal_delay : 0ms;
            after(plan_.latency + wait, to, receiver(host.id, each.kind, host.out.view(each.body)),
                  name);
        }
        host.out.clear();
    }

    static std::function<void(Gossip&, Moment, Effects&)> receiver(const NodeId& from, Kind kind,
                                                                   ByteView body) {
        return [from, kind, bytes = copy_of(body)](Gossip& core, Moment now, Effects& out) {
            core.on_heard(from, now, out);
            Decoder decoder;
            const auto deliver = [&](auto handler, auto message) {
                const auto parsed = decoded<decltype(message)>(decoder, bytes);
                REQUIRE(parsed.has_value());
                (core.*handler)(from, *parsed, now, out);
            };
            if (kind == Kind::hello) deliver(&Gossip::on_hello, Hello{});
            if (kind == Kind::ping) deliver(&Gossip::on_ping, Ping{});
            if (kind == Kind::pong) deliver(&Gossip::on_pong, Pong{});
            if (kind == Kind::table_digest) deliver(&Gossip::on_table_digest, TableDigest{});
            const auto open = [&](auto handler, auto message) {
                Reader reader = decoder.parse(bytes);
                REQUIRE(decltype(message)::decode(reader, core.commons(), message));
                (core.*handler)(from, message, now, out);
            };
            if (kind == Kind::cells) open(&Gossip::on_cells, OpenCells{});
            if (kind == Kind::table_entries) open(&Gossip::on_table_entries, OpenEntries{});
        };
    }

    Plan plan_;
    std::unique_ptr<Verifier> verifier_ = std::make_unique<Verifier>();
    BootTime time_{1h};
    std::map<Name, Host> hosts_;
    std::map<NodeId, Name> names_;
    std::map<std::pair<Name, Name>, BootTime> cut_;
    std::vector<std::pair<Name, MemberChange>> changes_;
    std::map<Kind, std::size_t> frames_;
};

// A mesh whose nodes all know each other, and two seconds of quiet.
inline World settled(Plan plan) {
    World world(plan);
    REQUIRE(world.run_until(10s, [&] { return world.converged(); }));
    world.run(2s);
    return world;
}

}  // namespace starling::gossip
