#include "node/cli/sim_guard.hpp"

#include "base/crypto.hpp"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>

namespace starling::cli {
namespace {

constexpr std::string_view announcement = "starling: forbidden in a simulation: ";
constexpr std::string_view clock_name = "clock";
constexpr std::size_t numbers_max = 512;
constexpr std::size_t pages_max = 4;

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

// A signal handler can reach nothing but this; filled before the doors close.
struct Signs {
    std::array<const char*, numbers_max> calls{};  // names by number
    std::array<Range, pages_max> clock_pages{};    // where the kernel showed the time
};

Signs signs;  // NOLINT: a handler has no other place

// In a signal handler: only calls that are safe there, and allowed.
[[noreturn]] void end_for(std::string_view name) {
    std::array<char, 128> line{};
    std::size_t size = 0;
    for (const std::string_view part : {announcement, name, std::string_view("\n")}) {
        for (const char c : part) {
            if (size < line.size()) line.at(size++) = c;
        }
    }
    if (::write(STDERR_FILENO, line.data(), size) < 0) ::_exit(forbidden_exit);
    ::_exit(forbidden_exit);
}

void on_call(int, siginfo_t* info, void*) {
    const auto number = static_cast<std::size_t>(info->si_syscall);
    const char* name = number < numbers_max ? signs.calls.at(number) : nullptr;
    end_for(name == nullptr ? "a call without a name" : name);
}

// rdtsc or rdtscp, which PR_TSC_SIGSEGV makes a fault without an address.
bool is_clock_instruction([[maybe_unused]] const void* context) {
#ifdef __x86_64__
    const auto* machine = static_cast<const ucontext_t*>(context);
    const auto at = static_cast<std::uintptr_t>(machine->uc_mcontext.gregs[REG_RIP]);
    std::array<std::uint8_t, 3> code{};
    std::memcpy(code.data(), reinterpret_cast<const void*>(at), code.size());  // NOLINT
    return (code[0] == 0x0f && code[1] == 0x31) ||
           (code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xf9);
#else
    return false;
#endif
}

bool is_clock_page(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);  // NOLINT
    for (const Range& range : signs.clock_pages) {
        if (at >= range.begin && at < range.end) return true;
    }
    return false;
}

// Of any other fault the process dies as always: the handler is gone, the instruction runs again.
void on_fault(int, siginfo_t* info, void* context) {
    if (info->si_code == SI_KERNEL && is_clock_instruction(context)) end_for(clock_name);
    if (info->si_code != SI_KERNEL && is_clock_page(info->si_addr)) end_for(clock_name);
}

bool handle(int number, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action {};

    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND);
    return ::sigaction(number, &action, nullptr) == 0;
}

void learn_names() {
    for (std::size_t number = 0; number < numbers_max; ++number) {
        signs.calls.at(number) =
            ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    }
}

// The pages [vvar...]: coarse clocks are read there without any instruction that could be trapped.
void learn_clock_pages() {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    for (std::size_t found = 0; found < pages_max && std::getline(maps, line);) {
        if (line.find("[vvar") == std::string::npos) continue;
        const std::size_t dash = line.find('-');
        signs.clock_pages.at(found++) = {std::stoull(line.substr(0, dash), nullptr, 16),
                                         std::stoull(line.substr(dash + 1), nullptr, 16)};
    }
}

// Nothing may come to lie there instead.  A kernel that seals these pages keeps them: what reads
// the processor's counter is trapped all the same.
void cover_clock_pages() {
    for (const Range& range : signs.clock_pages) {
        if (range.begin == 0) continue;
        auto* const begin = reinterpret_cast<void*>(range.begin);  // NOLINT
        (void)::mmap(begin, range.end - range.begin, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
}

// The filter of system calls, while it is made.
class Filter {
public:
    Filter() : context_(::seccomp_init(SCMP_ACT_TRAP)), fine_(context_ != nullptr) {}

    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    ~Filter() { ::seccomp_release(context_); }

    void allow(std::initializer_list<int> calls) {
        for (const int call : calls) keep(::seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0));
    }

    void allow(int call, scmp_arg_cmp condition) {
        keep(::seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, call, 1, &condition));
    }

    bool load() {
        // Without it older kernels slow a filtered process down against Spectre 4.
        if (fine_) ::seccomp_attr_set(context_, SCMP_FLTATR_CTL_SSB, 1);
        return fine_ && ::seccomp_load(context_) == 0;
    }

private:
    void keep(int answer) { fine_ = fine_ && answer == 0; }

    scmp_filter_ctx context_;
    bool fine_;
};

bool load_filter(int result) {
    Filter filter;
    filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
    filter.allow({SCMP_SYS(futex), SCMP_SYS(exit), SCMP_SYS(exit_group)});
    // abort(): a signal to this very thread.
    filter.allow({SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
                  SCMP_SYS(gettid), SCMP_SYS(getpid)});
    const auto self = static_cast<scmp_datum_t>(::getpid());
    filter.allow(SCMP_SYS(tgkill), {0, SCMP_CMP_EQ, self, 0});
    filter.allow(SCMP_SYS(mmap), {3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS});
    filter.allow(SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0});
    for (const int fd : {result, STDERR_FILENO}) {
        filter.allow(SCMP_SYS(write), {0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(fd), 0});
        filter.allow(SCMP_SYS(writev), {0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(fd), 0});
    }
    return filter.load();
}

bool trap_counter() {
#ifdef __x86_64__
    return ::prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0;
#else
    return true;  // read through the pages that are gone
#endif
}

}  // namespace

bool close_doors(int result) {
    if constexpr (!doors_can_close) return false;
    forbid_entropy();
    learn_names();
    learn_clock_pages();
    if (!handle(SIGSYS, on_call) || !handle(SIGSEGV, on_fault)) return false;
    if (!trap_counter()) return false;
    cover_clock_pages();
    return load_filter(result);
}

std::optional<std::string> forbidden_call(std::string_view errors) {
    const std::size_t begin = errors.rfind(announcement);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = errors.substr(begin + announcement.size());
    return std::string(rest.substr(0, rest.find('\n')));
}

}  // namespace starling::cli
