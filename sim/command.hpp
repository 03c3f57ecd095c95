// What `starling sim run` does, without the program around it: options in, text and exit code out.
//
//      starling sim run --nodes 5 --seed 7 --duration 20s --puts 10 --json
//
// Thread safe.
#pragma once

#include "sim/quantity.hpp"
#include "sim/run.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <string>

namespace starling::sim {

enum class Form : std::uint8_t { text, json };

struct CommandOptions {
    Options run;
    Form form = Form::text;
};

struct CommandOutcome {
    int exit_code = 0;  // 0, or 9: an invariant broke or a required fault happened to nobody
    std::string text;   // for standard output; a JSON object on one line, or lines for people
};

// CPU time of this process so far: the simulator itself reads no clock.
using CpuTime = Duration (*)();

// invalid: an option is out of range; nothing ran.
[[nodiscard]] Result<CommandOutcome> run_command(const CommandOptions& options, CpuTime cpu_time);

// The command that runs these options again.
[[nodiscard]] std::string command_line(const Options& options);

// The report as the command shows it: the head of the text is about the whole run, with the CPU
// time that whoever ran it learned; the rest is the body.
[[nodiscard]] std::string text_of(const Report& report, Duration cpu);
[[nodiscard]] std::string head_of(const Plan& plan, Duration cpu);
[[nodiscard]] std::string body_of(const Report& report);
[[nodiscard]] std::string json_of(const Report& report, Duration cpu);

}  // namespace starling::sim
