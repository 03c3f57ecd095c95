"""Plants violations of every tidy rule in a temporary tree: exactly that rule must fire, each rule
must have a plant, and look-alikes must stay quiet."""
import pathlib
import tempfile

import tidy_source

HEADER = "// A thing.\n#pragma once\n"
LONG = "    step();\n"


def function(lines, name="walk"):
    return f"void {name}() {{\n" + LONG * (lines - 2) + "}\n"


# Small functions that keep the median low beside one planted big one.
SMALL = "".join(f"int f{i}() {{ return {i}; }}\n" for i in range(9))
NESTED = "void deep() {\n" + "if (a) {\n" * 5 + "}\n" * 5 + "}\n"

# rule -> lines of code, each planted alone in this file: every banned name is caught.
LINES = {
    ("clock", "gossip/a.cpp"): [
        "auto t = std::chrono::steady_clock::now();", "using C = std::chrono::system_clock;",
        "auto t = Clock::now();", "clock_gettime(CLOCK_BOOTTIME, &spec);",
        "gettimeofday(&v, 0);", "auto t = std::time(nullptr);", "auto t = time(NULL);",
        "auto t = ::time(0);", "std::this_moment::sleep_for(x);", "usleep(3);",
        "timerfd_create(1, 0);", "#include <ctime>", "#include <sys/time.h>",
        "auto t = __TIME__;", "auto c = std::clock();"],
    ("clock", "journal/a.cpp"): ["using C = std::chrono::steady_clock;"],
    ("clock", "include/starling/a.hpp"): ["using C = std::chrono::steady_clock;"],
    ("wall_clock", "tests/gossip/a_test.cpp"): [
        "using C = std::chrono::system_clock;", "auto t = time(nullptr);",
        "gettimeofday(&value, nullptr);", "clock_gettime(CLOCK_REALTIME, &spec);"],
    ("entropy", "sim/a.cpp"): [
        "std::random_device device;", "auto x = rand();", "auto x = std::rand();", "srand(1);",
        "getrandom(p, n, 0);", "getentropy(p, n);", "auto x = arc4random_uniform(6);",
        "randombytes_buf(p, n);", "auto x = drand48();", "#include <sys/random.h>"],
    ("entropy", "base/a.cpp"): ["crypto_sign_keypair(p, s);", "crypto_box_keypair(p, s);",
                                "crypto_generichash_keygen(k);"],
    ("entropy", "tests/base/a_test.cpp"): ["std::random_device device;", "auto x = rand();"],
    ("std_random", "auction/a.cpp"): [
        "std::mt19937_64 rng(1);", "std::uniform_int_distribution<int> d(1, 6);",
        "std::shuffle(v.begin(), v.end(), rng);", "std::ranges::shuffle(v, rng);",
        "#include <random>"],
    ("std_random", "node/io/a.cpp"): ["std::default_random_engine rng;"],
    ("thread", "quorum/a.cpp"): [
        "std::thread t(f);", "std::jthread t(f);", "std::mutex m;", "std::lock_guard lock(m);",
        "std::scoped_lock lock(m);", "std::condition_variable_any c;", "std::promise<int> p;",
        "auto f = std::async(g);", "static thread_local int depth;", "pthread_self();",
        "#include <thread>", "#include <shared_mutex>", "std::this_thread::yield();"],
    ("thread", "journal/a.cpp"): ["std::mutex m;"],
    ("process", "node/a.cpp"): [
        'auto v = std::getenv("HOME");', 'auto v = getenv("HOME");', 'std::system("ls");',
        "const auto child = fork();", 'execvp("ls", arguments);', 'popen("ls", "r");',
        "std::signal(2, f);", "#include <csignal>"],
    ("file", "crdt/a.cpp"): [
        'std::ofstream out("x");', "std::cout << 1;", "std::cerr << 1;", 'fopen("x", "r");',
        'std::printf("x");', 'fprintf(out, "x");', "::open(path, 0);", "::fsync(3);",
        "std::filesystem::path p;", "FILE* f;", "#include <fstream>", "#include <iostream>",
        "#include <cstdio>", "#include <fcntl.h>", "#include <unistd.h>",
        "#include <sys/stat.h>"],
    ("socket", "sim/a.cpp"): [
        "::socket(1, 2, 3);", "::connect(fd, a, n);", "epoll_wait(fd, e, 1, 0);", "eventfd(0, 0);",
        "#include <sys/socket.h>", "#include <netinet/in.h>", "#include <poll.h>",
        "#include <boost/asio.hpp>"],
    ("unordered", "gossip/a.cpp"): [
        "std::unordered_map<int, int> m;", "std::unordered_set<int> s;",
        "#include <unordered_map>", "absl::flat_hash_map<int, int> m;"],
    ("unordered", "journal/a.cpp"): ["std::unordered_multimap<int, int> m;"],
    ("pointer_key", "node/a.cpp"): ["std::map<const Peer*, int> m;", "std::set<a::Peer *> s;"],
    ("floating", "auction/a.cpp"): [
        "double cost = 1;", "float cost = 1;", "const auto share = 0.5;", "auto x = 1e3 + 2.;",
        "#include <cmath>"],
    ("floating", "base/a.cpp"): ["long double cost = 1;"],
    ("floating", "include/starling/a.hpp"): ["inline double cost = 1;"],
    ("logging", "gossip/a.cpp"): ['spdlog::info("x");', "#include <spdlog/spdlog.h>",
                                  'syslog(1, "x");', 'SPDLOG_INFO("x");'],
    ("msgpack", "base/a.cpp"): ["#include <msgpack.hpp>", "msgpack::sbuffer buffer;"],
    ("msgpack", "node/io/a.cpp"): ["#include <msgpack.hpp>"],
    ("sqlite", "node/io/a.cpp"): ["#include <sqlite3.h>", "sqlite3_open(p, &db);"],
    ("zmq", "node/cli/a.cpp"): ["#include <zmq.hpp>", "zmq::context_t c;", "zmq_close(s);"],
    ("zmq", "sim/a.cpp"): ["#include <zmq.h>"],
    ("sodium", "node/a.cpp"): ["#include <sodium.h>", "crypto_sign_detached(a, b, c, d, e);"],
    ("fmt", "gossip/a.cpp"): ["#include <fmt/format.h>", 'fmt::format("{}", 1);'],
    ("json", "node/io/a.cpp"): ["#include <nlohmann/json.hpp>", "nlohmann::json j;"],
    ("beast", "node/io/a.cpp"): ["#include <boost/beast/http.hpp>"],
    ("program_options", "sim/a.cpp"): ["#include <boost/program_options.hpp>"],
    ("dependency", "base/a.cpp"): ['#include "crdt/store.hpp"', '#include "journal/journal.hpp"'],
    ("dependency", "crdt/a.cpp"): ['#include "gossip/members.hpp"', '#include "node/core.hpp"'],
    ("dependency", "gossip/a.cpp"): ['#include "quorum/quorum.hpp"'],
    ("dependency", "quorum/a.cpp"): ['#include "auction/auction.hpp"'],
    ("dependency", "auction/a.cpp"): ['#include "crdt/store.hpp"'],
    ("dependency", "node/a.cpp"): ['#include "sim/world.hpp"', '#include "node/io/driver.hpp"',
                                   '#include "journal/journal.hpp"'],
    ("dependency", "journal/a.cpp"): ['#include "node/core.hpp"'],
    ("dependency", "sim/a.cpp"): [
        '#include "node/io/driver.hpp"', '#include "node/cli/table.hpp"'],
    ("dependency", "node/io/a.cpp"): ['#include "sim/world.hpp"', '#include "node/cli/table.hpp"'],
    ("dependency", "node/cli/a.cpp"): ['#include "node/io/driver.hpp"', '#include "node/core.hpp"',
                                       '#include "journal/journal.hpp"'],
    ("dependency", "include/starling/a.hpp"): ['#include "base/ids.hpp"'],
    ("dependency", "examples/a.cpp"): ['#include "base/ids.hpp"'],
    ("include_from_root", "base/a.cpp"): ['#include "ids.hpp"', '#include "../crdt/store.hpp"'],
    ("public_include", "include/starling/a.hpp"): [
        "#include <stdint.h>", "#include <boost/optional.hpp>", "#include <tl/optional.hpp>"],
    ("test_sentence", "tests/base/a_test.cpp"): [
        'TEST_CASE("bids") {}', 'TEST_CASE("test that a bid wins") {}',
        'TEST_CASE("a bid should win", "[auction]") {}'],
}

# rule -> trees, each planted whole.
TREES = {
    "json_files": [{f"node/cli/j{i}.cpp": "#include <nlohmann/json.hpp>\n" for i in range(6)}],
    "beast_files": [
        {f"node/cli/b{i}.cpp": "#include <boost/beast/http.hpp>\n" for i in range(2)},
        {"node/cli/b.hpp": HEADER + "#include <boost/beast/http.hpp>\n"}],
    "file_lines": [{"base/a.cpp": "int a;\n" * 501}, {"tests/a.py": "a = 1\n" * 501}],
    "columns": [{"base/a.cpp": "// " + "a" * 98 + "\n"}, {"scripts/a": "#!/bin/sh\n#" + "a" * 100}],
    "function_lines": [
        {"base/a.cpp": SMALL + function(71)},
        {"base/a.hpp": HEADER + SMALL + "struct A {\n" + function(71) + "};\n"},
        {"base/a.cpp": SMALL + "A::A(int a) : a_(a), b_{a} {\n" + LONG * 70 + "}\n"}],
    "function_parameters": [
        {"base/a.cpp": "void f(int a, int b, int c, int d, int e, std::map<int, int> g) {}\n"}],
    "function_nesting": [{"base/a.cpp": SMALL + NESTED}],
    "function_median": [{"base/a.cpp": function(11)}],
    "header_form": [{"base/a.hpp": "// A thing.\n"}, {"base/a.hpp": "#pragma once\n"}],
    "file_name": [{"base/string_utils.cpp": ""}, {"base/BigThing.cpp": ""},
                  {"base/helper.cpp": ""}],
    "listed_source": [
        {"base/a.cpp": "", "base/CMakeLists.txt": "target_sources(x PRIVATE ba.cpp)"}],
    "readme": [{"base/a.cpp": "", "base/README.md": None}, {"base/README.md": "line\n" * 41},
               {"README.md": "line\n" * 201}],
    "marker": [{"docs/a.md": "TO" "DO: more\n"}, {"base/a.cpp": "// FIX" "ME\n"},
               {"scripts/a": "#!/bin/sh\n# XX" "X\n"}],
    "machine_path": [{"docs/a.md": "see /" "work/main\n"}, {"a.cmake": "set(a /" "home/ann/x)\n"}],
    "registry_host": [{"docs/a.md": "from https://registry" ".example.org/x\n"},
                      {"scripts/a": "#!/bin/sh\ncurl deb" ".debian.org\n"}],
    "tracker_number": [{"base/a.cpp": "// see issue" " 12\n"}],
}

QUIET = {
    "base/a.hpp": HEADER + """
#include "base/b.hpp"
#include <starling/value.hpp>
// steady_clock, rand(), std::thread, double: words in a comment
struct Store { auto time() const { return next_deadline(); } };
constexpr auto text = "std::mutex /dev/x 1.5 #include <ctime>";
constexpr int big = 1'000'000;
bool operator==(const A& a, const A& b) { return a.x == b.x; }
""",
    "base/codec.cpp": "#include <msgpack.hpp>\ndouble real();\n",
    "journal/a.cpp": "#include <sqlite3.h>\n#include <fstream>\n",
    "node/io/a.cpp": "#include <thread>\n#include <zmq.hpp>\n#include <sodium.h>\ndouble x = 1.5;\n"
                     '#include "journal/a.hpp"\n#include "node/core.hpp"\n',
    "node/cli/a.cpp": "#include <nlohmann/json.hpp>\n#include <fmt/format.h>\n"
                      '#include "sim/world.hpp"\n#include "node/cli/table.hpp"\n',
    "sim/a.cpp": '#include "journal/a.hpp"\n#include "node/core.hpp"\nvoid f() { clock_.now(); }\n',
    "sim/main.cpp": "#include <iostream>\ndouble x;\n",
    "tests/io/a_test.cpp": "#include <thread>\n#include <sqlite3.h>\ndouble x;\n"
                           'TEST_CASE("a bid at the deadline is too late", "[a]") {}\n',
    "tests/cluster/a_test.cpp": "auto t = std::chrono::system_clock::now();\n",
    "bench/a.cpp": "auto t = std::chrono::steady_clock::now();\nstd::random_device device;\n",
    "include/starling/value.hpp": HEADER + "#include <map>\n#include <tl/expected.hpp>\n"
                                  '#include "starling/export.hpp"\nusing Real = double;\n',
}

# What the reader of C++ must see: text, then (first line, lines, parameters, nesting) of each.
SHAPES = [
    ("namespace a {\nint f(int a, int b) {\n    if (a) { return b; }\n    return 0;\n}\n}\n",
     [(2, 4, 2, 1)]),
    ("struct A {\n  public:\n    A(int a, int b)\n        : a_(a), b_{b} {\n    }\n"
     "    bool operator()(int x) const { return x; }\n    int a_{1};\n};\n",
     [(3, 3, 2, 0), (6, 1, 1, 0)]),
    ("constexpr std::array<int, 2> x{1, 2};\nconst std::map<int, A> m = {{1, {2}}};\n", []),
    ("enum class E : int { a, b };\ntemplate <class T, int N = 3>\nstruct B : C<T> {};\n", []),
    ("template <class T>\nvoid g(T t = {}, std::map<int, int> m = {}) noexcept\n{\n}\n",
     [(1, 4, 2, 0)]),
    ("const auto f = [](int a) {\n    return a;\n};\n", [(1, 3, 1, 0)]),
    ("#define X(a) \\\n    void a() {\nvoid h() { std::string s = \"{\"; char c = '{'; }\n",
     [(3, 1, 0, 0)]),
    ("void k() {\n    const A a{1};\n    for (;;) { do { call([&] { x(); }); } while (a); }\n}\n",
     [(1, 4, 0, 3)]),
    ('auto r = R"x(void f() { " )x";\nint n() { return 1\'000; }\n', [(2, 1, 0, 0)]),
]


def write_tree(root, files):
    """Writes the files, and for each folder with sources the README and list it must have."""
    files = dict(files)
    for name in list(files):
        parts = name.split("/")
        if name.endswith((".cpp", ".hpp")):
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                files.setdefault(folder + "/README.md", "# A folder\n")
            sources = [n for n in files if n.startswith(parts[0] + "/") and n.endswith(".cpp")]
            files.setdefault(parts[0] + "/CMakeLists.txt",
                             "\n".join(n.split("/")[-1] for n in sources) + "\n")
    for name, text in files.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def fired(check, files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, files)
        return {rule for _, _, rule, _ in check(root)}


def plants():
    for (rule, name), lines in LINES.items():
        for line in lines:
            yield rule, {name: (HEADER if name.endswith(".hpp") else "") + line + "\n"}
    for rule, trees in TREES.items():
        for tree in trees:
            yield rule, tree


def shape_failures():
    for text, expected in SHAPES:
        found = [(f.line, f.lines, f.parameters, f.nesting)
                 for f in tidy_source.functions(tidy_source.strip(text))]
        if found != expected:
            yield f"functions of\n{text}are {expected}, read as {found}"


def run(rules, check):
    failures = list(shape_failures())
    planted = list(plants())
    for rule, files in planted:
        seen = fired(check, files)
        if seen != {rule}:
            failures.append(f"{rule}: planted {files}, fired {sorted(seen) or 'nothing'}")
    for rule in sorted(set(rules) - {rule for rule, _ in planted}):
        failures.append(f"{rule}: no violation is planted, so nothing proves it")
    quiet = fired(check, QUIET)
    if quiet:
        failures.append(f"look-alikes fired {sorted(quiet)}")
    for failure in failures:
        print(failure)
    print(f"tidy self-test: {len(rules)} rules, {len(planted)} plants, {len(failures)} failures")
    return 1 if failures else 0
