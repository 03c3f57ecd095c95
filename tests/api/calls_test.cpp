#include "node/calls.hpp"

#include "node/calls_register.hpp"
#include "node/calls_state.hpp"
#include "node/calls_task.hpp"

#include <catch2/catch.hpp>

namespace starling::node::calls_test {
namespace {

NodeId id_of(std::uint8_t number) {
    NodeId id;
    id.bytes.fill(number);
    return id;
}

MemberRecord ann() {
    MemberRecord record;
    record.node = id_of(7);
    record.name = "ann";
    record.state = MemberState::suspect;
    record.addresses = {"10.0.0.7:7847"};
    record.boot = Boot{1'700'000'000'000};
    record.last_heard = Duration{250};
    return record;
}

TEST_CASE("a request names its call in its first byte", "[api][calls]") {
    const Bytes request = request_bytes(MembersAsk{});
    CHECK(request.front() == static_cast<std::uint8_t>(CallKind::members));
    CHECK(call_kind(request) == CallKind::members);
}

TEST_CASE("a request of another kind is not mistaken for this one", "[api][calls]") {
    Decoder decoder;
    CHECK_FALSE(request_from<StatusAsk>(decoder, request_bytes(LeaveAsk{})));
}

TEST_CASE("an empty request is no request", "[api][calls]") {
    Decoder decoder;
    CHECK_FALSE(call_kind(Bytes{}));
    CHECK_FALSE(request_from<StatusAsk>(decoder, Bytes{}));
}

TEST_CASE("what is missing in a request stays missing on the other side", "[api][calls]") {
    Decoder decoder;
    RegisterCasAsk ask;
    ask.name = "leader";
    ask.expected = 0;
    const auto read = request_from<RegisterCasAsk>(decoder, request_bytes(ask));
    REQUIRE(read);
    CHECK(read->expected == 0U);
    CHECK_FALSE(read->value);
}

TEST_CASE("members cross with everything that is known of them", "[api][calls]") {
    Decoder decoder;
    const auto page = answer_from<MembersPage>(decoder, encoded(Ok{MembersPage{{ann()}, true}}));
    REQUIRE(page);
    REQUIRE(page->members.size() == 1);
    const MemberRecord& member = page->members.front();
    CHECK(member.node == id_of(7));
    CHECK(member.state == MemberState::suspect);
    CHECK(member.addresses == ann().addresses);
    CHECK(member.last_heard == Duration{250});
    CHECK(page->more);
}

TEST_CASE("an error crosses with its name, hint and what changed", "[api][calls]") {
    Decoder decoder;
    const Error sent{ErrorCode::unknown, "timed_out", "no answer", "ask again", Changed::unknown};
    const auto answer = answer_from<StatusAnswer>(decoder, encoded(Failed{sent}));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::unknown);
    CHECK(answer.error().name == "timed_out");
    CHECK(answer.error().hint == "ask again");
    CHECK(answer.error().changed == Changed::unknown);
}

TEST_CASE("fields that a later version appends are ignored", "[api][calls]") {
    Decoder decoder;
    Bytes request{static_cast<std::uint8_t>(CallKind::mesh)};
    Writer out(request);
    out.list(2);
    out.uint(3);
    out.text("from the future");
    const auto ask = request_from<MeshAsk>(decoder, request);
    REQUIRE(ask);
    CHECK(ask->contacts == 3);
}

TEST_CASE("an enumerator of a later version is refused", "[api][calls]") {
    Decoder decoder;
    Bytes bytes;
    Writer out(bytes);
    out.list(6);
    out.boolean(false);
    out.uint(200);
    for (int i = 0; i < 3; ++i) out.text("");
    out.uint(0);
    const auto answer = answer_from<Done>(decoder, bytes);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().name == "answer_malformed");
}

TEST_CASE("no cut of a request is taken for a whole one", "[api][calls]") {
    Decoder decoder;
    TaskOfferAsk ask;
    ask.skill = "echo";
    ask.payload = Bytes(300, 1);
    const Bytes whole = request_bytes(ask);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(request_from<TaskOfferAsk>(decoder, ByteView(whole).first(size)));
    }
}

TEST_CASE("no flipped byte of an answer does more than spoil it", "[api][calls]") {
    Decoder decoder;
    const Bytes whole = encoded(Ok{MembersPage{{ann(), ann()}, false}});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const unsigned mask : {1U, 128U, 255U}) {
            Bytes spoilt = whole;
            spoilt[at] = static_cast<std::uint8_t>(spoilt[at] ^ mask);
            const auto answer = answer_from<MembersPage>(decoder, spoilt);
            if (answer) CHECK(answer->members.size() <= limits::page_items);
        }
    }
}

TEST_CASE("a list of page_items crosses, one more does not", "[api][calls]") {
    Decoder decoder;
    MembersPage page;
    page.members.resize(limits::page_items);
    CHECK(answer_from<MembersPage>(decoder, encoded(Ok{page})));
    page.members.emplace_back();
    CHECK_FALSE(answer_from<MembersPage>(decoder, encoded(Ok{page})));
}

TEST_CASE("a value of exactly the limit crosses in a write, a cas and an offer", "[api][calls]") {
    Decoder decoder;
    const Bytes value(limits::value_bytes, 9);
    WriteAsk write;
    write.steps.emplace_back().value = value;
    CHECK(request_from<WriteAsk>(decoder, request_bytes(write))->steps.front().value == value);
    RegisterCasAsk cas;
    cas.value = value;
    CHECK(request_from<RegisterCasAsk>(decoder, request_bytes(cas))->value == value);
    TaskOfferAsk offer;
    offer.payload = value;
    CHECK(request_from<TaskOfferAsk>(decoder, request_bytes(offer))->payload == value);
}

}  // namespace
}  // namespace starling::node::calls_test
