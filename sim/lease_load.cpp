#include "sim/lease_load.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* leases_have_one_holder = "leases_have_one_holder";
constexpr const char* fences_rise = "fences_rise";
constexpr const char* leases_count_from_asked = "leases_count_from_asked";
constexpr const char* leases_agree = "leases_agree";
constexpr const char* leases_progress = "leases_progress";

constexpr std::uint64_t lease_pace_stream = 0x6c656100ULL << 32U;
constexpr std::uint64_t lease_choice_stream = 0x6c656101ULL << 32U;
constexpr std::uint64_t lurk_stream = 0x6c656102ULL << 32U;
constexpr std::uint64_t lease_names = 2;
constexpr Duration term_min = 300ms;
constexpr Duration term_max = 3s;
constexpr Duration lease_timeout = 2s;
constexpr std::uint64_t enough_asked = 10;  // to expect that one is granted

// Clock rates err by at most 1/200: a client that measures by another clock counts on less.
constexpr std::int64_t rate_error = 200;
constexpr Duration clock_grain = 1us;

Duration relied_on(Duration remaining) {
    return remaining - remaining / rate_error;
}

std::string ms_text(Duration duration) {
    return std::to_string(count_ms(duration));
}

}  // namespace

LeaseLoad::LeaseLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup), findings_(findings), pace_(setup, lease_pace_stream) {
    for (const char* each : {leases_have_one_holder, fences_rise, leases_count_from_asked,
                             leases_agree, leases_progress}) {
        findings_.expect(each);
    }
}

std::optional<Duration> LeaseLoad::next_time() const {
    if (asked_ || setup_.rate == 0) return std::nullopt;
    Duration next = setup_.survey_at;
    if (const auto due = pace_.next()) next = std::min(next, *due);
    if (!again_.empty()) next = std::min(next, again_.begin()->first);
    return next;
}

void LeaseLoad::act(Duration now, Clients& clients) {
    clients_ = &clients;
    acted_ = now;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) look_at_clock(host, now, clients);
    while (pace_.next() && *pace_.next() <= now) operate(pace_.take(), now, clients);
    while (!again_.empty() && again_.begin()->first <= now) {
        const auto [host, name] = again_.extract(again_.begin()).mapped();
        if (now < setup_.until) acquire(host, name, term_min, now, clients);
    }
    if (!asked_ && now >= setup_.survey_at) ask_everybody(now, clients);
}

void LeaseLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                          Duration now) {
    const auto waiting = waiting_.extract({host, call});
    const auto question = questions_.extract({host, call});
    if (!waiting && !question) return;
    const auto answer = node::answer_from<node::LeaseAnswer>(decoder_, body);
    if (question && answer) {
        leases_[question.mapped()].told.insert({answer->fence, {answer->node, answer->boot}});
    }
    if (!waiting) return;
    ++(answer ? counts_.answered : counts_.failed);
    settle(waiting.mapped(), answer, now);
    if (answer && answer->outcome == node::RegisterOutcome::applied) {
        take(host, waiting.mapped(), *answer, now);
    } else if (answer && answer->held && waiting.mapped().wish == Wish::acquire) {
        lurk(host, waiting.mapped(), *answer, now);
    }
}

void LeaseLoad::on_crash(std::uint32_t host) {
    const auto there = [&](const auto& each) { return each.first.first == host; };
    for (const auto& each : waiting_) {
        if (there(each)) leases_[each.second.name].unsettled = acted_;
    }
    counts_.lost += std::erase_if(waiting_, there);
    std::erase_if(questions_, there);
    for (auto& [name, lease] : leases_) lease.claims.erase(host);
}

void LeaseLoad::conclude(Duration now) {
    for (const auto& [name, lease] : leases_) {
        if (lease.unsettled) continue;
        findings_.looked(leases_agree);
        if (lease.told.size() > 1) findings_.violated(leases_agree, {now, 0, name});
    }
    for (const auto& [key, asked] : waiting_) {
        check_answered(setup_, asked.at, {now, key.first, asked.name}, findings_);
    }
    if (acquired_ < enough_asked) return;
    findings_.looked(leases_progress);
    if (granted_ == 0) findings_.violated(leases_progress, {now, 0, "no lease was granted"});
}

// Who counts on the lease renews it, or gives it up at times; everybody else tries to get it.
void LeaseLoad::operate(std::uint64_t number, Duration now, Clients& clients) {
    Rng choice(setup_.seed, lease_choice_stream + number);
    const auto host = static_cast<std::uint32_t>(choice.below(clients.hosts()));
    Asked asked;
    asked.at = now;
    asked.name = "lease-" + std::to_string(choice.below(lease_names));
    Lease& lease = leases_[asked.name];
    const Duration term = choice.between(term_min, term_max);
    if (!lease.given_up.empty() && choice.chance(1, 8)) {
        const auto& [fence, owner] = *lease.given_up.rbegin();
        asked.wish = Wish::renew;
        asked.fence = fence;
        if (is_busy(owner, asked.name)) return;
        return send(owner, std::move(asked), clients);
    }
    if (is_busy(host, asked.name)) return;
    const auto claim = lease.claims.find(host);
    if (claim == lease.claims.end() || claim->second.until <= now) {
        return acquire(host, asked.name, term, now, clients);
    }
    asked.fence = claim->second.fence;
    asked.wish = choice.chance(1, 4) ? Wish::release : Wish::renew;
    if (asked.wish == Wish::release) {
        lease.given_up[asked.fence] = host;
        lease.claims.erase(host);
    }
    send(host, std::move(asked), clients);
}

void LeaseLoad::acquire(std::uint32_t host, const std::string& name, Duration term, Duration now,
                        Clients& clients) {
    if (is_busy(host, name)) return;
    // Who acquires what it holds for a shorter term gives up the rest, whatever the answer is.
    if (const auto claim = leases_[name].claims.find(host); claim != leases_[name].claims.end()) {
        claim->second.until = std::min(claim->second.until, now + relied_on(term));
    }
    Asked asked;
    asked.at = now;
    asked.name = name;
    asked.term = term;
    send(host, std::move(asked), clients);
}

// A client does one thing at a time: of two that are under way the later may shorten the earlier.
bool LeaseLoad::is_busy(std::uint32_t host, const std::string& name) const {
    return std::ranges::any_of(waiting_, [&](const auto& waiting) {
        return waiting.first.first == host && waiting.second.name == name;
    });
}

void LeaseLoad::send(std::uint32_t host, Asked asked, Clients& clients) {
    const auto& fences = leases_[asked.name].fences;
    if (!fences.empty()) asked.highest = fences.rbegin()->first;
    Bytes request;
    if (asked.wish == Wish::acquire) {
        request = node::request_bytes(
            node::LeaseAcquireAsk{asked.name, "load", asked.term, lease_timeout});
    } else if (asked.wish == Wish::renew) {
        request = node::request_bytes(
            node::LeaseRenewAsk{asked.name, asked.fence, Duration{0}, lease_timeout});
    } else {
        request =
            node::request_bytes(node::LeaseReleaseAsk{asked.name, asked.fence, lease_timeout});
    }
    const auto call = clients.call(host, std::move(request));
    if (!call) return;
    ++counts_.leases;
    if (asked.wish == Wish::acquire && asked.at >= setup_.healed_at) ++acquired_;
    waiting_.emplace(CallKey{host, *call}, std::move(asked));
}

// Somebody holds it: once more when it may be taken over, if it is not renewed.
void LeaseLoad::lurk(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                     Duration now) {
    Rng choice(setup_.seed, lurk_stream + lurked_++);
    const Duration ripe = answer.term + answer.term / 200 + choice.between(10ms, 30ms);
    if (choice.chance(1, 2)) again_.emplace(now + ripe, std::pair(host, asked.name));
}

void LeaseLoad::look_at_clock(std::uint32_t host, Duration now, const Clients& clients) {
    const BootTime shown = clients.clock_of(host);
    const auto [place, first] = clocks_.try_emplace(host, Clock{now, shown, {}});
    if (first) return;
    Clock& clock = place->second;
    const Duration passed = now - clock.looked_at;
    const Duration shown_to_pass = shown - clock.shown;
    if (shown_to_pass + passed / rate_error + clock_grain < passed) clock.lagged_at = now;
    clock.looked_at = now;
    clock.shown = shown;
}

// What nobody knows the outcome of may happen until something that was asked for later has.
void LeaseLoad::settle(const Asked& asked, const Result<node::LeaseAnswer>& answer, Duration now) {
    std::optional<Duration>& unsettled = leases_[asked.name].unsettled;
    const bool applied = answer && answer->outcome == node::RegisterOutcome::applied;
    if (applied && unsettled && *unsettled < asked.at) unsettled.reset();
    const bool unknown = !answer || answer->outcome == node::RegisterOutcome::unknown;
    if (unknown) unsettled = now;
}

void LeaseLoad::ask_everybody(Duration now, Clients& clients) {
    asked_ = true;
    for (const auto& [key, asked] : waiting_) leases_[asked.name].unsettled = now;
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) {
        for (const auto& [name, lease] : leases_) {
            const node::LeaseShowAsk ask{name, setup_.last_timeout};
            if (const auto call = clients.call(host, node::request_bytes(ask))) {
                questions_.emplace(CallKey{host, *call}, name);
            }
        }
    }
}

void LeaseLoad::take(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                     Duration now) {
    if (asked.wish == Wish::release) return;
    if (asked.wish == Wish::acquire) ++granted_;
    check_fence(host, asked, answer, now);
    Lease& lease = leases_[asked.name];
    const Holder holder{answer.node, answer.boot};
    lease.fences.emplace(answer.fence, holder);
    // It took too long to be of use, or was released before the answer to a renewal came.
    const Duration remaining = answer.remaining(clients_->clock_of(host));
    if (remaining == Duration{} || lease.given_up.contains(answer.fence)) return;
    look_at_clock(host, now, *clients_);
    const auto lagged_at = clocks_.at(host).lagged_at;
    if (lagged_at && now < *lagged_at + term_max) return;
    check_term(host, asked, answer, remaining, now);
    lease.claims[host] = {holder, answer.fence, asked.at, now, now + relied_on(remaining)};
    check_claims(lease, host, asked.name, now);
}

void LeaseLoad::check_fence(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                            Duration now) {
    findings_.looked(fences_rise);
    const auto& fences = leases_[asked.name].fences;
    const auto known = fences.find(answer.fence);
    const Holder holder{answer.node, answer.boot};
    // A renewal that was overtaken since tells of the lease that stands now, which is not its own.
    const bool kept =
        asked.wish == Wish::acquire ||
        (asked.fence >= asked.highest && (!answer.mine || answer.fence == asked.fence));
    const bool one_holder = known == fences.end() || known->second == holder;
    if (kept && one_holder && answer.fence >= asked.highest) return;
    findings_.violated(fences_rise, {now, host,
                                     asked.name + ": fence " + std::to_string(answer.fence) +
                                         ", asked with " + std::to_string(asked.fence) +
                                         ", told before: " + std::to_string(asked.highest)});
}

void LeaseLoad::check_term(std::uint32_t host, const Asked& asked, const node::LeaseAnswer& answer,
                           Duration remaining, Duration now) {
    if (ballots_ == nullptr) return;
    const auto proposed = ballots_->lease_proposed(host, asked.name, answer.fence);
    if (!proposed) return;
    findings_.looked(leases_count_from_asked);
    const Duration most = *proposed + answer.term;
    if (now + relied_on(remaining) <= most) return;
    findings_.violated(
        leases_count_from_asked,
        {now, host,
         asked.name + " is told for " + ms_text(remaining) + " ms, it was proposed " +
             ms_text(now - *proposed) + " ms ago for " + ms_text(answer.term)});
}

void LeaseLoad::check_claims(const Lease& lease, std::uint32_t host, const std::string& name,
                             Duration now) {
    findings_.looked(leases_have_one_holder);
    const Claim& own = lease.claims.at(host);
    for (const auto& [other, claim] : lease.claims) {
        if (other == host || claim.until <= now) continue;
        findings_.violated(
            leases_have_one_holder,
            {now, host,
             name + " is counted on for " + ms_text(claim.until - now) + " ms by node " +
                 std::to_string(other + 1) + ", told " + ms_text(now - claim.told) +
                 " ms ago after " + ms_text(claim.told - claim.asked) +
                 " ms; the new holder is told after " + ms_text(now - own.asked) + " ms"});
    }
}

}  // namespace starling::sim
