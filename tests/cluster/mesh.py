"""Real nodes on this machine: processes of the program in a directory of the test's own.

    Mesh ── identities, mesh file ── Node ── process, /v1 over its socket, Watch (its event stream)

Every process dies with the test: by Mesh.__exit__, by atexit, and by the kernel when the test
itself is killed (PR_SET_PDEATHSIG). Start processes from the main thread only: that signal belongs
to the thread that started them.
"""
import atexit
import contextlib
import ctypes
import datetime
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

NAMES = ["ann", "bob", "eve", "dan", "fay", "gil", "hal", "ida", "joe", "kim", "lea", "max", "ned",
         "ora", "pam", "quy", "ray", "sue", "tom", "uma"]
PATIENCE = 30.0                      # seconds until a wait gives up; no promise of the program's

_libc = ctypes.CDLL(None, use_errno=True)
_living = set()                      # processes to end at exit


def program():
    """The program under test."""
    return _executable(os.environ.get("STARLING_PROGRAM", ""), "STARLING_PROGRAM")


def test_program(name):
    """A program of this folder, built beside the tests."""
    folder = os.environ.get("STARLING_TEST_PROGRAMS", "")
    return _executable(os.path.join(folder, name), "STARLING_TEST_PROGRAMS")


def _executable(path, variable):
    assert os.access(path, os.X_OK), f"{variable} names no program: {path!r}"
    return path


def await_true(condition, what, patience=PATIENCE):
    """Waits until the condition holds and returns what it gave."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience:g} s")
        time.sleep(0.01)


# ---------------------------------------------------------------- processes
def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG


def _end_all():
    for process in list(_living):
        end(process)


atexit.register(_end_all)


def start(words, **options):
    """Starts a process that cannot outlive this one."""
    process = subprocess.Popen(words, preexec_fn=_die_with_parent, **options)
    _living.add(process)
    return process


def end(process):
    """kill -9, unless it has ended by itself."""
    if process.poll() is None:
        process.kill()
        process.wait()
    _living.discard(process)


def run(words, within=PATIENCE, **options):
    """Runs a command to its end: (exit code, stdout, stderr)."""
    process = start(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True, **options)
    try:
        out, err = process.communicate(timeout=within)
    finally:
        end(process)
    return process.returncode, out, err


def starling(*words, **options):
    """Runs the program to its end: (exit code, stdout, stderr)."""
    return run([program(), *words], **options)


def must(*words, **options):
    """Runs the program, which must succeed, and gives its standard output."""
    code, out, err = starling(*words, **options)
    assert code == 0, f"starling {' '.join(words)}: exit code {code}\n{err}"
    return out


def group_of(leader):
    """Processes in the process group or session of one, and its children, by pid."""
    found = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            if fields[0] != "Z" and leader in (int(fields[1]), int(fields[2])):
                found.add(int(name))
    return found


def lives(pid):
    """Whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


# ---------------------------------------------------------------- addresses
def free_ports(count, after=0):
    """Ports below the range of outgoing connections that nobody holds at this moment, `after` so
    many numbers."""
    found, port = [], 20000 + os.getpid() * 16 % 8000 + after
    while len(found) < count:
        port += 1
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


# ---------------------------------------------------------------- the local interface
class UnixConnection(http.client.HTTPConnection):
    """HTTP over the Unix socket of a node."""

    def __init__(self, path, timeout=5.0):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, target, method="GET", body=None):
    """One request: (status, text). OSError when nobody answers."""
    connection = UnixConnection(path)
    try:
        connection.request(method, target, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Watch:
    """The member events of one node, each with the time of its arrival."""

    def __init__(self, node):
        self.node = node
        self.items = []              # (monotonic seconds, event)
        self.changed = threading.Condition()
        self.ended = False
        self.connection = UnixConnection(node.socket, timeout=None)
        self.connection.request("GET", "/v1/events")
        self.answer = self.connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()
        self.first(lambda item: item[1]["phase"] == "caught_up", "the stream to catch up")

    def _read(self):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for line in self.answer:
                if not line.startswith(b"data: "):
                    continue
                item = (time.monotonic(), json.loads(line[6:]))
                with self.changed:
                    self.items.append(item)
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def count(self):
        with self.changed:
            return len(self.items)

    def first(self, wanted, what, since=0, patience=PATIENCE):
        """The first item from number `since` on that is wanted; waits for it."""
        deadline = time.monotonic() + patience
        with self.changed:
            while True:
                for item in self.items[since:]:
                    if wanted(item):
                        return item
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(f"{self.node.name} waited for {what}, had "
                                         f"{[item[1] for item in self.items[since:]]}")
                self.changed.wait(left)

    def change(self, member, state, since=0, patience=PATIENCE, newer=(0, -1)):
        """When this member changed to the state, with (boot, incarnation) above `newer`."""
        def wanted(item):
            about = item[1].get("member", {})
            return (item[1]["phase"] == "change" and about.get("id") == member
                    and about["state"] == state
                    and (about["boot"], about["incarnation"]) > newer)
        return self.first(wanted, f"{member[:8]} {state}", since, patience)

    def states(self, member, since=0):
        """The states this member went through."""
        with self.changed:
            return [item[1]["member"]["state"] for item in self.items[since:]
                    if item[1]["phase"] == "change" and item[1]["member"]["id"] == member]

    def close(self):
        with contextlib.suppress(OSError):
            if self.connection.sock:
                self.connection.sock.shutdown(socket.SHUT_RDWR)


# ---------------------------------------------------------------- nodes
def us_of(stamp):
    """Microseconds of "2025-01-15T10:23:45.123456Z", since 1970."""
    moment = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    since = moment.replace(tzinfo=datetime.timezone.utc) - datetime.datetime.fromtimestamp(
        0, datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1)


class Node:
    """One node: its files for as long as the mesh lives, its process from start to kill."""

    def __init__(self, root, name, address, prefix=()):
        self.name, self.address, self.prefix = name, address, list(prefix)
        self.directory = os.path.join(root, name)
        self.socket = os.path.join(root, f"{name}.sock")
        self.log = os.path.join(root, f"{name}.log")
        self.mesh_file = os.path.join(root, "mesh.json")
        self.words = []              # more options of `starling node`
        self.process = None
        made = json.loads(must("id", "new", "--dir", self.directory, "--address", address,
                               "--json"))
        self.id, self.token = made["id"], made["token"]

    def start(self):
        mesh = ["--mesh", self.mesh_file] if self.mesh_file else []
        words = [*self.prefix, program(), "node", *mesh, "--dir", self.directory, "--name",
                 self.name, "--http", f"unix:{self.socket}", "--log", "debug", "--log-file",
                 self.log, *self.words]
        with open(self.log + ".out", "a", encoding="utf-8") as out:
            self.process = start(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        return self

    def wait_ready(self, patience=PATIENCE):
        def ready():
            assert self.process.poll() is None, f"{self.name} ended: {self.output()}"
            with contextlib.suppress(OSError):
                return ask(self.socket, "/readyz")[0] == 200
            return False
        await_true(ready, f"{self.name} ready", patience)
        return self

    def output(self):
        """What it said on its standard output and error since the first start."""
        with open(self.log + ".out", encoding="utf-8") as file:
            return file.read()

    def lines(self, word):
        """Its log's lines with this word; none before there is a log."""
        with contextlib.suppress(FileNotFoundError), open(self.log, encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file if word in line]
        return []

    def traced(self, event):
        """Every such event of its log: microseconds since 1970, and the values of its fields."""
        return [(us_of(words[0]), tuple(field.split("=")[1] for field in words[3:]))
                for words in (line.split() for line in self.lines(f" {event} "))]

    def get(self, target):
        status, text = ask(self.socket, target)
        assert status == 200, f"{self.name} {target}: {status} {text}"
        return json.loads(text)

    def members(self):
        """Its members by id."""
        return {each["id"]: each for each in self.get("/v1/members")["items"]}

    def status(self):
        return self.get("/v1/status")

    def events(self):
        """How often each trace event happened since its start, by name."""
        status, text = ask(self.socket, "/metrics")
        assert status == 200, f"{self.name} /metrics: {status} {text}"
        prefix = 'starling_events_total{event="'
        counts = (line[len(prefix):].split('"} ') for line in text.splitlines()
                  if line.startswith(prefix))
        return {name: int(count) for name, count in counts}

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        """kill -9, waited for; gives the moment before the signal."""
        moment = time.monotonic()
        end(self.process)
        return moment

    def leave(self, within=PATIENCE):
        """SIGTERM: leaves the mesh; gives its exit code."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(timeout=within)
        end(self.process)
        return code

    @property
    def pid(self):
        return self.process.pid


class Mesh:
    """Nodes with one genesis. `with Mesh(5) as mesh:` starts five and waits until they met."""

    def __init__(self, count, name="test", first=0, addresses=None, prefixes=None, started=True):
        self.root = tempfile.mkdtemp(prefix="starling-cluster-")
        os.chmod(self.root, 0o700)
        self.root_key = os.path.join(self.root, "mesh.root")
        self.started, self.watches = started, []
        try:
            addresses = addresses or [f"127.0.0.1:{port}" for port in free_ports(count)]
            prefixes = prefixes or [()] * count
            self.nodes = [Node(self.root, NAMES[first + i], addresses[i], prefixes[i])
                          for i in range(count)]
            self.write_mesh(name)
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise

    def write_mesh(self, name):
        tokens = ",".join(node.token for node in self.nodes)
        text = must("mesh", "init", "--members", tokens, "--name", name, "--root-key",
                    self.root_key)
        with open(os.path.join(self.root, "mesh.json"), "w", encoding="utf-8") as file:
            file.write(text)

    def write_addresses(self):
        """The nodes' addresses of now into the mesh file."""
        path = os.path.join(self.root, "mesh.json")
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        moved = {node.id: node.address for node in self.nodes}
        for member in document["members"]:
            member["addresses"] = [moved[member["node"]]]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)

    def __enter__(self):
        try:
            if self.started:
                self.start(self.nodes)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.tell()
        for watch in self.watches:
            watch.close()
        for node in self.nodes:
            if node.process is not None:
                end(node.process)
        shutil.rmtree(self.root, ignore_errors=True)
        return False

    def tell(self):
        """The end of every log, for whoever reads a failure."""
        for node in self.nodes:
            for path in (node.log, node.log + ".out"):
                with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
                    lines = file.readlines()[-40:]
                    sys.stderr.write(f"---- {os.path.basename(path)}\n{''.join(lines)}")

    def start(self, nodes):
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_ready()
        self.wait_alive()

    def running(self):
        return [node for node in self.nodes if node.process is not None
                and node.process.poll() is None]

    def wait_alive(self, nodes=None, patience=PATIENCE):
        """Until each of these nodes holds exactly these alive."""
        nodes = self.running() if nodes is None else nodes
        ids = {node.id for node in nodes}

        def agreed():
            return all({each["id"] for each in node.members().values()
                        if each["state"] == "alive"} == ids for node in nodes)
        await_true(agreed, f"{len(nodes)} nodes to hold each other alive", patience)

    def watch(self, nodes=None):
        """A Watch per running node."""
        opened = [Watch(node) for node in (nodes or self.running())]
        self.watches.extend(opened)
        return opened

    def others(self, node):
        return [each for each in self.running() if each is not node]

    def admit(self, name, address, teller, prefix=()):
        """A newcomer, admitted through a running member; its mesh file is its own."""
        node = Node(self.root, name, address, prefix)
        text = must("mesh", "admit", node.token, "--root-key", self.root_key, "--node",
                    f"unix:{teller.socket}")
        node.mesh_file = os.path.join(self.root, f"{name}.mesh.json")
        with open(node.mesh_file, "w", encoding="utf-8") as file:
            file.write(text)
        self.nodes.append(node)
        return node


def say(**fields):
    """One JSON object per line: what was measured."""
    print(json.dumps(fields), flush=True)
