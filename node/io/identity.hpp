// Who a node is: its keys in the data directory, its journal's id, and the token that shows all
// three to whoever runs the mesh.
//
//   DIR/ (0700)   node.key   Ed25519 seed       (0600, one line of hexadecimal digits)
//                 curve.key  X25519 secret      (0600)
//                 journal.db                    (its table meta holds the journal id and the last
//                 boot) mesh.json                     (only of a node that started a mesh by
//                 itself)
//
//   token         st1_<base64url of node key, CURVE key, journal id, checksum>
//
// Invariants:
//   I1  A secret never leaves its file but into this process; files with wider modes are refused.
//   I2  An existing key is never overwritten.
//   I3  A boot is durable before begin_boot() returns it, and greater than every one before.
//
// Thread safe: functions of their arguments and the file system.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "node/io/zmq_socket.hpp"
#include <starling/error.hpp>

#include "journal/journal.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace starling::io {

struct Identity {
    SigningKey key;
    CurvePair curve;
};

// What others need to know of a node to certify it.  No secrets.
struct Token {
    NodeId node;
    CurveKey curve;
    JournalId journal;

    friend bool operator==(const Token&, const Token&) = default;
};

[[nodiscard]] std::string text_of(const Token& token);

// Error invalid `bad_token`: says what is wrong; a mistyped character is found by the checksum.
[[nodiscard]] Result<Token> parse_token(std::string_view text);

// Makes the directory when it is missing.  Errors: `directory_unusable`, `directory_open` (others
// may read it).
[[nodiscard]] Result<void> prepare_directory(const std::string& path);

// A seed made of the system's entropy, written to a new file.  Errors: `key_exists`,
// `key_unwritable`.
[[nodiscard]] Result<SigningKey::Seed> make_key(const std::string& path);

// Errors: `key_missing`, `key_open` (mode wider than 0600), `key_damaged`, `key_unreadable`.
[[nodiscard]] Result<SigningKey::Seed> read_key(const std::string& path);

// The keys of a directory; makes those that are missing.  A directory with only one of the two keys
// is an error: half an identity is nobody's.
[[nodiscard]] Result<Identity> make_or_read_identity(const std::string& directory);
[[nodiscard]] Result<Identity> read_identity(const std::string& directory);

struct OpenJournal {
    std::unique_ptr<journal::Journal> journal;
    JournalId id;
};

// The journal of a directory; a new file gets a new id.
[[nodiscard]] Result<OpenJournal> open_journal(const std::string& directory,
                                               const std::string& vfs = {});

// The token of the identity in `directory`, which is made when it is missing.  Error journal_locked
// while a node runs there.
[[nodiscard]] Result<Token> token_of(const std::string& directory);

// Takes the number of this start: max(last + 1, wall ms).  Error mesh_foreign when the journal
// belongs to another mesh.
[[nodiscard]] Result<Boot> begin_boot(journal::Journal& journal, const MeshId& mesh, WallTime wall);

// The next start gets a greater one than this.
void keep_boot(Boot boot, Effects& out);

}  // namespace starling::io
