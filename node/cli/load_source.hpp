// Where the requests of a load come from: a recorded trace, or a generator of our own.
//
//   azure:FILE.csv      TIMESTAMP,ContextTokens,GeneratedTokens, the form of the traces of LLM
//                       inference that Azure published in 2023
//   synthetic[:seed]    bursts of requests with long-tailed sizes; equal seeds, equal requests
//
// Pure but for reading the file; thread safe.
#pragma once

#include <starling/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

struct LoadRequest {
    std::chrono::nanoseconds at{};  // from the first request, as recorded
    std::uint32_t context = 0;      // tokens read
    std::uint32_t generated = 0;    // tokens written

    friend bool operator==(const LoadRequest&, const LoadRequest&) = default;
};

// How long a demo worker takes for it: 0.2 ms for a token read, 25 ms for a token written.
[[nodiscard]] std::chrono::nanoseconds service_time(const LoadRequest& request);

// The requests whose recorded time is below `length`, in the order of time.  source_unknown;
// trace_malformed names file, line and cause; file_unreadable.
[[nodiscard]] Result<std::vector<LoadRequest>> load_requests(const std::string& source,
                                                             std::uint64_t seed,
                                                             std::chrono::nanoseconds length);

// The requests of a trace; `name` stands in errors.
[[nodiscard]] Result<std::vector<LoadRequest>> azure_requests(std::string_view text,
                                                              const std::string& name);

[[nodiscard]] std::vector<LoadRequest> synthetic_requests(std::uint64_t seed,
                                                          std::chrono::nanoseconds length);

}  // namespace starling::cli
