#include "node/cli/commands.hpp"
#include "node/cli/descriptor.hpp"
#include "node/cli/places.hpp"
#include "node/cli/progress_line.hpp"
#include "node/cli/sim_trace.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>

namespace starling::cli {
namespace {

constexpr std::string_view standard_output = "-";
constexpr std::uint64_t context_max = 1000;

// Where lines go: standard output, or a file that is there when it is whole.
class LineFile {
public:
    static Result<LineFile> open(const std::string& path) {
        LineFile file(path);
        if (path == standard_output) return file;
        errno = 0;
        file.stream_.open(file.fresh(), std::ios::trunc);
        if (!file.stream_.is_open()) return file.unwritable();
        return file;
    }

    // False when no more lines can be written.
    bool add(std::string_view line) {
        std::ostream& stream = path_ == standard_output ? std::cout : stream_;
        return (stream << line << '\n').good();
    }

    Result<void> close() {
        if (path_ == standard_output) return {};
        errno = 0;
        stream_.close();
        const bool fine =
            !stream_.fail() && (special_ || std::rename(fresh().c_str(), path_.c_str()) == 0);
        if (fine) return {};
        const auto error = unwritable();
        if (!special_) std::remove(fresh().c_str());
        return error;
    }

private:
    explicit LineFile(std::string path) : path_(std::move(path)), special_(is_special(path_)) {}

    [[nodiscard]] std::string fresh() const { return special_ ? path_ : path_ + ".part"; }

    [[nodiscard]] tl::unexpected<Error> unwritable() const {
        return failure(ErrorCode::failed, "file_unwritable",
                       fmt::format("{} cannot be written: {}", printable(path_),
                                   std::system_category().message(errno)),
                       "choose another --trace");
    }

    std::string path_;
    bool special_;
    std::ofstream stream_;
};

Result<Exit> sim_replay(const Invocation& call, Terminal& terminal) {
    const std::string path = call.text("trace");
    if (path == standard_output && call.format != Format::text) {
        return failure(ErrorCode::invalid, "bad_option",
                       "--trace must name a file when the result is JSON", "add --trace FILE");
    }
    const auto plan = read_plan(call.words.front());
    if (!plan) return tl::unexpected(plan.error());
    auto file = LineFile::open(path);
    if (!file) return tl::unexpected(file.error());
    auto trace = SimTrace::start(*plan);
    if (!trace) return tl::unexpected(trace.error());
    ProgressLine progress(call.quiet || path == standard_output);
    std::int64_t lines = 0;
    while (const auto line = trace->next()) {
        if (!file->add(*line)) break;
        ++lines;
        progress.show([&](double) {
            return fmt::format("{} lines, at {} s", lines, line->substr(0, line->find(' ')));
        });
    }
    progress.clear();
    if (auto closed = file->close(); !closed) return tl::unexpected(closed.error());
    if (!std::cout.good()) return Exit::failed;  // told by main, which looks at it last
    Verdict verdict = trace->verdict();
    verdict.document["lines"] = lines;
    verdict.document["trace"] = path;
    if (path == standard_output) {
        std::cout.flush();
        terminal.note(verdict.text);
    } else {
        terminal.result(verdict.document, [&] { return verdict.text; });
    }
    return verdict.broken.empty() ? Exit::ok : Exit::invariant_broken;
}

// Two runs, a line of each at a time.
class Comparison {
public:
    Comparison(SimTrace& a, SimTrace& b, std::size_t context) : a_(a), b_(b), context_(context) {}

    // Whether they are equal to the end.
    bool compare(ProgressLine& progress) {
        for (;;) {
            const auto of_a = a_.next();
            const auto of_b = b_.next();
            if (of_a != of_b) {
                keep_rest(a_, of_a, rest_a_);
                keep_rest(b_, of_b, rest_b_);
                return false;
            }
            if (!of_a) return true;
            ++lines_;
            common_.emplace_back(*of_a);
            if (common_.size() > context_) common_.pop_front();
            progress.show([&](double) { return fmt::format("{} equal lines", lines_); });
        }
    }

    [[nodiscard]] std::int64_t equal_lines() const { return lines_; }

    [[nodiscard]] Value::Map document() const {
        return {{"equal_lines", lines_},
                {"before", Value::List(common_.begin(), common_.end())},
                {"a", Value::List(rest_a_.begin(), rest_a_.end())},
                {"b", Value::List(rest_b_.begin(), rest_b_.end())}};
    }

    [[nodiscard]] std::string text() const {
        std::string text = fmt::format("they part after {} equal lines\n", lines_);
        for (const auto& [mark, lines] :
             {std::pair{"  ", &common_}, std::pair{"A ", &rest_a_}, std::pair{"B ", &rest_b_}}) {
            for (const std::string& line : *lines) text += mark + line + '\n';
            if (lines != &common_ && lines->empty()) text += std::string(mark) + "(its end)\n";
        }
        return text;
    }

private:
    using Lines = std::deque<std::string>;

    void keep_rest(SimTrace& trace, std::optional<std::string_view> line, Lines& rest) const {
        for (; line && rest.size() <= context_; line = trace.next()) rest.emplace_back(*line);
    }

    SimTrace& a_;
    SimTrace& b_;
    std::size_t context_;
    std::int64_t lines_ = 0;
    Lines common_;
    Lines rest_a_;
    Lines rest_b_;
};

// Two plans, or one and the same with another seed.
Result<std::pair<sim::Plan, sim::Plan>> plans_of(const Invocation& call) {
    const bool has_seed = call.has("seed");
    if (has_seed == (call.words.size() == 2)) {
        return failure(ErrorCode::invalid, "missing_argument",
                       "two plans are compared, or one with --seed", "starling help sim diff");
    }
    auto a = read_plan(call.words.front());
    if (!a) return tl::unexpected(a.error());
    auto b = has_seed ? a : read_plan(call.words.back());
    if (!b) return tl::unexpected(b.error());
    if (has_seed) {
        const auto seed = call.number("seed", 0, UINT64_MAX);
        if (!seed) return tl::unexpected(seed.error());
        b->seed = *seed;
    }
    return std::pair{std::move(*a), std::move(*b)};
}

Result<Exit> sim_diff(const Invocation& call, Terminal& terminal) {
    const auto plans = plans_of(call);
    if (!plans) return tl::unexpected(plans.error());
    const auto context = call.number("context", 0, context_max);
    if (!context) return tl::unexpected(context.error());
    auto a = SimTrace::start(plans->first);
    if (!a) return tl::unexpected(a.error());
    auto b = SimTrace::start(plans->second);
    if (!b) return tl::unexpected(b.error());
    ProgressLine progress(call.quiet);
    Comparison comparison(*a, *b, *context);
    const bool lines_equal = comparison.compare(progress);
    progress.clear();
    Value::Map document = comparison.document();
    if (!lines_equal) {
        document["equal"] = false;
        terminal.result(std::move(document), [&] { return comparison.text(); });
        return Exit::failed;
    }
    const std::string of_a = a->verdict().trace_hash;
    const std::string of_b = b->verdict().trace_hash;
    document["equal"] = of_a == of_b;
    document["trace_hashes"] = Value::List{of_a, of_b};
    terminal.result(std::move(document), [&] {
        return fmt::format("{} equal lines, trace hash{} {}\n", comparison.equal_lines(),
                           of_a == of_b ? "" : "es", of_a == of_b ? of_a : of_a + " and " + of_b);
    });
    return of_a == of_b ? Exit::ok : Exit::failed;
}

}  // namespace

Command sim_replay_command() {
    Command command{"sim replay", "simulate", "run a plan and write everything that happens",
                    "PLAN",       1,          1};
    command.options = {{"trace", "FILE", "where the lines go; - is standard output", "-"}};
    command.examples = {"starling sim replay crash.plan | grep auction",
                        "starling sim replay crash.plan --trace crash.trace --json"};
    command.notes =
        "A line is a time in seconds, a node (from 1) and an event with its numbers; ids of nodes "
        "are shown as n1, n2, ... Exit code 9: an invariant broke.";
    command.run = sim_replay;
    return command;
}

Command sim_diff_command() {
    Command command{"sim diff", "simulate", "where two runs part", "A [B]", 1, 2};
    command.options = {{"seed", "S", "compare A with itself under another seed"},
                       {"context", "N", "so many lines before and behind", "5"}};
    command.examples = {"starling sim diff crash.plan crash.small.plan",
                        "starling sim diff crash.plan --seed 8 --json"};
    command.notes =
        "Both run side by side, and what they do is compared line by line as sim replay writes it. "
        "Exit code 1: they part.";
    command.run = sim_diff;
    return command;
}

}  // namespace starling::cli
