"""Rounds of harm to a running mesh, each measured: bench/detection and detection_test.py use them.

A round leaves the mesh whole. Times are in milliseconds from before the signal to the arrival of
the event at the last of the others, through their local interfaces.
"""
import contextlib
import signal
import subprocess
import sys
import time

from mesh import PATIENCE, await_true, end, start

FALSE_ALARMS = ("gossip.member_suspect", "gossip.member_dead")


def last_ms(moment, items):
    return round((max(item[0] for item in items) - moment) * 1000, 2)


def wall_us(moment):
    """The wall clock at a moment of the monotonic one, in microseconds since 1970: as in logs."""
    return round((time.time() - time.monotonic() + moment) * 1e6)


def watches_of(mesh, victim):
    """The open watches of everybody else, with where their news begin."""
    return [(watch, watch.count()) for watch in mesh.watches
            if watch.node is not victim and not watch.ended]


def kill_round(mesh, victim):
    """kill -9, then a new start: {signal_us, dead_ms, ready_ms, back_ms, causes}."""
    watches = watches_of(mesh, victim)
    boot = victim.status()["boot"]
    killed = victim.kill()
    dead = [watch.change(victim.id, "dead", since) for watch, since in watches]
    began = time.monotonic()
    victim.start().wait_ready()
    ready = time.monotonic()
    back = [watch.change(victim.id, "alive", since, newer=(boot, 2**32))
            for watch, since in watches]
    mesh.wait_alive()
    mesh.watch([victim])
    return {"signal_us": wall_us(killed), "dead_ms": last_ms(killed, dead),
            "ready_ms": round((ready - began) * 1000, 2), "back_ms": last_ms(began, back),
            "causes": sorted({item[1]["cause"] for item in dead})}


def stop_round(mesh, victim):
    """SIGSTOP until everybody holds it dead, then SIGCONT: {signal_us, dead_ms, alive_ms}."""
    watches = watches_of(mesh, victim)
    status = victim.members()[victim.id]
    claimed = (status["boot"], status["incarnation"])
    stopped = time.monotonic()
    victim.signal(signal.SIGSTOP)
    try:
        dead = [watch.change(victim.id, "dead", since) for watch, since in watches]
    finally:
        resumed = time.monotonic()
        victim.signal(signal.SIGCONT)
    alive = [watch.change(victim.id, "alive", since, newer=claimed) for watch, since in watches]
    mesh.wait_alive()
    return {"signal_us": wall_us(stopped), "dead_ms": last_ms(stopped, dead),
            "alive_ms": last_ms(resumed, alive)}


def alarms(nodes):
    """How often each false alarm stands in the traces of these nodes together."""
    counts = [node.events() for node in nodes]
    return {name: sum(each.get(name, 0) for each in counts) for name in FALSE_ALARMS}


def opinions(nodes):
    """How often one node accused or cleared another: what an alarm begins with."""
    return sum(node.events().get("gossip.opinion_given", 0) for node in nodes)


@contextlib.contextmanager
def spinning(count):
    """So many processes that want a whole core each."""
    busy = [start([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            end(process)


class Talker:
    """A test program that takes a line and answers with a line."""

    def __init__(self, words):
        self.process = start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, f"{self.process.args[0]} ended with {self.process.wait(PATIENCE)}"
        return line.rstrip("\n")

    def ask(self, line):
        self.tell(line)
        return self.hear()

    def end(self):
        end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()


@contextlib.contextmanager
def talker(*words):
    program = Talker(list(words))
    try:
        yield program
    finally:
        program.end()


def wait_member(mesh, member, state="alive"):
    """Until every running node holds this member so; it may be none of the mesh's own processes."""
    def held():
        return all(node.members().get(member, {}).get("state") == state for node in mesh.running())
    await_true(held, f"{member[:8]} {state} everywhere")
