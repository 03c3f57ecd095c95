#include "node/cli/load_source.hpp"

#include "base/rng.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto per_context_token = 200us;
constexpr auto per_generated_token = 25ms;
constexpr std::uint64_t tokens_max = 10'000'000;

// The generator: bursts of 5 s whose rate changes around a mean of one request in 400 ms.
constexpr std::uint64_t synthetic_stream = 0x6c6f6164;
constexpr auto burst = 5s;
constexpr std::uint64_t gap_ms_min = 150;
constexpr std::uint64_t gap_ms_max = 700;
constexpr std::size_t requests_max = 1'000'000;

// Reads fixed-width digits off the front of a text.
class Digits {
public:
    explicit Digits(std::string_view text) : rest_(text) {}

    int number(std::size_t width) {
        const auto number = parse_number(rest_.substr(0, width));
        if (!number || rest_.size() < width) good_ = false;
        rest_.remove_prefix(std::min(width, rest_.size()));
        return number ? static_cast<int>(*number) : 0;
    }

    void expect(char separator) {
        if (rest_.empty() || rest_.front() != separator) good_ = false;
        if (!rest_.empty()) rest_.remove_prefix(1);
    }

    // What stands behind the decimal point of seconds; nothing is zero.
    nanoseconds fraction() {
        if (rest_.empty()) return 0ns;
        expect('.');
        std::string digits(rest_);
        if (digits.empty() || digits.size() > 9) good_ = false;
        digits.resize(9, '0');
        const auto number = parse_number(digits);
        if (!number) good_ = false;
        return nanoseconds(number.value_or(0));
    }

    [[nodiscard]] bool good() const { return good_; }

private:
    std::string_view rest_;
    bool good_ = true;
};

// "2023-11-16 18:17:03.9799600" as time since 1970.
std::optional<nanoseconds> parse_timestamp(std::string_view text) {
    Digits digits(text);
    const auto year = std::chrono::year(digits.number(4));
    digits.expect('-');
    const auto month = std::chrono::month(static_cast<unsigned>(digits.number(2)));
    digits.expect('-');
    const auto day = std::chrono::day(static_cast<unsigned>(digits.number(2)));
    digits.expect(' ');
    const auto hours = std::chrono::hours(digits.number(2));
    digits.expect(':');
    const auto minutes = std::chrono::minutes(digits.number(2));
    digits.expect(':');
    const auto seconds = std::chrono::seconds(digits.number(2));
    const auto fraction = digits.fraction();
    const auto date = year / month / day;
    if (!digits.good() || !date.ok() || hours >= 24h || minutes >= 60min || seconds > 60s)
        return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch() + hours + minutes + seconds + fraction;
}

std::optional<std::uint32_t> parse_tokens(std::string_view text) {
    const auto number = parse_number(text);
    if (!number || *number > tokens_max) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

// What is wrong with the line; nothing when it was read.
std::string read_line(std::string_view line, std::vector<LoadRequest>& requests) {
    const auto fields = split(line, ',');
    if (fields.size() != 3) return fmt::format("{} fields instead of 3", fields.size());
    const auto at = parse_timestamp(fields[0]);
    if (!at) return "no time such as 2023-11-16 18:17:03.97: " + printable(fields[0]);
    const auto context = parse_tokens(fields[1]);
    const auto generated = parse_tokens(fields[2]);
    if (!context) return "no number of tokens: " + printable(fields[1]);
    if (!generated) return "no number of tokens: " + printable(fields[2]);
    requests.push_back({*at, *context, *generated});
    return {};
}

void start_at_zero(std::vector<LoadRequest>& requests) {
    std::ranges::stable_sort(requests, {}, &LoadRequest::at);
    if (requests.empty()) return;
    const auto first = requests.front().at;
    for (LoadRequest& each : requests) each.at -= first;
}

// Mostly small, sometimes very large: the product of two uniform draws over their range.
std::uint32_t long_tailed(Rng& rng, std::uint64_t most) {
    return static_cast<std::uint32_t>(1 + rng.between(0, most) * rng.between(0, most) / most);
}

}  // namespace

nanoseconds service_time(const LoadRequest& request) {
    return request.context * nanoseconds(per_context_token) +
           request.generated * nanoseconds(per_generated_token);
}

Result<std::vector<LoadRequest>> azure_requests(std::string_view text, const std::string& name) {
    constexpr std::string_view head = "TIMESTAMP,ContextTokens,GeneratedTokens";
    std::vector<LoadRequest> requests;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (number == 1 && line == head) continue;
        const std::string wrong =
            number == 1 ? "the first line must be " + std::string(head) : read_line(line, requests);
        if (wrong.empty()) continue;
        return failure(ErrorCode::invalid, "trace_malformed",
                       fmt::format("{}:{}: {}", name, number, wrong));
    }
    if (requests.empty()) {
        return failure(ErrorCode::invalid, "trace_malformed", name + ":1: there are no requests");
    }
    start_at_zero(requests);
    return requests;
}

std::vector<LoadRequest> synthetic_requests(std::uint64_t seed, nanoseconds length) {
    Rng rng(seed, synthetic_stream);
    std::vector<LoadRequest> requests;
    nanoseconds now{};
    nanoseconds burst_end{};
    nanoseconds mean_gap{};
    while (now < length && requests.size() < requests_max) {
        if (now >= burst_end) {
            burst_end = now + burst;
            mean_gap = std::chrono::milliseconds(rng.between(gap_ms_min, gap_ms_max));
        }
        requests.push_back({now, long_tailed(rng, 6000), long_tailed(rng, 120)});
        now += rng.exponential(mean_gap);
    }
    return requests;
}

Result<std::vector<LoadRequest>> load_requests(const std::string& source, std::uint64_t seed,
                                               nanoseconds length) {
    constexpr std::string_view azure = "azure:";
    constexpr std::string_view synthetic = "synthetic";
    if (source == synthetic) return synthetic_requests(seed, length);
    if (source.starts_with("synthetic:")) {
        const auto own = parse_number(std::string_view(source).substr(synthetic.size() + 1));
        if (own) return synthetic_requests(*own, length);
    }
    if (!source.starts_with(azure)) {
        return failure(ErrorCode::invalid, "source_unknown",
                       "no source of requests is called " + printable(source),
                       "synthetic, synthetic:SEED or azure:FILE.csv");
    }
    const std::string path = source.substr(azure.size());
    const auto text = read_text(path);
    if (!text) return tl::unexpected(text.error());
    auto requests = azure_requests(*text, path);
    if (requests)
        std::erase_if(*requests, [&](const LoadRequest& each) { return each.at >= length; });
    return requests;
}

}  // namespace starling::cli
