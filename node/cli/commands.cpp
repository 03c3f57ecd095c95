#include "node/cli/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace starling::cli {

std::span<const Command> commands() {
    static const std::vector<Command> all{
        dev_command(),
        dev_nodes_command(),
        dev_restart_command(),
        node_command(),
        leave_command(),
        members_command(),
        status_command(),
        get_command(),
        set_command(),
        del_command(),
        add_command(),
        insert_command(),
        remove_command(),
        ls_command(),
        watch_command(),
        task_offer_command(),
        task_ls_command(),
        task_show_command(),
        task_cancel_command(),
        dlq_ls_command(),
        dlq_show_command(),
        run_command(),
        load_command(),
        register_get_command(),
        register_cas_command(),
        register_settle_command(),
        lease_acquire_command(),
        lease_renew_command(),
        lease_release_command(),
        lease_show_command(),
        decide_propose_command(),
        decide_vote_command(),
        decide_show_command(),
        bench_registers_command(),
        bench_check_command(),
        id_new_command(),
        id_show_command(),
        mesh_init_command(),
        mesh_admit_command(),
        mesh_show_command(),
        sim_run_command(),
        sim_check_command(),
        sim_sweep_command(),
        sim_shrink_command(),
        sim_report_command(),
        sim_replay_command(),
        sim_diff_command(),
        sim_bench_command(),
        sim_scale_command(),
        explain_command(),
        help_command(),
        version_command(),
    };
    return all;
}

std::span<const Option> common_options() {
    static const std::array<Option, 7> all{{
        {"help", "", "show what the command does", "", 'h'},
        {"json", "", "the result as JSON, the same as -o json"},
        {"node", "NODE", "the node to ask: unix:PATH, or the name or number of a node of dev"},
        {"output", "FORM", "text, json, jsonl (an item a line) or name (names only)", "text", 'o'},
        {"quiet", "", "results only, no notes", "", 'q'},
        {"timeout", "TIME", "how long to wait for an answer", "5s"},
        {"verbose", "", "more notes", "", 'v'},
    }};
    return all;
}

const Command* find_command(std::span<const std::string> words, std::size_t& used) {
    for (used = std::min<std::size_t>(2, words.size()); used > 0; --used) {
        const std::string name = used == 2 ? words[0] + " " + words[1] : words[0];
        const auto found = std::ranges::find(commands(), name, &Command::name);
        if (found != commands().end()) return &*found;
    }
    return nullptr;
}

std::vector<const Command*> commands_of(std::string_view word) {
    std::vector<const Command*> found;
    for (const Command& command : commands()) {
        if (command.name.starts_with(fmt::format("{} ", word))) found.push_back(&command);
    }
    return found;
}

}  // namespace starling::cli
