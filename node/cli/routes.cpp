#include "node/cli/routes.hpp"

#include "node/cli/json.hpp"
#include "node/cli/mesh_routes.hpp"
#include "node/cli/paged_stream.hpp"
#include "node/cli/show.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace starling::cli {
namespace {

constexpr std::uint64_t members_page_max = 1000;

Error query_error(std::string message) {
    return Error{ErrorCode::invalid, "query_malformed", std::move(message), "", Changed::no};
}

HttpResponse plain(unsigned status, std::string text) {
    return {status, "text/plain", std::move(text), {}};
}

void health(Node& node, const Exchange& exchange) {
    exchange.reply(node.healthy() ? plain(200, "ok\n")
                                  : plain(503, "the node's loop does not turn\n"));
}

void readiness(Node& node, const Exchange& exchange) {
    exchange.reply(node.ready() ? plain(200, "ready\n") : plain(503, "joining\n"));
}

void metrics(Node& node, const Exchange& exchange) {
    node.metrics().then([exchange](Result<Metrics> result) {
        if (!result) return exchange.fail(result.error());
        exchange.reply({200, "text/plain; version=0.0.4", metrics_text(*result), {}});
    });
}

void members(Node& node, const HttpRequest& request, const Exchange& exchange) {
    const auto after = request.query.find("after");
    const auto max = request.query.find("max");
    const auto count =
        max == request.query.end() ? members_page_max : parse_number(max->second).value_or(0);
    if (count == 0 || count > members_page_max) {
        return exchange.fail(
            query_error(fmt::format("max must be a number from 1 to {}", members_page_max)));
    }
    answer_with(node.members(after == request.query.end() ? "" : after->second,
                             static_cast<std::uint32_t>(count)),
                exchange, [](const MemberPage& page) { return document_of(page); });
}

PagedStream::Piece member_piece(const MemberEvent& event) {
    return {event.member.id, event.member.id, json_text(document_of(event))};
}

std::string member_mark(Phase phase) {
    MemberEvent mark;
    mark.phase = phase;
    return json_text(document_of(mark));
}

PagedStream::Fetch member_pages(Node& node) {
    return [&node](const std::string& after, const PagedStream::Take& take) {
        node.members(after).then([take](Result<MemberPage> page) {
            if (!page) return take(tl::unexpected<Error>(page.error()));
            PagedStream::Page pieces;
            pieces.more = page->more;
            for (Member& member : page->members) {
                MemberEvent current;
                current.phase = Phase::current;
                current.member = std::move(member);
                pieces.pieces.push_back(member_piece(current));
            }
            take(std::move(pieces));
        });
    };
}

// The watch lives as long as the client listens; what is comes as fast as the client reads it, so
// of the watch itself only changes are of interest.
void events(Node& node, const Exchange& exchange) {
    const auto stream = std::make_shared<PagedStream>(
        exchange, "member", member_mark(Phase::caught_up), member_pages(node));
    const auto kept = std::make_shared<std::optional<Watch>>();
    auto watch = node.watch_members([stream](const MemberEvent& event) {
        if (event.phase == Phase::lagged) return stream->lag(member_mark(Phase::lagged));
        if (event.phase == Phase::change) stream->change(member_piece(event));
    });
    if (!watch) return exchange.fail(watch.error());
    *kept = std::move(*watch);
    exchange.begin_stream([kept] { kept->reset(); });
    stream->begin();
}

void admit(Node& node, const HttpRequest& request, const Exchange& exchange) {
    const auto body = json_value(request.body);
    if (!body) return exchange.fail(body.error());
    const std::string certificate = text_at(*body, "certificate");
    if (certificate.empty()) return exchange.fail(query_error("the field certificate is missing"));
    std::vector<std::string> addresses;
    for (const Value& each : list_at(*body, "addresses")) {
        const auto* address = each.as<std::string>();
        if (address == nullptr)
            return exchange.fail(query_error("addresses must be texts HOST:PORT"));
        addresses.push_back(*address);
    }
    answer_with(node.admit(certificate, addresses), exchange,
                [](const Unit&) { return Value::Map{}; });
}

}  // namespace

void Routes::add(const std::string& method, const std::string& path, Handler handler) {
    by_path_[path][method] = std::move(handler);
}

const Routes::Methods* Routes::find(std::string_view path) const {
    const auto exact = by_path_.find(path);
    if (exact != by_path_.end()) return &exact->second;
    for (auto slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
        if (slash + 1 == path.size()) continue;  // nothing stands for the star
        const auto longer = by_path_.find(std::string(path.substr(0, slash + 1)) + "*");
        if (longer != by_path_.end()) return &longer->second;
    }
    return nullptr;
}

void Routes::serve(const HttpRequest& request, const Exchange& exchange) const {
    const Methods* path = find(request.path);
    if (path == nullptr) {
        return exchange.fail({ErrorCode::not_found, "route_unknown",
                              "there is no path " + printable(request.path),
                              "starling explain E802", Changed::no});
    }
    const auto handler = path->find(request.method);
    if (handler != path->end()) return handler->second(request, exchange);
    std::string allowed;
    for (const auto& [method, unused] : *path) allowed += (allowed.empty() ? "" : ", ") + method;
    HttpResponse response = problem({ErrorCode::invalid, "method_not_allowed",
                                     request.path + " takes " + allowed, "", Changed::no});
    response.headers.emplace_back("Allow", allowed);
    exchange.reply(response);
}

Routes routes_of(Node& node, const std::function<void()>& left) {
    Routes routes;
    routes.add("GET", "/healthz", [&](const auto&, const Exchange& to) { health(node, to); });
    routes.add("GET", "/readyz", [&](const auto&, const Exchange& to) { readiness(node, to); });
    routes.add("GET", "/metrics", [&](const auto&, const Exchange& to) { metrics(node, to); });
    routes.add("GET", "/v1/status", [&](const auto&, const Exchange& to) {
        answer_with(node.status(), to, [](const Status& status) { return document_of(status); });
    });
    routes.add("GET", "/v1/members",
               [&](const HttpRequest& request, const Exchange& to) { members(node, request, to); });
    routes.add("GET", "/v1/events", [&](const auto&, const Exchange& to) { events(node, to); });
    routes.add("GET", "/v1/mesh", [&](const auto&, const Exchange& to) {
        answer_with(node.mesh_file(), to, [](const std::string& text) {
            return Value::Map{{"mesh_file", text}};
        });
    });
    routes.add("POST", "/v1/leave", [&node, left](const auto&, const Exchange& to) {
        node.leave().then([&node, left, to](const Result<Unit>& result) {
            if (!result) return to.fail(result.error());
            to.reply(Value(Value::Map{{"id", node.id()}}));
            if (left) left();
        });
    });
    routes.add("POST", "/v1/admit",
               [&](const HttpRequest& request, const Exchange& to) { admit(node, request, to); });
    add_state_routes(routes, node);
    add_agreement_routes(routes, node);
    add_task_routes(routes, node);
    return routes;
}

}  // namespace starling::cli
