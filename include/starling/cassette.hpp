// What external calls answered, kept in a file: recorded on a real node, played in a simulated
// mesh.
//
//   External ──Recorder::record──> the same External, remembered ──write()──> file
//   file ──Cassette::read──> World::external (sim.hpp)
//
// The file is a stream of msgpack binaries: a title, then each call as [name, payload, answer or
// nothing, error, nanoseconds].
#pragma once

#include <starling/agent.hpp>
#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace starling {

struct CassetteCall {
    std::string name;  // of the External
    Value payload;
    Result<Value> answer;
    std::chrono::nanoseconds took{};
};

// Calls in the order in which they ended.  A value, not thread safe.
class STARLING_EXPORT Cassette {
public:
    // Errors: file_missing, file_unreadable, file_too_large (64 MiB), cassette_malformed, which
    // names the file and the entry.
    [[nodiscard]] static Result<Cassette> read(const std::string& path);

    // The file is there as a whole or as it was before.  file_unwritable.
    [[nodiscard]] Result<void> write(const std::string& path) const;

    void add(CassetteCall call) { calls_.push_back(std::move(call)); }

    [[nodiscard]] const std::vector<CassetteCall>& calls() const { return calls_; }

private:
    std::vector<CassetteCall> calls_;
};

// Remembers what Externals answer.  Thread safe.
class STARLING_EXPORT Recorder {
public:
    Recorder();
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    // The same External, which tells the recorder of every call.  It may outlive the recorder.
    [[nodiscard]] External record(const std::string& name, External real);

    // What was answered until now.
    [[nodiscard]] Cassette cassette() const;

private:
    struct Tape;

    std::shared_ptr<Tape> tape_;
};

}  // namespace starling
