#include "node/requests.hpp"

#include "node/calls_state.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <string>

namespace starling::node {
namespace {

using Parts = NodeCore::Parts;

// One call with everything its handler may need.
struct Request {
    Parts& parts;
    CallId call;
    const Turn& turn;

    [[nodiscard]] std::optional<Duration> as_of() const {
        const auto moment = parts.gossip.as_of(turn.now.boot_time);
        if (!moment) return std::nullopt;
        return turn.now.boot_time - *moment;
    }
};

void refuse(const Request& request, std::string name, std::string message, std::string hint) {
    request.turn.out.answer(request.call,
                            Failed{Error{ErrorCode::invalid, std::move(name), std::move(message),
                                         std::move(hint), Changed::no}});
}

// Calls that begin something which has to be kept.  What ends something is taken on a full disk
// too, as long as it goes.
template <class Ask>
constexpr bool takes_room = std::same_as<Ask, WriteAsk> || std::same_as<Ask, RegisterCasAsk> ||
                            std::same_as<Ask, LeaseAcquireAsk> ||
                            std::same_as<Ask, DecideProposeAsk> || std::same_as<Ask, TaskOfferAsk>;

void refuse_for_lack_of_room(const Request& request) {
    request.turn.out.answer(
        request.call,
        Failed{Error{ErrorCode::overloaded, "disk_low",
                     "the disk of the data directory has less than 64 MiB free",
                     "free space there; this node takes writes again by itself", Changed::no}});
}

// ---- the node and its mesh

void on(const Request& request, const StatusAsk&) {
    request.parts.members.on_status(request.call, request.parts.facts(request.turn.now.boot_time),
                                    request.turn);
}

void on(const Request& request, const MembersAsk& ask) {
    request.parts.members.on_members(request.call, ask, request.turn);
}

void on(const Request& request, const MemberEventsAsk&) {
    request.parts.members.on_member_events(request.call, request.turn);
}

void on(const Request& request, const LeaveAsk&) {
    request.parts.auctions.drain(request.turn.now, request.turn.out);
    request.parts.members.on_leave(request.call, request.turn);
}

void on(const Request& request, const AdmitAsk& ask) {
    request.parts.members.on_admit(request.call, ask, request.turn);
}

void on(const Request& request, const MeshAsk& ask) {
    request.parts.members.on_mesh(request.call, ask, request.turn);
}

void on(const Request& request, const MetricsAsk&) {
    MetricsAnswer answer;
    request.parts.fill_metrics(answer);
    request.turn.out.answer(request.call, Ok{std::move(answer)});
}

// ---- state

void on(const Request& request, const WriteAsk& ask) {
    request.parts.state.on_write(request.call, ask, request.turn);
}

void on(const Request& request, const GetAsk& ask) {
    request.parts.state.on_get(request.call, ask, request.as_of(), request.turn);
}

void on(const Request& request, const ListAsk& ask) {
    request.parts.state.on_list(request.call, ask, request.as_of(), request.turn);
}

void on(const Request& request, const WatchAsk& ask) {
    request.parts.state.on_watch(request.call, ask);
}

// ---- agreement and work: the services take the asks as they are

template <class Ask>
concept Agreement = requires(AgreementService& service, CallId call, const Ask& ask,
                             const Turn& turn) {
    service.on(call, ask, turn);
};

template <class Ask>
concept Work = requires(TaskService& service, CallId call, const Ask& ask, const Turn& turn) {
    service.on(call, ask, turn);
};

template <Agreement Ask>
void on(const Request& request, const Ask& ask) {
    request.parts.agreement.on(request.call, ask, request.turn);
}

template <Work Ask>
void on(const Request& request, const Ask& ask) {
    request.parts.tasks.on(request.call, ask, request.turn);
}

// No electors stand for all voters of the mesh.
void on(const Request& request, const DecideProposeAsk& ask) {
    DecideProposeAsk named = ask;
    if (named.electors.empty()) {
        for (const Voter& voter : request.parts.setup.genesis.voters) {
            named.electors.push_back(voter.node);
        }
    }
    request.parts.agreement.on(request.call, named, request.turn);
}

// A node that has not met the others would name itself as the only custodian: offers wait for that.
void on(const Request& request, const TaskOfferAsk& ask) {
    if (request.parts.ready) {
        request.parts.tasks.on(request.call, ask, request.turn);
    } else if (request.parts.early_offers.size() < limits::list_entries) {
        request.parts.early_offers.emplace_back(request.call, ask);
    } else {
        request.turn.out.answer(
            request.call, Failed{Error{ErrorCode::overloaded, "not_ready",
                                       "this node has not met the others of its mesh yet",
                                       "wait until it is ready, then offer again", Changed::no}});
    }
}

struct RequestRow {
    CallKind kind{};
    void (*serve)(const Request& request, ByteView bytes) = nullptr;
};

template <class Ask>
void decode_and_serve(const Request& request, ByteView bytes) {
    const auto ask = request_from<Ask>(request.parts.decoder, bytes);
    if (!ask) {
        refuse(request, "call_malformed", "the call's bytes do not decode",
               "use the client of the same version as the node");
        return;
    }
    if (takes_room<Ask> && request.parts.health.is_disk_low()) {
        refuse_for_lack_of_room(request);
        return;
    }
    on(request, *ask);
}

template <class Ask>
constexpr RequestRow request_row() {
    return {Ask::call, decode_and_serve<Ask>};
}

constexpr auto request_rows = std::to_array<RequestRow>({
    request_row<StatusAsk>(),
    request_row<MembersAsk>(),
    request_row<MemberEventsAsk>(),
    request_row<LeaveAsk>(),
    request_row<AdmitAsk>(),
    request_row<MeshAsk>(),
    request_row<MetricsAsk>(),
    request_row<WriteAsk>(),
    request_row<GetAsk>(),
    request_row<ListAsk>(),
    request_row<WatchAsk>(),
    request_row<RegisterGetAsk>(),
    request_row<RegisterCasAsk>(),
    request_row<RegisterSettleAsk>(),
    request_row<LeaseAcquireAsk>(),
    request_row<LeaseRenewAsk>(),
    request_row<LeaseReleaseAsk>(),
    request_row<LeaseShowAsk>(),
    request_row<DecideProposeAsk>(),
    request_row<DecideVoteAsk>(),
    request_row<DecideShowAsk>(),
    request_row<TaskOfferAsk>(),
    request_row<TaskListAsk>(),
    request_row<TaskShowAsk>(),
    request_row<TaskCancelAsk>(),
    request_row<TaskServeAsk>(),
    request_row<TaskFinishAsk>(),
    request_row<TaskFailAsk>(),
    request_row<TaskProgressAsk>(),
    request_row<DeadLetterListAsk>(),
    request_row<DeadLetterShowAsk>(),
});

}  // namespace

void serve(Parts& parts, CallId call, ByteView bytes, const Turn& turn) {
    const Request request{parts, call, turn};
    const auto kind = call_kind(bytes);
    const auto* found = std::ranges::find(request_rows, kind, &RequestRow::kind);
    if (!kind || found == request_rows.end()) {
        refuse(request, "call_unknown", "this node does not know such a call",
               "use the client of the same version as the node");
        return;
    }
    found->serve(request, bytes);
}

}  // namespace starling::node
