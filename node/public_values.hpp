// Values and names between the public API and the calls of a node.
//
// Pure functions, thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "node/calls_state.hpp"
#include "node/calls_task.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <string>
#include <vector>

namespace starling::detail {

// Canonical bytes.  value_too_long: a text or bytes over limits::value_bytes, or another value
// whose canonical bytes are.
[[nodiscard]] Result<Bytes> packed(const Value& value);

// Bytes that are no value come as bytes.
[[nodiscard]] Value unpacked(const Bytes& bytes);
[[nodiscard]] std::vector<Value> unpacked(const std::vector<Bytes>& values);

// Opaque texts: fields joined by dots.
[[nodiscard]] std::string text_of(const node::VersionToken& version);
[[nodiscard]] std::string text_of(const node::EpochRecord& epoch);

// award_malformed.
[[nodiscard]] Result<node::EpochRecord> epoch_of(const std::string& text);

// task_malformed, node_malformed: the text is no id.
[[nodiscard]] Result<TaskId> task_of(const std::string& text);
[[nodiscard]] Result<NodeId> node_of(const std::string& text);

[[nodiscard]] std::string text_or_nothing(const NodeId& node);  // empty: zero

}  // namespace starling::detail
