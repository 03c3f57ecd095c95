#include "node/cli/documents.hpp"
#include "node/cli/fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/mesh_routes.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::string_view registers_path = "/v1/registers/";
constexpr std::string_view leases_path = "/v1/leases/";
constexpr std::string_view decisions_path = "/v1/decisions/";

milliseconds timeout_in(Fields& in) {
    return in.duration("timeout_ms", 4s);
}

// A change that did not happen, or may have: an error that carries what is there as `current`.
void refuse(const Exchange& exchange, const Error& error, Value::Map current) {
    HttpResponse response = problem(error);
    Value::Map document = document_of(error);
    document["current"] = std::move(current);
    response.body = json_text(document);
    exchange.reply(response);
}

template <class T>
void settle(const Exchange& exchange, const Result<T>& result, const std::string& not_applied,
            const std::string& settle_hint) {
    if (!result) return exchange.fail(result.error());
    if (result->outcome == RegisterOutcome::applied) {
        return exchange.reply(Value(document_of(*result)));
    }
    if (result->outcome == RegisterOutcome::not_applied) {
        return refuse(exchange,
                      {ErrorCode::conflict, "not_applied", not_applied,
                       "read it again, then decide", Changed::no},
                      document_of(*result));
    }
    refuse(exchange,
           {ErrorCode::unknown, "unknown", "the change may have been made, or may be made later",
            settle_hint, Changed::unknown},
           document_of(*result));
}

void get_register(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const auto timeout = timeout_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.register_get(path_rest(request, registers_path), timeout), exchange,
                [](const RegisterState& state) { return document_of(state); });
}

std::string conflict_text(const std::string& name, const RegisterState& state) {
    const std::string value = state.value ? json_text(*state.value).substr(0, 200) : "absent";
    return fmt::format("{} was not changed: its version is {} ({})", printable(name), state.version,
                       value);
}

void cas(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_body(request);
    CasOptions options;
    if (in.has("expected")) options.expected = in.number("expected", 0);
    options.operation = operation_from(in.text("operation"));
    options.timeout = timeout_in(in);
    const bool removes = in.flag("remove");
    const Value value = removes ? Value() : in.required_value("value");
    if (const auto error = in.error()) return exchange.fail(*error);
    const std::string name = path_rest(request, registers_path);
    node.register_cas(name, removes ? std::nullopt : std::optional(value), options)
        .then([exchange, name](const Result<RegisterState>& state) {
            settle(exchange, state, state ? conflict_text(name, *state) : "",
                   state ? fmt::format("starling register settle {} {}", printable(name),
                                       operation_text(state->operation))
                         : "");
        });
}

void settle_register(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_body(request);
    const std::string operation = operation_from(in.required("operation"));
    const auto timeout = timeout_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(
        node.register_settle(path_rest(request, registers_path, "/settle"), operation, timeout),
        exchange, [](const RegisterState& state) { return document_of(state); });
}

void post_register(Node& node, const HttpRequest& request, const Exchange& exchange) {
    if (request.path.ends_with("/settle")) return settle_register(node, request, exchange);
    cas(node, request, exchange);
}

void get_lease(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const auto timeout = timeout_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.lease_show(path_rest(request, leases_path), timeout), exchange,
                [](const Lease& lease) { return document_of(lease); });
}

void answer_lease(Pending<Lease> pending, const Exchange& exchange, const std::string& name) {
    pending.then([exchange, name](const Result<Lease>& lease) {
        const std::string holder = !lease || !lease->held ? "nobody" : printable(lease->holder);
        settle(exchange, lease,
               fmt::format("lease {} was not changed: {} holds it, fence {}", printable(name),
                           holder, lease ? lease->fence : 0),
               "starling lease show " + printable(name));
    });
}

void post_lease(Node& node, const HttpRequest& request, const Exchange& exchange) {
    const std::string rest = path_rest(request, leases_path);
    const auto slash = rest.rfind('/');
    const std::string action = slash == std::string::npos ? "" : rest.substr(slash + 1);
    const std::string name = rest.substr(0, slash);
    Fields in = Fields::of_body(request);
    const auto timeout = timeout_in(in);
    const std::string holder = action == "acquire" ? in.text("holder") : "";
    const auto term = action == "release" ? 0ms : in.duration("term_ms", 0ms);
    const auto fence = action == "acquire" ? 0 : in.number("fence", 0);
    if (const auto error = in.error()) return exchange.fail(*error);
    if (action == "acquire") {
        return answer_lease(node.lease_acquire(name, holder, term, timeout), exchange, name);
    }
    if (action == "renew") {
        return answer_lease(node.lease_renew(name, fence, term, timeout), exchange, name);
    }
    if (action == "release") {
        return answer_lease(node.lease_release(name, fence, timeout), exchange, name);
    }
    exchange.fail({ErrorCode::not_found, "route_unknown", "a lease takes acquire, renew or release",
                   "", Changed::no});
}

void get_decision(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const auto timeout = timeout_in(in);
    const Until until = in.flag("wait") ? Until::closed : Until::read;
    if (const auto error = in.error()) return exchange.fail(*error);
    if (until == Until::closed) exchange.be_patient();
    answer_with(node.decision(path_rest(request, decisions_path), timeout, until), exchange,
                [](const Decision& decision) { return document_of(decision); });
}

void answer_decision(Pending<Decision> pending, const Exchange& exchange, const std::string& name) {
    pending.then([exchange, name](const Result<Decision>& decision) {
        const bool closed = decision && decision->closed;
        settle(exchange, decision,
               fmt::format("decision {} was not changed: {}", printable(name),
                           closed ? "it is closed" : "it was proposed, or voted on, before"),
               "starling decide show " + printable(name));
    });
}

void vote(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_body(request);
    const Ballot ballot{in.required("option"), in.text("agent"), in.text("reason")};
    const auto timeout = timeout_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    const std::string name = path_rest(request, decisions_path, "/votes");
    answer_decision(node.vote(name, ballot, timeout), exchange, name);
}

void post_decision(Node& node, const HttpRequest& request, const Exchange& exchange) {
    if (request.path.ends_with("/votes")) return vote(node, request, exchange);
    Fields in = Fields::of_body(request);
    Proposal proposal{path_rest(request, decisions_path)};
    proposal.question = in.text("question");
    proposal.options = in.texts("options");
    proposal.status_quo = in.required("status_quo");
    proposal.electors = in.texts("electors");
    proposal.within = in.duration("within_ms", 1h);
    const auto timeout = timeout_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_decision(node.propose(proposal, timeout), exchange, proposal.name);
}

}  // namespace

void add_agreement_routes(Routes& routes, Node& node) {
    const auto add = [&](const std::string& method, const std::string& path, auto handler) {
        routes.add(method, path, [&node, handler](const HttpRequest& request, const Exchange& to) {
            to.be_patient();  // the node keeps the deadline
            handler(node, request, to);
        });
    };
    add("GET", "/v1/registers/*", get_register);
    add("POST", "/v1/registers/*", post_register);
    add("GET", "/v1/leases/*", get_lease);
    add("POST", "/v1/leases/*", post_lease);
    add("GET", "/v1/decisions/*", get_decision);
    add("POST", "/v1/decisions/*", post_decision);
}

}  // namespace starling::cli
