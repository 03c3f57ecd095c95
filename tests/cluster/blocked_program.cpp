// A program with a node inside that does not return from a handler for a while:
//
//     blocked_program DATA_DIR MESH_FILE MS
//
// Prints "blocked" when a handler begins to sleep and "free" when it ends.
#include <starling/node.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

int main(int count, char** words) {
    if (count != 4) return 2;
    const std::chrono::milliseconds pause(std::stoi(words[3]));
    auto node = starling::Node::open({.data_dir = words[1], .mesh_file = words[2]});
    if (!node) {
        std::cerr << node.error().message << '\n';
        return 1;
    }
    bool was_blocked = false;
    const auto watch = node->watch_members([&](const starling::MemberEvent&) {
        if (was_blocked) return;
        was_blocked = true;
        std::cout << "blocked" << std::endl;
        std::this_thread::sleep_for(pause);
        std::cout << "free" << std::endl;
    });
    if (!watch) {
        std::cerr << watch.error().message << '\n';
        return 1;
    }
    node->run();  // until it is killed
    return 0;
}
