#include "tests/auction/world.hpp"

#include <algorithm>

namespace starling::auction::test {
namespace {

void add(Counters& sum, const Counters& one) {
    sum.offered += one.offered;
    sum.completed += one.completed;
    sum.dead_lettered += one.dead_lettered;
    sum.cancelled += one.cancelled;
    sum.awarded += one.awarded;
    sum.reassigned += one.reassigned;
    sum.retried += one.retried;
    sum.refused_stale += one.refused_stale;
    sum.adopted += one.adopted;
    sum.superseded += one.superseded;
    sum.rehomed += one.rehomed;
    sum.completed_twice += one.completed_twice;
    sum.executed += one.executed;
    sum.messages += one.messages;
    sum.malformed += one.malformed;
}

}  // namespace

// ---------------------------------------------------------------------------------------- faults

void World::crash(std::size_t node) {
    Host& host = hosts_[node];
    if (!host.core) return;
    add(host.counted, host.core->counters());
    host.core.reset();
    host.paused = false;
    host.held_back.clear();
    host.wake.reset();
    host.workers.clear();
    const Boot boot = host.boot;
    at(options_.detect, [this, node, boot] {
        if (!hosts_[node].core && hosts_[node].boot == boot) declare_gone(node);
    });
}

void World::restart(std::size_t node) {
    Host& host = hosts_[node];
    if (host.core) return;
    host.boot = Boot{host.boot.value + 1};
    host.durable_at = now_;
    host.up_since = now_;
    Setup setup;
    setup.self = host.id;
    setup.boot = host.boot;
    setup.random_seed = draw(options_.seed, 77, node * 1000 + host.boot.value);
    setup.timing = options_.timing;
    host.core = std::make_unique<Auctions>(setup, host.disk, now());
    turn(node);
    for (std::size_t other = 0; other < hosts_.size(); ++other) {
        if (other == node) continue;
        host.core->on_member_certified(hosts_[other].id);
        const bool reachable = !cuts_.contains({node, other}) && !cuts_.contains({other, node});
        if (hosts_[other].core && reachable) {
            connect(node, other);
        } else if (hosts_[other].boot.value > 0) {
            // The membership table of the disk knows it; nobody answers there.
            step(node, [&](Auctions& core, Moment when, Effects& out) {
                core.on_member_gone(hosts_[other].id, Leaving::dead, when, out);
            });
        }
    }
    const auto serves = host.serves;
    for (const auto& [skill, how] : serves) serve(node, skill, how.first, how.second);
}

bool World::is_ready(std::size_t node) const {
    return hosts_[node].core && now_ > hosts_[node].up_since + 25ms;
}

void World::connect(std::size_t a, std::size_t b) {
    if (cuts_.contains({a, b}) || cuts_.contains({b, a})) return;
    const auto meet = [this](std::size_t node, std::size_t other) {
        const Boot boot = hosts_[node].boot;
        const Boot other_boot = hosts_[other].boot;
        at(20ms, [this, node, other, boot, other_boot] {
            on_host(node, boot, [=, this] {
                step(node, [&](Auctions& core, Moment when, Effects& out) {
                    core.on_member_alive(hosts_[other].id, other_boot, when, out);
                    core.on_link_up(hosts_[other].id, when, out);
                });
            });
        });
    };
    meet(a, b);
    meet(b, a);
}

void World::pause(std::size_t node) {
    hosts_[node].paused = true;
}

void World::resume(std::size_t node) {
    hosts_[node].paused = false;
    for (const auto& action : std::exchange(hosts_[node].held_back, {})) action();
}

void World::cut(std::size_t a, std::size_t b) {
    cuts_.emplace(a, b);
}

void World::isolate(std::size_t node) {
    for (std::size_t other = 0; other < hosts_.size(); ++other) {
        if (other == node) continue;
        cut(node, other);
        at(options_.detect, [this, node, other] {
            if (!cuts_.contains({node, other})) return;
            const auto lose = [this](std::size_t at_node, std::size_t gone) {
                step(at_node, [&](Auctions& core, Moment when, Effects& out) {
                    core.on_member_gone(hosts_[gone].id, Leaving::dead, when, out);
                });
            };
            lose(node, other);
            lose(other, node);
        });
    }
}

void World::split(const std::set<std::size_t>& island) {
    const auto lose = [this](std::size_t at_node, std::size_t gone) {
        step(at_node, [&](Auctions& core, Moment when, Effects& out) {
            core.on_member_gone(hosts_[gone].id, Leaving::dead, when, out);
        });
    };
    for (const std::size_t a : island) {
        for (std::size_t b = 0; b < hosts_.size(); ++b) {
            if (island.contains(b)) continue;
            cut(a, b);
            lose(a, b);
            lose(b, a);
        }
    }
}

void World::heal() {
    const auto cuts = std::exchange(cuts_, {});
    for (const auto& [a, b] : cuts) {
        if (hosts_[a].core && hosts_[b].core) connect(a, b);
    }
}

void World::declare_gone(std::size_t node, Leaving leaving) {
    for (std::size_t other = 0; other < hosts_.size(); ++other) {
        if (other == node || !hosts_[other].core) continue;
        on_host(other, hosts_[other].boot, [=, this] {
            step(other, [&](Auctions& core, Moment when, Effects& out) {
                core.on_link_down(hosts_[node].id);
                core.on_member_gone(hosts_[node].id, leaving, when, out);
            });
        });
    }
}

void World::declare_alive(std::size_t node) {
    for (std::size_t other = 0; other < hosts_.size(); ++other) {
        if (other != node && hosts_[other].core) connect(node, other);
    }
}

// ------------------------------------------------------------------------------------ what is true

std::optional<Outcome> World::outcome(const TaskId& task) const {
    for (const Host& host : hosts_) {
        if (!host.core) continue;
        const Custody* custody = host.core->custody(task);
        if (custody != nullptr && custody->accepted) return custody->held->outcome;
    }
    return std::nullopt;
}

std::size_t World::accepted_count(const TaskId& task) const {
    std::set<Epoch> origins;
    for (const Host& host : hosts_) {
        if (!host.core) continue;
        const Custody* custody = host.core->custody(task);
        if (custody != nullptr && custody->accepted) origins.insert(custody->held->outcome.origin);
    }
    const auto found = accepted_.find(task.prefix());
    const std::size_t traced = found == accepted_.end() ? 0 : found->second.size();
    return std::max(traced, origins.size());
}

std::size_t World::executions(const TaskId& task) const {
    return static_cast<std::size_t>(
        std::count_if(executed.begin(), executed.end(),
                      [&](const Execution& each) { return each.task == task; }));
}

std::string World::describe(const TaskId& task) const {
    const auto epoch_text = [&](const Epoch& epoch) {
        return std::to_string(epoch.round) + '/' + std::to_string(index_of(epoch.granter)) + '/' +
               std::to_string(epoch.boot.value) + '/' + std::to_string(epoch.term);
    };
    std::string text;
    for (std::size_t node = 0; node < hosts_.size(); ++node) {
        const Custody* custody = hosts_[node].core ? hosts_[node].core->custody(task) : nullptr;
        if (custody == nullptr) continue;
        const Record& record = custody->record;
        text += "\n  at " + std::to_string(node) + " key '" + record.spec.key + "' generation " +
                std::to_string(record.home.generation) + " of " +
                std::to_string(index_of(record.home.founder)) + '/' +
                std::to_string(record.home.boot.value) + '/' + std::to_string(record.home.term) +
                " with";
        for (const NodeId& each : record.custodians) text += ' ' + std::to_string(index_of(each));
        text += ", highest " + epoch_text(custody->highest);
        if (custody->held) {
            text += custody->accepted ? ", accepted " : ", held ";
            text += epoch_text(custody->held->epoch) + " made under " +
                    epoch_text(custody->held->outcome.origin);
        }
    }
    for (const Execution& each : executed) {
        if (each.task != task) continue;
        text += "\n  run at " + std::to_string(each.node) + " under " + epoch_text(each.epoch);
    }
    return text;
}

Counters World::sum() const {
    Counters sum;
    for (const Host& host : hosts_) {
        add(sum, host.counted);
        if (host.core) add(sum, host.core->counters());
    }
    return sum;
}

}  // namespace starling::auction::test
