#include "sim/fault_reader.hpp"
#include "sim/plan_cursor.hpp"
#include "sim/plan_fields.hpp"
#include "sim/plan_flaw.hpp"
#include "sim/plan_text.hpp"
#include "sim/region_fields.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::sim {
namespace {

struct Place {
    std::size_t line = 0;
    std::size_t column = 0;
};

class PlanReader {
public:
    explicit PlanReader(std::string_view name) : name_(name) {
        const Options defaults;
        plan_.seed = defaults.seed;
        plan_.nodes = defaults.nodes;
        plan_.duration = defaults.duration;
    }

    Result<Plan> read(std::string_view text) {
        if (text.size() > plan_text_bytes_max) return too_long(text.size());
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            ++line_;
            if (const auto mistake = take_line(text.substr(0, end))) {
                return failed({line_, mistake->column}, mistake->what);
            }
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return finish();
    }

private:
    using Failed = std::optional<Mistake>;

    Failed take_line(std::string_view text) {
        PlanCursor cursor(text);
        if (cursor.at_end()) return std::nullopt;
        if (!cursor.take("[")) return mistake_at(cursor, "[");
        return cursor.take("at") ? take_fault(cursor) : take_section(cursor);
    }

    Failed take_fault(PlanCursor& cursor) {
        auto fault = read_fault(cursor, line_);
        if (!fault) return fault.error();
        if (faults_.size() == plan_text_faults_max) {
            return Mistake{
                1, "a plan has at most " + std::to_string(plan_text_faults_max) + " faults"};
        }
        named_ += fault->fault.left.size() + fault->fault.right.size();
        if (named_ > plan_text_named_max) {
            return Mistake{1, "the sides of a plan's faults name at most " +
                                  std::to_string(plan_text_named_max) + " nodes"};
        }
        faults_.push_back(std::move(*fault));
        return std::nullopt;
    }

    Failed take_section(PlanCursor& cursor) {
        const std::string_view section = cursor.word();
        if (std::ranges::find(plan_fields(), section, &PlanField::section) == plan_fields().end()) {
            return mistake_at(cursor, sections() + " or at");
        }
        const auto [first, fresh] = sections_.emplace(section, line_);
        if (!fresh) {
            return Mistake{cursor.column(), '[' + std::string(section) + "] stands on line " +
                                                std::to_string(first->second) + " already"};
        }
        cursor.take_word();
        if (!cursor.take("]")) return mistake_at(cursor, "]");
        while (!cursor.at_end()) {
            if (auto mistake = take_field(cursor, section)) return mistake;
        }
        return std::nullopt;
    }

    Failed take_field(PlanCursor& cursor, std::string_view section) {
        if (section == "network" && speaks_of_regions(cursor)) return take_region_field(cursor);
        const auto found = std::ranges::find_if(plan_fields(), [&](const PlanField& field) {
            return field.section == section && field.name == cursor.word();
        });
        if (found == plan_fields().end()) return mistake_at(cursor, names_in(section));
        const auto index = static_cast<std::size_t>(found - plan_fields().begin());
        const bool placed = section == "network" && !network_fields_.insert(found->name).second;
        if (placed || places_.contains(index)) {
            return Mistake{cursor.column(), std::string(found->name) + " stands twice"};
        }
        cursor.take_word();
        if (!cursor.take("=")) return mistake_at(cursor, "=");
        const Place place{line_, cursor.column()};
        const auto value = take_quantity(cursor, found->quantity);
        if (!value) return value.error();
        if (const auto missed = range_missed(*found, *value)) return Mistake{place.column, *missed};
        found->write(plan_, *value);
        places_.emplace(index, place);
        return std::nullopt;
    }

    // Whether the field that comes next is one of places; a latency that is a time is not.
    static bool speaks_of_regions(PlanCursor cursor) {
        const std::string_view name = cursor.take_word();
        if (is_region_field(name)) return true;
        return name == "latency" && cursor.take("=") && names_matrix(cursor.word());
    }

    Failed take_region_field(PlanCursor& cursor) {
        const Place place{line_, cursor.column()};
        const std::string_view name = cursor.take_word();
        if (!network_fields_.insert(name).second) {
            return Mistake{place.column, std::string(name) + " stands twice"};
        }
        if (!cursor.take("=")) return mistake_at(cursor, "=");
        regions_at_ = place;
        return read_region_field(cursor, name, plan_.network.regions);
    }

    Result<Plan> finish() {
        if (const auto flaw = flaw_of(plan_.network.regions)) return failed(regions_at_, *flaw);
        const auto healed = std::ranges::find(plan_fields(), "healed_at", &PlanField::name);
        if (!places_.contains(static_cast<std::size_t>(healed - plan_fields().begin()))) {
            plan_.healed_at = plan_healed_at(plan_.duration);
        }
        std::ranges::stable_sort(faults_, {}, [](const FaultLine& each) { return each.fault.at; });
        for (FaultLine& each : faults_) plan_.faults.push_back(std::move(each.fault));
        if (const auto flaw = flaw_of(plan_)) return failed(place_of(*flaw), flaw->what);
        return std::move(plan_);
    }

    // A field with a flaw was given: defaults fit.
    [[nodiscard]] Place place_of(const PlanFlaw& flaw) const {
        if (flaw.part == PlanPart::field) return places_.at(flaw.index);
        const FaultLine& fault = faults_[flaw.index];
        return {fault.line, fault.column_of(flaw.part)};
    }

    [[nodiscard]] Result<Plan> failed(Place place, const std::string& what) const {
        return failure(ErrorCode::invalid, "plan_invalid",
                       name_ + ':' + std::to_string(place.line) + ':' +
                           std::to_string(place.column) + ": " + what,
                       "change that line; docs/SIMULATION.md has the whole grammar");
    }

    [[nodiscard]] Result<Plan> too_long(std::size_t bytes) const {
        return failure(ErrorCode::invalid, "plan_invalid",
                       name_ + " has " + std::to_string(bytes) + " bytes, a plan at most " +
                           std::to_string(plan_text_bytes_max),
                       "check that it is the right file");
    }

    static std::string sections() {
        std::string text;
        std::string_view last;
        for (const PlanField& field : plan_fields()) {
            if (std::exchange(last, field.section) == field.section) continue;
            text += (text.empty() ? "" : ", ") + std::string(field.section);
        }
        return text;
    }

    static std::string names_in(std::string_view section) {
        std::string text;
        for (const PlanField& field : plan_fields()) {
            if (field.section != section) continue;
            text += (text.empty() ? "a field: " : ", ") + std::string(field.name);
        }
        if (section == "network") text += ", latency_unit, latency_hash, regions";
        return text;
    }

    std::string name_;
    Plan plan_;
    std::size_t line_ = 0;
    std::map<std::string_view, std::size_t> sections_;  // and their lines
    std::map<std::size_t, Place> places_;               // of the values of plan_fields()
    std::set<std::string_view> network_fields_;         // a latency is a time or a matrix
    Place regions_at_;
    std::vector<FaultLine> faults_;
    std::size_t named_ = 0;  // nodes, by their sides
};

}  // namespace

Result<Plan> plan_from(std::string_view text, std::string_view name) {
    return PlanReader(name).read(text);
}

}  // namespace starling::sim
