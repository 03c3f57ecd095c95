// The bytes of a file, in chunks: a file that grows is never copied.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace starling::sim {

class FileBytes {
public:
    FileBytes() = default;

    FileBytes(const FileBytes& other) : size_(other.size_) {
        for (const auto& chunk : other.chunks_) chunks_.push_back(std::make_unique<Chunk>(*chunk));
    }

    FileBytes(FileBytes&&) noexcept = default;

    FileBytes& operator=(const FileBytes& other) { return *this = FileBytes(other); }

    FileBytes& operator=(FileBytes&&) noexcept = default;
    ~FileBytes() = default;

    [[nodiscard]] std::uint64_t size() const { return size_; }

    // What is new is zeros.
    void resize(std::uint64_t size) {
        const std::uint64_t before = size_;
        hold(size);
        if (size > before) {
            visit(before, size - before, [](std::span<std::uint8_t> part, std::size_t) {
                std::ranges::fill(part, std::uint8_t{0});
            });
        }
    }

    // As many as there are from `at` on.
    std::size_t read(std::uint64_t at, std::span<std::uint8_t> to) const {
        const std::size_t count = there(at, to.size());
        visit(at, count, [&](std::span<std::uint8_t> part, std::size_t done) {
            std::copy_n(part.data(), part.size(), to.data() + done);
        });
        return count;
    }

    // A gap before `at` is zeros.
    void write(std::uint64_t at, ByteView bytes) {
        if (at > size_) resize(at);
        hold(std::max(size_, at + bytes.size()));
        visit(at, bytes.size(), [&](std::span<std::uint8_t> part, std::size_t done) {
            std::copy_n(bytes.data() + done, part.size(), part.data());
        });
    }

    // At most `count` from `at` on.
    void append_to(Bytes& out, std::uint64_t at, std::uint64_t count) const {
        visit(at, there(at, count),
              [&](std::span<std::uint8_t> part, std::size_t) { append(out, part); });
    }

private:
    static constexpr std::size_t chunk_bytes = 64 * 1024;

    using Chunk = std::array<std::uint8_t, chunk_bytes>;

    // As many bytes, the new ones not set.
    void hold(std::uint64_t size) {
        const std::uint64_t wanted = (size + chunk_bytes - 1) / chunk_bytes;
        while (chunks_.size() < wanted) chunks_.push_back(std::make_unique_for_overwrite<Chunk>());
        chunks_.resize(wanted);
        size_ = size;
    }

    [[nodiscard]] std::size_t there(std::uint64_t at, std::uint64_t count) const {
        return at >= size_ ? 0 : std::min(count, size_ - at);
    }

    // Each part that lies in one chunk, and how many bytes came before it.
    template <class Show>
    void visit(std::uint64_t at, std::size_t count, const Show& show) const {
        for (std::size_t done = 0; done < count;) {
            const std::size_t place = (at + done) % chunk_bytes;
            const std::size_t bytes = std::min(count - done, chunk_bytes - place);
            show(std::span(*chunks_[(at + done) / chunk_bytes]).subspan(place, bytes), done);
            done += bytes;
        }
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::uint64_t size_ = 0;
};

}  // namespace starling::sim
