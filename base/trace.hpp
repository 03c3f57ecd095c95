// A trace record is plain data: an event of the closed list and up to six numbers.  Names and text
// are made by whoever shows it; logs, metrics, transcripts and the simulator's hash come from
// nothing else.
//
// Values: thread safe to read.
#pragma once

#include "base/trace_events.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace starling {

// error: someone must act.  warn: handled, unusual.  info: this node's state changed.  debug: a
// message.
enum class Level : std::uint8_t { debug, info, warn, error };

enum class Event : std::uint16_t {
#define STARLING_EVENT(identifier, name, level, fields) identifier,
    STARLING_TRACE_EVENTS(STARLING_EVENT)
#undef STARLING_EVENT
};

struct EventInfo {
    std::string_view name;  // folder.verb
    Level level;
    std::string_view fields;  // names of the numbers, separated by spaces
};

// Every event in the order of the enumeration.
[[nodiscard]] std::span<const EventInfo> all_events();
[[nodiscard]] const EventInfo& info_of(Event event);
[[nodiscard]] std::string_view name_of(Level level);

struct TraceRecord {
    Event event{};
    std::uint8_t count = 0;
    std::array<std::uint64_t, 6> fields{};

    friend bool operator==(const TraceRecord&, const TraceRecord&) = default;
};

}  // namespace starling
