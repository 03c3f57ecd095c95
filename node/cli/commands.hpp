// The commands, one function each; commands.cpp puts them into the table in the order of help.
//
// Thread safe: each makes a value.
#pragma once

#include "node/cli/command.hpp"

namespace starling::cli {

// start.cpp, dev.cpp
[[nodiscard]] Command node_command();
[[nodiscard]] Command leave_command();
[[nodiscard]] Command dev_command();
[[nodiscard]] Command dev_nodes_command();
[[nodiscard]] Command dev_restart_command();

// observe.cpp
[[nodiscard]] Command members_command();
[[nodiscard]] Command status_command();

// state_commands.cpp
[[nodiscard]] Command get_command();
[[nodiscard]] Command set_command();
[[nodiscard]] Command del_command();
[[nodiscard]] Command add_command();
[[nodiscard]] Command insert_command();
[[nodiscard]] Command remove_command();
[[nodiscard]] Command ls_command();
[[nodiscard]] Command watch_command();

// agreement_commands.cpp
[[nodiscard]] Command register_get_command();
[[nodiscard]] Command register_cas_command();
[[nodiscard]] Command register_settle_command();
[[nodiscard]] Command lease_acquire_command();
[[nodiscard]] Command lease_renew_command();
[[nodiscard]] Command lease_release_command();
[[nodiscard]] Command lease_show_command();
[[nodiscard]] Command decide_propose_command();
[[nodiscard]] Command decide_vote_command();
[[nodiscard]] Command decide_show_command();

// task_commands.cpp, run_command.cpp
[[nodiscard]] Command task_offer_command();
[[nodiscard]] Command task_ls_command();
[[nodiscard]] Command task_show_command();
[[nodiscard]] Command task_cancel_command();
[[nodiscard]] Command dlq_ls_command();
[[nodiscard]] Command dlq_show_command();
[[nodiscard]] Command run_command();

// load.cpp
[[nodiscard]] Command load_command();

// bench.cpp
[[nodiscard]] Command bench_registers_command();
[[nodiscard]] Command bench_check_command();

// identify.cpp
[[nodiscard]] Command id_new_command();
[[nodiscard]] Command id_show_command();
[[nodiscard]] Command mesh_init_command();
[[nodiscard]] Command mesh_admit_command();
[[nodiscard]] Command mesh_show_command();

// simulate.cpp
[[nodiscard]] Command sim_run_command();
[[nodiscard]] Command sim_check_command();

// sim_report.cpp
[[nodiscard]] Command sim_report_command();

// sim_sweep_command.cpp, sim_shrink.cpp, sim_replay.cpp
[[nodiscard]] Command sim_sweep_command();
[[nodiscard]] Command sim_shrink_command();
[[nodiscard]] Command sim_replay_command();
[[nodiscard]] Command sim_diff_command();

// sim_bench.cpp
[[nodiscard]] Command sim_bench_command();
[[nodiscard]] Command sim_scale_command();

// about.cpp
[[nodiscard]] Command explain_command();
[[nodiscard]] Command help_command();
[[nodiscard]] Command version_command();

// The text of `starling help`, and of `starling help COMMAND`.
[[nodiscard]] std::string help_text();
[[nodiscard]] std::string help_text(const Command& command);

}  // namespace starling::cli
