#include "sim/membership_check.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <string>

namespace starling::sim {
namespace {

constexpr const char* standing_never_falls = "standing_never_falls";
constexpr const char* death_is_outbid_only = "death_is_outbid_only";
constexpr const char* only_subject_raises = "only_subject_raises";
constexpr const char* no_false_death = "no_false_death";
constexpr const char* crash_is_noticed = "crash_is_noticed";
constexpr const char* one_accuser_never_kills = "one_accuser_never_kills";

bool ends(Event event) {
    return event == Event::member_dead || event == Event::member_left;
}

bool speaks_of_member(Event event) {
    return ends(event) || event == Event::member_joined || event == Event::member_alive ||
           event == Event::member_suspect || event == Event::member_draining;
}

}  // namespace

MembershipCheck::MembershipCheck(const std::vector<NodeId>& ids, Findings& findings)
    : findings_(findings),
      falls_looked_for_(findings.looks_of(standing_never_falls)),
      raises_looked_for_(findings.looks_of(only_subject_raises)),
      history_(static_cast<std::uint32_t>(ids.size())),
      hosts_(ids),
      standings_(ids.size(), std::vector<Standing>(1)),
      seen_(ids.size() * ids.size()),
      restarted_(ids.size()),
      claimed_(ids.size()),
      accusers_(ids.size()),
      past_(ids.size()) {
    for (const char* each : {standing_never_falls, death_is_outbid_only, only_subject_raises,
                             no_false_death, crash_is_noticed, one_accuser_never_kills}) {
        findings_.expect(each);
    }
}

void MembershipCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    if (speaks_of_member(record.event)) {
        on_member(host, record, now);
    } else if (record.event == Event::opinion_given) {
        on_opinion(host, record);
    } else if (record.event == Event::opinion_heard) {
        on_opinion_heard(host, record);
    } else if (record.event == Event::claim_refuted) {
        on_claimed(host, Boot{record.fields[0]},
                   Incarnation{static_cast<std::uint32_t>(record.fields[1])});
    }
}

void MembershipCheck::on_started(std::uint32_t host, Boot boot, Duration now) {
    restarted_[host] = history_.boot(host) != Boot{};
    history_.on_started(host, boot, now);
    on_claimed(host, boot, Incarnation{0});
    const std::size_t width = history_.hosts();
    const auto row = seen_.begin() + static_cast<std::ptrdiff_t>(host * width);
    std::fill(row, row + static_cast<std::ptrdiff_t>(width), std::uint16_t{0});
}

void MembershipCheck::on_fault(const Fault& fault, Phase phase, Duration now) {
    history_.on_fault(fault, phase, now);
    if (!is_crash(fault.kind) || phase != Phase::begins) return;
    note_crash(fault.host, now);
}

void MembershipCheck::on_ended(std::uint32_t host, Duration now) {
    history_.on_ended(host, now);
    note_crash(host, now);
}

void MembershipCheck::note_crash(std::uint32_t host, Duration now) {
    const Crash crash{host, history_.boot(host), now};
    crashes_.push_back(crash);
    past_[host].push_back(crash);
}

std::optional<Duration> MembershipCheck::next_time() const {
    if (crashes_.empty()) return std::nullopt;
    return crashes_.front().at + notice_within;
}

void MembershipCheck::on_time(Duration now) {
    while (!crashes_.empty() && crashes_.front().at + notice_within <= now) {
        check_noticed(crashes_.front(), now);
        crashes_.erase(crashes_.begin());
    }
}

void MembershipCheck::on_member(std::uint32_t observer, const TraceRecord& record, Duration now) {
    const auto subject = host_of(record.fields[0]);
    if (!subject) return;
    const Standing standing{Boot{record.fields[1]},
                            Incarnation{static_cast<std::uint32_t>(record.fields[2])},
                            ends(record.event)};
    if (*subject == observer) {
        return on_claimed(observer, standing.boot, standing.incarnation);
    }
    check_claimed(observer, *subject, standing, now);
    check_standing(observer, *subject, standing, now);
    if (record.event == Event::member_dead) check_death(observer, *subject, standing, now);
    if (seen(observer, *subject) < standing) see(observer, *subject, standing);
}

void MembershipCheck::on_opinion(std::uint32_t observer, const TraceRecord& record) {
    const auto subject = host_of(record.fields[0]);
    if (!subject) return;
    const bool down = record.fields[1] != 0;
    for (const Life& life : lives_known(observer, *subject)) {
        Accusers& accusers = accusers_[*subject][life];
        if (down) {
            accusers[observer] = {};
        } else if (const auto withdrawn = accusers.find(observer); withdrawn != accusers.end()) {
            withdrawn->second = {true, {observer}};
        }
    }
}

void MembershipCheck::on_opinion_heard(std::uint32_t listener, const TraceRecord& record) {
    const auto subject = host_of(record.fields[0]);
    const auto observer = host_of(record.fields[1]);
    const bool down = record.fields[2] != 0;
    if (!subject || !observer || down) return;
    for (const Life& life : lives_known(*observer, *subject)) {
        Accusers& accusers = accusers_[*subject][life];
        const auto withdrawn = accusers.find(*observer);
        if (withdrawn != accusers.end()) withdrawn->second.heard.insert(listener);
    }
}

void MembershipCheck::on_claimed(std::uint32_t host, Boot boot, Incarnation incarnation) {
    const auto known = claimed_[host].find(boot);
    if (known != claimed_[host].end() && known->second >= incarnation) return;
    claimed_[host][boot] = incarnation;  // what was said of an earlier life is void for this one
}

// One of these is the life that the observer knows: who claims another may stand still before
// anybody hears of it, and that somebody alive has another incarnation is not traced.
std::vector<MembershipCheck::Life> MembershipCheck::lives_known(std::uint32_t observer,
                                                                std::uint32_t subject) const {
    std::vector<Life> lives;
    const Standing& told = seen(observer, subject);
    for (const auto& [boot, last] : claimed_[subject]) {
        if (boot < told.boot) continue;
        const Incarnation first = boot == told.boot ? told.incarnation : Incarnation{0};
        for (std::uint32_t i = first.value; i <= last.value; ++i) {
            lives.emplace_back(boot, Incarnation{i});
        }
    }
    return lives;
}

MembershipCheck::Life MembershipCheck::life_of(std::uint32_t subject) const {
    if (claimed_[subject].empty()) return {};
    return *claimed_[subject].rbegin();
}

void MembershipCheck::check_standing(std::uint32_t observer, std::uint32_t subject,
                                     const Standing& standing, Duration now) {
    const Standing& before = seen(observer, subject);
    ++falls_looked_for_;
    if (standing >= before) return;
    const bool revived = before.ended && !standing.ended && standing.boot == before.boot &&
                         standing.incarnation == before.incarnation;
    violated(revived ? death_is_outbid_only : standing_never_falls, observer, subject, now);
}

void MembershipCheck::check_claimed(std::uint32_t observer, std::uint32_t subject,
                                    const Standing& standing, Duration now) {
    ++raises_looked_for_;
    const auto claimed = claimed_[subject].find(standing.boot);
    if (claimed != claimed_[subject].end() && standing.incarnation <= claimed->second) return;
    violated(only_subject_raises, observer, subject, now);
}

void MembershipCheck::check_death(std::uint32_t observer, std::uint32_t subject,
                                  const Standing& standing, Duration now) {
    findings_.looked(death_is_outbid_only);
    if (note_notice(subject, standing.boot, now)) return;
    // Who was cut off hears late of a death that its victim outbid since; its first teller is
    // judged.
    const Life life{standing.boot, standing.incarnation};
    if (life < life_of(subject) && judged_.contains({subject, life})) return;
    findings_.looked(no_false_death);
    if (!has_excuse(observer, subject, now)) violated(no_false_death, observer, subject, now);
    check_accusers(observer, subject, standing, now);
}

// False: this boot of the subject did not crash.
bool MembershipCheck::note_notice(std::uint32_t subject, Boot boot, Duration now) {
    const std::vector<Crash>& past = past_[subject];
    const auto crash = std::find_if(past.rbegin(), past.rend(),
                                    [&](const Crash& each) { return each.boot == boot; });
    if (crash == past.rend()) return false;
    ++notice_ms_[count_ms(now - crash->at)];
    return true;
}

// The first to call it dead is judged; the others heard it from him.
void MembershipCheck::check_accusers(std::uint32_t observer, std::uint32_t subject,
                                     const Standing& standing, Duration now) {
    const Life life{standing.boot, standing.incarnation};
    if (!judged_.insert({subject, life}).second) return;
    if (judges(now) < 3 || history_.was_slandered({now - excused_for, now})) return;
    findings_.looked(one_accuser_never_kills);
    const auto stands = [&](const auto& each) {
        return !each.second.withdrew || !each.second.heard.contains(observer);
    };
    if (std::ranges::count_if(accusers_[subject][life], stands) < 2) {
        violated(one_accuser_never_kills, observer, subject, now);
    }
}

void MembershipCheck::check_noticed(const Crash& crash, Duration now) {
    const Interval since{crash.at, now};
    if (!history_.is_down(crash.host) || history_.boot(crash.host) != crash.boot) return;
    if (!was_met(crash)) return;
    for (std::uint32_t observer = 0; observer < history_.hosts(); ++observer) {
        if (observer == crash.host || history_.is_down(observer)) continue;
        if (history_.was_out(observer, since) || history_.was_cut(observer, since)) continue;
        if (history_.was_strained(observer, since)) continue;
        findings_.looked(crash_is_noticed);
        const Standing& standing = seen(observer, crash.host);
        if (standing.ended && standing.boot >= crash.boot) continue;
        // It started again since, and may have known before: what it reads back it does not tell.
        if (standing.boot == Boot{} && restarted_[observer]) continue;
        violated(crash_is_noticed, observer, crash.host, now);
    }
}

// Who dies before it met anybody was never there for them.
bool MembershipCheck::was_met(const Crash& crash) const {
    for (std::uint32_t observer = 0; observer < history_.hosts(); ++observer) {
        if (observer == crash.host || history_.is_down(observer)) continue;
        if (seen(observer, crash.host).boot >= crash.boot) return true;
    }
    return false;
}

bool MembershipCheck::has_excuse(std::uint32_t observer, std::uint32_t subject,
                                 Duration now) const {
    // Who was away hears on its return what was so meanwhile.
    const Duration away = history_.deaf_since(observer, {now - caught_up_within, now});
    const Interval lately{std::min(away, now) - excused_for, now};
    return history_.was_out(subject, lately) || history_.were_parted(observer, subject, lately) ||
           history_.was_half_cut(subject, lately) || history_.was_strained(subject, lately) ||
           history_.was_healed(subject, {now - healing_for, now}) ||
           history_.was_slandered({now - excused_for, now}) ||
           history_.was_partly_cut(observer, subject, {now - partly_for, now});
}

// How many could tell that the subject lives: nodes that ran and were cut off from nobody lately.
std::uint32_t MembershipCheck::judges(Duration now) const {
    const Interval lately{now - excused_for, now};
    std::uint32_t count = 0;
    for (std::uint32_t host = 0; host < history_.hosts(); ++host) {
        const bool fit = !history_.is_down(host) && !history_.was_out(host, lately) &&
                         !history_.was_cut(host, lately) && !history_.was_strained(host, lately);
        count += fit ? 1U : 0U;
    }
    return count;
}

void MembershipCheck::violated(const char* invariant, std::uint32_t observer, std::uint32_t subject,
                               Duration now) {
    findings_.violated(invariant, {now, observer, "about node " + std::to_string(subject + 1)});
}

const MembershipCheck::Standing& MembershipCheck::seen(std::uint32_t observer,
                                                       std::uint32_t subject) const {
    return standings_[subject][seen_[std::size_t{observer} * history_.hosts() + subject]];
}

void MembershipCheck::see(std::uint32_t observer, std::uint32_t subject, const Standing& standing) {
    std::vector<Standing>& all = standings_[subject];
    // The newest are asked for most.
    const auto known = std::find(all.rbegin(), all.rend(), standing);
    auto place = static_cast<std::size_t>(all.rend() - known) - 1;
    if (known == all.rend()) {
        place = all.size();
        STARLING_ASSERT(place <= UINT16_MAX);
        all.push_back(standing);
    }
    seen_[std::size_t{observer} * history_.hosts() + subject] = static_cast<std::uint16_t>(place);
}

std::optional<std::uint32_t> MembershipCheck::host_of(std::uint64_t prefix) const {
    return hosts_.find(prefix);
}

}  // namespace starling::sim
