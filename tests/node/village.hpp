// A few NodeCores in one process: every dial succeeds, every frame arrives one millisecond later,
// every record is durable at once.  For tests of how the cores work together.
#pragma once

#include "node/calls.hpp"
#include "node/core.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace starling::node {

// Keeps records for ever, in memory.
class Shelf : public RecordSource {
public:
    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;
    void take(const Effects& out);

    void copy(const Shelf& other) { tables_ = other.tables_; }

    [[nodiscard]] std::vector<FetchedRecord> fetch(const Effects& out, const Fetch& fetch) const;

private:
    std::map<Table, std::map<Bytes, Bytes>> tables_;
};

class Village {
public:
    explicit Village(std::size_t count);
    ~Village();

    // Lets time pass in steps of a millisecond.
    void run(Duration time);
    // Until `done`, at most `limit`; whether it came true.
    bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds{20});

    [[nodiscard]] NodeCore& node(std::size_t index) { return *houses_[index].core; }

    [[nodiscard]] NodeId id(std::size_t index) const;

    // Stops a node without a word, or starts it again from its shelf with the next boot.
    void kill(std::size_t index);
    void start(std::size_t index);

    // Keeps a copy of the node's shelf; puts it in its place.  REQUIRES of the second: it is
    // killed.
    void keep_shelf(std::size_t index) { houses_[index].kept.copy(houses_[index].shelf); }

    void put_shelf_back(std::size_t index) { houses_[index].shelf.copy(houses_[index].kept); }

    // What the node hears of its own disk and loop.
    void set_health(std::size_t index, const DriverHealth& health);

    // Hands a frame to a node as if `from` had sent it.
    FrameVerdict inject(std::size_t to, std::size_t from, ByteView frame);
    // The link that `from` introduced to `to`.
    [[nodiscard]] LinkId link_between(std::size_t from, std::size_t to) const;

    template <class Request>
    CallId call(std::size_t index, const Request& request) {
        return call_bytes(index, request_bytes(request));
    }

    CallId call_bytes(std::size_t index, ByteView request);
    void end_call(std::size_t index, CallId call);

    // What came back for a call so far, oldest first.
    [[nodiscard]] const std::vector<Bytes>& answers(CallId call) { return answers_[call]; }

    // Waits for the n-th answer and decodes it.
    template <class Payload>
    Result<Payload> answer(CallId call, std::size_t number = 0) {
        if (!run_until([&] { return answers_[call].size() > number; })) {
            return failure(ErrorCode::failed, "no_answer", "no answer came");
        }
        Decoder decoder;
        return answer_from<Payload>(decoder, answers_[call][number]);
    }

    template <class Payload, class Request>
    Result<Payload> ask(std::size_t index, const Request& request) {
        return answer<Payload>(call(index, request));
    }

    [[nodiscard]] std::size_t traced(Event event) const;

private:
    struct House {
        std::unique_ptr<NodeCore> core;
        Shelf shelf;
        Shelf kept;
        Boot boot;
        std::map<NodeId, LinkId> links;  // outgoing, by peer
    };

    struct Travelling {
        BootTime due{};
        std::size_t to = 0;
        NodeId from;
        Bytes frame;
    };

    [[nodiscard]] std::optional<std::size_t> index_of(const NodeId& id) const;
    [[nodiscard]] Setup setup_of(std::size_t index) const;
    void step();
    void carry_out(std::size_t index, Effects& out);
    void carry_out_links(std::size_t index, const Effects& out);

    Moment now_;
    Verifier verifier_;
    std::vector<SigningKey> keys_;
    gossip::Genesis genesis_;
    std::vector<gossip::Certificate> certificates_;
    std::deque<House> houses_;
    std::deque<Travelling> travelling_;
    std::deque<std::pair<std::size_t, LinkEvent>> events_;
    std::map<CallId, std::vector<Bytes>> answers_;
    std::map<Event, std::size_t> traced_;
    std::uint64_t last_call_ = 0;
};

}  // namespace starling::node
