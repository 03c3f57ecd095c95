// A member of a real mesh whose disk syncs late when it is told to:
//
//     slow_member DATA_DIR MESH_FILE          prints "up", then answers every line with a line
//     slow MS        every later sync takes so long          "slowed"
//     write KEY TEXT answers when the write is durable       "written"
//     count EVENT    how often it happened since the start   a number
#include "tests/io/town.hpp"
#include "tests/journal/faulty_disk.hpp"

#include <iostream>
#include <sstream>

namespace {

using namespace starling;

std::uint64_t count_of(const io::Driver& driver, const std::string& event) {
    const auto counts = driver.event_counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (all_events()[i].name == event) return counts[i];
    }
    throw std::runtime_error("no event is called " + event);
}

std::string answer(const std::string& line, io::Driver& driver, tests::FaultyDisk& disk) {
    std::istringstream in(line);
    std::string verb, word, text;
    in >> verb >> word >> text;
    if (verb == "slow") {
        disk.delay_syncs(std::chrono::milliseconds(std::stoi(word)));
        return "slowed";
    }
    if (verb == "write") {
        tests::must(tests::ask<node::WriteAnswer>(driver, tests::writing(word, text)));
        return "written";
    }
    if (verb == "count") return std::to_string(count_of(driver, word));
    throw std::runtime_error("no such line: " + line);
}

int serve(const std::string& data_dir, const std::string& mesh_file) {
    tests::FaultyDisk disk("slow_member");
    const auto mesh = tests::must(io::read_mesh_file(mesh_file));
    const auto identity = tests::must(io::read_identity(data_dir));
    const auto* own = mesh.find(identity.key.id());
    if (own == nullptr) throw std::runtime_error("the mesh file does not name this node");
    io::DriverOptions options;
    options.data_dir = data_dir;
    options.mesh_file = mesh_file;
    options.bind = own->addresses.at(0);
    options.name = "slow";
    options.log.on = false;
    options.journal_vfs = disk.name();
    const auto driver = tests::must(io::Driver::open(options));
    std::cout << "up" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << answer(line, *driver, disk) << std::endl;
    }
    disk.delay_syncs({});
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    try {
        return serve(words[1], words[2]);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
