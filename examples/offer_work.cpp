// A worker that serves a skill, and an offerer that awaits the result; here both in one program.
//
//     offer_work DIRECTORY        without a mesh file the node makes its own mesh of one
#include <starling/starling.hpp>

#include <iostream>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

namespace {

int fail(const starling::Error& error) {
    std::cerr << error.name << ": " << error.message << "\n  try: " << error.hint << '\n';
    return 1;
}

// Long work belongs into a thread of the program's: the handler returns at once.
void price(starling::Task task, std::thread& worker) {
    worker = std::thread([task = std::move(task)]() mutable {
        const auto* amount = task.payload().as<std::int64_t>();
        if (amount == nullptr) {
            static_cast<void>(task.fail("the payload is no number", false));
            return;
        }
        static_cast<void>(task.finish(*amount * 7));
    });
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) return 2;
    auto node = starling::Node::open({.data_dir = words[1], .name = "pricer"});
    if (!node) return fail(node.error());

    std::thread worker;
    const auto serving =
        node->serve({.skills = {"price.quote"}, .slots = 1},
                    [&](starling::Task&& task) { price(std::move(task), worker); });
    if (!serving) return fail(serving.error());

    // The key makes the offer safe to repeat: the same key is the same task.
    auto offered = node->offer_and_wait({.skill = "price.quote", .payload = 6, .key = "order-17"});
    const auto kept = offered.acknowledged.wait();
    if (!kept) return fail(kept.error());
    std::cout << "task " << kept->id << " is kept\n";

    starling::Result<starling::TaskInfo> ended;
    offered.finished.then([&](starling::Result<starling::TaskInfo> info) {
        ended = std::move(info);
        node->stop();
    });
    node->run();  // hands out assignments and answers until then
    if (worker.joinable()) worker.join();
    if (!ended) return fail(ended.error());
    std::cout << starling::name_of(ended->state) << " by " << ended->winner.substr(0, 8) << '\n';
    return ended->result == starling::Value(42) ? 0 : 1;
}
