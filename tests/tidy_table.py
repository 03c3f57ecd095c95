"""What tidy.py holds the tree to: who may include whom, and which names stand where."""
from dataclasses import dataclass

CORES = {"crdt", "gossip", "quorum", "auction"}
MAY_INCLUDE = {                      # a folder sees itself and these
    "public": set(),
    "base": {"public"},
    "crdt": {"base", "public"},
    "gossip": {"base", "public"},
    "quorum": {"base", "public"},
    "auction": {"base", "public"},
    "node": {"base", "public"} | CORES,
    "journal": {"base", "public"},
    "io": {"base", "public", "node", "journal"} | CORES,
    "sim": {"base", "public", "node", "journal"} | CORES,
    "agents": {"base", "public", "node", "sim"} | CORES,
    "cli": {"base", "public", "sim"},
    "examples": {"public"},
    "consumer": {"public"},
}
PLACES = {                           # longest first: where a path belongs
    "include/starling": "public", "starling": "public", "node/io": "io", "node/cli": "cli",
    "sim/agents": "agents",
    "tests/cluster": "cluster", "tests/consumer": "consumer",
    "base": "base", "crdt": "crdt", "gossip": "gossip", "quorum": "quorum", "auction": "auction",
    "node": "node", "journal": "journal", "sim": "sim", "tests": "tests", "bench": "bench",
    "examples": "examples",
}
README_FOLDERS = [
    "base", "crdt", "gossip", "quorum", "auction", "node", "node/io", "node/cli", "journal", "sim",
    "sim/agents", "tests", "bench", "examples"]

DETERMINISTIC = {"public", "base", "node", "sim", "agents"} | CORES
LIBRARY = DETERMINISTIC | {"journal", "io", "cli"}
SHIPPED = LIBRARY | {"examples"}
SIM_MAIN = {"sim/main.cpp"}
SIM_DISK = {"sim/platter_vfs.hpp", "sim/platter_vfs.cpp"}   # the journal's SQLite, simulated
# Bytes that carry a Value must carry its double; nothing else in base may.
VALUE_FILES = {"include/starling/value.hpp", "base/codec.hpp", "base/codec.cpp",
               "base/value_codec.hpp", "base/value_codec.cpp"}


@dataclass
class Ban:
    """Names that must not stand in some folders, files in `spared` aside."""
    rule: str
    folders: set
    pattern: str
    why: str
    spared: frozenset = frozenset()


def includes(*names):
    return r"#\s*include\s*[<\"](?:" + "|".join(names) + ")"


BANS = [
    Ban("clock", DETERMINISTIC | {"journal"},
        r"\b(?:steady|system|high_resolution|file|utc|tai|gps)_clock\b|::now\s*\("
        r"|\bclock_(?:gettime|getres|nanosleep)\b|\bgettimeofday\b|\btimespec_get\b|\btimerfd_\w+"
        r"|\bstd::(?:time|clock|localtime|gmtime|mktime)\b|(?<![\w>])::time\b"
        r"|(?<![\w.>:])time\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)"
        r"|\bsleep_(?:for|until)\b|\b(?:nano|u)sleep\b|\b__rdtsc\b"
        r"|\b__(?:DATE|TIME|TIMESTAMP)__\b|" + includes("ctime>", "time\\.h>", "sys/time\\.h>"),
        "time comes in as an argument", SIM_MAIN),
    Ban("wall_clock", {"tests"},
        r"\b(?:system|utc|tai|gps)_clock\b|\bCLOCK_REALTIME\b|\bgettimeofday\b"
        r"|\bstd::(?:time|localtime|gmtime|mktime)\b"
        r"|(?<![\w.>:])time\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)",
        "tests depend on no wall clock"),
    Ban("entropy", DETERMINISTIC | {"journal", "tests"},
        r"\brandom_device\b|\bstd::s?rand\b|(?<![\w.>:])s?rand\s*\(|\b[dls]rand48\b"
        r"|\bget(?:random|entropy)\b|\barc4random\w*|\brandombytes_(?:buf|random|uniform)\b"
        r"|\bcrypto_(?:sign|box|kx)_keypair\b|\bcrypto_\w+_keygen\b|" + includes("sys/random"),
        "randomness comes in as a seed", SIM_MAIN),
    Ban("std_random", LIBRARY,
        r"\bstd::(?:mt19937\w*|minstd_rand0?|ranlux\w+|default_random_engine|\w+_distribution"
        r"|(?:ranges::)?(?:shuffle|sample))\b|" + includes("random>"),
        "std's generators differ between libraries: use base/rng"),
    Ban("thread", DETERMINISTIC | {"journal"},
        r"\bstd::(?:j?thread|this_thread|async|(?:shared_)?future|packaged_task|promise|call_once"
        r"|(?:recursive_|timed_|shared_|shared_timed_)?mutex|condition_variable\w*|lock_guard"
        r"|(?:unique|scoped|shared)_lock|counting_semaphore|binary_semaphore|latch|barrier)\b"
        r"|\bthread_local\b|\bpthread_\w+|" + includes(
            "thread>", "mutex>", "shared_mutex>", "condition_variable>", "future>", "semaphore>",
            "latch>", "barrier>", "stop_token>", "pthread\\.h>"),
        "the driver owns the threads", SIM_MAIN),
    Ban("process", DETERMINISTIC | {"journal"},
        r"\b(?:std::)?(?:getenv|secure_getenv|setenv)\b|\bstd::(?:system|signal|raise)\b"
        r"|(?<![\w.>:])v?fork\s*\(\s*\)|\bexec[lv]p?e?\s*\(|\bposix_spawnp?\b|\bpopen\s*\("
        r"|" + includes("csignal>", "signal\\.h>", "sys/wait\\.h>"),
        "the environment and other processes belong to node/io and node/cli", SIM_MAIN),
    Ban("file", DETERMINISTIC,
        r"\bstd::(?:basic_)?[io]?fstream\b|\bstd::w?(?:cout|cerr|clog|cin)\b|\bstd::filesystem\b"
        r"|\b(?:std::)?f(?:open|dopen|write|read|puts|close|flush)\s*\(|\bFILE\s*\*"
        r"|\b(?:std::)?v?f?printf\s*\(|\bstd::puts\b"
        r"|(?<![\w>])::(?:open|openat|creat|read|write|pread|pwrite|fsync|fdatasync|unlink|rename"
        r"|stat|fstat|statvfs|mkdir|rmdir|close|mmap|ftruncate)\s*\(|"
        + includes("fstream>", "iostream>", "cstdio>", "stdio\\.h>", "filesystem>", "fcntl\\.h>",
                   "unistd\\.h>", "sys/stat", "sys/mman", "dirent\\.h>"),
        "bytes come in and effects go out", SIM_MAIN | {"base/assert.cpp"}),
    Ban("socket", DETERMINISTIC | {"journal"},
        r"(?<![\w>])::(?:socket|bind|connect|listen|accept4?|send|recv|sendto|recvfrom|poll)\s*\("
        r"|\bepoll_\w+\s*\(|\beventfd\s*\(|\bgetaddrinfo\b|\bstd::net\b|"
        + includes("sys/socket", "sys/un\\.h", "sys/epoll", "sys/eventfd", "netinet/", "arpa/",
                   "netdb\\.h", "poll\\.h", "boost/asio"),
        "sockets live in node/io and node/cli", SIM_MAIN),
    Ban("unordered", DETERMINISTIC | {"journal"},
        r"\bunordered_(?:multi)?(?:map|set)\b|\b(?:flat_hash|node_hash|robin)_(?:map|set)\b",
        "their order differs between builds: std::map, a sorted vector or base/hash_index"),
    Ban("pointer_key", DETERMINISTIC,
        r"\bstd::(?:map|set)<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*|\bstd::hash<[^<>]*\*\s*>",
        "addresses order differently in every run"),
    Ban("floating", DETERMINISTIC | {"journal"},
        r"\b(?:float|double)\b|(?<![\w.'])\d[\d']*\.\d*(?:[eE][-+]?\d+)?[fFlL]?(?![\w.])"
        r"|" + includes("cmath>", "math\\.h>", "complex>", "numbers>"),
        "integers and fixed point only; only a Value carries a double",
        SIM_MAIN | VALUE_FILES),
    Ban("logging", DETERMINISTIC | {"journal"},
        r"\bspdlog::|\bSPDLOG_\w+|\bsyslog\s*\(|" + includes("spdlog/", "syslog\\.h"),
        "cores write trace records; sinks in node/io make text of them", SIM_MAIN),
    Ban("msgpack", SHIPPED, r"\bmsgpack::|" + includes("msgpack"),
        "only base/codec.cpp knows msgpack", {"base/codec.cpp"}),
    Ban("sqlite", SHIPPED - {"journal"}, r"\bsqlite3\w*|" + includes("sqlite3"),
        "only journal/ knows SQLite", SIM_DISK),
    Ban("zmq", SHIPPED - {"io"}, r"\bzmq::|\bzmq_\w+|" + includes("zmq"),
        "only node/io knows ZeroMQ"),
    Ban("sodium", SHIPPED - {"base", "io"}, r"\bcrypto_(?:sign|box|generichash|scalarmult)\w*\s*\(|"
        + includes("sodium"),
        "cryptography is reached through base/ and node/io"),
    Ban("fmt", SHIPPED - {"io", "cli", "sim", "examples"}, r"\bfmt::|" + includes("fmt/"),
        "text is made at the edges"),
    Ban("json", SHIPPED - {"cli"}, r"\bnlohmann::|" + includes("nlohmann/"),
        "JSON is made and read in node/cli, and mesh files in node/io/mesh_file.cpp",
        {"node/io/mesh_file.cpp"}),
    Ban("beast", SHIPPED - {"cli"}, r"\bboost::beast\b|" + includes("boost/beast"),
        "HTTP is parsed in node/cli"),
    Ban("program_options", SHIPPED - {"cli"}, r"\bboost::program_options\b|"
        + includes("boost/program_options"),
        "options are parsed in node/cli"),
]
