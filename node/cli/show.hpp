// What the API gives, as documents (for JSON) and as text for people.
//
// Documents are Values: field names as the API has them, durations end in _ms, times are RFC 3339.
// Pure functions, thread safe.
#pragma once

#include <starling/member.hpp>
#include <starling/status.hpp>
#include <starling/value.hpp>

#include <string>

namespace starling::cli {

[[nodiscard]] Value::Map document_of(const Status& status);
[[nodiscard]] Value::Map document_of(const Member& member);
[[nodiscard]] Value::Map document_of(const MemberPage& page);
[[nodiscard]] Value::Map document_of(const MemberEvent& event);

// The Prometheus text format, version 0.0.4, every name beginning with starling_.
[[nodiscard]] std::string metrics_text(const Metrics& metrics);

// For people, from the documents above (the command line gets them over HTTP).
[[nodiscard]] std::string status_text(const Value& status);
[[nodiscard]] std::string members_text(const Value::List& members, const Value& status);
[[nodiscard]] std::string member_event_text(const Value& event);

}  // namespace starling::cli
