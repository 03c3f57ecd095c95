// Looks host names up in a thread of its own, because a name server may take seconds to answer.
//
//   ask(ticket, address) ──> thread ──> wake ──> take()          numeric addresses never come here
//
// The thread starts with the first question.  Destruction does not wait for a name server: the
// thread then ends by itself, holding on to what it needs.
//
// Used by one thread.
#pragma once

#include "node/io/address.hpp"
#include "node/io/descriptor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace starling::io {

class Resolver {
public:
    struct Answer {
        std::uint64_t ticket = 0;
        std::optional<Endpoint> endpoint;  // nothing: nobody knows the name
    };

    Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    void ask(std::uint64_t ticket, Address address);

    // Readable while there are answers.
    [[nodiscard]] int fd() const;
    [[nodiscard]] std::vector<Answer> take();

private:
    struct Shared;

    static void run(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;
    bool started_ = false;
};

}  // namespace starling::io
