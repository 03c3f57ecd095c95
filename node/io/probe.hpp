// A plain TCP connect: is anybody listening there?
//
//   started ──connected──> accepted      (proves nothing about who)
//           ──error──────> refused | unreachable
//           ──deadline───> timed_out
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "node/core.hpp"
#include "node/io/address.hpp"
#include "node/io/poller.hpp"

#include <optional>

namespace starling::io {

class Probe final : public Watcher {
public:
    struct Outcome {
        node::LinkNews news{};
        std::uint32_t detail = 0;  // errno
    };

    Probe(Poller& poller, const Endpoint& to, BootTime deadline);
    ~Probe() override;

    void on_ready() override;

    // Once it is known how it ended.
    [[nodiscard]] std::optional<Outcome> outcome(BootTime now) const;

    [[nodiscard]] BootTime deadline() const { return deadline_; }

private:
    [[nodiscard]] int start(const Endpoint& to) const;  // errno; EINPROGRESS as a rule
    void finish(int error);
    [[nodiscard]] bool connected_to_itself() const;

    Poller& poller_;
    BootTime deadline_;
    Descriptor socket_;
    bool watched_ = false;
    std::optional<Outcome> outcome_;
};

}  // namespace starling::io
