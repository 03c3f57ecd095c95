// Frames of the links themselves.
//
// Values: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace starling::node {

// Why frames of a sender are not taken.
enum class RejectReason : std::uint8_t {
    hello = 0,         // say HELLO first: this link is unknown here
    foreign_mesh = 1,  // of another mesh
    superseded = 2,    // a process with the same key and a higher boot runs
    refused = 3,       // the claim in HELLO does not hold
};

struct Reject {
    static constexpr Kind kind = Kind::reject;

    RejectReason reason{};

    void encode(Writer& out) const {
        out.list(1);
        out.uint(static_cast<std::uint64_t>(reason));
    }

    static bool decode(Reader& in, Reject& out) {
        out.reason =
            static_cast<RejectReason>(in.uint(static_cast<std::uint64_t>(RejectReason::refused)));
        return in.ok();
    }
};

// How far the sender's journal is: what it kept of votes and grants before it said so.
struct Mark {
    static constexpr Kind kind = Kind::mark;
    static constexpr std::string_view domain = "starling/v1/mark";

    JournalId journal;
    Boot boot;
    std::uint64_t number = 0;  // rises while the journal lives
    Signature signature;       // of the node whose journal it is

    [[nodiscard]] Bytes signed_bytes() const {
        Bytes bytes;
        Writer out(bytes);
        out.list(3);
        write_terms(out);
        return bytes;
    }

    void encode(Writer& out) const {
        out.list(4);
        write_terms(out);
        out.id(signature);
    }

    static bool decode(Reader& in, Mark& out) {
        out.journal = in.id<JournalId>();
        out.boot = in.ordinal<Boot>();
        out.number = in.uint();
        out.signature = in.id<Signature>();
        return in.ok();
    }

private:
    void write_terms(Writer& out) const {
        out.id(journal);
        out.ordinal(boot);
        out.uint(number);
    }
};

// The highest mark that the sender knows of the receiver, if any.  Follows HELLO.
struct Recalled {
    static constexpr Kind kind = Kind::recalled;

    std::optional<Mark> mark;

    void encode(Writer& out) const {
        out.list(1);
        out.list(mark ? 1 : 0);
        if (mark) mark->encode(out);
    }

    static bool decode(Reader& in, Recalled& out) {
        Reader marks = in.list(1);
        out.mark.reset();
        if (marks.remaining() == 0) return in.ok();
        Reader fields = marks.list();
        Mark mark;
        if (!Mark::decode(fields, mark)) return false;
        out.mark = mark;
        return in.ok();
    }
};

}  // namespace starling::node
