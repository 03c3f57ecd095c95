#include "gossip/outbox.hpp"

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

template <class Cell>
void append_cells(std::vector<Cell>& cells, std::vector<Cell>& more) {
    std::ranges::move(more, std::back_inserter(cells));
}

template <class Cell>
std::size_t sum_of(const std::vector<Cell>& cells) {
    std::size_t sum = 0;
    for (const Cell& cell : cells) sum += size_of(cell);
    return sum;
}

}  // namespace

std::size_t size_of(const Cells& cells) {
    return sum_of(cells.introductions) + sum_of(cells.claims) + sum_of(cells.deaths) +
           sum_of(cells.opinions);
}

void append(Cells& cells, Cells&& more) {
    append_cells(cells.introductions, more.introductions);
    append_cells(cells.claims, more.claims);
    append_cells(cells.deaths, more.deaths);
    append_cells(cells.opinions, more.opinions);
}

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
    opinions_[{opinion.subject, opinion.observer}] = {opinion, from};
}

void Outbox::flush(const Members& members, const Receivers& to, BootTime now, Effects& out) {
    if (empty() || (paused_until_ && now < *paused_until_)) return;
    paused_until_ = now + pause;
    std::array<std::vector<NodeId>, 2> others;  // by Opinionated
    for (const NodeId& link : to.links) {
        const bool near = std::ranges::binary_search(to.neighbours, link);
        const Opinionated opinionated = near ? Opinionated::yes : Opinionated::no;
        if (!is_source(link)) {
            others.at(static_cast<std::size_t>(opinionated)).push_back(link);
            continue;
        }
        for (const Cells& frame : in_frames(cells_for(members, &link, opinionated, now))) {
            out.send(link, frame);
        }
    }
    for (const Opinionated opinionated : {Opinionated::no, Opinionated::yes}) {
        const auto& links = others.at(static_cast<std::size_t>(opinionated));
        if (links.empty()) continue;
        for (const Cells& frame : in_frames(cells_for(members, nullptr, opinionated, now))) {
            out.send_all(links, frame);
        }
    }
    members_.clear();
    opinions_.clear();
}

std::optional<BootTime> Outbox::next_deadline() const {
    if (empty()) return std::nullopt;
    return paused_until_.value_or(BootTime{});
}

Cells Outbox::cells_for(const Members& members, const NodeId* link, Opinionated opinionated,
                        BootTime now) const {
    Cells cells;
    for (const auto& [member, from] : members_) {
        if (link == nullptr || from != *link) append(cells, members.cells_of(member, now));
    }
    if (opinionated == Opinionated::no) return cells;
    for (const auto& [key, opinion] : opinions_) {
        if (link == nullptr || opinion.second != *link) cells.opinions.push_back(opinion.first);
    }
    return cells;
}

bool Outbox::is_source(const NodeId& link) const {
    const auto brought_member = [&](const auto& each) { return each.second == link; };
    const auto brought_opinion = [&](const auto& each) { return each.second.second == link; };
    return std::ranges::any_of(members_, brought_member) ||
           std::ranges::any_of(opinions_, brought_opinion);
}

}  // namespace starling::gossip
