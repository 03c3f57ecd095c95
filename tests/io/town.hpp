// A mesh of real drivers in one process, on loopback ports: each has a data directory of its own
// and the same mesh file.
//
// Not thread safe.
#pragma once

#include "base/value_codec.hpp"
#include "node/calls.hpp"
#include "node/calls_state.hpp"
#include "node/io/address.hpp"
#include "node/io/clocks.hpp"
#include "node/io/driver.hpp"
#include "node/io/key_file.hpp"
#include "node/io/mesh_file.hpp"
#include "tests/journal/scratch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace starling::tests {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().name + ": " + result.error().message);
    return std::move(*result);
}

// An address that nobody else takes: the host's number is this process's, and the port is below
// those of outgoing connections.
inline std::string own_address() {
    static std::uint16_t port = 20000;
    const auto process = static_cast<std::uint32_t>(getpid());
    return fmt::format("127.{}.{}.{}:{}", 64 + (process >> 16) % 64, (process >> 8) % 256,
                       process % 256, ++port);
}

// True when the condition held within 10 seconds.
inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = io::read_clocks().boot_time + std::chrono::seconds{10};
    while (io::read_clocks().boot_time < deadline) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return condition();
}

// The answers of one call, as they come.
class Answers {
public:
    [[nodiscard]] io::AnswerSink sink() const {
        return [shared = shared_](ByteView body, bool last) {
            const std::scoped_lock lock(shared->mutex);
            shared->bodies.push_back(copy_of(body));
            shared->ended = last;
            shared->changed.notify_all();
        };
    }

    // The next one; nothing after 10 seconds.
    [[nodiscard]] std::optional<Bytes> next() const {
        std::unique_lock lock(shared_->mutex);
        if (!shared_->changed.wait_for(lock, std::chrono::seconds{10},
                                       [&] { return !shared_->bodies.empty(); })) {
            return std::nullopt;
        }
        Bytes body = std::move(shared_->bodies.front());
        shared_->bodies.pop_front();
        return body;
    }

    [[nodiscard]] bool ended() const {
        const std::scoped_lock lock(shared_->mutex);
        return shared_->ended;
    }

private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<Bytes> bodies;
        bool ended = false;
    };

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

template <class Answer, class Ask>
Result<Answer> ask(io::Driver& driver, const Ask& request) {
    const Answers answers;
    if (driver.call(node::request_bytes(request), answers.sink()) == CallId{}) {
        return failure(ErrorCode::failed, "not_taken", "the driver took no call");
    }
    const auto body = answers.next();
    if (!body) return failure(ErrorCode::unknown, "no_answer", "no answer in 10 s");
    Decoder decoder;
    return node::answer_from<Answer>(decoder, *body);
}

inline node::StatusAnswer status(io::Driver& driver) {
    return must(ask<node::StatusAnswer>(driver, node::StatusAsk{}));
}

inline node::WriteAsk writing(const std::string& key, const std::string& text) {
    node::WriteAsk request;
    request.agent = "tester";
    request.steps.push_back(
        {key, node::KeyType::last_writer, node::WriteAction::put, value_bytes(Value(text)), 0});
    return request;
}

class Town {
public:
    explicit Town(std::size_t nodes) {
        std::vector<io::Candidate> candidates;
        for (std::size_t i = 0; i < nodes; ++i) {
            addresses_.push_back(own_address());
            candidates.push_back({must(io::token_of(directory(i))), {addresses_.back()}});
        }
        const auto seed = must(io::make_key(scratch_.file("root.key")));
        mesh_ = must(io::make_mesh("town", SigningKey(seed), candidates));
        must_void(io::write_file(mesh_path(), io::text_of(mesh_), io::Secrecy::open,
                                 io::Existing::refuse));
    }

    [[nodiscard]] io::DriverOptions options(std::size_t i) const {
        io::DriverOptions options;
        options.data_dir = directory(i);
        options.mesh_file = mesh_path();
        options.bind = addresses_.at(i);
        options.name = "node-" + std::to_string(i);
        options.log.on = false;
        return options;
    }

    [[nodiscard]] std::unique_ptr<io::Driver> start(std::size_t i) const {
        return must(io::Driver::open(options(i)));
    }

    [[nodiscard]] std::string directory(std::size_t i) const {
        return scratch_.file("node-" + std::to_string(i));
    }

    [[nodiscard]] std::string mesh_path() const { return scratch_.file("town.json"); }

    [[nodiscard]] const std::string& address(std::size_t i) const { return addresses_.at(i); }

    [[nodiscard]] const io::MeshFile& mesh() const { return mesh_; }

    [[nodiscard]] const Scratch& scratch() const { return scratch_; }

private:
    static void must_void(const Result<void>& result) {
        if (!result) throw std::runtime_error(result.error().message);
    }

    Scratch scratch_;
    std::vector<std::string> addresses_;
    io::MeshFile mesh_;
};

}  // namespace starling::tests
