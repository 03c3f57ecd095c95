"""What real nodes spend, and how soon the kernel says that one is gone: what the simulator's models
of processors, disk and process are set from. Nothing here tells what scripts/fidelity compares.

    cores       how long an idle processor takes until it works, how much longer after a long rest
    verify      what a look at a signature costs
    busy        what each thread spends while nodes write one at a time, and all at once: so many
                turns for each frame and so few that their costs can be told apart; and at rest, for
                heartbeats cost otherwise than what is written
    syncs       how long each commit waited for the disk, without processors and queues for them
    endings     how long after kill -9 a peer notes it, and what news of links cost
"""
import ctypes
import ctypes.util
import json
import os
import statistics
import struct
import time

from mesh import Mesh, UnixConnection

OTHERS_MAX = 0.05                    # processors that others may keep busy during a round
SHORT_REST_S, LONG_REST_S = 0.0002, 0.1    # of a processor
PUT_PERIOD_S, BURST_PERIOD_S = 0.25, 0.5
AFTER_KILL_S = 0.3
REST_S = 6.0


class Client:
    """Programs beside one node: one connection, kept."""

    def __init__(self, node):
        self.connection = UnixConnection(node.socket, timeout=15.0)
        self.asked = None

    def begin(self, method, target, body=None):
        """Asks, and leaves the answer to finish(): who waits for it takes processors from nodes."""
        self.finish()
        self.connection.request(method, target, None if body is None else json.dumps(body))
        self.asked = f"{method} {target}"

    def finish(self):
        asked, self.asked = self.asked, None
        if asked is None:
            return ""
        answer = self.connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, f"{asked}: {answer.status} {text}"
        return text

    def ask(self, method, target, body=None):
        self.begin(method, target, body)
        return self.finish()

    def gauges(self):
        lines = (line.split() for line in self.ask("GET", "/metrics").splitlines())
        return {words[0]: float(words[1]) for words in lines
                if len(words) == 2 and words[0].startswith("starling_")}

    def close(self):
        self.connection.close()


class Others:
    """How many processors are kept busy by processes that are not of this mesh or this program."""

    def __init__(self, mesh=None):
        self.mesh, self.began = mesh, time.monotonic()
        self.before = self._seconds()

    def _seconds(self):
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, *_ = (int(each) for each in file.readline().split()[1:])
        ticks = user + nice + system
        for node in self.mesh.running() if self.mesh else []:
            with open(f"/proc/{node.pid}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks -= int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])

    def share(self):
        return (self._seconds() - self.before) / (time.monotonic() - self.began)


def quiet_rounds(mesh, wanted, act):
    """What act(n) gave in so many rounds: the quietest of those that were made, half as many
    again at most. ([what each gave], the most processors that others kept busy meanwhile)."""
    made = []
    for n in range(wanted + (wanted + 1) // 2):
        others = Others(mesh)
        gave = act(n)
        made.append((max(0.0, round(others.share(), 3)), n, gave))
        if sum(share <= OTHERS_MAX for share, _, _ in made) == wanted:
            break
    chosen = sorted(made, key=lambda each: each[:2])[:wanted]
    return [gave for _, _, gave in chosen], chosen[-1][0]


def steadily(count, period, act):
    """Acts so often, at a drawn place of each period: the bounds of the time, in microseconds."""
    began = time.time()
    for i in range(count):
        time.sleep(max(0.0, began + (i + (i * 7 % 10) / 10) * period - time.time()))
        act(i)
    time.sleep(1.0)                  # until it has arrived
    return began * 1e6, time.time() * 1e6


# ---------------------------------------------------------------- processors
def schedstat(path):
    """Processor time and time in queues for one, in ns, and how often it got one."""
    with open(path, encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def kernel_ns():
    """Processor time of the kernel's own workers, which carry out what disks need."""
    spent = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/comm", encoding="utf-8") as file:
                if name.isdigit() and file.read().startswith("kworker"):
                    spent += schedstat(f"/proc/{name}/schedstat")[0]
        except OSError:
            pass                     # it ended, or is no process
    return spent


def round_trips_us(rest, count):
    """Medians of round trips between two processors of which one rests before each: how long they
    take, and without the processor time of both ends, which leaves two wake-ups."""
    here, there = sorted(os.sched_getaffinity(0))[:2]
    (ask, asked), (answered, answer) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(asked)
        os.sched_setaffinity(0, {there})
        while os.read(ask, 8):
            os.write(answer, struct.pack("q", time.thread_time_ns()))
        os._exit(0)
    os.close(ask)
    os.sched_setaffinity(0, {here})
    try:
        found = [round_trip_us(asked, answered, rest) for _ in range(count + 2)]
    finally:
        os.sched_setaffinity(0, {here, there})
        os.close(asked)
        os.waitpid(child, 0)
        os.close(answered)
    # What the other end had spent when it answered shows what it spends for each.
    theirs = statistics.median((b[2] - a[2]) / 1000 for a, b in zip(found, found[1:]))
    return (statistics.median(each[0] for each in found[2:]),
            max(0.0, statistics.median(each[0] - each[1] for each in found[2:]) - theirs))


def round_trip_us(asked, answered, rest):
    """(how long it took, processor time of this end, all that the other end had spent by then)"""
    until = time.perf_counter_ns() + int(rest * 1e9)
    while time.perf_counter_ns() < until:
        pass                         # this processor does not rest
    began, spent = time.perf_counter_ns(), time.thread_time_ns()
    os.write(asked, b"12345678")
    other = struct.unpack("q", os.read(answered, 8))[0]
    took, spent = time.perf_counter_ns() - began, time.thread_time_ns() - spent
    return took / 1000, spent / 1000, other


def cores():
    """A processor that rested for long wakes up later and finds nothing in its caches: both."""
    if len(os.sched_getaffinity(0)) < 2:
        return {"wake_us": 0.0, "rouse_us": 0.0, "others": 0.0}
    others = Others()
    took, woke = round_trips_us(SHORT_REST_S, 400)
    rested, _ = round_trips_us(LONG_REST_S, 40)
    return {"wake_us": woke / 2, "rouse_us": max(0.0, rested - took),
            "others": max(0.0, round(others.share(), 3))}


def verify_us():
    """What libsodium, which nodes use, takes for a look at a signature; 0 where it is not found."""
    path = ctypes.util.find_library("sodium")
    if path is None:
        return 0.0
    sodium, length = ctypes.CDLL(path), ctypes.c_ulonglong(32)
    key, secret, signature = (ctypes.create_string_buffer(size) for size in (32, 64, 64))
    text = os.urandom(32)
    sodium.crypto_sign_keypair(key, secret)
    sodium.crypto_sign_detached(signature, None, text, length, secret)
    took = []
    for _ in range(400):
        began = time.perf_counter_ns()
        assert sodium.crypto_sign_verify_detached(signature, text, length, key) == 0
        took.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(took)


# ---------------------------------------------------------------- threads of nodes
class Spent:
    """What a node's threads did since it was made: processor time in ns, and how often they got a
    processor; and how much the node did."""

    THREADS = {"ZMQbg/IO/0": "transport", "ZMQbg/Reaper": "transport", "starling-disk": "disk"}

    def __init__(self, node, client):
        self.node, self.client = node, client
        self.before = self._now()

    def _now(self):
        folder, found = f"/proc/{self.node.pid}/task", self.client.gauges()
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            if name == "starling" and int(thread) != self.node.pid:
                name = "driver"      # and the thread that writes the log
            name = self.THREADS.get(name, name)
            for what, value in zip(("ns", "queued_ns", "runs"),
                                   schedstat(f"{folder}/{thread}/schedstat")):
                found[f"{name}_{what}"] = found.get(f"{name}_{what}", 0) + value
        return found

    def since(self):
        now = self._now()
        changed = {name: now[name] - self.before.get(name, 0) for name in now}
        return {"driver_ns": changed["driver_ns"],
                "turns": changed["starling_driver_turns_total"],
                "received": changed["starling_frames_received_total"],
                "transport_ns": changed["transport_ns"],
                "frames": changed["starling_frames_sent_total"]
                + changed["starling_frames_received_total"],
                "disk_ns": changed["disk_ns"], "disk_runs": changed["disk_runs"],
                "disk_queued_ns": changed["disk_queued_ns"],
                "commits": changed["starling_journal_commits_total"],
                "disk_busy_ns": changed["starling_journal_busy_ns_total"]}


def added(rows):
    return {name: sum(row[name] for row in rows) for name in rows[0]}


def busy(nodes):
    """What so many nodes spend in all while nobody writes, while one writes at a time, and while
    all write at once; and how long each of their commits waited for the disk."""
    with Mesh(nodes) as mesh:
        time.sleep(3.0)
        clients = [Client(node) for node in mesh.nodes]

        def spend(act):
            spent = [Spent(node, client) for node, client in zip(mesh.nodes, clients)]
            kernel, began = kernel_ns(), time.monotonic()
            writes = act()
            lasted, kernel = time.monotonic() - began, kernel_ns() - kernel
            return added([each.since() for each in spent]) | {
                "kernel_ns": kernel, "applied": writes * (nodes - 1), "seconds": lasted}

        rest, still = quiet_rounds(mesh, 2, lambda n: spend(write_nothing))
        singly, others = quiet_rounds(mesh, 2, lambda n: spend(lambda: write_singly(clients, n)))
        at_once, more = quiet_rounds(mesh, 2, lambda n: spend(lambda: write_at_once(clients, n)))
        waits, most = quiet_rounds(mesh, 1, lambda n: disk_waits_us(mesh, clients))
        return {"rest": added(rest), "singly": added(singly), "at_once": added(at_once),
                "waits_us": waits[0], "others": max(still, others, more, most)}


def write_nothing():
    time.sleep(REST_S)
    return 0


def write_singly(clients, n):
    steadily(24, PUT_PERIOD_S, lambda i: clients[i % len(clients)].begin(
        "PUT", f"/v1/state/singly/{n}.{i}", {"value": i}))
    return 24


def write_at_once(clients, n):
    for i in range(8):
        for number, client in enumerate(clients):
            client.begin("PUT", f"/v1/state/at_once/{n}.{i}.{number}", {"value": i})
        time.sleep(BURST_PERIOD_S)
    time.sleep(0.5)
    return 8 * len(clients)


def disk_waits_us(mesh, clients):
    """How long each commit of a node that wrote or heard of one value waited for the disk alone."""
    found = []
    for i in range(24):
        spent = [Spent(node, client) for node, client in zip(mesh.nodes, clients)]
        clients[i % len(clients)].begin("PUT", f"/v1/state/waits/{i}", {"value": i})
        time.sleep(0.15)
        found += [row["disk_busy_ns"] - row["disk_ns"] - row["disk_queued_ns"]
                  for row in (each.since() for each in spent) if row["commits"] == 1]
    return [max(0.0, each / 1000) for each in found]


# ---------------------------------------------------------------- ends
def endings():
    """How long after kill -9 a node's only peer notes that their connection ended, how much later
    that the node can no longer be reached, and what the peer spends for news of links."""
    with Mesh(2) as mesh:
        def act(n):
            return [ending(mesh, mesh.nodes[i % 2], mesh.nodes[1 - i % 2])
                    for i in range(n * 4, n * 4 + 4)]

        rounds, others = quiet_rounds(mesh, 4, act)
        return {"others": others} | {name: [each[name] for one in rounds for each in one]
                                     for name in rounds[0][0]}


def ending(mesh, victim, peer):
    time.sleep(0.5)
    client = Client(peer)
    client.gauges()                  # the connection's first
    rest = spending(peer, client, AFTER_KILL_S)
    killed = time.time() * 1e6
    after = spending(peer, client, AFTER_KILL_S, victim.kill)
    client.close()
    downs = [(at, fields[2]) for at, fields in peer.traced("node.link_down") if at >= killed]
    victim.start().wait_ready()
    mesh.wait_alive()
    lost = next(at for at, reason in downs if reason == "1")
    return {"ended_us": lost - killed,
            "refused_us": next(at for at, reason in downs if reason == "2") - lost,
            "news": len(downs),
            "news_us": max(0.0, after["us"] - rest["us"]),
            "news_turns": max(0.0, after["turns"] - rest["turns"])}


def spending(node, client, seconds, act=lambda: None):
    spent = Spent(node, client)
    act()
    time.sleep(seconds)
    row = spent.since()
    return {"us": (row["driver_ns"] + row["transport_ns"]) / 1000, "turns": row["turns"]}


def spent_by_real_nodes(nodes):
    """Everything that models are set from."""
    return {"cores": cores(), "verify_us": verify_us(), "busy": busy(nodes), "endings": endings()}
