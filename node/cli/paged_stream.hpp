// A stream of what is and then of what changes, no faster than its reader takes it.
//
//   page ──pieces, as there is room──> stream ──drained──> next page .. ──> caught_up ──> changes
//
// Invariants:
//   I1  No change is missed, and none is followed by what was before it: a change of what was
//       passed goes out at once, one of a piece that waits takes its place, later ones come with
//       their page.
//   I2  At most one page waits here, and what the server allows in front of the reader.
//
// Not thread safe: everything in the server's thread.
#pragma once

#include "node/cli/http_server.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace starling::cli {

class PagedStream : public std::enable_shared_from_this<PagedStream> {
public:
    struct Piece {
        std::string key;   // the order of pages
        std::string name;  // which of those under the key
        std::string text;
    };

    struct Page {
        std::vector<Piece> pieces;
        bool more = false;
    };

    using Take = std::function<void(Result<Page>)>;
    // Asks for the page behind this key, all pieces of a key on one page.
    using Fetch = std::function<void(const std::string& after, Take take)>;

    // `event` names the items of the stream, `caught_up` is the text of the last current one.
    PagedStream(const Exchange& exchange, std::string event, std::string caught_up, Fetch fetch);

    // From the first page on.  REQUIRES: changes come from before this call on.
    void begin();

    void change(const Piece& piece);

    // Changes were dropped: says so with this text and begins again.
    void lag(const std::string& text);

private:
    void ask();
    void take(Result<Page> page);
    void pump();

    const Exchange exchange_;
    const std::string event_;
    const std::string caught_up_text_;
    const Fetch fetch_;
    std::deque<Piece> waiting_;
    std::string fetched_;  // up to this key
    std::uint64_t round_ = 0;
    bool any_fetched_ = false;
    bool more_ = false;
    bool caught_up_ = false;
};

}  // namespace starling::cli
