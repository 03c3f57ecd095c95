"""A node whose disk was put back to an earlier state hears so from its peers, and votes no more."""
import json
import os
import shutil
import time
import unittest

from mesh import Mesh, await_true, must

TOLD = "node.disk_put_back"


def write(node, value):
    must("register", "cas", "seats", str(value), "--node", f"unix:{node.socket}")


def read(node):
    return json.loads(must("register", "get", "seats", "--node", f"unix:{node.socket}", "--json"))


def put_back(mesh, node, copy):
    """The node is killed, and starts again with its directory as it was copied."""
    node.kill()
    shutil.rmtree(node.directory)
    shutil.copytree(copy, node.directory)
    node.start().wait_ready()
    mesh.wait_alive()


class PutBack(unittest.TestCase):
    def test_a_node_from_a_copy_is_told_and_the_others_go_on(self):
        with Mesh(3) as mesh:
            node, other = mesh.nodes[:2]
            write(node, 1)
            time.sleep(1.0)          # a mark every 250 ms, here and before the copy
            node.kill()
            copy = os.path.join(mesh.root, "copy")
            shutil.copytree(node.directory, copy)
            node.start().wait_ready()
            mesh.wait_alive()
            write(node, 2)
            time.sleep(1.0)
            put_back(mesh, node, copy)
            await_true(lambda: node.lines(TOLD), "the node told that its disk was put back")
            write(other, 3)
            self.assertEqual(read(node)["value"], 3)
            told = len(node.lines(TOLD))
            node.kill()              # its journal is another one now: nothing is told again
            node.start().wait_ready()
            mesh.wait_alive()
            write(node, 4)
            self.assertEqual(read(other)["value"], 4)
            self.assertEqual(len(node.lines(TOLD)), told)

    def test_a_node_that_starts_again_from_its_own_disk_is_told_nothing(self):
        with Mesh(3) as mesh:
            node = mesh.nodes[0]
            for value in range(3):
                write(node, value)
                time.sleep(0.5)
                node.kill()
                node.start().wait_ready()
                mesh.wait_alive()
            self.assertEqual(read(node)["value"], 2)
            self.assertEqual(node.lines(TOLD), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
