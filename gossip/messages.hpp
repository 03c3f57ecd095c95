// What nodes say to each other about membership.
//
//   HELLO          first frame of a link: who I am, and the roots of my table and state
//   PING, PONG     heartbeat, roots, and how far the sender's own disk and loop lag
//   CELLS          introductions, claims, deaths, opinions: flooded, each forwarded once
//   TABLE_DIGEST   sums of the table's 256 buckets, when roots differ
//   TABLE_ENTRIES  the cells of differing buckets, and which buckets they are
//
// Invariants:
//   I1  A cell that does not decode is left out and counted; its neighbours in the frame still
//   count. I2  No list is longer than limits::list_entries.
//
// Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"
#include "base/moment.hpp"
#include "gossip/certificate.hpp"
#include "gossip/claim.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace starling::gossip {

// Hashes of what a node knows: equal roots, equal knowledge.
struct Roots {
    std::uint64_t table = 0;
    std::uint64_t state = 0;

    friend bool operator==(const Roots&, const Roots&) = default;
};

struct Hello {
    static constexpr Kind kind = Kind::hello;

    MeshId mesh;
    Claim claim;
    Roots roots;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Hello& out);
};

struct Ping {
    static constexpr Kind kind = Kind::ping;

    std::uint32_t sequence = 0;
    Roots roots;
    std::uint32_t batch_age_ms = 0;  // the oldest batch not yet durable
    std::uint32_t last_turn_ms = 0;

    [[nodiscard]] Duration lag() const {
        return std::chrono::milliseconds{std::max(batch_age_ms, last_turn_ms)};
    }

    void encode(Writer& out) const;
    static bool decode(Reader& in, Ping& out);
};

struct Pong : Ping {  // `sequence` is the ping's; 0: sent unasked, to show new roots
    static constexpr Kind kind = Kind::pong;
};

// A node's certificate and where to dial it: known, but never met.
struct Introduction {
    Certificate certificate;
    std::vector<std::string> addresses;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Introduction& out);
};

// Members that a mesh file names, ascending by id: one list for all who read it.
using Contacts = std::shared_ptr<const std::vector<Introduction>>;

enum class Cause : std::uint8_t {
    claim,    // said so himself
    silent,   // his observers heard nothing
    refused,  // nobody listens at his address any more
};

[[nodiscard]] std::string_view name_of(Cause cause);

// Beats the subject's claim of this boot and incarnation; any higher claim beats it.
struct Death {
    NodeId node;
    Boot boot;
    Incarnation incarnation;
    Cause cause = Cause::silent;
    std::uint32_t age_s = 0;  // since the verdict, so that everybody forgets at about the same time

    void encode(Writer& out) const;
    static bool decode(Reader& in, Death& out);
};

enum class Vote : std::uint8_t { up, down_silent, down_refused };

[[nodiscard]] constexpr bool is_down(Vote vote) {
    return vote != Vote::up;
}

// What one observer holds of one subject; of two by the same observer the later stamp holds.
struct Opinion {
    NodeId subject;
    Boot boot;  // of the subject
    Incarnation incarnation;
    NodeId observer;
    Boot observer_boot;
    std::uint64_t sequence = 0;  // rises within the observer's boot
    Vote vote = Vote::up;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Opinion& out);
};

struct Cells {
    static constexpr Kind kind = Kind::cells;

    std::vector<Introduction> introductions;
    std::vector<Claim> claims;
    std::vector<Death> deaths;
    std::vector<Opinion> opinions;
    std::uint32_t malformed = 0;  // counted while decoding (I1)

    [[nodiscard]] bool empty() const;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Cells& out);
};

inline constexpr std::size_t bucket_count = 256;

struct TableDigest {
    static constexpr Kind kind = Kind::table_digest;

    std::array<std::uint32_t, bucket_count> buckets{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, TableDigest& out);
};

// A set of buckets.
class BucketSet {
public:
    void insert(std::size_t bucket) { at(bucket) |= mask(bucket); }

    [[nodiscard]] bool contains(std::size_t bucket) const {
        return (bits_[bucket / 8] & mask(bucket)) != 0;
    }

    [[nodiscard]] bool empty() const { return bits_ == decltype(bits_){}; }

    void encode(Writer& out) const;
    static bool decode(Reader& in, BucketSet& out);

private:
    static std::uint8_t mask(std::size_t bucket) {
        return static_cast<std::uint8_t>(1U << (bucket % 8));
    }

    std::uint8_t& at(std::size_t bucket) { return bits_[bucket / 8]; }

    std::array<std::uint8_t, bucket_count / 8> bits_{};
};

struct TableEntries {
    static constexpr Kind kind = Kind::table_entries;

    BucketSet whole;      // the sender holds nothing in these buckets but what `cells` names
    bool answer = false;  // send me what you hold in them and I do not
    Cells cells;

    void encode(Writer& out) const;
    static bool decode(Reader& in, TableEntries& out);
};

}  // namespace starling::gossip
