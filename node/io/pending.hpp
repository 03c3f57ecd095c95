// One call of a program on its way: what a Pending holds.
//
//   open ──answer (driver thread)──> answered ──wait() or the handler──> taken
//
// Invariants:
//   I1  A handler is posted to the inbox exactly once, whether it or the answer came first.
//
// Thread safe.
#pragma once

#include "base/bytes.hpp"
#include "node/io/inbox.hpp"
#include "node/questions.hpp"
#include <starling/pending.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace starling::detail {

class Call {
public:
    Call(std::shared_ptr<Inbox> inbox, Effect effect) : inbox_(std::move(inbox)), effect_(effect) {}

    // The answer's bytes; empty when the node closed.
    void answer(ByteView body);
    void fail(Error error);

    [[nodiscard]] Result<Bytes> wait(std::chrono::milliseconds timeout);
    [[nodiscard]] bool answered() const;

    using Handler = std::function<void(Result<Bytes>)>;
    void then(Handler handler);

private:
    void settle(Result<Bytes> reply);
    void post();  // the lock is held

    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::optional<Result<Bytes>> reply_;
    Handler handler_;
    std::shared_ptr<Inbox> inbox_;
    Effect effect_;
};

// A call whose answer becomes a T.
template <class T>
class CallFor : public Call {
public:
    using Read = std::function<Result<T>(ByteView)>;

    CallFor(std::shared_ptr<Inbox> inbox, Effect effect, Read read)
        : Call(std::move(inbox), effect), read_(std::move(read)) {}

    [[nodiscard]] const Read& read() const { return read_; }

private:
    Read read_;
};

}  // namespace starling::detail
