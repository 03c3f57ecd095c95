// A running node: NodeCore with the sockets, disk, clocks and threads of this machine.
//
//   callers ──call()──> queue ─┐                       ┌─> journal thread ──durable──┐
//   transport ──frames, links──┤                       │                             v
//   clocks ────────────────────┴─> turn of NodeCore ───┴─> sends, answers: when their gate is
//   durable
//
// Invariants:
//   I1  NodeCore is touched by the driver's thread alone, once open() returned.
//   I2  The driver waits for nothing but its poller: no disk, no name server, no caller.
//   I3  What a turn promises leaves after everything that was known then is durable.
//   I4  A failed commit ends the process: nothing may be said that was not kept.
//
// Thread safe: every method, from any thread; destruction by one thread, after all others are done.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "base/trace.hpp"
#include "node/io/call_queue.hpp"
#include "node/io/ground.hpp"
#include "node/io/trace_log.hpp"
#include "node/io/transport.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace starling::io {

// What the driver measures of itself, for /metrics.
struct DriverGauges {
    Duration oldest_batch{};  // age of the oldest batch that is not yet durable
    Duration last_turn{};     // work of the last turn, waiting excluded
    Duration longest_turn{};  // since open()
    std::uint64_t turns = 0;
    std::uint64_t batches = 0;  // handed to the journal
    std::uint64_t batches_waiting = 0;
    std::uint64_t commits = 0;  // each joins the batches that waited
    Duration journal_busy{};    // how long there was something to write or to read
    std::uint64_t calls_open = 0;
    std::uint64_t free_bytes = 0;  // of the data directory's file system
    std::uint64_t journal_bytes = 0;
    std::uint64_t log_lines_lost = 0;
    TransportNumbers transport;
};

class Driver {
public:
    // Opens identity, journal and transport, makes the core and starts to run.
    // Errors: those of identity.hpp, mesh_file.hpp, journal.hpp and Transport::open, and
    // mesh_foreign when the data directory belongs to another mesh.  On failure nothing runs; keys
    // and directory may have been made, and the boot number used up.
    [[nodiscard]] static Result<std::unique_ptr<Driver>> open(const DriverOptions& options);

    // close(), its result ignored.
    ~Driver();

    // Asks the node: the request begins with its CallKind.  A zero id means that the node is closed
    // or that calls_waiting_max calls wait: nothing happened, `sink` is not
    // called.
    [[nodiscard]] CallId call(Bytes request, AnswerSink sink);

    // The caller lost interest: after answers that are on their way `sink` is not called any more.
    void end_call(CallId call);

    // Stops within the time given: what was handed to the journal is made durable, open calls
    // end with an empty answer.  To leave the mesh is a call to make before.  Error failed
    // `close_late` when the disk did not finish in time: writes not answered may be lost, the
    // threads go on without the driver until the disk lets go.  Calling it again does nothing.
    Result<void> close(Duration within = limits::close_within);

    [[nodiscard]] const NodeId& id() const;
    [[nodiscard]] Boot boot() const;
    [[nodiscard]] const MeshId& mesh() const;
    [[nodiscard]] const std::string& mesh_name() const;

    // Where the node listens, and where it says to others that it does.
    [[nodiscard]] const std::string& bound_address() const;
    [[nodiscard]] const std::vector<std::string>& addresses() const;

    // Whether the node started a mesh of its own because it was given none.
    [[nodiscard]] bool is_alone_by_choice() const;

    [[nodiscard]] bool ready() const;   // NodeCore::ready() after the last turn
    [[nodiscard]] bool failed() const;  // the journal broke; the process is about to end
    [[nodiscard]] bool closed() const;

    // How often each event of all_events() happened since open(), in its order.
    [[nodiscard]] std::vector<std::uint64_t> event_counts() const;
    [[nodiscard]] DriverGauges gauges() const;

private:
    struct Parts;

    explicit Driver(std::shared_ptr<Parts> parts);

    std::shared_ptr<Parts> parts_;  // the driver's thread holds them too: a late one ends with them
};

}  // namespace starling::io
