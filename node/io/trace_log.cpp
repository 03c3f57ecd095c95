#include "node/io/trace_log.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace starling::io {
namespace {

constexpr std::size_t lines_waiting_max = 8192;

// Numbers: everything that counts, orders or measures.  All others are the first eight bytes of an
// id or a hash.
constexpr std::array identity_fields = {
    "node",     "peer",       "from",     "about",     "by",        "winner",
    "loser",    "origin",     "curve",    "task",      "announcer", "their_mesh",
    "our_mesh", "rival_node", "key_hash", "name_hash", "skill_hash"};

bool is_identity(std::string_view field) {
    for (const std::string_view each : identity_fields) {
        if (each == field) return true;
    }
    return false;
}

void append_field(std::string& line, std::string_view field, std::uint64_t value) {
    auto out = std::back_inserter(line);
    if (field == "address") {
        fmt::format_to(out, " {}={}.{}.{}.{}", field, value >> 24U & 0xFFU, value >> 16U & 0xFFU,
                       value >> 8U & 0xFFU, value & 0xFFU);
    } else if (is_identity(field)) {
        fmt::format_to(out, " {}={:016x}", field, value);
    } else {
        fmt::format_to(out, " {}={}", field, value);
    }
}

spdlog::sink_ptr sink_for(const std::string& file) {
    if (file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
}

}  // namespace

std::string line_of(const TraceRecord& record) {
    const EventInfo& info = info_of(record.event);
    std::string line(info.name);
    std::string_view names = info.fields;
    for (std::size_t i = 0; i < record.count; ++i) {
        const std::string_view name = names.substr(0, names.find(' '));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        append_field(line, name.empty() ? "more" : name, record.fields[i]);
    }
    return line;
}

TraceLog::TraceLog() : counts_(all_events().size()) {}

// The pool first: it joins its thread, which holds the logger while lines wait.
TraceLog::~TraceLog() {
    pool_.reset();
}

Result<std::unique_ptr<TraceLog>> TraceLog::open(const LogOptions& options) {
    std::unique_ptr<TraceLog> log(new TraceLog);
    log->level_ = options.level;
    if (!options.on) return log;
    try {
        log->pool_ = std::make_shared<spdlog::details::thread_pool>(lines_waiting_max, 1);
        log->logger_ =
            std::make_shared<spdlog::async_logger>("starling", sink_for(options.file), log->pool_,
                                                   spdlog::async_overflow_policy::overrun_oldest);
        log->logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %v", spdlog::pattern_time_type::utc);
        log->logger_->set_level(spdlog::level::debug);
        log->logger_->flush_on(spdlog::level::info);  // who follows the file sees what happens
        log->logger_->set_error_handler([](const std::string&) {});
    } catch (const spdlog::spdlog_ex& error) {
        return failure(ErrorCode::failed, "log_unwritable",
                       "cannot write the log " + options.file + ": " + error.what(),
                       "choose another file with --log, or free space there");
    }
    return log;
}

void TraceLog::write(std::span<const TraceRecord> records) {
    for (const TraceRecord& record : records) {
        counts_[static_cast<std::size_t>(record.event)].fetch_add(1, std::memory_order_relaxed);
        const Level level = info_of(record.event).level;
        if (!logger_ || level < level_) continue;
        // The level is in our words, not spdlog's; its own only decides about flushing.
        logger_->log(level < Level::info ? spdlog::level::debug : spdlog::level::info, "{} {}",
                     name_of(level), line_of(record));
    }
}

void TraceLog::flush() {
    if (logger_) logger_->flush();
}

std::vector<std::uint64_t> TraceLog::counts() const {
    std::vector<std::uint64_t> counts;
    counts.reserve(counts_.size());
    for (const auto& count : counts_) counts.push_back(count.load(std::memory_order_relaxed));
    return counts;
}

std::uint64_t TraceLog::lost() const {
    return pool_ ? pool_->overrun_counter() : 0;
}

}  // namespace starling::io
