#include "node/cli/paged_stream.hpp"

#include <algorithm>
#include <utility>

namespace starling::cli {

PagedStream::PagedStream(const Exchange& exchange, std::string event, std::string caught_up,
                         Fetch fetch)
    : exchange_(exchange),
      event_(std::move(event)),
      caught_up_text_(std::move(caught_up)),
      fetch_(std::move(fetch)) {}

void PagedStream::begin() {
    ++round_;
    waiting_.clear();
    fetched_.clear();
    any_fetched_ = false;
    caught_up_ = false;
    ask();
}

void PagedStream::ask() {
    fetch_(fetched_, [self = shared_from_this(), round = round_](Result<Page> page) {
        if (round == self->round_) self->take(std::move(page));
    });
}

void PagedStream::take(Result<Page> page) {
    if (!page) {
        exchange_.push("error", problem(page.error()).body);
        exchange_.end_stream();
        return;
    }
    more_ = page->more && !page->pieces.empty();
    for (Piece& piece : page->pieces) waiting_.push_back(std::move(piece));
    if (!waiting_.empty()) {
        fetched_ = waiting_.back().key;
        any_fetched_ = true;
    }
    pump();
}

void PagedStream::pump() {
    while (!waiting_.empty() || more_) {
        if (!exchange_.has_room()) {
            exchange_.when_drained([self = shared_from_this(), round = round_] {
                if (round == self->round_) self->pump();
            });
            return;
        }
        if (waiting_.empty()) {
            more_ = false;  // the next page says
            return ask();
        }
        exchange_.push(event_, waiting_.front().text);
        waiting_.pop_front();
    }
    caught_up_ = true;
    exchange_.push(event_, caught_up_text_);
}

void PagedStream::change(const Piece& piece) {
    const bool fetched = any_fetched_ && piece.key <= fetched_;
    if (!caught_up_ && !fetched) return;  // I1: its page will show it
    const auto old = std::ranges::find(waiting_, piece.name, &Piece::name);
    if (old != waiting_.end()) waiting_.erase(old);
    exchange_.push(event_, piece.text);
}

void PagedStream::lag(const std::string& text) {
    exchange_.push(event_, text);
    begin();
}

}  // namespace starling::cli
