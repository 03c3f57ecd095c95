#include "sim/platter.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {
namespace {

// Of these bytes from `at` on, `count` at most.
ByteView part_of(ByteView bytes, std::uint64_t at, std::uint64_t count) {
    if (at >= bytes.size()) return {};
    return bytes.subspan(at, std::min<std::uint64_t>(count, bytes.size() - at));
}

}  // namespace

bool Platter::contains(std::string_view file) const {
    const File* found = find(file);
    return found != nullptr && found->exists;
}

std::uint64_t Platter::size(std::string_view file) const {
    const File* found = find(file);
    return found == nullptr ? 0 : found->bytes.size();
}

std::size_t Platter::read(std::string_view file, std::uint64_t offset,
                          std::span<std::uint8_t> to) const {
    const File* found = find(file);
    if (found == nullptr) return 0;
    return found->bytes.read(offset, to);
}

void Platter::write(std::string_view file, std::uint64_t offset, ByteView bytes) {
    Operation operation = begun(Change::write, file, offset);
    operation.length = bytes.size();
    operation.other = keep(files_[operation.file].bytes, offset, bytes.size());
    put(operation.file, offset, bytes);
    under_way_.push_back(std::move(operation));
}

void Platter::truncate(std::string_view file, std::uint64_t size) {
    Operation operation = begun(Change::truncate, file, size);
    File& shortened = files_[operation.file];
    operation.other = keep(shortened.bytes, size, shortened.bytes.size());
    shortened.exists = true;
    shortened.bytes.resize(size);
    under_way_.push_back(std::move(operation));
}

void Platter::remove(std::string_view file) {
    Operation operation = begun(Change::remove, file, 0);
    File& removed = files_[operation.file];
    operation.other = keep(removed.bytes, 0, removed.bytes.size());
    removed.bytes.resize(0);
    removed.exists = false;
    under_way_.push_back(std::move(operation));
}

void Platter::sync(std::string_view file) {
    ++counts_.syncs;
    under_way_.push_back(begun(Change::sync, file, 0));
}

const Platter::File* Platter::find(std::string_view name) const {
    const auto found = std::ranges::find(files_, name, &File::name);
    return found == files_.end() ? nullptr : &*found;
}

Platter::FileNumber Platter::number_of(std::string_view name) {
    const auto found = std::ranges::find(files_, name, &File::name);
    const auto number = static_cast<FileNumber>(found - files_.begin());
    if (found == files_.end()) files_.push_back({std::string(name), false, {}});
    return number;
}

Platter::Operation Platter::begun(Change change, std::string_view name, std::uint64_t at) {
    const FileNumber number = number_of(name);
    const File& file = files_[number];
    return {change, number, at, 0, file.exists, file.bytes.size(), {}};
}

void Platter::put(FileNumber number, std::uint64_t at, ByteView bytes) {
    File& file = files_[number];
    file.exists = true;
    file.bytes.write(at, bytes);
}

// At most `count` bytes from `at` on.
Platter::Kept Platter::keep(const FileBytes& bytes, std::uint64_t at, std::uint64_t count) {
    const std::size_t place = kept_.size();
    bytes.append_to(kept_, at, count);
    return {place, kept_.size() - place};
}

// REQUIRES: every later change is undone.
void Platter::undo(Operation& operation) {
    File& file = files_[operation.file];
    const Kept before = operation.other;
    operation.other = keep(file.bytes, operation.at, operation.length);
    file.exists = operation.existed;
    file.bytes.resize(operation.size);
    // A removed file is all there was; of others only what was covered or cut off.
    file.bytes.write(std::min(operation.at, operation.size), view(before));
}

void Platter::redo(const Operation& operation) {
    File& file = files_[operation.file];
    if (operation.change == Change::write) put(operation.file, operation.at, view(operation.other));
    if (operation.change == Change::truncate) {
        file.exists = true;
        file.bytes.resize(operation.at);
    }
    if (operation.change == Change::remove) {
        file.exists = false;
        file.bytes.resize(0);
    }
}

void Platter::settle() {
    under_way_.clear();
    kept_.clear();
}

void Platter::crash(Rng& rng) {
    for (std::size_t i = under_way_.size(); i > 0; --i) undo(under_way_[i - 1]);
    under_way_.resize(rng.below(under_way_.size() + 1));  // the moment
    for (std::size_t i = 0; i < under_way_.size(); ++i) {
        const Operation& operation = under_way_[i];
        const bool synced =
            std::any_of(under_way_.begin() + static_cast<std::ptrdiff_t>(i), under_way_.end(),
                        [&](const Operation& later) {
                            return later.change == Change::sync && later.file == operation.file;
                        });
        if (synced) {
            redo(operation);  // I2
        } else {
            redo_unsynced(operation, rng);
        }
    }
    settle();
}

void Platter::wipe() {
    settle();
    files_.clear();
}

void Platter::take_files_of(Platter& other) {
    settle();
    files_ = std::move(other.files_);
}

void Platter::redo_unsynced(const Operation& operation, Rng& rng) {
    if (rng.chance(1, 2)) {
        ++counts_.lost;
    } else if (operation.change == Change::write && rng.chance(1, 2)) {
        ++counts_.torn;
        tear(operation, rng);
    } else {
        redo(operation);
    }
}

// I3: sectors as the disk counts them, not as the write begins.
void Platter::tear(const Operation& operation, Rng& rng) {
    const std::uint64_t end = operation.at + operation.length;
    for (std::uint64_t at = operation.at; at < end;) {
        const std::uint64_t next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
        const ByteView sector = part_of(view(operation.other), at - operation.at, next - at);
        const std::size_t half = sector.size() / 2;
        const std::uint64_t fate = rng.below(4);
        if (fate == 0) put(operation.file, at, sector);
        if (fate == 1) put(operation.file, at, sector.first(half));
        if (fate == 2) put(operation.file, at + half, sector.subspan(half));
        at = next;
    }
}

}  // namespace starling::sim
