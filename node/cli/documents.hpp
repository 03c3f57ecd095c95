// State, agreement and work as documents (for JSON) and as text for people; see show.hpp.
//
// Pure functions, thread safe.
#pragma once

#include <starling/decision.hpp>
#include <starling/error.hpp>
#include <starling/register.hpp>
#include <starling/state.hpp>
#include <starling/task.hpp>
#include <starling/value.hpp>

#include <string>

namespace starling::cli {

[[nodiscard]] Value::Map document_of(const Written& written);
[[nodiscard]] Value::Map document_of(const Entry& entry);
[[nodiscard]] Value::Map document_of(const EntryPage& page);
[[nodiscard]] Value::Map document_of(const StateChange& change);
[[nodiscard]] Value::Map document_of(const RegisterState& state);
[[nodiscard]] Value::Map document_of(const Lease& lease);
[[nodiscard]] Value::Map document_of(const Decision& decision);
[[nodiscard]] Value::Map document_of(const TaskInfo& task);
[[nodiscard]] Value::Map document_of(const TaskPage& page);
[[nodiscard]] Value::Map document_of(const TaskReport& report);
[[nodiscard]] Value::Map document_of(const Task& task);  // an assignment
[[nodiscard]] Value::Map document_of(const Award& award, TaskStop why);
[[nodiscard]] Value::Map document_of(const TaskAttempt& attempt);
[[nodiscard]] Value::Map document_of(const Vote& vote);

// For answer_with() of mesh_routes.hpp.
inline constexpr auto shown_document = [](const auto& answer) { return document_of(answer); };

// The name of an operation as text and back: what is no plain text becomes hex:0a1b...
[[nodiscard]] std::string operation_text(const std::string& operation);
[[nodiscard]] std::string operation_from(const std::string& text);

// For people, from the documents above.
[[nodiscard]] std::string entry_text(const Value& entry);       // the value alone, as JSON
[[nodiscard]] std::string provenance_text(const Value& entry);  // who wrote it, when and why
[[nodiscard]] std::string entries_text(const Value& page);
[[nodiscard]] std::string change_text(const Value& change);
[[nodiscard]] std::string register_text(const Value& state);
[[nodiscard]] std::string lease_text(const Value& lease);
[[nodiscard]] std::string decision_text(const Value& decision);
[[nodiscard]] std::string task_text(const Value& task);
[[nodiscard]] std::string tasks_text(const Value::List& tasks);

}  // namespace starling::cli
