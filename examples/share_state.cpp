// An agent that shares state and watches it: a shelf of goods, and a note for whoever restocks.
//
//     share_state DIRECTORY        without a mesh file the node makes its own mesh of one
#include <starling/starling.hpp>

#include <iostream>
#include <utility>

using namespace std::chrono_literals;

namespace {

int fail(const starling::Error& error) {
    std::cerr << error.name << ": " << error.message << "\n  try: " << error.hint << '\n';
    return 1;
}

// Asks for more whenever somebody leaves little on the shelf.
void restock(starling::Node& node, const starling::StateChange& change) {
    const bool value_shown =
        change.phase == starling::Phase::current || change.phase == starling::Phase::change;
    if (!value_shown || change.removed) return;
    const starling::Value value = change.entry.value();
    const auto* left = value.as<std::int64_t>();
    std::cout << change.entry.key << " by " << change.entry.agent << '\n';
    if (left == nullptr || *left >= 3) return;
    node.insert("shopping-list", change.entry.key, {.agent = "restocker"})
        .then([&node](const starling::Result<starling::Written>&) { node.stop(); });
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) return 2;
    auto node = starling::Node::open({.data_dir = words[1], .name = "picker"});
    if (!node) return fail(node.error());

    // Handlers run in run(), never in a thread of the node.
    const auto watch =
        node->watch("stock/", [&](const starling::StateChange& change) { restock(*node, change); });
    if (!watch) return fail(watch.error());

    // Both steps, or none; durable here when wait() returns.
    const auto written = node->write({starling::WriteStep::set("stock/sku-42", 2),
                                      starling::WriteStep::add("picked/sku-42", 4)},
                                     {.agent = "picker", .reason = "order 17"})
                             .wait();
    if (!written) return fail(written.error());
    node->run();  // until the restocker has noted it

    const auto list = node->get("shopping-list").wait();
    if (!list) return fail(list.error());
    for (const auto& entry : list->entries) {
        std::cout << entry.key << ": " << entry.values.size() << " to buy, noted by " << entry.agent
                  << '\n';
    }
    return list->entries.empty() ? 1 : 0;
}
