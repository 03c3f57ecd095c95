// Messages survive the wire; hostile bytes do not survive the decoder.
#include "auction/messages.hpp"

#include "base/limits.hpp"
#include "base/rng.hpp"

#include <catch2/catch.hpp>

#include <map>

namespace starling::auction::test::messages_test {
namespace {

template <class IdType>
IdType id_of(std::uint8_t first) {
    IdType id;
    id.bytes[0] = first;
    return id;
}

const NodeId ann = id_of<NodeId>(1);
const NodeId bob = id_of<NodeId>(2);
const TaskId task = id_of<TaskId>(9);
const Epoch epoch{3, ann, Boot{17}, 5};

Record record() {
    Record made;
    made.id = task;
    made.spec.skill = "quote";
    made.spec.payload = Bytes(100, 7);
    made.spec.key = "key";
    made.announcer = ann;
    made.offered_ms = 1234567;
    made.home = {2, bob, Boot{18}, 6};
    made.custodians = {ann, bob};
    made.before = {bob};
    return made;
}

Outcome outcome() {
    return {Ending::done, Bytes(10, 3), "", bob, epoch};
}

Attempts attempts() {
    Attempt attempt;
    attempt.epoch = epoch;
    attempt.node = bob;
    attempt.end = AttemptEnd::crashed;
    attempt.executed = true;
    attempt.reason = "crashed";
    return {attempt};
}

GrantAnswer grant_answer() {
    return {task,     epoch,     GrantVerdict::exists, epoch, Held{epoch, outcome()}, true,
            record(), attempts()};
}

TaskView view() {
    TaskView made = view_of(record(), epoch, attempts());
    show_outcome(made, outcome());
    return made;
}

// One of every kind, encoded.
std::map<std::string, Bytes> samples() {
    const FreeWorkers free{4, 2};
    Query query;
    query.task = task;
    QueryAnswer answer;
    answer.views = {view()};
    answer.record = record();
    return {
        {"record", encoded(RecordTask{record(), epoch, true, Duration{5}, Held{epoch, outcome()},
                                      attempts()})},
        {"grant", encoded(Grant{task, record().home, epoch, attempts()})},
        {"granted", encoded(Granted{grant_answer()})},
        {"store", encoded(StoreResult{task, record().home, {epoch, outcome()}, true, attempts()})},
        {"stored",
         encoded(StoredResult{task, epoch, StoreVerdict::stale, epoch, Held{epoch, outcome()}})},
        {"cfp", encoded(Cfp{task, epoch, "quote", Duration{1}, Duration{2}, Duration{3}})},
        {"propose", encoded(Propose{task, epoch, Boot{3}, 77, Standing::running, free})},
        {"refuse", encoded(Refuse{task, epoch, RefuseReason::busy, free})},
        {"accept", encoded(AcceptProposal{record(), epoch, Boot{3}, Duration{9}, task})},
        {"reject", encoded(RejectProposal{task, epoch})},
        {"agree", encoded(Agree{task, epoch, free})},
        {"failure", encoded(Failure{task, epoch, FailureReason::failed, true, "why", free})},
        {"inform", encoded(Inform{task, epoch, Bytes(4, 4), free})},
        {"informed", encoded(Informed{task, epoch, InformVerdict::stale, bob})},
        {"cancel", encoded(Cancel{task, epoch, CancelPurpose::withdraw})},
        {"renew", encoded(Renew{task, epoch, 1000, "half"})},
        {"renewed", encoded(Renewed{task, epoch, RenewVerdict::stale})},
        {"progress", encoded(Progress{{{task, epoch, DutyNote::finished}}})},
        {"query", encoded(query)},
        {"answer", encoded(answer)},
        {"digest", encoded(DigestNews{{{ann, Boot{1}, 2, {{"quote", 1, 2}}}}})},
    };
}

// Decodes as `kind` and encodes again; nothing when the bytes are refused.
template <class Message>
std::optional<Bytes> again(Decoder& decoder, ByteView bytes) {
    const auto message = decoded<Message>(decoder, bytes);
    if (!message) return std::nullopt;
    return encoded(*message);
}

using Again = std::optional<Bytes> (*)(Decoder&, ByteView);

const std::map<std::string, Again>& decoders() {
    static const std::map<std::string, Again> table = {
        {"record", again<RecordTask>},     {"grant", again<Grant>},
        {"granted", again<Granted>},       {"store", again<StoreResult>},
        {"stored", again<StoredResult>},   {"cfp", again<Cfp>},
        {"propose", again<Propose>},       {"refuse", again<Refuse>},
        {"accept", again<AcceptProposal>}, {"reject", again<RejectProposal>},
        {"agree", again<Agree>},           {"failure", again<Failure>},
        {"inform", again<Inform>},         {"informed", again<Informed>},
        {"cancel", again<Cancel>},         {"renew", again<Renew>},
        {"renewed", again<Renewed>},       {"progress", again<Progress>},
        {"query", again<Query>},           {"answer", again<QueryAnswer>},
        {"digest", again<DigestNews>},
    };
    return table;
}

TEST_CASE("every message decodes to what was encoded", "[auction][wire]") {
    Decoder decoder;
    for (const auto& [name, bytes] : samples()) {
        CAPTURE(name);
        CHECK(decoders().at(name)(decoder, bytes) == bytes);
    }
}

TEST_CASE("no prefix of a message is a message", "[auction][wire]") {
    Decoder decoder;
    for (const auto& [name, bytes] : samples()) {
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CHECK_FALSE(decoders().at(name)(decoder, ByteView(bytes).first(size)));
        }
    }
}

TEST_CASE("bytes changed at random never harm any decoder", "[auction][wire]") {
    Decoder decoder;
    Rng rng(7);
    const auto all = samples();
    for (int round = 0; round < 200; ++round) {
        for (const auto& [name, bytes] : all) {
            Bytes changed = bytes;
            for (std::uint64_t i = 0; i <= rng.below(4); ++i) {
                changed[static_cast<std::size_t>(rng.below(changed.size()))] =
                    static_cast<std::uint8_t>(rng.below(256));
            }
            for (const auto& [other, decode] : decoders()) decode(decoder, changed);
        }
    }
    CHECK(decoders().at("agree")(decoder, all.at("agree")));
}

template <class Message>
bool passes(const Message& message) {
    Decoder decoder;
    return decoded<Message>(decoder, encoded(message)).has_value();
}

TEST_CASE("what is over a limit is refused, what is at it passes", "[auction][wire]") {
    AcceptProposal accept{record(), epoch, Boot{1}, Duration{1}, task};
    accept.record.spec.payload.resize(limits::encoded_value_bytes);
    CHECK(passes(accept));
    accept.record.spec.payload.resize(limits::encoded_value_bytes + 1);
    CHECK_FALSE(passes(accept));

    accept = {record(), epoch, Boot{1}, Duration{1}, task};
    accept.record.spec.skill.assign(limits::name_bytes, 'x');
    CHECK(passes(accept));
    accept.record.spec.skill.push_back('x');
    CHECK_FALSE(passes(accept));

    Inform inform{task, epoch, Bytes(limits::encoded_value_bytes, 1), {}};
    CHECK(passes(inform));
    inform.result.push_back(1);
    CHECK_FALSE(passes(inform));

    Progress progress{std::vector<Duty>(limits::list_entries, {task, epoch, DutyNote::asked})};
    CHECK(passes(progress));
    progress.duties.push_back(progress.duties.front());
    CHECK_FALSE(passes(progress));

    Epoch top{limits::task_rounds, ann, Boot{1}, 1};
    CHECK(passes(RejectProposal{task, top}));
    ++top.round;
    CHECK_FALSE(passes(RejectProposal{task, top}));
}

TEST_CASE("a record names one to six custodians, each once", "[auction][wire]") {
    const auto named = [](std::vector<NodeId> custodians) {
        AcceptProposal accept{record(), epoch, Boot{1}, Duration{1}, task};
        accept.record.custodians = std::move(custodians);
        return passes(accept);
    };
    CHECK_FALSE(named({}));
    CHECK(named({ann}));
    CHECK_FALSE(named({ann, bob, ann}));
    std::vector<NodeId> most;
    for (std::uint8_t i = 0; i < limits::key_custodians; ++i) most.push_back(id_of<NodeId>(i + 10));
    CHECK(named(most));
    most.push_back(ann);
    CHECK_FALSE(named(most));
}

TEST_CASE("times that make no sense are refused", "[auction][wire]") {
    const auto cfp = [](Duration reply) {
        return passes(Cfp{task, epoch, "quote", Duration{1}, reply, Duration{0}});
    };
    CHECK(cfp(limits::task_duration_max));
    CHECK_FALSE(cfp(limits::task_duration_max + Duration{1}));
    CHECK_FALSE(cfp(Duration{-1}));
}

TEST_CASE("the largest answers fit into a frame", "[auction][wire]") {
    GrantAnswer answer = grant_answer();
    answer.record->spec.payload.resize(limits::encoded_value_bytes);
    answer.held->outcome.result.resize(limits::encoded_value_bytes);
    answer.attempts.assign(limits::attempts_kept, attempts().front());
    for (Attempt& attempt : answer.attempts) attempt.reason.assign(limits::name_bytes, 'x');
    CHECK(encoded(answer).size() < limits::body_bytes);

    TaskView shown = view();
    shown.result.resize(limits::encoded_value_bytes);
    shown.attempts = answer.attempts;
    QueryAnswer query;
    query.views = {shown};
    query.record = answer.record;
    CHECK(encoded(query).size() < limits::body_bytes);
}

TEST_CASE("later attempts replace the running state, a refusal stays", "[auction]") {
    Attempts known = attempts();
    Attempts news = attempts();
    news[0].end = AttemptEnd::running;
    news[0].refused = true;
    merge(known, news);
    REQUIRE(known.size() == 1);
    CHECK(known[0].end == AttemptEnd::crashed);
    CHECK(known[0].refused);
}

TEST_CASE("the newest attempts are kept", "[auction]") {
    Attempts known;
    for (std::uint32_t round = 1; round <= limits::attempts_kept + 1; ++round) {
        attempt_of(known, {round, ann, Boot{1}, 1}, bob);
    }
    CHECK(known.size() == limits::attempts_kept);
    CHECK(known.front().epoch.round == 2);
    CHECK(attempt_of(known, {1, ann, Boot{1}, 1}, bob).epoch.round == 1);
    CHECK(known.size() == limits::attempts_kept);
}

}  // namespace
}  // namespace starling::auction::test::messages_test
