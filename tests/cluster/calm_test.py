"""What is slow is not dead: a busy machine, a slow disk and a program that hangs accuse nobody."""
import os
import time
import unittest

from mesh import Mesh, await_true, say, test_program
from rounds import alarms, opinions, spinning, talker, wait_member

NOTHING = {"gossip.member_suspect": 0, "gossip.member_dead": 0}
SECONDS = float(os.environ.get("STARLING_CALM_SECONDS", "10"))   # bench/detection takes 30


def calm(check, nodes, extra, **about):
    """No alarm in these traces, beside those of test programs."""
    counted = alarms(nodes)
    for name in counted:
        counted[name] += extra.get(name, 0)
    say(check=check, goal=0, opinions=opinions(nodes), **counted, **about)
    return counted


class Calm(unittest.TestCase):
    def test_two_spinning_processes_per_core_accuse_nobody(self):
        with Mesh(5) as mesh, spinning(2 * os.cpu_count()):
            before = alarms(mesh.nodes)
            time.sleep(SECONDS)
            after = calm("spinning", mesh.nodes, {}, seconds=SECONDS)
        self.assertEqual(after, before)

    def test_a_journal_that_syncs_three_seconds_late_accuses_nobody(self):
        with Mesh(5, started=False) as mesh:
            slow = mesh.nodes.pop()
            mesh.start(mesh.nodes)
            with talker(test_program("slow_member"), slow.directory, slow.mesh_file) as member:
                self.assertEqual(member.hear(), "up")
                wait_member(mesh, slow.id)
                self.assertEqual(member.ask("slow 3000"), "slowed")
                began = time.monotonic()
                self.assertEqual(member.ask("write colour blue"), "written")
                took = time.monotonic() - began
                own = {name: int(member.ask(f"count {name}")) for name in NOTHING}
                after = calm("slow_journal", mesh.nodes, own, write_ms=round(took * 1000))
        self.assertGreater(took, 2.9)        # the sync was late indeed
        self.assertEqual(after, NOTHING)

    def test_a_program_blocked_in_a_handler_accuses_nobody(self):
        with Mesh(4, started=False) as mesh:
            host = mesh.nodes.pop()
            mesh.start(mesh.nodes)
            with talker(test_program("blocked_program"), host.directory, host.mesh_file,
                        str(int(SECONDS * 1000))) as blocked:
                self.assertEqual(blocked.hear(), "blocked")
                wait_member(mesh, host.id)
                self.assertEqual(blocked.hear(), "free")
                after = calm("blocked_handler", mesh.nodes, {}, seconds=SECONDS)
        self.assertEqual(after, NOTHING)

    def test_a_pause_shorter_than_the_tolerance_kills_nobody(self):
        with Mesh(5) as mesh:
            node = mesh.nodes[0]
            node.signal(19)          # SIGSTOP
            time.sleep(0.5)
            node.signal(18)          # SIGCONT
            time.sleep(2)
            await_true(lambda: node.status()["alive"] == 5, "ann to hold all alive")
            after = alarms(mesh.nodes)
        self.assertEqual(after["gossip.member_dead"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
