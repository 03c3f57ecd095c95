#include "base/effects.hpp"

namespace starling {

void Effects::send_encoded(const NodeId& to, Kind kind, ByteView body) {
    STARLING_ASSERT(body.size() <= limits::body_bytes);  // I3
    outgoing_.push_back({to, kind, gate_of(kind), append(body)});
}

void Effects::persist(Table table, ByteView key, ByteView value) {
    const Span key_span = append(key);
    stored_.push_back({table, false, key_span, append(value)});
}

void Effects::erase(Table table, ByteView key) {
    stored_.push_back({table, true, append(key), Span{}});
}

void Effects::fetch(std::uint64_t tag, Table table, ByteView first, ByteView last) {
    const Span first_span = append(first);
    fetches_.push_back({tag, table, first_span, append(last)});
}

void Effects::dial(const NodeId& peer, const CurveKey& curve, LinkId link,
                   std::string_view address) {
    links_.push_back({LinkAction::dial, peer, curve, link, append(view_of(address))});
}

void Effects::hang_up(const NodeId& peer) {
    links_.push_back({LinkAction::hang_up, peer, {}, {}, {}});
}

void Effects::probe(const NodeId& peer, LinkId link, std::string_view address) {
    links_.push_back({LinkAction::probe, peer, {}, link, append(view_of(address))});
}

void Effects::admit(const NodeId& peer, const CurveKey& curve) {
    links_.push_back({LinkAction::admit, peer, curve, {}, {}});
}

void Effects::expel(const NodeId& peer, const CurveKey& curve) {
    links_.push_back({LinkAction::expel, peer, curve, {}, {}});
}

bool Effects::empty() const {
    return outgoing_.empty() && stored_.empty() && answers_.empty() && fetches_.empty() &&
           links_.empty() && trace_.empty();
}

void Effects::clear() {
    arena_.clear();
    outgoing_.clear();
    stored_.clear();
    answers_.clear();
    fetches_.clear();
    links_.clear();
    trace_.clear();
}

Span Effects::append(ByteView bytes) {
    const std::size_t start = arena_.size();
    arena_.insert(arena_.end(), bytes.begin(), bytes.end());
    return span_from(start);
}

Span Effects::span_from(std::size_t start) const {
    STARLING_ASSERT(arena_.size() <= UINT32_MAX);
    return {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(arena_.size() - start)};
}

}  // namespace starling
