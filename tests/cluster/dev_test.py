"""`starling dev`: a whole mesh by one command, which takes all its processes with it."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from mesh import (PATIENCE, ask, await_true, end, group_of, lives, must, program, say, start,
                  starling)


class Dev:
    """A running `starling dev -n N` with a runtime and a data directory of its own."""

    def __init__(self, count=5, root=None):
        self.count = count
        self.root = root or tempfile.mkdtemp(prefix="starling-dev-")
        os.makedirs(self.root + "/run", mode=0o700, exist_ok=True)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.root + "/run",
                            "XDG_STATE_HOME": self.root + "/state"}
        self.environment.pop("STARLING_NODE", None)
        self.process = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise

    def start(self):
        began = time.monotonic()
        with open(self.root + "/dev.err", "a", encoding="utf-8") as errors:
            self.process = start([program(), "dev", "-n", str(self.count), "--output", "json"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                 text=True, env=self.environment)
        self.up = self.read_document()
        self.took_ms = round((time.monotonic() - began) * 1000)
        return self

    def read_document(self):
        text = ""
        for line in self.process.stdout:
            text += line
            with contextlib.suppress(ValueError):
                return json.loads(text)
        raise AssertionError(f"dev ended with {self.process.wait(PATIENCE)}: {self.errors()}")

    def errors(self):
        with open(self.root + "/dev.err", encoding="utf-8") as file:
            return file.read()

    def __exit__(self, *unused):
        children = self.children() if self.process.poll() is None else []
        end(self.process)
        self.process.stdout.close()
        for pid in children:
            await_true(lambda pid=pid: not lives(pid), f"process {pid} to end")
        shutil.rmtree(self.root, ignore_errors=True)

    def children(self):
        return sorted(group_of(self.process.pid) - {self.process.pid})

    def nodes(self):
        return json.loads(self.must("dev", "nodes", "--json"))["items"]

    def must(self, *words):
        return must(*words, env=self.environment)

    def members(self, node="dev-1"):
        return json.loads(self.must("members", "--json", "--node", node))["items"]

    def wait_alive(self):
        def agreed():
            return all([each["state"] for each in self.members(f"dev-{i + 1}")]
                       == ["alive"] * self.count for i in range(self.count))
        await_true(agreed, "everybody alive to everybody")

    def await_nobody(self, children):
        for pid in children:
            await_true(lambda pid=pid: not lives(pid), f"process {pid} to end")


class DevTest(unittest.TestCase):
    def test_five_nodes_are_ready_when_dev_says_so(self):
        with Dev() as dev:
            ready = [ask(node["socket"], "/readyz")[0] for node in dev.up["items"]]
            dev.wait_alive()
            say(check="dev_ready", nodes=5, goal_ms=1000, ready_ms=dev.up["ready_ms"],
                took_ms=dev.took_ms)
        self.assertEqual(ready, [200] * 5)

    def test_ctrl_c_leaves_no_process_and_no_socket(self):
        with Dev() as dev:
            children = dev.children()
            self.assertEqual(len(children), 5)
            began = time.monotonic()
            dev.process.send_signal(signal.SIGINT)
            code = dev.process.wait(PATIENCE)
            dev.await_nobody(children)
            say(check="dev_interrupted", took_ms=round((time.monotonic() - began) * 1000))
            left = os.listdir(dev.root + "/run")
        self.assertEqual(code, 0)
        self.assertEqual(left, [])

    def test_kill_9_of_dev_leaves_no_process(self):
        with Dev() as dev:
            children = dev.children()
            dev.process.kill()
            dev.process.wait(PATIENCE)
            dev.await_nobody(children)

    def test_dev_starts_again_after_kill_9_with_the_same_nodes(self):
        with Dev() as dev:
            ids = sorted(node["id"] for node in dev.nodes())
            dev.process.kill()
            dev.process.wait(PATIENCE)
            end(dev.process)
            dev.process.stdout.close()
            dev.start()
            self.assertEqual(sorted(node["id"] for node in dev.nodes()), ids)
            dev.wait_alive()

    def test_a_node_restarts_on_request_with_a_higher_boot(self):
        with Dev() as dev:
            victim = dev.nodes()[1]
            boot = self.boot_of(dev, victim)
            dev.must("dev", "restart", "dev-2")
            await_true(lambda: self.boot_of(dev, victim) > boot, "dev-2 with a higher boot")
            dev.wait_alive()
            again = dev.nodes()[1]
        self.assertNotEqual(again["pid"], victim["pid"])
        self.assertEqual((again["id"], again["restarts"]), (victim["id"], 1))

    @staticmethod
    def boot_of(dev, victim):
        return next(each["boot"] for each in dev.members() if each["id"] == victim["id"])

    def test_a_killed_node_stays_away_until_it_is_asked_back(self):
        with Dev() as dev:
            victim = dev.nodes()[2]
            os.kill(victim["pid"], signal.SIGKILL)
            await_true(lambda: "dead" in [each["state"] for each in dev.members()], "dev-3 dead")
            self.assertFalse(dev.nodes()[2]["running"])
            dev.must("dev", "restart", "3")
            dev.wait_alive()

    def test_the_environment_names_a_node_for_all_commands(self):
        with Dev(2) as dev:
            status = json.loads(must("status", "--json",
                                     env={**dev.environment, "STARLING_NODE": "dev-2"}))
        self.assertEqual(status["name"], "dev-2")

    def test_a_second_dev_is_refused_and_told_of_the_first(self):
        with Dev(2) as dev:
            code, _, err = starling("dev", "-n", "2", env=dev.environment)
            self.assertNotEqual(code, 0)
            self.assertIn(str(dev.process.pid), err)
            dev.wait_alive()


if __name__ == "__main__":
    unittest.main(verbosity=2)
