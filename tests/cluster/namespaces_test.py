"""Hosts that share nothing but a network: a network namespace each, joined by a bridge.

Everything lives in namespaces of this test's own and vanishes with it.
"""
import os
import time
import unittest

import sandbox
from mesh import Mesh, await_true, must, say
from rounds import alarms

PORT = 7847
NETWORKS = None


def hosts(count):
    made = [NETWORKS.host() for _ in range(count)]
    return [f"{address}:{PORT}" for address, _ in made], [prefix for _, prefix in made]


class Namespaces(unittest.TestCase):
    def test_three_hosts_meet_and_a_fourth_is_admitted_while_they_run(self):
        addresses, prefixes = hosts(4)
        with Mesh(3, addresses=addresses[:3], prefixes=prefixes[:3]) as mesh:
            for node, address in zip(mesh.nodes, addresses):
                self.assertEqual(node.status()["bound"].split(":")[1], str(PORT))
                self.assertEqual(node.status()["addresses"], [address])
            dan = mesh.admit("dan", addresses[3], teller=mesh.nodes[1], prefix=prefixes[3])
            dan.start().wait_ready()
            mesh.wait_alive()
            say(check="hosts", alive=[node.status()["alive"] for node in mesh.nodes],
                **alarms(mesh.nodes))
            self.assertEqual(alarms(mesh.nodes)["gossip.member_dead"], 0)
            ann = mesh.nodes[0]          # who was not told directly knows the newcomer, too
            ann.kill()
            ann.start().wait_ready()
            mesh.wait_alive()

    def test_a_node_of_another_mesh_is_refused_and_named_on_both_sides(self):
        addresses, prefixes = hosts(4)
        with Mesh(3, addresses=addresses[:3], prefixes=prefixes[:3]) as mesh:
            with Mesh(1, name="other", first=4, addresses=addresses[3:], prefixes=prefixes[3:],
                      started=False) as theirs:
                ann, fay = mesh.nodes[0], theirs.nodes[0]
                self.found_other_mesh(theirs, [fay.token, ann.token])
                fay.start()
                await_true(lambda: self.said(fay, "node.peer_refused", ann.id),
                           "fay to say that ann refused her")
                refused = await_true(lambda: ann.lines("node.key_refused"),
                                     "ann to say whom she refused")
                say(check="other_mesh", ann=refused[0], fay=fay.lines("node.peer_refused")[0])
                self.assertIn("address=" + addresses[3].split(":")[0], refused[0])
                self.assertNotIn(fay.id, ann.members())
                self.assertEqual(alarms(mesh.nodes), {"gossip.member_suspect": 0,
                                                      "gossip.member_dead": 0})
                mesh.wait_alive()

    def test_a_member_that_runs_with_another_mesh_is_refused_by_name(self):
        addresses, prefixes = hosts(4)
        with Mesh(4, addresses=addresses, prefixes=prefixes, started=False) as mesh:
            dan = mesh.nodes.pop()
            mesh.start(mesh.nodes)
            ann = mesh.nodes[0]
            dan.mesh_file = os.path.join(mesh.root, "other.json")
            with open(dan.mesh_file, "w", encoding="utf-8") as file:
                file.write(must("mesh", "init", "--name", "other", "--members",
                                f"{dan.token},{ann.token}", "--root-key",
                                os.path.join(mesh.root, "other.root")))
            mesh.nodes.append(dan)
            dan.start()
            await_true(lambda: self.said(dan, "node.mesh_foreign", ann.id)
                       or self.said(dan, "node.peer_refused", ann.id), "dan to name ann")
            named = await_true(lambda: self.said(ann, "node.mesh_foreign", dan.id),
                               "ann to name dan")
            say(check="foreign_mesh", ann=named[0], dan=dan.lines(ann.id[:16])[-1])
            mesh.wait_alive(mesh.nodes[:3])

    @staticmethod
    def found_other_mesh(theirs, tokens):
        with open(theirs.nodes[0].mesh_file, "w", encoding="utf-8") as file:
            file.write(must("mesh", "init", "--name", "other", "--members", ",".join(tokens),
                            "--root-key", os.path.join(theirs.root, "second.root")))

    @staticmethod
    def said(node, event, about):
        return [line for line in node.lines(event) if about[:16] in line]

    def test_a_cut_network_heals_and_all_are_alive_again(self):
        addresses, prefixes = hosts(5)
        first = NETWORKS.count - 4
        with Mesh(5, addresses=addresses, prefixes=prefixes) as mesh:
            boots = {node.id: node.status()["boot"] for node in mesh.nodes}
            for number in (first + 3, first + 4):
                NETWORKS.move(number, 1)
            mesh.wait_alive(mesh.nodes[:3])      # each side goes on without the other
            mesh.wait_alive(mesh.nodes[3:])
            for number in (first + 3, first + 4):
                NETWORKS.move(number, 0)
            took = self.healed(mesh)
            say(check="heal", took_ms=took)
            self.assertEqual({each.id: each.status()["boot"] for each in mesh.nodes}, boots)

    @staticmethod
    def healed(mesh):
        began = time.monotonic()
        mesh.wait_alive(patience=60)
        return round((time.monotonic() - began) * 1000)


if __name__ == "__main__":
    sandbox.enter("--mount", "--net")
    NETWORKS = sandbox.Networks()
    unittest.main(verbosity=2)
