#include "base/value_codec.hpp"

namespace starling {
namespace {

struct Encode {
    Writer& out;

    void operator()(std::monostate) const { out.nil(); }

    void operator()(bool value) const { out.boolean(value); }

    void operator()(std::int64_t value) const { out.sint(value); }

    void operator()(double value) const { out.real(value); }

    void operator()(const std::string& value) const { out.text(value); }

    void operator()(const Value::Bytes& value) const { out.bytes(value); }

    void operator()(const Value::List& items) const {
        out.list(items.size());
        for (const Value& item : items) encode_value(out, item);
    }

    void operator()(const Value::Map& entries) const {
        out.map(entries.size());
        for (const auto& [key, value] : entries) {
            out.text(key);
            encode_value(out, value);
        }
    }
};

Value::List decode_list(Reader& in) {
    Reader items = in.list(limits::codec_array);
    Value::List list;
    while (items.remaining() > 0) list.push_back(decode_value(items));
    return list;
}

Value::Map decode_map(Reader& in) {
    Reader entries = in.map(limits::codec_map);
    Value::Map map;
    while (entries.remaining() > 0) {
        std::string key(entries.text());
        map.insert_or_assign(std::move(key), decode_value(entries));
    }
    return map;
}

}  // namespace

void encode_value(Writer& out, const Value& value) {
    std::visit(Encode{out}, value.alternatives());
}

Value decode_value(Reader& in) {
    switch (in.shape()) {
        case Shape::nil:
            in.nil();
            return {};
        case Shape::boolean:
            return in.boolean();
        case Shape::uint:
        case Shape::sint:
            return in.sint();
        case Shape::real:
            return in.real();
        case Shape::text:
            return std::string(in.text());
        case Shape::bytes:
            return copy_of(in.bytes());
        case Shape::list:
            return decode_list(in);
        case Shape::map:
            return decode_map(in);
        case Shape::other:
            in.fail();
            return {};
    }
    in.fail();
    return {};
}

Bytes value_bytes(const Value& value) {
    Bytes bytes;
    Writer out(bytes);
    out.list(1);
    encode_value(out, value);
    return bytes;
}

std::optional<Value> value_from(ByteView bytes) {
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    Value value = decode_value(in);
    if (!in.ok()) return std::nullopt;
    return value;
}

}  // namespace starling
