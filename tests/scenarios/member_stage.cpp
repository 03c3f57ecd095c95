// members NODE..        a mesh whose nodes know each other and have come to rest
//
//   stop NODE     resume NODE     the process stands still, and goes on
//   kill NODE     start NODE
//   cut NODE NODE     heal        two nodes hear nothing of each other
//   run 3s
//   expect NODE sees NODE suspect
//   expect everybody sees NODE alive yes
//   expect deaths 0               how often anybody called anybody dead
//   expect NODE refutations 1     of accusations, in this boot, as the first other node knows
#include "tests/gossip/mesh_test_world.hpp"
#include "tests/scenarios/stage.hpp"

#include <catch2/catch.hpp>

namespace starling::scenario {
namespace {

using gossip::MemberState;
using Name = gossip::World::Name;

MemberState state_of(const std::string& name) {
    for (const MemberState each : {MemberState::alive, MemberState::suspect, MemberState::dead,
                                   MemberState::left, MemberState::introduced}) {
        if (name_of(each) == name) return each;
    }
    FAIL("no state of a member: " + name);
    return {};
}

class MemberStage : public Stage {
public:
    explicit MemberStage(const std::vector<std::string>& nodes)
        : Stage(nodes), world_(gossip::settled({.nodes = nodes.size()})) {}

    bool act(const Line& line) override {
        const std::string& command = line.word(0);
        if (command == "run") {
            world_.run(line.time(line.word(1)));
        } else if (command == "heal") {
            world_.heal_all();
        } else if (command == "cut") {
            world_.cut(name(line.word(1)), name(line.word(2)));
        } else if (command == "stop") {
            world_.stop(name(line.word(1)));
        } else if (command == "resume") {
            world_.resume(name(line.word(1)));
        } else if (command == "kill") {
            world_.kill(name(line.word(1)));
        } else if (command == "start") {
            world_.start(name(line.word(1)));
        } else {
            return false;
        }
        return true;
    }

    std::string look(const Line& line) override {
        if (line.word(0) == "deaths") return std::to_string(world_.changes_to(MemberState::dead));
        if (line.word(0) == "everybody") {
            const bool all = world_.all_see(name(line.word(2)), state_of(line.word(3)));
            return all ? "yes" : "no";
        }
        if (line.word(1) == "sees") {
            return std::string(name_of(world_.state(name(line.word(0)), name(line.word(2)))));
        }
        const Name subject = name(line.word(0));
        const Name other = subject == 1 ? 2 : 1;
        const auto view = world_.core(other).member(world_.id(subject));
        REQUIRE(view);
        return std::to_string(view->incarnation().value);
    }

private:
    [[nodiscard]] Name name(const std::string& node) const {
        return static_cast<Name>(index_of(node) + 1);
    }

    gossip::World world_;
};

}  // namespace

std::unique_ptr<Stage> member_stage(const std::vector<std::string>& nodes) {
    return std::make_unique<MemberStage>(nodes);
}

}  // namespace starling::scenario
