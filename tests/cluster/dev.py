"""A whole mesh of `starling dev` for a test: its processes and files end with the test."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

from mesh import PATIENCE, await_true, end, group_of, lives, must, program, start


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
