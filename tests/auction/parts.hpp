// The parts of one node, each reached by itself.
//
// Not thread safe.
#pragma once

#include "auction/announcer.hpp"
#include "auction/participant.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::part {

using namespace std::chrono_literals;

inline NodeId node(std::uint8_t first) {
    NodeId id;
    id.bytes[0] = first;
    return id;
}

inline TaskId task(std::uint64_t number) {
    TaskId id;
    store_u64(id.bytes, number);
    return id;
}

inline const NodeId self = node(1);
inline const NodeId bob = node(2);
inline const NodeId eve = node(3);

inline Moment at(Duration since) {
    return {BootTime{1h + since}, WallTime{1000h + since}};
}

inline Epoch epoch_of(std::uint32_t round, const NodeId& granter) {
    return {round, granter, Boot{7}, 1};
}

// The parts of one node and what they want done.
struct Parts {
    Parts() {
        for (const NodeId& other : {bob, eve}) members.alive(other, Boot{7}, BootTime{});
    }

    // The last frame of this kind, decoded.
    template <class Message>
    Message last() {
        std::optional<Message> found;
        for (const Outgoing& each : out.outgoing()) {
            if (each.kind == Message::kind) found = decoded<Message>(decoder, out.view(each.body));
        }
        REQUIRE(found);
        return *found;
    }

    Timing timing;
    Counters counters;
    Members members{self, Boot{7}, BootTime{1h}};
    Digests digests{members, timing};
    Custodian custodian{members, timing, counters, 1};
    Announcer announcer{{members, timing, counters, digests}, 1};
    Participant participant{members, timing, counters, digests, 1};
    Effects out;
    Decoder decoder;
};

inline RecordTask record_of(std::uint64_t number) {
    RecordTask message;
    message.record.id = task(number);
    message.record.spec.skill = "quote";
    message.record.home = {1, bob, Boot{7}, 1};
    message.record.custodians = {self, bob, eve};
    message.epoch = epoch_of(1, bob);
    message.fresh = true;
    return message;
}

inline StoreResult result_of(std::uint64_t number, const Epoch& epoch) {
    const Outcome outcome{Ending::done, Bytes{1}, {}, eve, epoch};
    return {task(number), {1, bob, Boot{7}, 1}, {epoch, outcome}, false, {}};
}

}  // namespace starling::auction::part
