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

bool contains(const std::vector<NodeIndex>& holders, NodeIndex peer) {
    return std::ranges::find(holders, peer) != holders.end();
}

void add(std::vector<NodeIndex>& holders, NodeIndex peer) {
    if (!contains(holders, peer)) holders.push_back(peer);
}

// News for many links, each encoded once; every link gets those that it does not have.
class Flood {
public:
    // `holders` outlive the flood, what is said of the member in the commons too.
    void add(EncodedMember member, const std::vector<NodeIndex>& holders) {
        items_.push_back({std::move(member), {}, holders});
    }

    void add(const Opinion& opinion, const std::vector<NodeIndex>& holders) {
        items_.push_back({{}, encoded(opinion), holders});
    }

    // `numbers`: of the links, in their order.
    void send(std::span<const NodeId> links, std::span<const NodeIndex> numbers,
              Effects& out) const {
        if (items_.empty()) return;
        std::vector<NodeId> others;
        for (std::size_t i = 0; i < links.size(); ++i) {
            const auto holds = [&](const Item& item) { return contains(item.holders, numbers[i]); };
            if (std::ranges::none_of(items_, holds)) {
                others.push_back(links[i]);
                continue;
            }
            const CellFrames missing = frames_for(numbers[i]);
            for (const EncodedCells& frame : missing.frames()) out.send(links[i], frame);
        }
        if (others.empty()) return;
        const CellFrames all = frames_for(std::nullopt);
        for (const EncodedCells& frame : all.frames()) out.send_all(others, frame);
    }

private:
    struct Item {
        EncodedMember member;
        Bytes opinion;
        const std::vector<NodeIndex>& holders;
    };

    // All, or what `link` does not have.
    [[nodiscard]] CellFrames frames_for(std::optional<NodeIndex> link) const {
        CellFrames frames;
        for (const Item& item : items_) {
            if (link && contains(item.holders, *link)) continue;
            frames.add(item.member);
            if (!item.opinion.empty()) frames.add(CellSort::opinion, item.opinion);
        }
        return frames;
    }

    std::vector<Item> items_;
};

std::vector<NodeIndex> numbers_of(std::span<const NodeId> links, Directory& directory) {
    std::vector<NodeIndex> numbers;
    numbers.reserve(links.size());
    for (const NodeId& link : links) numbers.push_back(directory.number_of(link));
    return numbers;
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
    news.holders = {directory_.number_of(from)};
    has_near_ = true;
    if (!far_at_) far_at_ = now + far_after;
}

void Outbox::put(const Opinion& opinion, const NodeId& from) {
    opinions_[{opinion.subject, opinion.observer}] = {opinion, {directory_.number_of(from)}};
    has_near_ = true;
}

bool Outbox::waits(const NodeId& member) const {
    if (members_.empty()) return false;
    const auto number = directory_.find(member);
    return number && number->value < places_.size() && places_[number->value] != 0;
}

Outbox::MemberNews* Outbox::find(NodeIndex member) {
    if (member.value >= places_.size() || places_[member.value] == 0) return nullptr;
    return &members_[places_[member.value] - 1];
}

Outbox::MemberNews& Outbox::make(NodeIndex member) {
    if (MemberNews* known = find(member)) return *known;
    if (member.value >= places_.size()) places_.resize(directory_.capacity());
    members_.push_back({member, false, {}});
    places_[member.value] = static_cast<std::uint32_t>(members_.size());
    return members_.back();
}

void Outbox::on_shown(const NodeId& member, const NodeId& peer) {
    if (members_.empty()) return;
    const auto number = directory_.find(member);
    MemberNews* news = number ? find(*number) : nullptr;
    if (news != nullptr) add(news->holders, directory_.number_of(peer));
}

void Outbox::on_shown(const Opinion& opinion, const NodeId& peer) {
    const auto waiting = opinions_.find({opinion.subject, opinion.observer});
    if (waiting == opinions_.end()) return;
    const Opinion& own = waiting->second.opinion;
    const bool same =
        own.sequence == opinion.sequence && own.observer_boot == opinion.observer_boot;
    if (same) add(waiting->second.holders, directory_.number_of(peer));
}

void Outbox::flush_near(const Members& members, std::span<const NodeId> all,
                        std::span<const NodeId> few, BootTime now, Effects& out) {
    const std::vector<NodeIndex> all_numbers = numbers_of(all, directory_);
    const std::vector<NodeIndex> few_numbers = numbers_of(few, directory_);
    Flood claims;
    Flood most;
    std::vector<std::pair<Holders*, std::span<const NodeIndex>>> told;
    for (MemberNews& news : members_) {
        if (!std::exchange(news.near, false)) continue;
        const NodeId& member = directory_.id_of(news.member);
        const bool to_all = few.empty() || members.state(member) == MemberState::dead;
        (to_all ? most : claims).add(members.cells_of(member, now), news.holders);
        told.emplace_back(&news.holders, to_all ? all_numbers : few_numbers);
    }
    for (const auto& [key, news] : opinions_) most.add(news.opinion, news.holders);
    claims.send(few, few_numbers, out);
    most.send(all, all_numbers, out);
    near_.used(now);
    has_near_ = false;
    near_members_ = 0;
    opinions_.clear();
    for (const auto& [holders, links] : told) {
        for (const NodeIndex link : links) add(*holders, link);
    }
}

void Outbox::flush_far(const Members& members, std::span<const NodeId> links, BootTime now,
                       Effects& out) {
    const std::vector<NodeIndex> numbers = numbers_of(links, directory_);
    Flood flood;
    if (!links.empty()) {
        for (const MemberNews& news : members_) {
            flood.add(members.cells_of(directory_.id_of(news.member), now), news.holders);
        }
    }
    flood.send(links, numbers, out);
    keep_near(numbers);
    far_at_.reset();
    if (!members_.empty()) far_at_ = now + far_after;
}

// What near links were not told waits for them; these links were (I2).
void Outbox::keep_near(std::span<const NodeIndex> told) {
    std::vector<MemberNews> kept;
    for (MemberNews& news : members_) {
        if (news.near) kept.push_back(std::move(news));
    }
    members_ = std::move(kept);
    places_ = {};
    if (!members_.empty()) places_.resize(directory_.capacity());
    for (std::size_t place = 0; place < members_.size(); ++place) {
        places_[members_[place].member.value] = static_cast<std::uint32_t>(place + 1);
        for (const NodeIndex link : told) add(members_[place].holders, link);
    }
}

std::optional<BootTime> Outbox::next_deadline() const {
    std::optional<BootTime> next = far_at_;
    if (has_near_) next = earlier(next, near_.opens_at());
    return next;
}

}  // namespace starling::gossip
