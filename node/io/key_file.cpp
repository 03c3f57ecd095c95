#include "node/io/key_file.hpp"

#include "base/bytes.hpp"
#include "node/io/descriptor.hpp"
#include "node/io/identity.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

namespace starling::io {
namespace {

constexpr std::size_t key_file_bytes_max = 256;

std::string because(int error) {
    return std::string(std::strerror(error)) + " (errno " + std::to_string(error) + ")";
}

tl::unexpected<Error> unwritable(const std::string& path, int error) {
    return failure(ErrorCode::failed, "file_unwritable",
                   "cannot write " + path + ": " + because(error),
                   "check the directory's permissions and free space");
}

std::string directory_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool sync_directory(const std::string& path) {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory.valid() && ::fsync(directory.get()) == 0;
}

// Puts the finished temporary file in place; 0 or errno.
int move_into_place(const std::string& temporary, const std::string& path, Existing existing) {
    if (existing == Existing::refuse) {
        // link() fails when the name is taken, rename() would replace it.
        if (::link(temporary.c_str(), path.c_str()) != 0) return errno;
        ::unlink(temporary.c_str());
    } else if (::rename(temporary.c_str(), path.c_str()) != 0) {
        return errno;
    }
    return sync_directory(directory_of(path)) ? 0 : errno;
}

std::optional<SigningKey::Seed> parse_seed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    auto bytes = from_hex(text);
    SigningKey::Seed seed{};
    if (!bytes || bytes->size() != seed.size()) return std::nullopt;
    copy_into(seed, *bytes);
    sodium_memzero(bytes->data(), bytes->size());
    return seed;
}

}  // namespace

bool file_exists(const std::string& path) {
    struct stat status {};

    return ::lstat(path.c_str(), &status) == 0;
}

Result<void> write_file(const std::string& path, std::string_view text, Secrecy secrecy,
                        Existing existing) {
    std::string temporary = path + "." + std::string(6, 'X');
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
    if (!file.valid()) return unwritable(path, errno);
    const mode_t mode = secrecy == Secrecy::secret ? 0600 : 0644;
    int error = 0;
    if (!write_all(file.get(), text) || ::fchmod(file.get(), mode) != 0 ||
        ::fsync(file.get()) != 0) {
        error = errno;
    }
    if (error == 0) error = move_into_place(temporary, path, existing);
    if (error == 0) return {};
    ::unlink(temporary.c_str());
    if (error != EEXIST) return unwritable(path, error);
    return failure(ErrorCode::conflict, "file_exists", path + " exists already",
                   "move it away or choose another path; it is never overwritten");
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        const int error = errno;
        const bool missing = error == ENOENT;
        return failure(missing ? ErrorCode::not_found : ErrorCode::failed,
                       missing ? "file_missing" : "file_unreadable",
                       "cannot read " + path + ": " + because(error),
                       missing ? "check the path" : "check its permissions");
    }
    std::string text(bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return failure(ErrorCode::failed, "file_unreadable",
                           "cannot read " + path + ": " + because(errno), "check the path");
        }
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    if (size > bytes_max) {
        return failure(ErrorCode::invalid, "file_too_large",
                       path + " is larger than " + std::to_string(bytes_max) + " bytes",
                       "check that this is the right file");
    }
    text.resize(size);
    return text;
}

Result<void> prepare_directory(const std::string& path) {
    std::error_code code;
    const bool existed = std::filesystem::is_directory(path, code);
    std::filesystem::create_directories(path, code);

    struct stat status {};

    if (code || ::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return failure(ErrorCode::failed, "directory_unusable",
                       "cannot make the data directory " + path + ": " +
                           (code ? code.message() : because(errno)),
                       "choose another one with --dir");
    }
    if (!existed) {
        if (::chmod(path.c_str(), 0700) != 0) return unwritable(path, errno);
        sync_directory(directory_of(path));
        return {};
    }
    if ((status.st_mode & 0022U) != 0) {
        return failure(ErrorCode::invalid, "directory_open",
                       "others may write the data directory " + path, "run: chmod 700 " + path);
    }
    return {};
}

Result<SigningKey::Seed> make_key(const std::string& path) {
    SigningKey::Seed seed{};
    randombytes_buf(seed.data(), seed.size());
    std::string text = to_hex(seed) + "\n";
    auto written = write_file(path, text, Secrecy::secret, Existing::refuse);
    sodium_memzero(text.data(), text.size());
    if (written) return seed;
    Error error = written.error();
    error.name = error.code == ErrorCode::conflict ? "key_exists" : "key_unwritable";
    return tl::unexpected<Error>(std::move(error));
}

Result<SigningKey::Seed> read_key(const std::string& path) {
    struct stat status {};

    if (::stat(path.c_str(), &status) != 0) {
        const bool missing = errno == ENOENT;
        return failure(missing ? ErrorCode::not_found : ErrorCode::failed,
                       missing ? "key_missing" : "key_unreadable",
                       "cannot read the key " + path + ": " + because(errno),
                       missing ? "make one with `starling id new`" : "check its permissions");
    }
    if ((status.st_mode & 0077U) != 0) {  // I1
        return failure(ErrorCode::invalid, "key_open", "others may read the key " + path,
                       "run: chmod 600 " + path);
    }
    auto text = read_file(path, key_file_bytes_max);
    if (!text) {
        Error error = text.error();
        error.name = error.name == "file_too_large" ? "key_damaged" : "key_unreadable";
        return tl::unexpected<Error>(std::move(error));
    }
    const auto seed = parse_seed(*text);
    sodium_memzero(text->data(), text->size());
    if (seed) return *seed;
    return failure(ErrorCode::invalid, "key_damaged",
                   path + " holds no key: 64 hexadecimal digits are expected",
                   "restore it from a copy; a new key makes a new node");
}

}  // namespace starling::io
