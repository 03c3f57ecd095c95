"""`starling load` and its judge: the main job on a real mesh, and what they refuse."""
import json
import os
import unittest

from dev import Dev
from mesh import PATIENCE, must, program, run, say, starling

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHECK = os.path.join(ROOT, "scripts", "check_ledger")
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


class Loaded(Dev):
    """Three nodes that took a short load with a kill in its middle."""

    def start(self):
        super().start()
        self.ledger = self.root + "/ledger.jsonl"
        code, out, err = self.starling("load", "synthetic:7", "--for", "4s", "--kill-every", "2s",
                                       "--ledger", self.ledger, "--json", within=3 * PATIENCE)
        assert code == 0, f"exit code {code}: {out}{err}"
        self.summary = json.loads(out)
        return self

    def starling(self, *words, **options):
        return starling(*words, env=self.environment, **options)

    def check(self, ledger):
        return run([CHECK, ledger],
                   env={**self.environment, "STARLING_PROGRAM": program()}, within=PATIENCE)


class LoadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mesh = Loaded(3)
        cls.mesh.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.mesh.__exit__(None, None, None)

    def forged(self, keep, more=()):
        """The ledger with only the lines that `keep` wants, and some more."""
        with open(self.mesh.ledger, encoding="utf-8") as file:
            lines = [line for line in file if keep(json.loads(line))]
        path = self.mesh.root + "/forged.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines + [json.dumps(line) + "\n" for line in more])
        return path

    def first(self, event):
        with open(self.mesh.ledger, encoding="utf-8") as file:
            return next(item for item in map(json.loads, file) if item["event"] == event)

    def refused(self, words, named, code):
        exit_code, out, err = self.mesh.starling(*words)
        self.assertNotEqual(exit_code, 0)
        self.assertEqual(out, "")
        self.assertIn(named, err)
        self.assertIn(f"error {code}:", err)
        self.assertEqual(json.loads(must("explain", code, "--json"))["exit"], exit_code)

    def test_everything_offered_is_completed_once_though_a_node_was_killed(self):
        told = self.mesh.summary
        say(check="load", award_ms=told["award_ms"], staleness_ms=told["staleness_ms"],
            messages_per_task=told["messages_per_task"], completed=told["completed"])
        self.assertGreater(told["completed"], 0)
        self.assertEqual(told["completed"], told["offered"])
        for name in ("lost", "completed_twice", "dead_lettered"):
            self.assertEqual(told[name], 0, name)
        self.assertIs(told["counters_converged"], True)
        self.assertGreaterEqual(sum(node["killed"] for node in told["nodes"]), 1)

    def test_the_judge_agrees_with_what_happened(self):
        code, out, err = self.mesh.check(self.mesh.ledger)
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn("they agree", out)

    def test_the_judge_finds_a_completion_that_is_missing(self):
        victim = self.first("completed")["key"]
        forged = self.forged(lambda item: (item["event"], item.get("key")) != ("completed", victim))
        code, out, _ = self.mesh.check(forged)
        self.assertEqual(code, 1)
        self.assertIn(victim, out)

    def test_the_judge_finds_what_was_completed_twice(self):
        twice = self.first("completed")
        code, out, _ = self.mesh.check(self.forged(lambda item: True, [twice]))
        self.assertEqual(code, 1)
        self.assertIn(f"completed twice: {twice['key']}", out)

    def test_the_judge_finds_a_task_that_no_node_knows(self):
        known = self.first("acknowledged")
        invented = known["key"] + "999"
        code, out, _ = self.mesh.check(self.forged(lambda item: True, [
            {**known, "event": event, "key": invented}
            for event in ("offered", "acknowledged", "completed", "written")]))
        self.assertEqual(code, 1)
        self.assertIn(f"unknown here: {invented}", out)

    def test_the_judge_cannot_decide_without_a_ledger(self):
        code, _, err = self.mesh.check("/nowhere/ledger.jsonl")
        self.assertEqual(code, 2)
        self.assertIn("/nowhere/ledger.jsonl", err)

    def test_an_unknown_source_is_named(self):
        self.refused(["load", "google:trace"], "google", "E515")

    def test_a_missing_trace_is_named(self):
        self.refused(["load", "azure:/nowhere/trace.csv"], "/nowhere/trace.csv", "E611")

    def test_an_unreadable_line_of_a_trace_is_named_and_nothing_is_offered(self):
        before = len(json.loads(self.mesh.must("task", "ls", "--json"))["items"])
        path = self.mesh.root + "/trace.csv"
        with open(path, "w", encoding="utf-8") as file:
            file.write(HEADER + "2023-11-16 18:15:46.6805900,4808,10\nyesterday,ten,3\n")
        self.refused(["load", "azure:" + path], path + ":3", "E516")
        after = len(json.loads(self.mesh.must("task", "ls", "--json"))["items"])
        self.assertEqual(after, before)

    def test_a_ledger_that_cannot_be_written_is_named_before_anything_is_offered(self):
        exit_code, _, err = self.mesh.starling("load", "synthetic", "--for", "1s", "--ledger",
                                               "/nowhere/ledger.jsonl")
        self.assertNotEqual(exit_code, 0)
        self.assertIn("/nowhere/ledger.jsonl", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
