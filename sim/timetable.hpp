// What a world has to do and when: a kind, whom it concerns, and a stamp that tells a stale
// appointment from a current one.
//
// Values: thread safe to read.
#pragma once

#include "sim/event_queue.hpp"

#include <cstdint>

namespace starling::sim {

enum class Happening : std::uint8_t {
    // network: the subject is a connection
    arrival,       // the front of its pipe reaches the receiver
    dial_step,     // a dial or probe reaches the other side, or looks again
    link_outcome,  // news of it reaches the dialler
    peer_gone,     // the other side's kernel says that nobody is there any more
    unacked,       // data without an acknowledgement for too long?
    dial_expired,  // a dial or probe has had its time
    stray,         // a frame that took another way arrives; the subject is its number

    // host: the subject is a host
    turn,    // input waits
    wake,    // the core asked for this time
    synced,  // the disk is done with what it had under way
    core,    // of the machine: a thread has one, or is done with what it began
    piece,   // the disk's thread goes on with what it has under way

    // world
    fault,       // the subject is a line of the plan
    disk_kept,   // what a disk holds now will be put back; the subject is a line of the plan
    departed,    // the process of a host that leaves ends; the subject is a line of the plan
    workload,    // a client acts
    checkpoint,  // checks that look at everything
};

struct Appointment {
    Happening what{};
    std::uint32_t subject = 0;
    std::uint64_t stamp = 0;
};

using Timetable = EventQueue<Appointment>;

}  // namespace starling::sim
