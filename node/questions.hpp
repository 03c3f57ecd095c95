// What a program asks of a node, between the public types and the bytes of calls: one function for
// each call, used by Node and, in a simulated mesh as on a real one, by agents (agent_place.hpp).
//
//   public arguments ──write_question──> Question{request bytes, how to read the answer} | error
//
// Invariants:
//   I1  Arguments that cannot be encoded are an error here, and nothing is asked.
//   I2  One place reads each answer: who asks makes no difference.
//
// Pure functions and values, thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "node/calls.hpp"
#include "node/calls_task.hpp"
#include <starling/decision.hpp>
#include <starling/error.hpp>
#include <starling/member.hpp>
#include <starling/register.hpp>
#include <starling/state.hpp>
#include <starling/task.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace starling::detail {

// Whether a call that nobody answered may have changed something.
enum class Effect : std::uint8_t { none, possible };

template <class T>
struct Question {
    // The answer as it counts for who reads it at this time: a lease runs on meanwhile.
    using Read = std::function<Result<T>(ByteView body, BootTime now)>;

    Bytes request;
    Effect effect{};
    Read read;
};

template <class T>
using Asked = Result<Question<T>>;

// Decodes an answer and turns it into what the API gives.
template <class Payload, class Convert>
[[nodiscard]] auto reader_of(Convert convert) {
    using Given = decltype(convert(Payload{}));
    return [convert](ByteView bytes, BootTime) -> Result<Given> {
        Decoder decoder;
        auto answer = node::answer_from<Payload>(decoder, bytes);
        if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
        return convert(*answer);
    };
}

[[nodiscard]] Error node_closed();

// ---- state
[[nodiscard]] Asked<Written> write_question(const std::vector<WriteStep>& steps,
                                            const WriteOptions& options);
[[nodiscard]] Asked<EntryPage> get_question(const std::string& key, std::optional<KeyType> type);
[[nodiscard]] Asked<EntryPage> list_question(const std::string& prefix, const std::string& after,
                                             std::uint32_t max);

// An item of a watch.  No bytes: the reader was too slow.  Nothing: malformed.
[[nodiscard]] std::optional<StateChange> state_change_of(ByteView body);

// ---- agreement
[[nodiscard]] Asked<RegisterState> register_get_question(const std::string& name, Duration timeout);
[[nodiscard]] Asked<RegisterState> register_cas_question(const std::string& name,
                                                         const std::optional<Value>& value,
                                                         const CasOptions& options);
[[nodiscard]] Asked<RegisterState> register_settle_question(const std::string& name,
                                                            const std::string& operation,
                                                            Duration timeout);
[[nodiscard]] Asked<Lease> lease_acquire_question(const std::string& name,
                                                  const std::string& holder, Duration term,
                                                  Duration timeout);
[[nodiscard]] Asked<Lease> lease_renew_question(const std::string& name, std::uint64_t fence,
                                                Duration term, Duration timeout);
[[nodiscard]] Asked<Lease> lease_release_question(const std::string& name, std::uint64_t fence,
                                                  Duration timeout);
[[nodiscard]] Asked<Lease> lease_show_question(const std::string& name, Duration timeout);
[[nodiscard]] Asked<Decision> propose_question(const Proposal& proposal, Duration timeout);
[[nodiscard]] Asked<Decision> vote_question(const std::string& name, const Ballot& ballot,
                                            Duration timeout);
[[nodiscard]] Asked<Decision> decision_question(const std::string& name, Duration timeout,
                                                Until until);

// ---- work
enum class Awaited : std::uint8_t { acknowledged, finished };

[[nodiscard]] Asked<TaskInfo> offer_question(const TaskOffer& task, Awaited awaited);
[[nodiscard]] Asked<TaskInfo> task_question(const std::string& id);
[[nodiscard]] Asked<TaskPage> tasks_question(const TaskQuery& query);
[[nodiscard]] Asked<TaskPage> dead_letters_question(const std::string& after, std::uint32_t max);
[[nodiscard]] Asked<TaskInfo> dead_letter_question(const std::string& id);
[[nodiscard]] Asked<TaskInfo> cancel_question(const std::string& id, const std::string& reason);
[[nodiscard]] Asked<TaskReport> finish_question(const Award& award, const Value& result);
[[nodiscard]] Asked<TaskReport> fail_question(const Award& award, const std::string& reason,
                                              bool retry);
[[nodiscard]] Asked<TaskReport> progress_question(const Award& award, const std::string& note);

using ReportAsk = std::variant<node::TaskFinishAsk, node::TaskFailAsk, node::TaskProgressAsk>;

[[nodiscard]] Asked<TaskReport> report_question(const ReportAsk& ask);

// worker_refused: skills or slots out of range.
[[nodiscard]] Result<node::TaskServeAsk> serve_request(const ServeOptions& options);

// ---- members
[[nodiscard]] Member member_of(const node::MemberRecord& record, const NodeId& self);

// As state_change_of.
[[nodiscard]] std::optional<MemberEvent> member_event_of(ByteView body, const NodeId& self);

}  // namespace starling::detail
