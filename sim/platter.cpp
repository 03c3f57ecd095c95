#include "sim/platter.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {

bool Platter::contains(std::string_view file) const {
    return seen_.contains(file);
}

std::uint64_t Platter::size(std::string_view file) const {
    const auto found = seen_.find(file);
    return found == seen_.end() ? 0 : found->second.size();
}

std::size_t Platter::read(std::string_view file, std::uint64_t offset,
                          std::span<std::uint8_t> to) const {
    const auto found = seen_.find(file);
    if (found == seen_.end() || offset >= found->second.size()) return 0;
    const ByteView rest = ByteView(found->second).subspan(offset);
    const std::size_t count = std::min(rest.size(), to.size());
    std::ranges::copy(rest.first(count), to.begin());
    return count;
}

void Platter::write(std::string_view file, std::uint64_t offset, ByteView bytes) {
    make({Change::write, std::string(file), offset, copy_of(bytes)});
}

void Platter::truncate(std::string_view file, std::uint64_t size) {
    make({Change::truncate, std::string(file), size, {}});
}

void Platter::remove(std::string_view file) {
    make({Change::remove, std::string(file), 0, {}});
}

void Platter::sync(std::string_view file) {
    ++counts_.syncs;
    make({Change::sync, std::string(file), 0, {}});
}

void Platter::make(Operation operation) {
    apply(seen_, operation);
    under_way_.push_back(std::move(operation));
}

void Platter::apply(Files& files, const Operation& operation) {
    switch (operation.change) {
        case Change::write: {
            Bytes& bytes = files[operation.file];
            const std::size_t end = operation.at + operation.bytes.size();
            if (bytes.size() < end) bytes.resize(end);
            std::ranges::copy(operation.bytes,
                              bytes.begin() + static_cast<std::ptrdiff_t>(operation.at));
            return;
        }
        case Change::truncate:
            files[operation.file].resize(operation.at);
            return;
        case Change::remove:
            files.erase(operation.file);
            return;
        case Change::sync:
            return;
    }
}

void Platter::settle() {
    for (const Operation& operation : under_way_) apply(settled_, operation);
    under_way_.clear();
}

void Platter::crash(Rng& rng) {
    under_way_.resize(rng.below(under_way_.size() + 1));  // the moment
    for (std::size_t i = 0; i < under_way_.size(); ++i) {
        const Operation& operation = under_way_[i];
        const bool synced =
            std::any_of(under_way_.begin() + static_cast<std::ptrdiff_t>(i), under_way_.end(),
                        [&](const Operation& later) {
                            return later.change == Change::sync && later.file == operation.file;
                        });
        if (synced) {
            apply(settled_, operation);  // I2
        } else {
            apply_unsynced(operation, rng);
        }
    }
    under_way_.clear();
    seen_ = settled_;
}

void Platter::apply_unsynced(const Operation& operation, Rng& rng) {
    if (rng.chance(1, 2)) {
        ++counts_.lost;
    } else if (operation.change == Change::write && rng.chance(1, 2)) {
        ++counts_.torn;
        tear(operation, rng);
    } else {
        apply(settled_, operation);
    }
}

// I3: sectors as the disk counts them, not as the write begins.
void Platter::tear(const Operation& operation, Rng& rng) {
    const std::uint64_t end = operation.at + operation.bytes.size();
    for (std::uint64_t at = operation.at; at < end;) {
        const std::uint64_t next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
        const ByteView sector =
            ByteView(operation.bytes)
                .subspan(at - operation.at, static_cast<std::size_t>(next - at));
        const std::uint64_t fate = rng.below(4);
        if (fate == 0) apply(settled_, {Change::write, operation.file, at, copy_of(sector)});
        if (fate == 1) {
            const ByteView half = sector.first(sector.size() / 2);
            apply(settled_, {Change::write, operation.file, at, copy_of(half)});
        }
        if (fate == 2) {
            const ByteView half = sector.subspan(sector.size() / 2);
            apply(settled_, {Change::write, operation.file, at + sector.size() / 2, copy_of(half)});
        }
        at = next;
    }
}

}  // namespace starling::sim
