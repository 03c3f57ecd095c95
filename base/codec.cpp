#include "base/codec.hpp"

#include "base/assert.hpp"

#include <msgpack.hpp>

#include <cstring>

namespace starling {
namespace {

struct Sink {
    Bytes& out;

    void write(const char* data, std::size_t size) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
        out.insert(out.end(), bytes, bytes + size);
    }
};

template <class Pack>
void with_packer(Bytes& out, Pack pack) {
    Sink sink{out};
    msgpack::packer<Sink> packer(sink);
    pack(packer);
}

bool by_reference(msgpack::type::object_type, std::size_t, void*) {
    return true;
}

const msgpack::unpack_limit& parse_limits() {
    static const msgpack::unpack_limit bounds(limits::codec_array, limits::codec_map,
                                              limits::codec_text, limits::codec_text, 0,
                                              limits::codec_depth);
    return bounds;
}

Shape shape_of(const msgpack::object& item) {
    switch (item.type) {
        case msgpack::type::NIL:
            return Shape::nil;
        case msgpack::type::BOOLEAN:
            return Shape::boolean;
        case msgpack::type::POSITIVE_INTEGER:
            return Shape::uint;
        case msgpack::type::NEGATIVE_INTEGER:
            return Shape::sint;
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
            return Shape::real;
        case msgpack::type::STR:
            return Shape::text;
        case msgpack::type::BIN:
            return Shape::bytes;
        case msgpack::type::ARRAY:
            return Shape::list;
        case msgpack::type::MAP:
            return Shape::map;
        case msgpack::type::EXT:
            return Shape::other;
    }
    return Shape::other;
}

const msgpack::object& object_at(const void* items, std::size_t index) {
    return static_cast<const msgpack::object*>(items)[index];
}

}  // namespace

struct Decoder::Memory {
    explicit Memory(std::size_t first_chunk) : zone(first_chunk) {}

    msgpack::zone zone;
};

Decoder::Decoder(std::size_t first_chunk) : memory_(std::make_unique<Memory>(first_chunk)) {}

Decoder::~Decoder() = default;

Reader Decoder::parse(ByteView input) {
    memory_->zone.clear();
    failed_ = true;
    const Reader failure(this, nullptr, 0);
    if (input.empty() || input.size() > limits::frame_bytes) return failure;
    try {
        std::size_t offset = 0;
        bool referenced = false;
        const msgpack::object root = msgpack::unpack(
            memory_->zone, reinterpret_cast<const char*>(input.data()), input.size(), offset,
            referenced, by_reference, nullptr, parse_limits());
        if (offset != input.size() || root.type != msgpack::type::ARRAY) return failure;
        failed_ = false;
        return Reader(this, root.via.array.ptr, root.via.array.size);
    } catch (const std::exception&) {  // malformed, too short, or over a limit: one answer
        return failure;
    }
}

void Writer::list(std::size_t count) {
    with_packer(out_, [&](auto& packer) { packer.pack_array(static_cast<std::uint32_t>(count)); });
}

void Writer::map(std::size_t count) {
    with_packer(out_, [&](auto& packer) { packer.pack_map(static_cast<std::uint32_t>(count)); });
}

void Writer::uint(std::uint64_t value) {
    with_packer(out_, [&](auto& packer) { packer.pack_uint64(value); });
}

void Writer::sint(std::int64_t value) {
    with_packer(out_, [&](auto& packer) { packer.pack_int64(value); });
}

void Writer::boolean(bool value) {
    with_packer(out_, [&](auto& packer) { value ? packer.pack_true() : packer.pack_false(); });
}

void Writer::real(double value) {
    with_packer(out_, [&](auto& packer) { packer.pack_double(value); });
}

void Writer::nil() {
    with_packer(out_, [&](auto& packer) { packer.pack_nil(); });
}

void Writer::text(std::string_view value) {
    with_packer(out_, [&](auto& packer) {
        packer.pack_str(static_cast<std::uint32_t>(value.size()));
        packer.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
    });
}

void Writer::bytes(ByteView value) {
    with_packer(out_, [&](auto& packer) {
        packer.pack_bin(static_cast<std::uint32_t>(value.size()));
        packer.pack_bin_body(reinterpret_cast<const char*>(value.data()),
                             static_cast<std::uint32_t>(value.size()));
    });
}

bool Reader::ok() const {
    return !decoder_->failed_;
}

void Reader::fail() {
    decoder_->failed_ = true;
}

Decoder& Reader::inner() const {
    if (!decoder_->inner_) decoder_->inner_ = std::make_unique<Decoder>();
    return *decoder_->inner_;
}

Shape Reader::shape() const {
    if (remaining() == 0) return Shape::other;
    return shape_of(object_at(items_, next_));
}

const void* Reader::take(Shape wanted) {
    if (remaining() == 0 || shape() != wanted) {
        fail();
        return nullptr;
    }
    return &object_at(items_, next_++);
}

std::uint64_t Reader::uint(std::uint64_t max) {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::uint));
    if (item == nullptr) return 0;
    if (item->via.u64 > max) fail();
    return ok() ? item->via.u64 : 0;
}

std::int64_t Reader::sint() {
    if (shape() == Shape::sint) {
        return static_cast<const msgpack::object*>(take(Shape::sint))->via.i64;
    }
    return static_cast<std::int64_t>(uint(static_cast<std::uint64_t>(INT64_MAX)));
}

bool Reader::boolean() {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::boolean));
    return item != nullptr && item->via.boolean;
}

double Reader::real() {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::real));
    return item == nullptr ? 0 : item->via.f64;
}

void Reader::nil() {
    take(Shape::nil);
}

std::string_view Reader::text(std::size_t max) {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::text));
    if (item == nullptr) return {};
    if (item->via.str.size > max) fail();
    return ok() ? std::string_view(item->via.str.ptr, item->via.str.size) : std::string_view{};
}

ByteView Reader::bytes(std::size_t max) {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::bytes));
    if (item == nullptr) return {};
    if (item->via.bin.size > max) fail();
    if (!ok()) return {};
    return {reinterpret_cast<const std::uint8_t*>(item->via.bin.ptr), item->via.bin.size};
}

void Reader::skip() {
    if (remaining() == 0) {
        fail();
        return;
    }
    ++next_;
}

Reader Reader::list(std::size_t max) {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::list));
    if (item == nullptr) return Reader(decoder_, nullptr, 0);
    if (item->via.array.size > max) fail();
    return Reader(decoder_, item->via.array.ptr, item->via.array.size);
}

Reader Reader::map(std::size_t max) {
    const auto* item = static_cast<const msgpack::object*>(take(Shape::map));
    if (item == nullptr) return Reader(decoder_, nullptr, 0);
    if (item->via.map.size > max) fail();
    // A pair is two objects side by side, so n pairs are 2n objects.
    static_assert(sizeof(msgpack::object_kv) == 2 * sizeof(msgpack::object));
    return Reader(decoder_, item->via.map.ptr, std::size_t{2} * item->via.map.size);
}

}  // namespace starling
