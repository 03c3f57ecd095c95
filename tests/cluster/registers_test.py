"""Register clients while voters die: nothing they saw contradicts one register per key."""
import json
import os
import unittest

from dev_test import Dev
from mesh import say, starling

FIELDS = {"client", "key", "kind", "args", "call_ns", "return_ns", "result", "outcome"}


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def make_stale(lines):
    """Lets the last answered read of a key show a state that was overtaken; gives its index."""
    for index in reversed(range(len(lines))):
        read = lines[index]
        if read["kind"] != "read" or read["outcome"] != "applied":
            continue
        for older in lines:
            overtaken = (older["key"] == read["key"] and older["kind"] != "read"
                         and older["outcome"] == "applied"
                         and older["result"]["version"] + 3 < read["result"]["version"])
            if overtaken and older["return_ns"] < read["call_ns"] - 10**9:
                read["result"] = {"version": older["result"]["version"],
                                  "value": older["args"]["value"]}
                return index
    raise AssertionError("no read that could be made stale")


class Registers(unittest.TestCase):
    def test_clients_go_on_while_voters_die_and_both_checks_accept(self):
        with Dev(5) as dev:
            dev.wait_alive()
            path = os.path.join(dev.root, "H.jsonl")
            summary = json.loads(dev.must(
                "bench", "registers", "--for", "8s", "--kill-every", "2500ms", "--history", path,
                "--seed", "3", "--json"))
            say(check="registers", goal_ms=250, longest_wait_ms=summary["longest_wait_ms"],
                operations=summary["operations"], unknown=summary["unknown"],
                latency_ms=summary["latency_ms"])
            self.assertGreaterEqual(summary["kills"], 2)
            self.assertEqual(summary["chain"]["verdict"], "accepted")
            self.assertEqual(summary["search"]["verdict"], "accepted")
            for client in summary["clients"]:
                self.assertGreater(client["successes"], 0)
            lines = read_lines(path)
            self.assertEqual(len(lines), summary["operations"])
            for line in lines:
                self.assertEqual(set(line), FIELDS)
            self.plant(path, lines)

    def plant(self, path, lines):
        """One stale read in the file, and nothing else, is enough to be rejected."""
        stale = make_stale(lines)
        write_lines(path, lines)
        code, out, _ = starling("bench", "check", path, "--json")
        verdicts = json.loads(out)
        self.assertEqual(code, 9)
        self.assertEqual(verdicts["chain"]["verdict"], "rejected")
        self.assertEqual(verdicts["search"]["verdict"], "rejected")
        self.assertEqual(verdicts["chain"]["line"], stale + 1)
        self.assertEqual(verdicts["search"]["line"], stale + 1)

    def test_what_cannot_be_done_is_said(self):
        code, _, err = starling("bench", "registers", "--kill-every", "never")
        self.assertEqual((code, "--kill-every" in err), (2, True))
        code, _, err = starling("bench", "check", "/no/such/file")
        self.assertEqual((code != 0, "/no/such/file" in err), (True, True))


if __name__ == "__main__":
    unittest.main()
