#!/usr/bin/env python3
"""A sweep that is interrupted tells what it has, and no process of it is left, whatever ends it."""

import json
import os
import signal
import subprocess
import sys
import time

PROGRAM = os.environ["STARLING_PROGRAM"]
PATIENCE = 10


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(what, happened):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s"
        time.sleep(0.01)


def begin_sweep():
    """One whose seeds take seconds each, with both children at work."""
    sweep = subprocess.Popen(
        [PROGRAM, "sim", "sweep", "--seeds", "1..1000", "--nodes", "40", "--duration", "10m",
         "--jobs", "2", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until("two children", lambda: len(children_of(sweep.pid)) == 2)
    return sweep, children_of(sweep.pid)


def an_interrupt_ends_all_and_tells_what_was_done():
    sweep, children = begin_sweep()
    sweep.send_signal(signal.SIGINT)
    out, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 130, (sweep.returncode, err)
    assert json.loads(out)["interrupted"] is True, out
    assert not any(is_running(child) for child in children), children


def children_end_with_a_sweep_that_is_killed():
    sweep, children = begin_sweep()
    sweep.kill()
    sweep.communicate(timeout=PATIENCE)
    wait_until("no children", lambda: not any(is_running(child) for child in children))


def main():
    for test in (an_interrupt_ends_all_and_tells_what_was_done,
                 children_end_with_a_sweep_that_is_killed):
        test()
        print("ok", test.__name__)


if __name__ == "__main__":
    sys.exit(main())
