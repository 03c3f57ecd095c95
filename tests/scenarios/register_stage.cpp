// register NODE..       one register; all nodes are its voters
//
//   put NODE TOKEN expected=0 within=50ms    without `expected` whatever stands is overwritten
//   settle NODE TOKEN             what became of a put whose outcome was unknown
//   only NODE..     everybody     messages pass between these alone from now on; others wait
//   lose                          messages that wait are lost
//   run 60ms
//   expect TOKEN outcome applied          of the put, or of the settle that came after it
//   expect TOKEN version 2
//   expect NODE reads TOKEN
#include "tests/quorum/world.hpp"
#include "tests/scenarios/stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace starling::scenario {
namespace {

using quorum::Finished;
using quorum::Outcome;
using quorum::Packet;
using quorum::Ticket;

class RegisterStage : public Stage {
public:
    explicit RegisterStage(const std::vector<std::string>& nodes)
        : Stage(nodes), world_({nodes.size(), nodes.size(), 1}) {
        reach_all();
    }

    bool act(const Line& line) override {
        const std::string& command = line.word(0);
        if (command == "everybody") {
            reach_all();
        } else if (command == "only") {
            reached_.clear();
            for (std::size_t i = 1; i < line.words.size(); ++i) {
                reached_.insert(index_of(line.word(i)));
            }
        } else if (command == "lose") {
            world_.drop_all();
        } else if (command == "put") {
            put(line);
        } else if (command == "settle") {
            const Finished& before = world_.result(puts_.at(line.word(2)));
            puts_[line.word(2)] = world_.settle(index_of(line.word(1)), before.receipt);
        } else if (command != "run") {
            return false;
        }
        if (command == "run") world_.wait(line.time(line.word(1)));
        world_.settle_down(allowed());
        return true;
    }

    std::string look(const Line& line) override {
        if (line.word(1) == "reads") {
            const Ticket ticket = world_.read(index_of(line.word(0)));
            return text_in(world_.finish(ticket, allowed()));
        }
        const Finished& finished = world_.finish(puts_.at(line.word(0)), allowed());
        if (line.word(1) == "version") return std::to_string(finished.version);
        switch (finished.outcome) {
            case Outcome::applied:
                return "applied";
            case Outcome::not_applied:
                return "not_applied";
            case Outcome::unknown:
                return "unknown";
        }
        return {};
    }

    std::string broken() override { return world_.broken(); }

private:
    void put(const Line& line) {
        std::optional<std::uint64_t> expected;
        if (line.options.contains("expected")) expected = line.number_option("expected", 0);
        const Duration within = line.time_option("within", std::chrono::seconds{5});
        puts_[line.word(2)] = world_.put(index_of(line.word(1)), expected, line.word(2), within);
    }

    void reach_all() {
        for (std::size_t node = 0; node < nodes().size(); ++node) reached_.insert(node);
    }

    quorum::World::Allowed allowed() {
        return [this](const Packet& packet) {
            return reached_.contains(world_.index(packet.from)) &&
                   reached_.contains(world_.index(packet.to));
        };
    }

    static std::string text_in(const Finished& finished) {
        const auto* value = std::get_if<Bytes>(&finished.snapshot.contents);
        return value == nullptr ? "nothing" : std::string(text_of(*value));
    }

    quorum::World world_;
    std::set<std::size_t> reached_;
    std::map<std::string, Ticket> puts_;
};

}  // namespace

std::unique_ptr<Stage> register_stage(const std::vector<std::string>& nodes) {
    return std::make_unique<RegisterStage>(nodes);
}

}  // namespace starling::scenario
