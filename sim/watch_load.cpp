#include "sim/watch_load.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* watches_miss_nothing = "watches_miss_nothing";
constexpr const char* watches_catch_up = "watches_catch_up";

constexpr Duration watch_round = 500ms;

using Seen = std::pair<std::int64_t, std::set<Bytes>>;
using Picture = std::map<std::pair<std::string, node::KeyType>, Seen>;

void paint(Picture& picture, node::EntryRecord&& entry) {
    Seen& seen = picture[{std::move(entry.key), entry.type}];
    seen.first = entry.sum;
    seen.second.clear();
    for (Bytes& value : entry.values) seen.second.insert(std::move(value));
}

// A change of a set is about one element, of anything else about the whole.
void change(Picture& picture, node::ChangeRecord&& change) {
    node::EntryRecord& entry = change.entry;
    if (entry.type != node::KeyType::set) {
        if (change.removed) {
            picture.erase({entry.key, entry.type});
        } else {
            paint(picture, std::move(entry));
        }
        return;
    }
    std::set<Bytes>& elements = picture[{entry.key, entry.type}].second;
    for (const Bytes& element : entry.values) {
        if (change.removed) {
            elements.erase(element);
        } else {
            elements.insert(element);
        }
    }
    if (elements.empty()) picture.erase({entry.key, entry.type});
}

}  // namespace

WatchLoad::WatchLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup), findings_(findings), next_round_(setup.from) {
    for (const char* each : {watches_miss_nothing, watches_catch_up}) findings_.expect(each);
}

std::optional<Duration> WatchLoad::next_time() const {
    if (setup_.rate == 0 || asked_) return std::nullopt;
    return std::min(next_round_, setup_.survey_at);
}

void WatchLoad::act(Duration now, Clients& clients) {
    clients_ = &clients;
    if (next_round_ <= now) {
        next_round_ = now + watch_round;
        look_after(clients);
    }
    if (asked_ || now < setup_.survey_at) return;
    asked_ = true;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) ask(host, {}, clients);
}

void WatchLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                          Duration /*now*/) {
    if (const auto watch = watches_.find(host);
        watch != watches_.end() && watch->second.call == call) {
        auto record = node::answer_from<node::ChangeRecord>(decoder_, body);
        if (!record) return;
        Picture& picture = watch->second.picture;
        if (record->phase == starling::Phase::caught_up) watch->second.caught_up = true;
        if (record->phase == starling::Phase::current) paint(picture, std::move(record->entry));
        if (record->phase == starling::Phase::change) change(picture, std::move(*record));
        return;
    }
    const auto listing = listings_.find(host);
    if (listing == listings_.end() || listing->second.call != call) return;
    if (auto page = node::answer_from<node::EntryPage>(decoder_, body)) {
        take_page(host, listing->second, std::move(*page));
    }
}

void WatchLoad::on_crash(std::uint32_t host) {
    watches_.erase(host);
    listings_.erase(host);
}

void WatchLoad::conclude(Duration now) {
    for (const auto& [host, watch] : watches_) {
        findings_.looked(watches_catch_up);
        if (!watch.caught_up) findings_.violated(watches_catch_up, {now, host, "still behind"});
        const auto listing = listings_.find(host);
        if (listing == listings_.end() || !listing->second.whole) continue;
        compare(host, watch, listing->second, now);
    }
}

void WatchLoad::look_after(Clients& clients) {
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) {
        if (clients.state_of(host) != ProcessState::running || watches_.contains(host)) continue;
        if (const auto call = clients.call(host, node::request_bytes(node::WatchAsk{}))) {
            watches_[host].call = *call;
        }
    }
}

void WatchLoad::ask(std::uint32_t host, std::string after, Clients& clients) {
    node::ListAsk ask;
    ask.after = std::move(after);
    if (const auto call = clients.call(host, node::request_bytes(ask))) {
        listings_[host].call = *call;
    }
}

void WatchLoad::take_page(std::uint32_t host, Listing& listing, node::EntryPage&& page) {
    listing.whole = !page.more;
    if (page.more && !page.entries.empty()) ask(host, page.entries.back().key, *clients_);
    for (node::EntryRecord& entry : page.entries) paint(listing.picture, std::move(entry));
}

void WatchLoad::compare(std::uint32_t host, const Watch& watch, const Listing& listing,
                        Duration now) {
    findings_.looked(watches_miss_nothing);
    if (watch.picture == listing.picture) return;
    const auto [seen, held] = std::ranges::mismatch(watch.picture, listing.picture);
    const auto& key = held != listing.picture.end() ? held->first : seen->first;
    findings_.violated(watches_miss_nothing, {now, host, "another picture of " + key.first});
}

}  // namespace starling::sim
