// A node of a mesh inside this program.
//
//   open ──> joining ──> ready ──leave or close──> gone
//
// An own thread speaks with the other nodes, so that they see this one alive whatever the program
// does. Calls return a Pending: wait for it, or give it a handler.  Handlers run only inside poll()
// and run().
//
// Errors that every call may give: node_closed (close was called), overloaded (too many calls
// wait), timed_out (see Pending).  Nothing throws.
//
// Thread safe: every method may be called from any thread, poll(), run() and next_event() by one at
// a time.
#pragma once

#include <starling/decision.hpp>
#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/member.hpp>
#include <starling/options.hpp>
#include <starling/pending.hpp>
#include <starling/register.hpp>
#include <starling/state.hpp>
#include <starling/status.hpp>
#include <starling/task.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace starling {

namespace detail {
class AgentRun;
}  // namespace detail

// Something that a Watch without a handler delivers.
struct NodeEvent {
    std::uint64_t watch = 0;
    std::variant<MemberEvent, StateChange> what;
};

// What a call answers that has nothing to say but success.
struct Unit {};

class STARLING_EXPORT Node {
public:
    using Time = std::chrono::nanoseconds;
    using MemberHandler = std::function<void(const MemberEvent&)>;
    using StateHandler = std::function<void(const StateChange&)>;
    using TaskHandler = std::function<void(Task&&)>;
    using ErrorHandler = std::function<void(const Error&)>;
    using StopHandler = std::function<void(const Award& award, TaskStop why)>;
    static constexpr Time agreement_timeout = std::chrono::seconds(4);

    // Starts a node.  It is not ready yet: see ready().  On failure nothing runs, though a fresh
    // identity may have been made.  Errors: data_dir_locked, mesh_file_malformed, not_in_mesh,
    // address_in_use, journal_failed and others, each naming the file or address.
    [[nodiscard]] static Result<Node> open(Options options);

    Node(Node&& other) noexcept;
    Node& operator=(Node&& other) noexcept;
    ~Node();  // as close(), ignoring its result

    // Leaves the mesh, syncs, and ends the node's threads; takes at most 2 s.  Waiting calls and
    // later ones end with node_closed.  timed_out: the others may see this node as dead instead of
    // left.
    Result<void> close();

    [[nodiscard]] const std::string& id() const;     // 64 hexadecimal digits
    [[nodiscard]] const std::string& bound() const;  // host:port it listens on

    // Joined, or alone by choice, and able to serve.
    [[nodiscard]] bool ready() const;

    // Whether the node's loop turned within the last seconds.
    [[nodiscard]] bool healthy() const;

    [[nodiscard]] Pending<Status> status() const;
    [[nodiscard]] Pending<Metrics> metrics() const;

    // Up to `max` members (at most 1,000) whose ids are behind `after`, in the order of ids.
    [[nodiscard]] Pending<MemberPage> members(const std::string& after = {},
                                              std::uint32_t max = 1000) const;

    // First every member as it is now, one `caught_up`, then every change.  A reader that falls
    // 10,000 items behind gets `lagged`, then the current members again.
    [[nodiscard]] Result<Watch> watch_members(MemberHandler handler = {});

    // Says goodbye to the others: they see this node as left, not dead.  The node goes on running;
    // close it next.
    [[nodiscard]] Pending<Unit> leave();

    // Spreads the certificate of a newcomer (see certify() in mesh.hpp), given in hexadecimal.
    // Answered once it is durable here.  certificate_refused: not signed by this mesh's root;
    // nothing changed.
    [[nodiscard]] Pending<Unit> admit(const std::string& certificate,
                                      const std::vector<std::string>& addresses);

    // The text of a mesh file with the genesis and some living members, voters first.
    [[nodiscard]] Pending<std::string> mesh_file() const;

    // ---- state: state.hpp.  Answered once durable here; on failure nothing changed, unless the
    // error's `changed` says otherwise: copies_missing, timed_out.

    // All steps (at most 256) or none.  Errors: key_invalid, value_too_long, type_mismatch,
    // log_full..
    [[nodiscard]] Pending<Written> write(const std::vector<WriteStep>& steps,
                                         const WriteOptions& options = {});
    [[nodiscard]] Pending<Written> set(const std::string& key, const Value& value,
                                       const WriteOptions& options = {});
    [[nodiscard]] Pending<Written> del(const std::string& key, const WriteOptions& options = {});
    [[nodiscard]] Pending<Written> add(const std::string& key, std::int64_t amount,
                                       const WriteOptions& options = {});
    [[nodiscard]] Pending<Written> insert(const std::string& key, const Value& element,
                                          const WriteOptions& options = {});
    [[nodiscard]] Pending<Written> remove(const std::string& key, const Value& element,
                                          const WriteOptions& options = {});

    // What this node holds under a key: an entry for each type, none when there is no such key.
    [[nodiscard]] Pending<EntryPage> get(const std::string& key,
                                         std::optional<KeyType> type = {}) const;

    // Up to `max` entries (at most 996) of keys that begin with `prefix` and lie behind `after`.
    [[nodiscard]] Pending<EntryPage> list(const std::string& prefix, const std::string& after = {},
                                          std::uint32_t max = 996) const;

    // First what keys with this prefix hold, one `caught_up`, then every change; `lagged` as with
    // members.  WatchFrom::now: changes alone, and after `lagged` only those since; whoever lists
    // the keys then, a page at a time, sees the rest.
    [[nodiscard]] Result<Watch> watch(const std::string& prefix, StateHandler handler = {},
                                      WatchFrom from = WatchFrom::current);

    // ---- agreement: register.hpp, decision.hpp.  no_quorum: too few voters were reached within
    // `timeout` (at most 60 s).  An outcome `unknown`, or Changed::unknown, MAY have its effect.

    [[nodiscard]] Pending<RegisterState> register_get(const std::string& name,
                                                      Time timeout = agreement_timeout) const;

    // Writes `value`, or removes it when there is none, if the version is as expected.
    [[nodiscard]] Pending<RegisterState> register_cas(const std::string& name,
                                                      const std::optional<Value>& value,
                                                      const CasOptions& options = {});

    // What became of an operation whose outcome was unknown; it is final then.
    [[nodiscard]] Pending<RegisterState> register_settle(const std::string& name,
                                                         const std::string& operation,
                                                         Time timeout = agreement_timeout);

    // For this node; `term` from 100 ms to 1 h.  not_applied: another node holds it.
    [[nodiscard]] Pending<Lease> lease_acquire(const std::string& name, const std::string& holder,
                                               Time term, Time timeout = agreement_timeout);

    // A zero term keeps the last one.  not_applied: this node does not hold it under this fence.
    [[nodiscard]] Pending<Lease> lease_renew(const std::string& name, std::uint64_t fence,
                                             Time term = {}, Time timeout = agreement_timeout);
    [[nodiscard]] Pending<Lease> lease_release(const std::string& name, std::uint64_t fence,
                                               Time timeout = agreement_timeout);
    [[nodiscard]] Pending<Lease> lease_show(const std::string& name,
                                            Time timeout = agreement_timeout) const;

    // not_applied: a decision of this name exists; the answer shows it.
    [[nodiscard]] Pending<Decision> propose(const Proposal& proposal,
                                            Time timeout = agreement_timeout);

    // This node's vote, once.  not_applied: it voted before, or the decision is closed.
    [[nodiscard]] Pending<Decision> vote(const std::string& name, const Ballot& ballot,
                                         Time timeout = agreement_timeout);

    // Until::closed answers when it is closed, or as it is when `timeout` passed.
    [[nodiscard]] Pending<Decision> decision(const std::string& name,
                                             Time timeout = agreement_timeout,
                                             Until until = Until::read) const;

    // ---- work: task.hpp

    // Answered once a majority of the task's custodians keeps it.  offer_unknown: it MAY be kept;
    // offer it again with the same key.
    [[nodiscard]] Pending<TaskInfo> offer(const TaskOffer& task);
    [[nodiscard]] AwaitedTask offer_and_wait(const TaskOffer& task);

    // Makes this program a worker until the Watch ends; tasks it still holds then are handed to
    // others.  `refused` is told when the node takes no such worker, `stopped` of an award under
    // which nothing counts any more (Task::stopped): the worker is free once it ends the task.
    [[nodiscard]] Result<Watch> serve(const ServeOptions& options, TaskHandler handler,
                                      ErrorHandler refused = {}, StopHandler stopped = {});

    // What Task does, for an award handed to another thread or process.
    [[nodiscard]] Pending<TaskReport> finish(const Award& award, const Value& result);
    [[nodiscard]] Pending<TaskReport> fail(const Award& award, const std::string& reason,
                                           bool retry = true);
    [[nodiscard]] Pending<TaskReport> progress(const Award& award, const std::string& note);

    // Asked of all custodians.  task_not_found; `partial` in the answer: some did not answer.
    [[nodiscard]] Pending<TaskInfo> task(const std::string& id) const;
    [[nodiscard]] Pending<TaskPage> tasks(const TaskQuery& query = {}) const;
    [[nodiscard]] Pending<TaskPage> dead_letters(const std::string& after = {},
                                                 std::uint32_t max = 256) const;
    [[nodiscard]] Pending<TaskInfo> dead_letter(const std::string& id) const;

    // The answer shows how the task ended: cancelled, or another way that came first.
    [[nodiscard]] Pending<TaskInfo> cancel(const std::string& id, const std::string& reason = {});

    // ---- the program's side

    // Waits up to `timeout` for something to do, then runs every handler that is due.  Returns how
    // many ran.  Inside a handler it does nothing.
    std::size_t poll(std::chrono::milliseconds timeout);

    // Polls until stop() is called or the node is closed.
    void run();
    void stop();

    // The next item of the watches without a handler; nothing when none came in time.
    [[nodiscard]] std::optional<NodeEvent> next_event(std::chrono::milliseconds timeout);

    // Readable (for poll, epoll, asyncio) while poll() or next_event() has something to do; it
    // stays owned by the node.
    [[nodiscard]] int event_fd() const;

private:
    friend class detail::AgentRun;

    class Inside;

    explicit Node(std::shared_ptr<Inside> inside);

    std::shared_ptr<Inside> inside_;
};

}  // namespace starling
