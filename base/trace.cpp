#include "base/trace.hpp"

#include "base/assert.hpp"

namespace starling {
namespace {

constexpr auto event_infos = std::to_array<EventInfo>({
#define STARLING_EVENT(identifier, name, level, fields) {name, Level::level, fields},
    STARLING_TRACE_EVENTS(STARLING_EVENT)
#undef STARLING_EVENT
});

}  // namespace

std::span<const EventInfo> all_events() {
    return event_infos;
}

const EventInfo& info_of(Event event) {
    const auto index = static_cast<std::size_t>(event);
    STARLING_ASSERT(index < event_infos.size());
    return event_infos[index];
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
    }
    return "error";
}

}  // namespace starling
