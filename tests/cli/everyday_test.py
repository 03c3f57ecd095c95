#!/usr/bin/env python3
"""Every command about state, agreement and work, on a real mesh of one."""

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

PROGRAM = os.environ["STARLING_PROGRAM"]
LIMIT = 64 * 1024


class Place:
    """A node in a directory of its own, gone with it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="starling-")
        self.socket = self.path + "/s"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("STARLING_")}
        self.env["XDG_RUNTIME_DIR"] = self.path
        self.node = subprocess.Popen(
            [PROGRAM, "node", "--dir", self.path + "/node", "--http", "unix:" + self.socket],
            env=self.env, stdout=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + 10
        while self.run("status", "--json").returncode != 0 or not self.json("status")["ready"]:
            assert time.monotonic() < deadline, "the node is not ready within 10 s"
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.node.terminate()
        self.node.wait(10)
        shutil.rmtree(self.path)

    def words(self, *words):
        rest = list(words)
        at = rest.index("--") if "--" in rest else len(rest)
        return [PROGRAM, *rest[:at], "--node", "unix:" + self.socket, *rest[at:]]

    def run(self, *words, given=None):
        return subprocess.run(self.words(*words), env=self.env, input=given, text=True,
                              capture_output=True, timeout=15, check=False)

    def json(self, *words, given=None):
        words = list(words)
        at = words.index("--") if "--" in words else len(words)
        done = self.run(*words[:at], "--json", *words[at:], given=given)
        assert done.returncode == 0, (words, done.returncode, done.stderr)
        document = json.loads(done.stdout)
        assert document["apiVersion"] == "starling/v1"
        return document

    def refused(self, code, name, *words, given=None):
        done = self.run(*words, "--json", given=given)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        error = json.loads(done.stderr.splitlines()[-1])
        assert error["name"] == name, error
        return error

    def http(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(self.socket)
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def stream(self, path, take):
        """Hands event names and documents to take until it returns True."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(self.socket)
        with connection, connection.makefile("rw", newline="\n") as file:
            file.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
            file.flush()
            name = ""
            for line in file:
                if line.startswith("event: "):
                    name = line[7:].strip()
                if line.startswith("data: ") and take(name, json.loads(line[6:])):
                    return


def value(place, key):
    items = place.json("get", key)["items"]
    assert len(items) == 1, items
    return items[0]["value"]


def state(place):
    place.json("set", "stock/sku-42", "6", "--reason", "recount", "--as", "picker")
    entry = place.json("get", "stock/sku-42")["items"][0]
    assert (entry["value"], entry["reason"], entry["agent"]) == (6, "recount", "picker"), entry
    text = place.run("get", "stock/sku-42")
    assert text.stdout == "6\n" and "picker" in text.stderr, text
    place.json("set", "stock/name", "no JSON {")
    assert place.run("get", "stock/name").stdout == "no JSON {\n"
    place.json("set", "side", "1", "--type", "mv")
    assert place.json("get", "side")["items"][0]["type"] == "mv"
    place.json("add", "sold", "3")
    place.json("add", "sold", "--", "-1")
    assert value(place, "sold") == 2
    place.json("insert", "tags", "red")
    place.json("insert", "tags", "blue")
    place.json("remove", "tags", "red")
    assert value(place, "tags") == ["blue"]
    assert [i["key"] for i in place.json("ls", "stock/")["items"]] == ["stock/name", "stock/sku-42"]
    assert place.run("ls", "stock/", "-o", "name").stdout == "stock/name\nstock/sku-42\n"
    place.json("del", "stock/name")
    assert place.refused(1, "key_missing", "get", "stock/name")["changed"] == "no"
    hint = place.refused(2, "version_needs_register", "set", "k", "1", "--if-version", "1")["hint"]
    assert "register cas" in hint
    place.refused(2, "counter_not_deletable", "del", "sold")
    place.refused(2, "invalid", "add", "sold", "much")
    place.refused(2, "bad_option", "set", "k", "1", "--type", "heap")
    place.refused(4, "copies_missing", "set", "k", "1", "--copies", "2", "--timeout", "200ms")


def watch_much(place):
    big = "x" * (LIMIT - 100)
    keys = [f"big/{i:02}" for i in range(40)]
    for key in keys:
        assert place.http("PUT", "/v1/state/" + key.replace("/", "%2F"), {"value": big})[0] == 200
    seen = []

    def take(event, item):
        assert event == "state", (event, seen)
        if item["phase"] == "caught_up":
            return True
        assert (item["phase"], item["entry"]["value"]) == ("current", big)
        seen.append(item["entry"]["key"])
        return False

    place.stream("/v1/watch?prefix=big/", take)
    assert seen == keys, seen


def limits(place):
    exact = "x" * LIMIT
    place.json("set", "large", "-", given=exact)
    assert value(place, "large") == exact
    place.refused(2, "value_too_long", "set", "large", "-", given=exact + "x")
    assert value(place, "large") == exact
    place.json("register", "cas", "large", "-", given=exact)
    assert place.json("register", "get", "large")["value"] == exact
    place.refused(2, "value_too_long", "register", "cas", "large", "-", given=exact + "x")
    place.refused(2, "value_too_long", "task", "offer", "echo", "-", given=exact + "x")
    with worker(place, "echo", "cat"):
        done = place.json("task", "offer", "echo", "-", "--wait", given=exact)
        assert done["result"] == exact, (len(str(done["result"])), done["state"])


def watch(place):
    seen = []

    def take(name, change):
        assert name == "state"
        seen.append(change)
        if change["phase"] == "caught_up":
            threading.Thread(target=place.json, args=("set", "w/b", "2")).start()
        return change["phase"] == "change"

    place.json("set", "w/a", "1")
    place.stream("/v1/watch?prefix=w%2F", take)
    assert [c["phase"] for c in seen] == ["current", "caught_up", "change"], seen
    assert seen[2]["entry"]["key"] == "w/b" and seen[2]["remote"] is False
    watching = subprocess.Popen(place.words("watch", "w/", "--json"), env=place.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with watching:
        lines = [json.loads(watching.stdout.readline()) for _ in range(3)]
        watching.terminate()
    assert [c["phase"] for c in lines] == ["current", "current", "caught_up"], lines


def agreement(place):
    first = place.json("register", "cas", "leader", '"ann"', "--if-version", "0", "--op", "op-1")
    assert first["outcome"] == "applied" and first["operation"] == "op-1", first
    place.refused(5, "not_applied", "register", "cas", "leader", '"bob"', "--if-version", "0")
    held = place.json("register", "get", "leader")
    assert (held["value"], held["version"]) == ("ann", first["version"]), held
    assert place.json("register", "settle", "leader", "op-1")["outcome"] == "applied"
    place.json("register", "cas", "leader", "--remove", "--if-version", str(held["version"]))
    assert place.json("register", "get", "leader")["present"] is False
    place.refused(2, "missing_argument", "register", "cas", "leader")

    lease = place.json("lease", "acquire", "printer", "--term", "30s", "--as", "press")
    assert lease["held"] and lease["mine"] and lease["holder"] == "press", lease
    fence = str(lease["fence"])
    assert place.json("lease", "renew", "printer", fence)["mine"]
    assert place.json("lease", "show", "printer")["held"]
    place.refused(5, "not_applied", "lease", "release", "printer", str(lease["fence"] + 1))
    place.json("lease", "release", "printer", fence)
    assert place.json("lease", "show", "printer")["held"] is False

    place.json("decide", "propose", "ship", "ship it?", "--options", "yes,no", "--status-quo", "no")
    place.refused(5, "not_applied", "decide", "propose", "ship", "again?", "--options", "yes,no",
                  "--status-quo", "no")
    place.refused(2, "no_such_option", "decide", "vote", "ship", "maybe")
    voted = place.json("decide", "vote", "ship", "yes", "--reason", "tests pass")
    assert voted["votes"][0]["reason"] == "tests pass", voted
    shown = place.json("decide", "show", "ship", "--wait", "--timeout", "2s")
    assert shown["closed"] and shown["decided"] == "yes", shown


class worker:
    """starling run in the background."""

    def __init__(self, place, skill, *words):
        self.place, self.skill, self.command = place, skill, words

    def __enter__(self):
        self.process = subprocess.Popen(
            self.place.words("run", "--skill", self.skill, "--", *self.command),
            env=self.place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "serving" in self.process.stderr.readline()
        return self.process

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)
        assert self.process.returncode == 130, self.process.returncode


def work(place):
    with worker(place, "upper", "sh", "-c", "tr a-z A-Z; echo $STARLING_SKILL >&2"):
        done = place.json("task", "offer", "upper", '"hello"', "--wait", "--key", "k-1")
        assert (done["result"], done["state"]) == ("HELLO", "done"), done
        again = place.json("task", "offer", "upper", '"hello"', "--wait", "--key", "k-1")
        assert again["id"] == done["id"], (again, done)
        shown = place.json("task", "show", done["id"])
        assert shown["executions"] == 1 and shown["result"] == "HELLO", shown
        assert place.run("task", "offer", "upper", '"x"', "--wait").stdout == "X\n"
    with worker(place, "broken", "sh", "-c", "exit 3"):
        place.refused(7, "dead_lettered", "task", "offer", "broken", "1", "--wait")
    deadline = time.monotonic() + 5    # the custodians hear of it a little later
    while not (letters := place.json("dlq", "ls")["items"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [letter["skill"] for letter in letters] == ["broken"], letters
    assert place.json("dlq", "show", letters[0]["id"])["state"] == "dead"
    waiting = place.json("task", "offer", "nobody", "{}")
    assert waiting["id"] in [t["id"] for t in place.json("task", "ls")["items"]]
    assert place.json("task", "cancel", waiting["id"], "--reason", "test")["state"] == "cancelled"
    place.refused(1, "task_not_found", "task", "show", "0" * len(waiting["id"]))
    place.refused(2, "task_malformed", "task", "show", "nonsense")
    place.refused(2, "program_missing", "run", "--skill", "s", "no-such-program")
    place.refused(4, "timed_out", "task", "offer", "nobody", "1", "--wait", "--timeout", "200ms")


def retry_and_stop(place):
    marker = place.path + "/second"
    script = f"test -e {marker} && echo fine || {{ touch {marker}; exit 75; }}"
    with worker(place, "moody", "sh", "-c", script):
        done = place.json("task", "offer", "moody", "1", "--wait", "--timeout", "10s")
        assert done["result"] == "fine", done
    pid_file = place.path + "/pid"
    with worker(place, "slow", "sh", "-c", f"echo $$ > {pid_file}; sleep 60"):
        place.json("task", "offer", "slow", "1")
        while not (os.path.exists(pid_file) and open(pid_file).read().strip()):
            time.sleep(0.02)
    pid = int(open(pid_file).read())
    assert not os.path.exists(f"/proc/{pid}"), "the program outlived its worker"


def cancelled(place):
    begun, ended = place.path + "/begun", place.path + "/ended"
    script = (f"trap 'touch {ended}; exit 0' TERM; touch {begun}; "
              "while :; do sleep 0.05; done")
    once = f"test -e {begun} && echo fine || {{ {script}; }}"
    with worker(place, "endless", "sh", "-c", once) as process:
        task = place.json("task", "offer", "endless", "1")
        while not os.path.exists(begun):
            time.sleep(0.02)
        place.json("task", "cancel", task["id"])
        assert "stopped: the task was cancelled" in process.stdout.readline()
        assert os.path.exists(ended), "the program could not tidy up"
        done = place.json("task", "offer", "endless", "2", "--wait")
        assert done["result"] == "fine", done


def interface(place):
    assert place.http("PUT", "/v1/state/a%2Fb%20c", {"value": [1, None], "agent": "ann"})[0] == 200
    status, page = place.http("GET", "/v1/state/a%2Fb%20c")
    assert status == 200 and page["items"][0]["value"] == [1, None], page
    steps = [{"key": "n", "action": "add", "amount": 1}, {"key": "m", "value": True}]
    assert place.http("POST", "/v1/state", {"steps": steps})[0] == 200
    assert place.http("GET", "/v1/state?prefix=m&max=1")[1]["items"][0]["value"] is True
    assert place.http("DELETE", "/v1/state/a%2Fb%20c")[0] == 200
    assert place.http("GET", "/v1/state/a%2Fb%20c")[0] == 404
    status, error = place.http("PUT", "/v1/state/x", {"valeu": 1})
    assert (status, error["name"]) == (400, "query_malformed"), error
    assert place.http("POST", "/v1/registers/r", {"value": 1, "expected": 9})[0] == 412
    assert place.http("PATCH", "/v1/tasks")[0] == 405
    assert place.http("GET", "/v1/nothing/here")[0] == 404

    def take(name, task):
        assert name == "task" and task["payload"] == {"n": 1}, (name, task)
        path = "/v1/tasks/" + task["id"]
        assert place.http("POST", path + "/progress", {"epoch": task["epoch"], "note": "half"})[1][
            "counts"]
        done = {"epoch": task["epoch"], "result": 2}
        assert place.http("POST", path + "/finish", done) == (200, {"counts": True})
        return True

    answers = []
    offer = {"skill": "by-hand", "payload": {"n": 1}, "wait": True}
    offering = threading.Thread(
        target=lambda: answers.append(place.http("POST", "/v1/tasks", offer)))
    offering.start()
    place.stream("/v1/serve?skill=by-hand&slots=1", take)
    offering.join()
    assert answers[0][0] == 200 and answers[0][1]["result"] == 2, answers


def main():
    started = time.monotonic()
    with Place() as place:
        for part in (state, watch, watch_much, agreement, work, retry_and_stop, cancelled, limits,
                     interface):
            part(place)
            print(f"{part.__name__:16} {time.monotonic() - started:6.2f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
