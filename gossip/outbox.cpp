#include "gossip/outbox.hpp"

#include "base/codec.hpp"
#include "base/kinds.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <array>

namespace starling::gossip {
namespace {

std::size_t size_of(const Certificate& certificate) {
    return certificate.signed_bytes.size() + Signature::size + 16;
}

std::size_t size_of(const Introduction& cell) {
    return size_of(cell.certificate) + cell.addresses.size() * (limits::address_bytes + 4) + 16;
}

std::size_t size_of(const Claim& cell) {
    return size_of(cell.certificate) + cell.signed_bytes.size() + Signature::size + 32;
}

std::size_t size_of(const Death&) {
    return 80;
}

std::size_t size_of(const Opinion&) {
    return 128;
}

// Moves cells over into the last frame, opening a new one whenever that is full.
template <class Cell>
void distribute(std::vector<Cell>& cells, std::vector<Cell> Cells::*sort,
                std::vector<Cells>& frames, std::size_t& bytes) {
    for (Cell& cell : cells) {
        const std::size_t size = size_of(cell);
        const bool full = (frames.back().*sort).size() >= limits::list_entries;
        if (full || bytes + size > frame_bytes_aim) {
            frames.emplace_back();
            bytes = 0;
        }
        bytes += size;
        (frames.back().*sort).push_back(std::move(cell));
    }
}

// News for many links, each encoded once; every link gets those that it does not have.
class Flood {
public:
    // What is said of the member outlives the flood.
    void add(EncodedMember member, std::uint64_t holders) {
        items_.push_back({std::move(member), {}, holders});
    }

    void add(const Opinion& opinion, std::uint64_t holders) {
        items_.push_back({{}, encoded(opinion), holders});
    }

    // `bits`: of the links as holders, in their order.
    void send(std::span<const NodeId> links, std::span<const std::uint64_t> bits,
              Effects& out) const {
        if (items_.empty()) return;
        std::vector<NodeId> others;
        for (std::size_t i = 0; i < links.size(); ++i) {
            const auto holds = [&](const Item& item) { return (item.holders & bits[i]) != 0; };
            if (std::ranges::none_of(items_, holds)) {
                others.push_back(links[i]);
                continue;
            }
            const CellFrames missing = frames_for(bits[i]);
            for (const EncodedCells& frame : missing.frames()) out.send(links[i], frame);
        }
        if (others.empty()) return;
        const CellFrames all = frames_for(0);
        for (const EncodedCells& frame : all.frames()) out.send_all(others, frame);
    }

private:
    struct Item {
        EncodedMember member;
        Bytes opinion;
        std::uint64_t holders = 0;
    };

    // What the link of this bit does not have.
    [[nodiscard]] CellFrames frames_for(std::uint64_t bit) const {
        CellFrames frames;
        for (const Item& item : items_) {
            if ((item.holders & bit) != 0) continue;
            frames.add(item.member);
            if (!item.opinion.empty()) frames.add(CellSort::opinion, item.opinion);
        }
        return frames;
    }

    std::vector<Item> items_;
};

std::uint64_t together(const std::vector<std::uint64_t>& holders) {
    std::uint64_t all = 0;
    for (const std::uint64_t each : holders) all |= each;
    return all;
}

}  // namespace

std::vector<Cells> in_frames(Cells cells) {
    std::vector<Cells> frames(1);
    std::size_t bytes = 0;
    // Introductions and claims first: what follows is about those they bring.
    distribute(cells.introductions, &Cells::introductions, frames, bytes);
    distribute(cells.claims, &Cells::claims, frames, bytes);
    distribute(cells.deaths, &Cells::deaths, frames, bytes);
    distribute(cells.opinions, &Cells::opinions, frames, bytes);
    if (frames.back().empty()) frames.pop_back();
    return frames;
}

void Outbox::put(const NodeId& member, const NodeId& from, BootTime now) {
    MemberNews& news = make(directory_.number_of(member));
    near_members_ += news.near ? 0U : 1U;
    news.near = true;
    news.holders = holder(from);
    near_at_ = earlier(near_at_, now);
    if (!far_at_) far_at_ = now + far_after;
}

void Outbox::put(const Opinion& opinion, const NodeId& from, BootTime due) {
    opinions_[{opinion.subject, opinion.observer}] = {opinion, holder(from)};
    near_at_ = earlier(near_at_, due);
}

void Outbox::drop_opinions(const NodeId& subject) {
    const auto is_about = [&](const auto& each) { return each.first.first == subject; };
    if (std::erase_if(opinions_, is_about) == 0) return;
    if (opinions_.empty() && near_members_ == 0) near_at_.reset();
    if (empty()) forget_peers();
}

bool Outbox::waits(const NodeId& member) const {
    if (members_.empty()) return false;
    const auto number = directory_.find(member);
    return number && waits(*number);
}

Outbox::MemberNews* Outbox::find(NodeIndex member) {
    if (member.value >= places_.size() || places_[member.value] == 0) return nullptr;
    return &members_[places_[member.value] - 1];
}

Outbox::MemberNews& Outbox::make(NodeIndex member) {
    if (MemberNews* known = find(member)) return *known;
    if (member.value >= places_.size()) places_.resize(directory_.capacity());
    members_.push_back({member});
    places_[member.value] = static_cast<std::uint32_t>(members_.size());
    return members_.back();
}

void Outbox::on_shown(const NodeId& member, const NodeId& peer) {
    if (members_.empty()) return;
    if (const auto number = directory_.find(member)) on_shown(*number, peer);
}

void Outbox::on_shown(NodeIndex member, const NodeId& peer) {
    if (MemberNews* news = find(member)) news->holders |= holder(peer);
}

void Outbox::on_shown(const Opinion& opinion, const NodeId& peer) {
    const auto waiting = opinions_.find({opinion.subject, opinion.observer});
    if (waiting == opinions_.end()) return;
    const Opinion& own = waiting->second.opinion;
    const bool same =
        own.sequence == opinion.sequence && own.observer_boot == opinion.observer_boot;
    if (same) waiting->second.holders |= holder(peer);
}

Outbox::Holders Outbox::holder(const NodeId& peer) {
    if (last_peer_.second != 0 && last_peer_.first == peer) return last_peer_.second;
    const NodeIndex number = directory_.number_of(peer);
    auto place = std::ranges::find(peers_, number);
    if (place == peers_.end()) {
        if (peers_.size() == 64) return 0;
        place = peers_.insert(place, number);
    }
    last_peer_ = {peer, Holders{1} << static_cast<unsigned>(place - peers_.begin())};
    return last_peer_.second;
}

void Outbox::forget_peers() {
    peers_.clear();
    last_peer_ = {};
}

std::vector<Outbox::Holders> Outbox::holders(std::span<const NodeId> peers) {
    std::vector<Holders> each;
    each.reserve(peers.size());
    for (const NodeId& peer : peers) each.push_back(holder(peer));
    return each;
}

void Outbox::flush_near(const Members& members, std::span<const NodeId> all,
                        std::span<const NodeId> few, BootTime now, Effects& out) {
    const std::vector<Holders> all_bits = holders(all);
    const std::vector<Holders> few_bits = holders(few);
    Flood claims;
    Flood most;
    for (MemberNews& news : members_) {
        if (!std::exchange(news.near, false)) continue;
        const NodeId& member = directory_.id_of(news.member);
        const bool to_all = few.empty() || members.state(member) == MemberState::dead;
        (to_all ? most : claims).add(members.cells_of(member, now), news.holders);
        news.holders |= to_all ? together(all_bits) : together(few_bits);
    }
    for (const auto& [key, news] : opinions_) most.add(news.opinion, news.holders);
    claims.send(few, few_bits, out);
    most.send(all, all_bits, out);
    near_.used(now);
    near_at_.reset();
    near_members_ = 0;
    opinions_.clear();
    if (empty()) forget_peers();
}

void Outbox::flush_far(const Members& members, std::span<const NodeId> links, BootTime now,
                       Effects& out) {
    const std::vector<Holders> bits = holders(links);
    Flood flood;
    if (!links.empty()) {
        for (const MemberNews& news : members_) {
            flood.add(members.cells_of(directory_.id_of(news.member), now), news.holders);
        }
    }
    flood.send(links, bits, out);
    keep_near(together(bits));
    far_at_.reset();
    if (!members_.empty()) far_at_ = now + far_after;
}

// What near links were not told waits for them; these links were (I2).
void Outbox::keep_near(Holders told) {
    places_ = {};
    for (const MemberNews& news : std::exchange(members_, {})) {
        if (news.near) make(news.member) = {news.member, true, news.holders | told};
    }
    if (empty()) forget_peers();
}

std::optional<BootTime> Outbox::next_deadline() const {
    std::optional<BootTime> next = far_at_;
    if (near_at_) next = earlier(next, std::max(*near_at_, near_.opens_at()));
    return next;
}

}  // namespace starling::gossip
