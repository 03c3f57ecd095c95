#include "node/io/identity.hpp"

#include "base/hash.hpp"
#include "node/io/key_file.hpp"
#include "node/marks.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace starling::io {
namespace {

constexpr std::string_view token_prefix = "st1_";
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t token_bytes =
    NodeId::size + CurveKey::size + JournalId::size + checksum_bytes;
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

constexpr std::string_view boot_key = "boot";
constexpr std::string_view mesh_key = "mesh_id";

std::uint32_t checksum_of(ByteView bytes) {
    return static_cast<std::uint32_t>(Hasher("starling/v1/token").add(bytes).finish64());
}

Bytes bytes_of(const Token& token) {
    Bytes bytes;
    for (const ByteView part : {token.node.view(), token.curve.view(), token.journal.view()}) {
        bytes.insert(bytes.end(), part.begin(), part.end());
    }
    const std::uint32_t checksum = checksum_of(bytes);
    for (unsigned shift = 24; shift < 32; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>(checksum >> shift));
    }
    return bytes;
}

tl::unexpected<Error> bad_token(const std::string& why) {
    return failure(ErrorCode::invalid, "bad_token", "this is no token: " + why,
                   "copy the whole line that `starling id new` printed");
}

Result<void> commit(journal::Journal& journal, const Effects& effects) {
    const Effects* turns[] = {&effects};
    return journal.commit(turns);
}

Result<void> check_readable(const journal::Journal& journal) {
    if (journal.read_failure()) return tl::unexpected<Error>(*journal.read_failure());
    return {};
}

}  // namespace

std::string text_of(const Token& token) {
    const Bytes bytes = bytes_of(token);
    std::string text(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), base64_variant);
    text.pop_back();  // the terminating zero
    return std::string(token_prefix) + text;
}

Result<Token> parse_token(std::string_view text) {
    if (!text.starts_with(token_prefix)) return bad_token("it does not begin with st1_");
    text.remove_prefix(token_prefix.size());
    std::array<std::uint8_t, token_bytes> bytes{};
    std::size_t size = 0;
    const char* end = nullptr;
    const int decoded = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(),
                                          nullptr, &size, &end, base64_variant);
    if (decoded != 0 || end != text.data() + text.size() || size != bytes.size()) {
        return bad_token("it has another length or characters that tokens do not have");
    }
    ByteView rest(bytes);
    Token token;
    const auto take = [&rest](auto& id) {
        copy_into(id.bytes, rest.first(id.size));
        rest = rest.subspan(id.size);
    };
    take(token.node);
    take(token.curve);
    take(token.journal);
    if (!std::ranges::equal(bytes_of(token), bytes)) return bad_token("its checksum is wrong");
    return token;
}

Result<Identity> read_identity(const std::string& directory) {
    auto seed = read_key(directory + "/node.key");
    if (!seed) return tl::unexpected<Error>(std::move(seed.error()));
    auto secret = read_key(directory + "/curve.key");
    if (!secret) return tl::unexpected<Error>(std::move(secret.error()));
    return Identity{SigningKey(*seed), CurvePair::of(*secret)};
}

Result<Identity> make_or_read_identity(const std::string& directory) {
    if (auto prepared = prepare_directory(directory); !prepared) {
        return tl::unexpected<Error>(std::move(prepared.error()));
    }
    const bool has_node = file_exists(directory + "/node.key");
    const bool has_curve = file_exists(directory + "/curve.key");
    if (has_node || has_curve) return read_identity(directory);
    for (const char* name : {"/node.key", "/curve.key"}) {
        if (auto made = make_key(directory + name); !made) {
            return tl::unexpected<Error>(std::move(made.error()));
        }
    }
    return read_identity(directory);
}

Result<OpenJournal> open_journal(const std::string& directory, const std::string& vfs) {
    auto journal = journal::Journal::open({directory + "/journal.db", vfs});
    if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
    const auto known = (*journal)->read(Table::meta, view_of(node::journal_id_key));
    if (auto readable = check_readable(**journal); !readable) {
        return tl::unexpected<Error>(std::move(readable.error()));
    }
    if (known) {
        const auto id = JournalId::from_bytes(*known);
        if (!id) {
            return failure(ErrorCode::failed, "journal_damaged",
                           "journal " + (*journal)->path() + ": its id is damaged",
                           "restore the file from a copy");
        }
        return OpenJournal{std::move(*journal), *id};
    }
    JournalId id;
    randombytes_buf(id.bytes.data(), id.bytes.size());
    Effects effects;
    effects.persist(Table::meta, view_of(node::journal_id_key), id.view());
    if (auto kept = commit(**journal, effects); !kept) {
        return tl::unexpected<Error>(std::move(kept.error()));
    }
    return OpenJournal{std::move(*journal), id};
}

Result<Token> token_of(const std::string& directory) {
    const auto identity = make_or_read_identity(directory);
    if (!identity) return tl::unexpected<Error>(identity.error());
    const auto opened = open_journal(directory);
    if (!opened) return tl::unexpected<Error>(opened.error());
    return Token{identity->key.id(), identity->curve.key, opened->id};
}

Result<Boot> begin_boot(journal::Journal& journal, const MeshId& mesh, WallTime wall) {
    const auto known_mesh = journal.read(Table::meta, view_of(mesh_key));
    const auto last = journal.read(Table::meta, view_of(boot_key));
    if (auto readable = check_readable(journal); !readable) {
        return tl::unexpected<Error>(std::move(readable.error()));
    }
    if (known_mesh && !equal(*known_mesh, mesh.view())) {
        return failure(ErrorCode::invalid, "mesh_foreign",
                       "journal " + journal.path() + " belongs to mesh " +
                           to_hex(ByteView(*known_mesh).first(4)) + "..., not to " + mesh.brief() +
                           "...",
                       "give the mesh file of its mesh, or another data directory with --dir");
    }
    const std::uint64_t next = last && last->size() == 8 ? load_u64(*last) + 1 : 0;
    const Boot boot{std::max(next, wall_ms(wall))};
    Effects effects;
    effects.persist(Table::meta, view_of(mesh_key), mesh.view());
    keep_boot(boot, effects);
    if (auto kept = commit(journal, effects); !kept) {  // I3
        return tl::unexpected<Error>(std::move(kept.error()));
    }
    return boot;
}

void keep_boot(Boot boot, Effects& out) {
    std::array<std::uint8_t, 8> number{};
    store_u64(number, boot.value);
    out.persist(Table::meta, view_of(boot_key), number);
}

}  // namespace starling::io
