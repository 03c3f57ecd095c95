// A network alone, for tests of it: hosts that know each other's keys; what reaches them is written
// down.
//
//      dial, send, run(duration) ──> heard, news, dropped
//
// Not thread safe.
#pragma once

#include "node/envelope.hpp"
#include "sim/network.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling::sim {

inline constexpr std::uint32_t ann = 0;
inline constexpr std::uint32_t bob = 1;

class NetworkWorld final : private Ends {
public:
    explicit NetworkWorld(std::uint64_t seed = 1, std::uint32_t hosts = 2)
        : timetable_(seed), network(NetworkModel{}, seed, timetable_, bodies, *this) {
        for (std::uint32_t host = 0; host < hosts; ++host) {
            network.add({id_of(host), curve_of(host), address_of(host), &clock});
            network.start(host);
        }
        for (std::uint32_t host = 0; host < hosts; ++host) {
            for (std::uint32_t other = 0; other < hosts; ++other) admit(host, other);
        }
    }

    static NodeId id_of(std::uint32_t host) {
        NodeId id;
        id.bytes[0] = static_cast<std::uint8_t>(host + 1);
        return id;
    }

    static std::string address_of(std::uint32_t host) { return "host:" + std::to_string(host); }

    void admit(std::uint32_t host, std::uint32_t other) {
        network.carry_out(host, {LinkAction::admit, id_of(other), curve_of(other), {}, {}}, {},
                          now);
    }

    void dial(std::uint32_t from, std::uint32_t to) {
        network.carry_out(from, {LinkAction::dial, id_of(to), curve_of(to), LinkId{++links}, {}},
                          address_of(to), now);
    }

    void probe(std::uint32_t from, std::uint32_t to) {
        network.carry_out(from, {LinkAction::probe, id_of(to), {}, LinkId{++links}, {}},
                          address_of(to), now);
    }

    void send(std::uint32_t from, std::uint32_t to, std::string_view text,
              Kind kind = Kind::cells) {
        const Bodies::Handle body = bodies.add(view_of(text));
        network.send(from, id_of(to), kind, body, now);
        bodies.release(body);
    }

    // Dialled, and the first frame sent.
    void connect(std::uint32_t from, std::uint32_t to) {
        dial(from, to);
        run(std::chrono::milliseconds{100});
        REQUIRE(news.back() == node::LinkNews::connected);
        send(from, to, "hello", Kind::hello);
        run(std::chrono::milliseconds{100});
        heard.clear();
        heard_at.clear();
    }

    void cut(Direction direction = Direction::both) {
        const std::array left = {ann};
        const std::array right = {bob};
        network.cut(1, left, right, direction);
    }

    void run(Duration duration) {
        const Duration until = now + duration;
        while (!timetable_.empty() && timetable_.next_time() <= until) {
            const auto due = timetable_.pop();
            now = due.at;
            network.on_due(due.payload, now);
        }
        now = until;
    }

private:
    Timetable timetable_;

public:
    Bodies bodies;
    Network network;
    HostClock clock{{}, {}};
    Duration now{};
    std::uint32_t links = 0;
    std::vector<std::string> heard;   // bodies in the order of arrival
    std::vector<LinkId> heard_links;  // of their headers
    std::vector<Duration> heard_at;
    std::vector<node::LinkNews> news;
    std::vector<DropReason> dropped;
    bool reads = true;  // whether processes read what arrives
    std::vector<Arrival> unread;

private:
    static CurveKey curve_of(std::uint32_t host) {
        CurveKey key;
        key.bytes[0] = static_cast<std::uint8_t>(host + 101);
        return key;
    }

    void on_arrival(std::uint32_t /*host*/, const Arrival& arrival) override {
        heard.emplace_back(starling::text_of(bodies.view(arrival.body)));
        heard_links.push_back(node::read_header(arrival.head)->link);
        heard_at.push_back(now);
        if (!reads) return unread.push_back(arrival);
        network.consumed(arrival, now);
        bodies.release(arrival.body);
    }

    void on_link(std::uint32_t /*host*/, const node::LinkEvent& event) override {
        news.push_back(event.news);
    }

    void on_dropped(std::uint32_t, const NodeId&, Kind, DropReason reason) override {
        dropped.push_back(reason);
    }
};

}  // namespace starling::sim
