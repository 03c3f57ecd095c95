// What a core stored, read back by the next one.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"

#include <map>
#include <optional>

namespace starling::gossip {

class MemoryRecords : public RecordSource {
public:
    void scan(Table table, const Visit& visit) const override {
        const auto found = tables_.find(table);
        if (found == tables_.end()) return;
        for (const auto& [key, value] : found->second) visit(key, value);
    }

    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override {
        const auto found = tables_.find(table);
        if (found == tables_.end()) return std::nullopt;
        const auto record = found->second.find(copy_of(key));
        return record == found->second.end() ? std::nullopt : std::optional(record->second);
    }

    void apply(const Effects& effects) {
        for (const Stored& each : effects.stored()) {
            auto& table = tables_[each.table];
            if (each.erase) {
                table.erase(copy_of(effects.view(each.key)));
            } else {
                table[copy_of(effects.view(each.key))] = copy_of(effects.view(each.value));
            }
        }
    }

private:
    std::map<Table, std::map<Bytes, Bytes>> tables_;
};

}  // namespace starling::gossip
