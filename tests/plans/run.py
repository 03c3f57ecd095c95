#!/usr/bin/env python3
"""Runs every plan of this folder, which must pass, and every plan of must_fail, which must not.

run.py [PLAN...]     A plan of must_fail says in a comment what it breaks: "# breaks: INVARIANT".
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def broken_by(plan):
    """The invariants that a run breaks; nothing else may go wrong."""
    command = [os.environ["STARLING_PROGRAM"], "sim", "run", str(plan), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 9) or not done.stdout:
        sys.exit(f"{plan.name}: ended with {done.returncode}: {done.stderr.strip()}")
    invariants = json.loads(done.stdout)["invariants"]
    broken = {name for name, result in invariants.items() if result["violations"] > 0}
    if (done.returncode == 9) != bool(broken):
        sys.exit(f"{plan.name}: ended with {done.returncode} and broke {sorted(broken)}")
    return broken


def expected_of(plan):
    marks = [line for line in plan.read_text().splitlines() if line.startswith("# breaks: ")]
    return {mark.removeprefix("# breaks: ") for mark in marks}


def main():
    plans = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(HERE.rglob("*.plan"))
    wrong = 0
    for plan in plans:
        must_fail = plan.resolve().parent.name == "must_fail"
        broken, expected = broken_by(plan), expected_of(plan)
        fine = bool(expected) and expected <= broken if must_fail else not broken
        wrong += not fine
        print(f"{plan.name}: {'fine' if fine else 'WRONG'}, broke {sorted(broken) or 'nothing'}")
    if not plans:
        sys.exit("no plans")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
