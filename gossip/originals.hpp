// What was said about members, each saying kept once in a process however many tables hold it: a
// table of 10,000 members holds numbers, and a claim that comes again is not decoded again.
//
//      bytes or value ──take()──> Held, one use ── copies, retain ──> n uses ── release ──> 0: gone
//
// Invariants:
//   I1  Equal encodings have one number while anybody uses it; numbers start at 1, have no order,
//       and mean nothing outside this process.
//   I2  `encoded` is what encode() writes, whatever bytes were taken.
//   I3  An original does not change, but that its signatures were found good, a pure function of it
//       and of the mesh, and that its subject has a number.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/quick_hash.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace starling::gossip {

template <class T>
class Originals {
public:
    struct Original {
        std::shared_ptr<const T> value;  // null: free
        Bytes encoded;
        bool trusted = false;                    // all signatures hold
        std::array<std::uint64_t, 2> weights{};  // for the table's root
        // Whom it is about, in the directory: known once a table took it.
        std::optional<NodeIndex> subject;

    private:
        friend class Originals;

        std::uint64_t hash = 0;
        std::uint32_t uses = 0;
        std::uint32_t next = 0;  // of those in one bucket, or of the free ones
    };

    // One use of an original.
    class Held {
    public:
        Held(Originals& home, std::uint32_t number) : home_(&home), number_(number) {}

        Held(const Held& other) : home_(other.home_), number_(other.number_) {
            home_->retain(number_);
        }

        Held(Held&& other) noexcept
            : home_(other.home_), number_(std::exchange(other.number_, 0)) {}

        Held& operator=(Held other) noexcept {
            std::swap(home_, other.home_);
            std::swap(number_, other.number_);
            return *this;
        }

        ~Held() {
            if (number_ != 0) home_->release(number_);
        }

        [[nodiscard]] std::uint32_t number() const { return number_; }

        [[nodiscard]] const Original& original() const { return home_->at(number_); }

        const T& operator*() const { return *original().value; }

        const T* operator->() const { return original().value.get(); }

    private:
        Originals* home_;
        std::uint32_t number_;
    };

    // `scramble` keeps others from choosing encodings that collide.
    explicit Originals(std::uint64_t scramble) : scramble_(scramble), heads_(64), entries_(1) {}

    Originals(const Originals&) = delete;
    Originals& operator=(const Originals&) = delete;

    // Nothing when the bytes are no such message.
    [[nodiscard]] std::optional<Held> take(ByteView bytes, Decoder& decoder) {
        const std::uint64_t hash = hash_of(bytes);
        if (const std::uint32_t known = find(hash, bytes)) return use(known);
        auto value = decoded<T>(decoder, bytes);
        if (!value) return std::nullopt;
        return take(std::move(*value));
    }

    [[nodiscard]] Held take(T value) {
        Bytes bytes = encoded(value);
        const std::uint64_t hash = hash_of(bytes);
        if (const std::uint32_t known = find(hash, bytes)) return use(known);
        const std::uint32_t number = make();
        Original& made = entries_[number];
        made.weights = weights_of(value);
        made.value = std::make_shared<const T>(std::move(value));
        made.encoded = std::move(bytes);
        made.trusted = false;
        made.subject.reset();
        made.hash = hash;
        made.uses = 1;
        std::uint32_t& head = head_of(hash);
        made.next = std::exchange(head, number);
        if (++size_ > heads_.size()) grow();
        return Held(*this, number);
    }

    [[nodiscard]] const Original& at(std::uint32_t number) const {
        STARLING_ASSERT(number != 0 && number < entries_.size());
        return entries_[number];
    }

    void number_subject(std::uint32_t number, NodeIndex subject) {
        entries_[number].subject = subject;
    }

    void trust(std::uint32_t number) { entries_[number].trusted = true; }

    void retain(std::uint32_t number) { ++entries_[number].uses; }

    void release(std::uint32_t number) {
        Original& entry = entries_[number];
        STARLING_ASSERT(number != 0 && entry.uses > 0);
        if (--entry.uses > 0) return;
        unlink(number);
        entry = Original{};
        entry.next = std::exchange(free_, number);
        --size_;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    [[nodiscard]] std::uint32_t& head_of(std::uint64_t hash) {
        return heads_[hash & (heads_.size() - 1)];
    }

    // The end of an encoding is a signature, or an address after one.
    [[nodiscard]] std::uint64_t hash_of(ByteView bytes) const {
        const std::size_t end = std::min<std::size_t>(bytes.size(), 64);
        return quick_hash(scramble_ ^ bytes.size(), bytes.last(end));
    }

    [[nodiscard]] std::uint32_t find(std::uint64_t hash, ByteView bytes) {
        std::uint32_t at = head_of(hash);
        while (at != 0) {
            const Original& entry = entries_[at];
            const bool same = entry.hash == hash && std::ranges::equal(entry.encoded, bytes);
            if (same) return at;
            at = entry.next;
        }
        return 0;
    }

    [[nodiscard]] Held use(std::uint32_t number) {
        retain(number);
        return Held(*this, number);
    }

    [[nodiscard]] std::uint32_t make() {
        if (free_ == 0) {
            entries_.emplace_back();
            return static_cast<std::uint32_t>(entries_.size() - 1);
        }
        return std::exchange(free_, entries_[free_].next);
    }

    void unlink(std::uint32_t number) {
        std::uint32_t* at = &head_of(entries_[number].hash);
        while (*at != number) at = &entries_[*at].next;
        *at = entries_[number].next;
    }

    void grow() {
        heads_.assign(heads_.size() * 2, 0);
        for (std::uint32_t number = 1; number < entries_.size(); ++number) {
            Original& entry = entries_[number];
            if (entry.value == nullptr) continue;
            std::uint32_t& head = head_of(entry.hash);
            entry.next = std::exchange(head, number);
        }
    }

    std::uint64_t scramble_;
    std::vector<std::uint32_t> heads_;  // a power of two
    std::deque<Original> entries_;      // the first is none
    std::uint32_t free_ = 0;
    std::size_t size_ = 0;
};

}  // namespace starling::gossip
