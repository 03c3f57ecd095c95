// Includes the one header, names a function of the library and links; it needs no mesh to run.
#include <starling/starling.hpp>

#include <iostream>

int main() {
    const auto open = &starling::Node::open;
    std::cout << (open != nullptr ? "linked with starling\n" : "not linked\n");
    return open != nullptr ? 0 : 1;
}
