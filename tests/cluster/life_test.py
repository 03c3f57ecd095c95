"""A mesh's days: leaving, restarting, all at once; and what `starling members` shows of it."""
import json
import unittest

from mesh import Mesh, await_true, free_ports, must, say
from rounds import alarms, wait_member


class Life(unittest.TestCase):
    def test_who_leaves_is_left_and_never_dead(self):
        with Mesh(5) as mesh:
            watches = mesh.watch(mesh.nodes[:4])
            gone = mesh.nodes[4]
            code = gone.leave()
            for watch in watches:
                watch.change(gone.id, "left")
            states = {state for watch in watches for state in watch.states(gone.id)}
            after = alarms(mesh.nodes[:4])
        self.assertEqual(code, 0)
        self.assertNotIn("dead", states)
        self.assertEqual(after["gossip.member_dead"], 0)

    def test_a_node_leaves_at_the_command_of_another_process(self):
        with Mesh(3) as mesh:
            watches = mesh.watch(mesh.nodes[:2])
            gone = mesh.nodes[2]
            must("leave", "--node", f"unix:{gone.socket}")
            self.assertEqual(gone.process.wait(timeout=10), 0)
            for watch in watches:
                watch.change(gone.id, "left")
            after = alarms(mesh.nodes[:2])
            gone.start().wait_ready()
            mesh.wait_alive()
        self.assertEqual(after["gossip.member_dead"], 0)

    def test_who_left_and_starts_again_is_alive_with_a_higher_boot(self):
        with Mesh(3) as mesh:
            node, other = mesh.nodes[2], mesh.nodes[0]
            boot = node.status()["boot"]
            self.assertEqual(node.leave(), 0)
            wait_member(mesh, node.id, "left")
            node.start().wait_ready()
            mesh.wait_alive()
            self.assertGreater(other.members()[node.id]["boot"], boot)

    def test_a_killed_node_that_starts_again_is_alive_with_a_higher_boot(self):
        with Mesh(5) as mesh:
            watches = mesh.watch(mesh.nodes[1:])
            node = mesh.nodes[0]
            boot = node.status()["boot"]
            node.kill()
            node.start().wait_ready()
            for watch in watches:
                watch.change(node.id, "alive", newer=(boot, 2**32))
            mesh.wait_alive()

    def test_five_killed_at_once_find_each_other_again(self):
        with Mesh(5) as mesh:
            boots = [node.status()["boot"] for node in mesh.nodes]
            for node in mesh.nodes:
                node.kill()
            mesh.start(mesh.nodes)
            for node, boot in zip(mesh.nodes, boots):
                self.assertGreater(node.status()["boot"], boot)

    def test_five_that_all_moved_find_each_other_by_their_mesh_file(self):
        with Mesh(5) as mesh:
            for node in mesh.nodes:
                node.kill()
            for node, port in zip(mesh.nodes, free_ports(5, after=5)):
                node.address = f"127.0.0.1:{port}"
            mesh.write_addresses()
            mesh.start(mesh.nodes)

    def test_nodes_that_start_one_after_the_other_meet(self):
        with Mesh(4, started=False) as mesh:
            for count, node in enumerate(mesh.nodes, 1):
                node.start()
                if count > 1:
                    node.wait_ready()
                    mesh.wait_alive()

    def test_twelve_nodes_meet_and_notice_three_deaths(self):
        with Mesh(12) as mesh:
            victims = mesh.nodes[3:6]
            for node in victims:
                node.kill()
            for node in victims:
                wait_member(mesh, node.id, "dead")
            mesh.wait_alive()
            say(check="twelve", **alarms(mesh.running()))

    def test_members_and_status_tell_the_same_as_the_socket(self):
        with Mesh(3) as mesh:
            node = mesh.nodes[1]
            listed = json.loads(must("members", "--json", "--node", f"unix:{node.socket}"))
            status = json.loads(must("status", "--json", "--node", f"unix:{node.socket}"))
            names = {each["name"]: each["state"] for each in listed["items"]}
        self.assertEqual(names, {"ann": "alive", "bob": "alive", "eve": "alive"})
        self.assertEqual(listed["node"], node.id)
        self.assertEqual((status["alive"], status["ready"], status["mesh"]),
                         (3, True, listed["mesh"]))

    def test_a_node_without_a_mesh_file_is_ready_alone(self):
        with Mesh(1, started=False) as mesh:
            node = mesh.nodes[0]
            node.mesh_file = None
            node.start().wait_ready()
            self.assertEqual(node.status()["alive"], 1)

    def test_a_mesh_at_rest_converges(self):
        with Mesh(5) as mesh:
            await_true(lambda: all(node.status()["converged"] for node in mesh.nodes),
                       "equal tables everywhere")


if __name__ == "__main__":
    unittest.main(verbosity=2)
