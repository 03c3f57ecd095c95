// Calls about shared state: write, get, list, watch.
//
// A value crosses as its canonical bytes (base/value_codec.hpp), at most limits::value_bytes.
// Values, thread safe.
#pragma once

#include "node/calls.hpp"
#include <starling/state.hpp>

namespace starling {

constexpr KeyType last_of(KeyType) {
    return KeyType::set;
}

constexpr WriteAction last_of(WriteAction) {
    return WriteAction::remove;
}

}  // namespace starling

namespace starling::node {

using starling::KeyType;
using starling::WriteAction;

// Names one write; opaque to programs.
struct VersionToken {
    NodeId node;
    Boot boot;
    std::uint64_t counter = 0;

    friend bool operator==(const VersionToken&, const VersionToken&) = default;

    STARLING_FIELDS(node, boot, counter)
};

struct WriteStep {
    std::string key;
    KeyType type{};
    WriteAction action{};
    Bytes value;              // put: the value; insert, remove: the element
    std::int64_t amount = 0;  // add

    STARLING_FIELDS(key, type, action, value, amount)
};

// All steps or none.  Answered once the write is durable here and on copies - 1 further nodes.
struct WriteAsk {
    static constexpr CallKind call = CallKind::write;

    std::vector<WriteStep> steps;
    std::string agent;
    std::string reason;
    std::string trace;
    std::uint32_t copies = 1;
    Duration timeout{};  // for the copies; then the answer is an error with Changed::yes

    STARLING_FIELDS(steps, agent, reason, trace, copies, timeout)
};

struct WriteAnswer {
    VersionToken version;
    std::uint32_t copies = 1;  // known to be durable

    STARLING_FIELDS(version, copies)
};

struct EntryRecord {
    std::string key;
    KeyType type{};
    std::vector<Bytes> values;  // one; siblings of multi_value; elements of a set
    std::int64_t sum = 0;       // of a counter
    VersionToken version;
    NodeId node;  // who wrote it
    std::string agent;
    std::string reason;
    std::string trace;
    std::uint64_t written_ms = 0;  // the writer's clock, milliseconds since 1970
    Duration age{};
    bool conflicted = false;  // a concurrent write lost against this value, or siblings exist

    STARLING_FIELDS(key, type, values, sum, version, node, agent, reason, trace, written_ms, age,
                    conflicted)
};

struct GetAsk {
    static constexpr CallKind call = CallKind::get;

    std::string key;
    std::optional<KeyType> type;  // nothing: every type under this name

    STARLING_FIELDS(key, type)
};

struct GetAnswer {
    std::vector<EntryRecord> entries;  // empty: there is no such key; by type otherwise
    std::optional<Duration> as_of;     // since all neighbours last showed equal state roots

    STARLING_FIELDS(entries, as_of)
};

struct ListAsk {
    static constexpr CallKind call = CallKind::list;

    std::string prefix;
    std::string after;  // keys behind this one
    std::uint32_t max = limits::page_items;

    STARLING_FIELDS(prefix, after, max)
};

struct EntryPage {
    std::vector<EntryRecord> entries;
    bool more = false;
    std::optional<Duration> as_of;

    STARLING_FIELDS(entries, more, as_of)
};

struct WatchAsk {
    static constexpr CallKind call = CallKind::watch;

    std::string prefix;
    bool changes_only = false;  // from now on

    STARLING_FIELDS(prefix, changes_only)
};

// An item of the stream: current values, one `caught_up`, then each change in the order of
// delivery.
struct ChangeRecord {
    Phase phase{};
    EntryRecord entry;
    bool removed = false;     // then entry holds the key, the type and who removed it
    bool remote = false;      // written on another node
    std::vector<Bytes> lost;  // values that a concurrent write displaced
    Duration staleness{};     // from the commit at the writer to this event, by the wall clocks

    STARLING_FIELDS(phase, entry, removed, remote, lost, staleness)
};

}  // namespace starling::node
