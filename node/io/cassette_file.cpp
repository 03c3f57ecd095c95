#include "base/bytes.hpp"
#include "node/cassette_bytes.hpp"
#include "node/io/clocks.hpp"
#include "node/io/key_file.hpp"
#include <starling/cassette.hpp>

#include <mutex>
#include <utility>

namespace starling {
namespace {

constexpr std::size_t cassette_bytes_max = 64 * 1024 * 1024;

}  // namespace

Result<Cassette> Cassette::read(const std::string& path) {
    const auto text = io::read_file(path, cassette_bytes_max);
    if (!text) return tl::unexpected<Error>(text.error());
    return detail::cassette_from(view_of(*text), path);
}

Result<void> Cassette::write(const std::string& path) const {
    return io::write_file(path, text_of(detail::cassette_bytes(*this)), io::Secrecy::open,
                          io::Existing::replace);
}

struct Recorder::Tape {
    std::mutex lock;
    Cassette cassette;
};

Recorder::Recorder() : tape_(std::make_shared<Tape>()) {}

Recorder::~Recorder() = default;

External Recorder::record(const std::string& name, External real) {
    return [tape = tape_, name, real = std::move(real)](const Value& payload) {
        const auto asked = io::read_clocks().boot_time;
        Result<Value> answer = real(payload);
        const auto took = io::read_clocks().boot_time - asked;
        const std::scoped_lock held(tape->lock);
        tape->cassette.add({name, payload, answer, took});
        return answer;
    };
}

Cassette Recorder::cassette() const {
    const std::scoped_lock held(tape_->lock);
    return tape_->cassette;
}

}  // namespace starling
