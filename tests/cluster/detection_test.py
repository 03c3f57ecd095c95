"""Who dies is noticed by all, who was only stopped comes back by its own word.

Bounds are generous; the times measured are printed. bench/detection repeats the rounds.
"""
import unittest

from mesh import Mesh, say
from rounds import kill_round, stop_round


class Detection(unittest.TestCase):
    def test_a_killed_node_is_dead_to_all_others_at_once(self):
        with Mesh(5) as mesh:
            mesh.watch()
            measured = kill_round(mesh, mesh.nodes[1])
        say(check="kill", nodes=5, goal_ms=1000, **measured)
        self.assertLess(measured["dead_ms"], 5000)

    def test_a_stopped_node_is_dead_and_comes_back_with_a_higher_incarnation(self):
        with Mesh(5) as mesh:
            mesh.watch()
            measured = stop_round(mesh, mesh.nodes[2])
        say(check="stop", nodes=5, goal_ms=[6000, 3000], **measured)
        self.assertLess(measured["dead_ms"], 30000)
        self.assertLess(measured["alive_ms"], 15000)

    def test_two_killed_nodes_of_five_are_dead_to_the_other_three(self):
        with Mesh(5) as mesh:
            watches = mesh.watch(mesh.nodes[2:])
            for node in mesh.nodes[:2]:
                node.kill()
            for node in mesh.nodes[:2]:
                for watch in watches:
                    watch.change(node.id, "dead")
            mesh.wait_alive(mesh.nodes[2:])

    def test_of_two_nodes_the_survivor_sees_the_other_die(self):
        with Mesh(2) as mesh:
            watch = mesh.watch(mesh.nodes[:1])[0]
            mesh.nodes[1].kill()
            watch.change(mesh.nodes[1].id, "dead")


if __name__ == "__main__":
    unittest.main(verbosity=2)
