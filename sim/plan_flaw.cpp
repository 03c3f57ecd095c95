#include "sim/plan_flaw.hpp"

#include "sim/plan_fields.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace starling::sim {
namespace {

// The flaws of one fault, the first of each part.
class FaultJudge {
public:
    FaultJudge(const Plan& plan, std::size_t index)
        : plan_(plan), index_(index), fault_(plan.faults[index]), row_(row_of(fault_.kind)) {}

    std::optional<PlanFlaw> flaw() const {
        for (const auto check :
             {&FaultJudge::begin, &FaultJudge::target, &FaultJudge::amount, &FaultJudge::end}) {
            if (auto flaw = (this->*check)()) return flaw;
        }
        if (!forgets(fault_.kind)) return std::nullopt;
        if (auto flaw = kept_disk()) return flaw;
        return forgotten_disk();
    }

private:
    std::optional<PlanFlaw> begin() const {
        if (fault_.at < Duration{0}) return flawed(PlanPart::at, "begins before the run");
        if (fault_.at >= plan_.healed_at) {
            return flawed(PlanPart::at,
                          "begins at " + time_text(fault_.at) +
                              ", faults begin before healed_at=" + time_text(plan_.healed_at));
        }
        if (index_ == 0 || fault_.at >= plan_.faults[index_ - 1].at) return std::nullopt;
        return flawed(PlanPart::at, "begins before the fault above it");
    }

    std::optional<PlanFlaw> target() const {
        if (row_.target == Target::host) return missing(fault_.host);
        if (fault_.left.empty() || fault_.right.empty()) {
            return flawed(PlanPart::target, "has a side without nodes");
        }
        std::vector<std::uint32_t> hosts(fault_.left);
        hosts.insert(hosts.end(), fault_.right.begin(), fault_.right.end());
        std::ranges::sort(hosts);
        if (auto flaw = missing(hosts.back())) return flaw;
        const auto twice = std::ranges::adjacent_find(hosts);
        if (twice == hosts.end()) return std::nullopt;
        return flawed(PlanPart::target, "names node " + std::to_string(*twice + 1) + " twice");
    }

    std::optional<PlanFlaw> missing(std::uint32_t host) const {
        if (host < plan_.nodes) return std::nullopt;
        return flawed(PlanPart::target, "names node " + std::to_string(std::uint64_t{host} + 1) +
                                            ", the plan has " + std::to_string(plan_.nodes));
    }

    std::optional<PlanFlaw> amount() const {
        if (row_.amount == Amount::none) return std::nullopt;
        const AmountRow range = amount_of(fault_.kind);
        if (fault_.amount >= range.min && fault_.amount <= range.max) return std::nullopt;
        const auto shown = [&](std::int64_t value) { return amount_text(row_.amount, value); };
        return flawed(PlanPart::amount, "has the amount " + shown(fault_.amount) +
                                            ", possible are " + shown(range.min) + " to " +
                                            shown(range.max));
    }

    std::optional<PlanFlaw> end() const {
        if (!row_.has_end) return std::nullopt;
        if (fault_.lasts > Duration{0} && fault_.lasts <= plan_duration_max) return std::nullopt;
        return flawed(PlanPart::lasts, "lasts " + time_text(fault_.lasts) +
                                           ", possible is more than 0s, at most " +
                                           time_text(plan_duration_max));
    }

    std::optional<PlanFlaw> kept_disk() const {
        if (fault_.kind != FaultKind::restore_disk) return std::nullopt;
        if (kept_at(fault_) >= kept_disk_min) return std::nullopt;
        return flawed(PlanPart::amount, "puts back what was there at " +
                                            time_text(kept_at(fault_)) + ", possible is " +
                                            time_text(kept_disk_min) + " or later");
    }

    std::optional<PlanFlaw> forgotten_disk() const {
        if (plan_.nodes < lost_disk_nodes_min) {
            return flawed(PlanPart::target, "needs " + std::to_string(lost_disk_nodes_min) +
                                                " nodes, the plan has " +
                                                std::to_string(plan_.nodes));
        }
        const auto own = plan_.faults.begin() + static_cast<std::ptrdiff_t>(index_);
        const auto before = [](const Fault& fault) { return forgets(fault.kind); };
        if (std::find_if(plan_.faults.begin(), own, before) == own) return std::nullopt;
        return flawed(PlanPart::at,
                      "follows another one, a plan loses or puts back one disk at most");
    }

    PlanFlaw flawed(PlanPart part, const std::string& what) const {
        return {part, index_, "this " + std::string(row_.word) + ' ' + what};
    }

    const Plan& plan_;
    std::size_t index_;
    const Fault& fault_;
    const FaultRow& row_;
};

std::optional<PlanFlaw> flaw_of_fields(const Plan& plan) {
    for (std::size_t index = 0; index < plan_fields().size(); ++index) {
        const PlanField& field = plan_fields()[index];
        if (auto what = range_missed(field, field.read(plan))) {
            return PlanFlaw{PlanPart::field, index, *what};
        }
    }
    if (plan.healed_at <= plan.duration) return std::nullopt;
    const auto field = std::ranges::find(plan_fields(), "healed_at", &PlanField::name);
    return PlanFlaw{PlanPart::field, static_cast<std::size_t>(field - plan_fields().begin()),
                    "healed_at is " + time_text(plan.healed_at) +
                        ", after the end at duration=" + time_text(plan.duration)};
}

std::optional<PlanFlaw> flaw_of_moves(const Plan& plan) {
    std::set<std::uint32_t> moved;
    for (std::size_t index = 0; index < plan.faults.size(); ++index) {
        if (plan.faults[index].kind != FaultKind::move) continue;
        moved.insert(plan.faults[index].host);
        if (moved.size() < plan.nodes) continue;
        return PlanFlaw{PlanPart::target, index,
                        "this move leaves no node where it is, one has to stay"};
    }
    return std::nullopt;
}

}  // namespace

std::optional<PlanFlaw> flaw_of(const Plan& plan) {
    if (auto flaw = flaw_of_fields(plan)) return flaw;
    for (std::size_t index = 0; index < plan.faults.size(); ++index) {
        if (auto flaw = FaultJudge(plan, index).flaw()) return flaw;
    }
    return flaw_of_moves(plan);
}

Result<void> check_plan(const Plan& plan) {
    const auto flaw = flaw_of(plan);
    if (!flaw) return {};
    const std::string where =
        flaw->part == PlanPart::field ? "" : "fault " + std::to_string(flaw->index + 1) + ": ";
    return failure(ErrorCode::invalid, "plan_invalid", where + flaw->what);
}

}  // namespace starling::sim
