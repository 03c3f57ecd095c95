// The threads of a host on a machine whose cores are shared.
//
//      network ──> passing ──transport──> inbox ──driver: begins ... ends──> passing ──> network
//                                                           └─> disk: piece, wait, piece, ...
//                                                           synced
#include "sim/host.hpp"

#include <utility>

namespace starling::sim {

std::optional<Duration> Host::go_on(Thread thread, std::uint64_t process, Duration now) {
    if (process != process_) return std::nullopt;
    std::optional<Duration> takes;
    if (state_ == ProcessState::running) {
        takes = thread == Thread::driver      ? drive(now)
                : thread == Thread::transport ? transport(now)
                                              : work_on_disk(now);
    }
    if (!takes && process == process_) state_of(thread).claimed = false;
    return takes;
}

Host::ThreadState& Host::state_of(Thread thread) {
    return threads_.at(static_cast<std::size_t>(thread));
}

void Host::claim(Thread thread, Duration now) {
    if (state_ != ProcessState::running) return;
    if (std::exchange(state_of(thread).claimed, true)) return;
    around_.machine->claim({setup_.number, thread, process_}, now);
}

// After a pause: what stood still goes on.
void Host::claim_again(Duration now) {
    if (!passing_.empty()) claim(Thread::transport, now);
    if (piece_due_ || state_of(Thread::disk).working) claim(Thread::disk, now);
}

// A turn at least, and as many as there is input for.
std::optional<Duration> Host::drive(Duration now) {
    ThreadState& driver = state_of(Thread::driver);
    if (std::exchange(driver.working, false)) {
        if (gives_way()) return std::nullopt;
        release_held(now);
        end_turn(now);
        const auto deadline = core_->next_deadline();
        const bool more = !inbox_.empty() || (deadline && *deadline <= moment(now).boot_time);
        if (!more) return std::nullopt;
    }
    driver.working = true;
    return begin_turn(now);
}

std::optional<Duration> Host::transport(Duration now) {
    ThreadState& transport = state_of(Thread::transport);
    if (std::exchange(transport.working, false)) {
        const Passing passing = std::move(passing_.front());
        passing_.pop_front();
        let_through(passing, now);
    }
    if (passing_.empty()) return std::nullopt;
    transport.working = true;
    return setup_.process.frame * slowness_;
}

std::optional<Duration> Host::work_on_disk(Duration now) {
    ThreadState& disk = state_of(Thread::disk);
    if (std::exchange(disk.working, false)) {
        --pieces_left_;
        schedule(Happening::piece, now + piece_wait_);
    }
    if (!std::exchange(piece_due_, false)) return std::nullopt;
    disk.working = true;
    return setup_.disk.work / setup_.disk.pieces;
}

void Host::on_piece(Duration now) {
    if (pieces_left_ == 0) return on_synced(now);
    piece_due_ = true;
    claim(Thread::disk, now);
}

void Host::pass(Passing passing, Duration now) {
    passing_.push_back(std::move(passing));
    claim(Thread::transport, now);
}

void Host::let_through(const Passing& passing, Duration now) {
    if (const auto* frame = std::get_if<HeldFrame>(&passing)) {
        around_.network.send(setup_.number, frame->to, frame->kind, frame->body, now);
        around_.bodies.release(frame->body);
    } else if (const auto* arrival = std::get_if<Arrival>(&passing)) {
        accept(*arrival, now);
    } else if (const auto* event = std::get_if<node::LinkEvent>(&passing)) {
        accept(*event, now);
    }
}

void Host::discard_passing() {
    for (const Passing& passing : passing_) {
        if (const auto* frame = std::get_if<HeldFrame>(&passing)) {
            around_.bodies.release(frame->body);
        } else if (const auto* arrival = std::get_if<Arrival>(&passing)) {
            around_.bodies.release(arrival->body);
        }
    }
    passing_.clear();
}

}  // namespace starling::sim
