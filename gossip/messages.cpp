#include "gossip/messages.hpp"

#include "base/limits.hpp"

namespace starling::gossip {
namespace {

void encode_beat(Writer& out, const Ping& beat) {
    out.list(5);
    out.uint(beat.sequence);
    out.uint(beat.roots.table);
    out.uint(beat.roots.state);
    out.uint(beat.batch_age_ms);
    out.uint(beat.last_turn_ms);
}

std::uint32_t read_u32(Reader& in) {
    return static_cast<std::uint32_t>(in.uint(UINT32_MAX));
}

Cause read_cause(Reader& in) {
    return static_cast<Cause>(in.uint(static_cast<std::uint64_t>(Cause::refused)));
}

Vote read_vote(Reader& in) {
    return static_cast<Vote>(in.uint(static_cast<std::uint64_t>(Vote::down_refused)));
}

// Every cell is a byte string of its own, so that one bad cell spoils no other (I1).
template <class Cell>
void encode_cells(Writer& out, const std::vector<Cell>& cells) {
    out.list(cells.size());
    for (const Cell& cell : cells) out.bytes(encoded(cell));
}

template <class Cell>
void decode_cells(Reader& in, std::vector<Cell>& cells, std::uint32_t& malformed) {
    Reader list = in.list();
    cells.clear();
    while (list.remaining() > 0) {
        if (auto cell = decoded<Cell>(in.inner(), list.bytes())) {
            cells.push_back(std::move(*cell));
        } else {
            ++malformed;
        }
    }
}

}  // namespace

std::string_view name_of(Cause cause) {
    switch (cause) {
        case Cause::claim:
            return "claim";
        case Cause::silent:
            return "silent";
        case Cause::refused:
            return "refused";
    }
    return "claim";
}

void Hello::encode(Writer& out) const {
    out.list(4);
    out.id(mesh);
    claim.encode(out);
    out.uint(roots.table);
    out.uint(roots.state);
}

bool Hello::decode(Reader& in, Hello& out) {
    out.mesh = in.id<MeshId>();
    Reader claim = in.list();
    Claim::decode(claim, out.claim);
    out.roots.table = in.uint();
    out.roots.state = in.uint();
    return in.ok();
}

void Ping::encode(Writer& out) const {
    encode_beat(out, *this);
}

bool Ping::decode(Reader& in, Ping& out) {
    out.sequence = read_u32(in);
    out.roots.table = in.uint();
    out.roots.state = in.uint();
    out.batch_age_ms = read_u32(in);
    out.last_turn_ms = read_u32(in);
    return in.ok();
}

void Introduction::encode(Writer& out) const {
    out.list(2);
    certificate.encode(out);
    out.list(addresses.size());
    for (const std::string& address : addresses) out.text(address);
}

bool Introduction::decode(Reader& in, Introduction& out) {
    Reader certificate = in.list();
    Certificate::decode(certificate, out.certificate);
    Reader addresses = in.list(limits::addresses_per_member);
    out.addresses.clear();
    while (addresses.remaining() > 0) {
        out.addresses.emplace_back(addresses.text(limits::address_bytes));
    }
    return in.ok();
}

void Death::encode(Writer& out) const {
    out.list(5);
    out.id(node);
    out.ordinal(boot);
    out.ordinal(incarnation);
    out.uint(static_cast<std::uint64_t>(cause));
    out.uint(age_s);
}

bool Death::decode(Reader& in, Death& out) {
    out.node = in.id<NodeId>();
    out.boot = in.ordinal<Boot>();
    out.incarnation = in.ordinal<Incarnation>();
    out.cause = read_cause(in);
    out.age_s = read_u32(in);
    return in.ok();
}

void Opinion::encode(Writer& out) const {
    out.list(7);
    out.id(subject);
    out.ordinal(boot);
    out.ordinal(incarnation);
    out.id(observer);
    out.ordinal(observer_boot);
    out.uint(sequence);
    out.uint(static_cast<std::uint64_t>(vote));
}

bool Opinion::decode(Reader& in, Opinion& out) {
    out.subject = in.id<NodeId>();
    out.boot = in.ordinal<Boot>();
    out.incarnation = in.ordinal<Incarnation>();
    out.observer = in.id<NodeId>();
    out.observer_boot = in.ordinal<Boot>();
    out.sequence = in.uint();
    out.vote = read_vote(in);
    return in.ok();
}

bool Cells::empty() const {
    return introductions.empty() && claims.empty() && deaths.empty() && opinions.empty();
}

void Cells::encode(Writer& out) const {
    out.list(4);
    encode_cells(out, introductions);
    encode_cells(out, claims);
    encode_cells(out, deaths);
    encode_cells(out, opinions);
}

bool Cells::decode(Reader& in, Cells& out) {
    out.malformed = 0;
    decode_cells(in, out.introductions, out.malformed);
    decode_cells(in, out.claims, out.malformed);
    decode_cells(in, out.deaths, out.malformed);
    decode_cells(in, out.opinions, out.malformed);
    return in.ok();
}

void TableDigest::encode(Writer& out) const {
    Bytes bytes;
    for (const std::uint32_t sum : buckets) {
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            bytes.push_back(static_cast<std::uint8_t>(sum >> (shift - 8)));
        }
    }
    out.list(1);
    out.bytes(bytes);
}

bool TableDigest::decode(Reader& in, TableDigest& out) {
    const ByteView bytes = in.bytes(4 * bucket_count);
    if (bytes.size() != 4 * bucket_count) in.fail();
    if (!in.ok()) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::uint32_t& sum = out.buckets[i / 4];
        sum = (i % 4 == 0 ? 0 : sum << 8U) | bytes[i];
    }
    return true;
}

void BucketSet::encode(Writer& out) const {
    out.bytes(bits_);
}

bool BucketSet::decode(Reader& in, BucketSet& out) {
    const ByteView bytes = in.bytes(out.bits_.size());
    if (bytes.size() != out.bits_.size()) in.fail();
    if (in.ok()) copy_into(out.bits_, bytes);
    return in.ok();
}

void TableEntries::encode(Writer& out) const {
    out.list(3);
    whole.encode(out);
    out.boolean(answer);
    cells.encode(out);
}

bool TableEntries::decode(Reader& in, TableEntries& out) {
    BucketSet::decode(in, out.whole);
    out.answer = in.boolean();
    Reader cells = in.list();
    Cells::decode(cells, out.cells);
    return in.ok();
}

}  // namespace starling::gossip
