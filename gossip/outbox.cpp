#include "gossip/outbox.hpp"

#include "base/codec.hpp"
#include "base/kinds.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <array>
#include <iterator>

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

void add(std::vector<NodeId>& holders, const NodeId& peer) {
    const auto place = std::ranges::lower_bound(holders, peer);
    if (place == holders.end() || *place != peer) holders.insert(place, peer);
}

void add(std::vector<NodeId>& holders, std::span<const NodeId> peers) {
    std::vector<NodeId> all;
    std::ranges::set_union(holders, peers, std::back_inserter(all));
    holders = std::move(all);
}

// News for many links, each encoded once; every link gets those that it does not have.
class Flood {
public:
    // `holders` outlive the flood, what is said of the member in the commons too.
    void add(EncodedMember member, const std::vector<NodeId>& holders) {
        items_.push_back({std::move(member), {}, holders});
    }

    void add(const Opinion& opinion, const std::vector<NodeId>& holders) {
        items_.push_back({{}, encoded(opinion), holders});
    }

    void send(std::span<const NodeId> links, Effects& out) const {
        if (items_.empty()) return;
        std::vector<NodeId> spared;
        for (const Item& item : items_)
            spared.insert(spared.end(), item.holders.begin(), item.holders.end());
        std::ranges::sort(spared);
        std::vector<NodeId> others;
        for (const NodeId& link : links) {
            if (!std::ranges::binary_search(spared, link)) {
                others.push_back(link);
                continue;
            }
            const CellFrames missing = frames_for(&link);
            for (const EncodedCells& frame : missing.frames()) out.send(link, frame);
        }
        if (others.empty()) return;
        const CellFrames all = frames_for(nullptr);
        for (const EncodedCells& frame : all.frames()) out.send_all(others, frame);
    }

private:
    struct Item {
        EncodedMember member;
        Bytes opinion;
        const std::vector<NodeId>& holders;
    };

    // All, or what `link` does not have.
    [[nodiscard]] CellFrames frames_for(const NodeId* link) const {
        CellFrames frames;
        for (const Item& item : items_) {
            if (link != nullptr && std::ranges::binary_search(item.holders, *link)) continue;
            frames.add(item.member);
            if (!item.opinion.empty()) frames.add(CellSort::opinion, item.opinion);
        }
        return frames;
    }

    std::vector<Item> items_;
};

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

void Outbox::put(const Opinion& opinion, const NodeId& from) {
    opinions_[{opinion.subject, opinion.observer}] = {opinion, {from}};
    has_near_ = true;
}

Outbox::MemberNews& Outbox::news_of(const NodeId& member) {
    const auto place = static_cast<std::uint32_t>(members_.size());
    if (places_.insert(member, place)) return members_.emplace_back();
    return members_[*places_.find(member)];
}

void Outbox::on_shown(const NodeId& member, const NodeId& peer) {
    if (const std::uint32_t* place = places_.find(member)) add(members_[*place].holders, peer);
}

void Outbox::on_shown(const Opinion& opinion, const NodeId& peer) {
    const auto waiting = opinions_.find({opinion.subject, opinion.observer});
    if (waiting == opinions_.end()) return;
    const Opinion& own = waiting->second.opinion;
    const bool same =
        own.sequence == opinion.sequence && own.observer_boot == opinion.observer_boot;
    if (same) add(waiting->second.holders, peer);
}

void Outbox::flush_near(const Members& members, std::span<const NodeId> all,
                        std::span<const NodeId> few, BootTime now, Effects& out) {
    Flood claims;
    Flood most;
    std::vector<std::pair<Holders*, std::span<const NodeId>>> told;
    for (MemberNews& news : members_) {
        if (!std::exchange(news.near, false)) continue;
        const bool to_all = few.empty() || members.state(news.member) == MemberState::dead;
        (to_all ? most : claims).add(members.cells_of(news.member, now), news.holders);
        told.emplace_back(&news.holders, to_all ? all : few);
    }
    for (const auto& [key, news] : opinions_) most.add(news.opinion, news.holders);
    claims.send(few, out);
    most.send(all, out);
    near_.used(now);
    has_near_ = false;
    near_members_ = 0;
    opinions_.clear();
    for (const auto& [holders, links] : told) add(*holders, links);
}

void Outbox::flush_far(const Members& members, std::span<const NodeId> links, BootTime now,
                       Effects& out) {
    Flood flood;
    if (!links.empty()) {
        for (const MemberNews& news : members_) {
            flood.add(members.cells_of(news.member, now), news.holders);
        }
    }
    flood.send(links, out);
    std::erase_if(members_, [](const MemberNews& news) { return !news.near; });
    places_ = HashIndex<NodeId, std::uint32_t>(scramble_);
    for (std::uint32_t place = 0; place < members_.size(); ++place) {
        places_.insert(members_[place].member, place);
        add(members_[place].holders, links);  // I2
    }
    far_at_.reset();
    if (!members_.empty()) far_at_ = now + far_after;
}

std::optional<BootTime> Outbox::next_deadline() const {
    std::optional<BootTime> next = far_at_;
    if (has_near_) next = earlier(next, near_.opens_at());
    return next;
}

}  // namespace starling::gossip
