"""What real nodes spend, and how soon the kernel says that one is gone: what the simulator's models
of processors, disk and process are set from. Nothing here tells what scripts/fidelity compares.
"""
import json
import os
import statistics
import time

from mesh import Mesh, UnixConnection

OTHERS_MAX = 0.05                    # processors that others may keep busy during a round
SMOOTHING = 8                        # a round trip moves what a node tells by so small a part


class Client:
    """Programs beside one node: one connection, kept."""

    def __init__(self, node):
        self.connection = UnixConnection(node.socket, timeout=15.0)

    def ask(self, method, target, body=None):
        self.connection.request(method, target, None if body is None else json.dumps(body))
        answer = self.connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, f"{method} {target}: {answer.status} {text}"
        return text

    def gauges(self):
        lines = (line.split() for line in self.ask("GET", "/metrics").splitlines())
        return {words[0]: float(words[1]) for words in lines
                if len(words) == 2 and words[0].startswith("starling_")}

    def close(self):
        self.connection.close()


class Others:
    """How many processors are kept busy by processes that are not of this mesh or this program."""

    def __init__(self, mesh):
        self.mesh, self.began = mesh, time.monotonic()
        self.before = self._seconds()

    def _seconds(self):
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, *_ = (int(each) for each in file.readline().split()[1:])
        ticks = user + nice + system
        for node in self.mesh.running():
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


class Spent:
    """What a node's threads did since it was made: processor time in ns, and how often they got a
    processor; and how much the node did."""

    THREADS = {"ZMQbg/IO/0": "transport", "starling-disk": "disk"}

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
            with open(f"{folder}/{thread}/schedstat", encoding="utf-8") as file:
                spent, _, times = file.read().split()
            found[f"{name}_ns"] = found.get(f"{name}_ns", 0) + int(spent)
            found[f"{name}_runs"] = found.get(f"{name}_runs", 0) + int(times)
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
                "commits": changed["starling_journal_commits_total"]}


def at_rest():
    """Two nodes: round trips of their heartbeats, what they spend meanwhile, what writes wait."""
    with Mesh(2) as mesh:
        clients = [Client(node) for node in mesh.nodes]
        clients[0].ask("PUT", "/v1/state/calibration", {"value": 0})
        time.sleep(1.0)

        def act(_):
            spent = [Spent(node, client) for node, client in zip(mesh.nodes, clients)]
            return {"round_trips_us": round_trips_us(clients, 5.0),
                    "spent": [each.since() for each in spent],
                    "syncs_us": disk_wait_us(clients[0])}

        rounds, others = quiet_rounds(mesh, 3, act)
        return {"others": others} | {name: [each for one in rounds for each in one[name]]
                                     for name in rounds[0]}


def disk_wait_us(client):
    """What writes wait for the disk: what they take longer than reads that need none."""
    took = {"GET": [], "PUT": []}
    for i in range(80):
        for method, body in (("GET", None), ("PUT", {"value": i})):
            began = time.perf_counter()
            client.ask(method, "/v1/state/calibration", body)
            took[method].append((time.perf_counter() - began) * 1e6)
            time.sleep(0.005)
    read = statistics.median(took["GET"])
    return [max(0.0, each - read) for each in took["PUT"]]


def round_trips_us(clients, seconds):
    """Each round trip of the heartbeats of nodes that have one peer, which is pinged every 500 ms:
    nodes tell a smoothed one, each change of which shows the round trip that caused it."""
    told, found = [0.0] * len(clients), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for number, client in enumerate(clients):
            now = client.gauges()["starling_heartbeat_round_trip_ns"]
            if told[number] not in (0, now):
                found.append((told[number] + SMOOTHING * (now - told[number])) / 1000)
            told[number] = now
        time.sleep(0.2)
    return [max(0.0, each) for each in found]


def busy(nodes):
    """What each of so many nodes spends while nothing happens, and while one of them writes."""
    with Mesh(nodes) as mesh:
        time.sleep(3.0)
        clients = [Client(node) for node in mesh.nodes]

        def spend(puts):
            spent = [Spent(node, client) for node, client in zip(mesh.nodes, clients)]
            for i in range(puts):
                clients[0].ask("PUT", f"/v1/state/calibration/{i % 7}", {"value": i})
                time.sleep(0.1)
            if puts == 0:
                time.sleep(5.0)
            return [each.since() for each in spent]

        rest, others = quiet_rounds(mesh, 1, lambda _: spend(0))
        puts, more = quiet_rounds(mesh, 4, lambda _: spend(25))
        return {"rest": rest[0], "writer": [each[0] for each in puts],
                "readers": [node for each in puts for node in each[1:]],
                "others": max(others, more)}


def endings():
    """How long after kill -9 a node's only peer notes that their connection ended, and how much
    later that the node can no longer be reached."""
    with Mesh(2) as mesh:
        def act(n):
            return [ending(mesh, mesh.nodes[i % 2], mesh.nodes[1 - i % 2])
                    for i in range(n * 4, n * 4 + 4)]

        rounds, others = quiet_rounds(mesh, 5, act)
        return {"ended_us": [ended for one in rounds for ended, _ in one],
                "refused_us": [refused for one in rounds for _, refused in one], "others": others}


def ending(mesh, victim, peer):
    time.sleep(0.5)
    killed = time.time() * 1e6
    victim.kill()
    time.sleep(0.3)
    downs = [(at, fields[2]) for at, fields in peer.traced("node.link_down") if at >= killed]
    victim.start().wait_ready()
    mesh.wait_alive()
    lost = next(at for at, reason in downs if reason == "1")
    return lost - killed, next(at for at, reason in downs if reason == "2") - lost


def spent_by_real_nodes(nodes):
    """Everything that models are set from."""
    return {"at_rest": at_rest(), "busy": busy(nodes), "endings": endings()}
