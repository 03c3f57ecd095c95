// Five nodes that run, and what they say, hear and trace as the test writes it, to one check.
#pragma once

#include "base/codec.hpp"
#include "sim/check.hpp"
#include "sim/identities.hpp"
#include "tests/sim/desk.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim::five_nodes {

inline constexpr std::uint32_t ann = 0;
inline constexpr std::uint32_t bob = 1;
inline constexpr std::uint32_t eve = 2;

inline const Identities& mesh() {
    static const Identities identities = make_identities(1, 5);
    return identities;
}

inline NodeId id_of(std::uint32_t host) {
    return mesh().nodes[host].key.id();
}

inline std::vector<NodeId> ids() {
    return ids_of(mesh());
}

// Five nodes that run since 0, whom one check listens to.
template <class Subject>
class Talk {
public:
    template <class... Arguments>
    explicit Talk(Arguments&&... arguments)
        : check(std::forward<Arguments>(arguments)..., findings) {
        for (std::uint32_t host = 0; host < 5; ++host) check.on_started(host, Boot{100}, 0s);
    }

    template <class Message>
    void says(std::uint32_t host, std::uint32_t to, const Message& message, Duration now = 1s) {
        check.on_said(told(host, to, message, now));
    }

    // What waited for the disk since `made`.
    template <class Message>
    void says_late(std::uint32_t host, std::uint32_t to, const Message& message, Duration made,
                   Duration now) {
        Told late = told(host, to, message, now);
        late.made = made;
        check.on_said(late);
    }

    template <class Message>
    void hears(std::uint32_t host, std::uint32_t from, const Message& message, Duration now = 1s) {
        check.on_heard(told(host, from, message, now));
    }

    void traces(std::uint32_t host, Event event, std::array<std::uint64_t, 6> fields,
                Duration now) {
        check.on_traced(host, {event, 6, fields}, now);
    }

    void restarts(std::uint32_t host, Duration now) { check.on_started(host, Boot{200}, now); }

    // A fault that goes on.
    void strikes(FaultKind kind, std::uint32_t host, Duration now) {
        Fault fault;
        fault.kind = kind;
        fault.host = host;
        check.on_fault(fault, Phase::begins, now);
    }

    void looks(Duration now) {
        if (check.next_time() && *check.next_time() <= now) check.on_time(now);
    }

    [[nodiscard]] Names broken() const {
        Names names;
        for (const auto& [name, result] : findings.results()) {
            if (result.violations > 0) names.push_back(name);
        }
        return names;
    }

    Findings findings;
    Subject check;
    std::uint64_t batch = 0;    // the last that the node wrote
    std::uint64_t durable = 0;  // of them

private:
    template <class Message>
    Told told(std::uint32_t host, std::uint32_t peer, const Message& message, Duration now) {
        body_.clear();
        Writer writer(body_);
        message.encode(writer);
        return {host, id_of(peer), Message::kind, body_, ++bodies_, batch, durable, now, now};
    }

    Bytes body_;
    std::uint64_t bodies_ = 0;
};

}  // namespace starling::sim::five_nodes
