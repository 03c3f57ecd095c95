"""A full disk: whoever cannot keep what it promised ends, says why, and comes back with all of it.

Runs in a mount namespace of its own, on a tmpfs of a few MiB.
"""
import os
import time
import unittest

import sandbox
from mesh import Mesh, await_true, must, say, starling
from rounds import wait_member

SIZE = 4 * 1024 * 1024


class FullDisk(unittest.TestCase):
    def test_no_identity_is_made_on_a_full_disk(self):
        with Mesh(1, started=False) as mesh:
            with sandbox.small_disk(os.path.join(mesh.root, "disk"), SIZE) as disk:
                sandbox.fill(disk)
                directory = os.path.join(disk, "node")
                code, out, err = starling("id", "new", "--dir", directory)
                say(check="identity_on_full_disk", code=code, said=err.splitlines()[0])
                self.assertNotEqual(code, 0)
                self.assertEqual(out, "")
                self.assertIn(directory, err)
                self.assertIn("No space left on device", err)

    def test_no_node_starts_on_a_full_disk_and_its_files_stay(self):
        with Mesh(2, started=False) as mesh:
            node = mesh.nodes[0]
            with self.on_small_disk(mesh, node) as disk:
                ballast = sandbox.fill(disk)
                began = time.monotonic()
                code, _, err = starling("node", "--mesh", node.mesh_file, "--dir", node.directory,
                                        "--http", f"unix:{node.socket}")
                say(check="start_on_full_disk", code=code, said=err.splitlines()[-3:],
                    took_ms=round((time.monotonic() - began) * 1000))
                self.assertNotEqual(code, 0)
                self.assertIn(node.directory, err)
                os.unlink(ballast)
                mesh.start(mesh.nodes)

    def test_a_node_whose_disk_fills_ends_by_name_and_returns_with_its_boot(self):
        with Mesh(3, started=False) as mesh:
            node, other = mesh.nodes[0], mesh.nodes[2]
            with self.on_small_disk(mesh, node) as disk:
                mesh.start(mesh.nodes)
                boot = node.status()["boot"]
                ballast = sandbox.fill(disk)
                for _ in range(20):          # each start is news that ann must keep
                    other.kill()
                    other.start().wait_ready()
                    if node.process.poll() is not None:
                        break
                code = node.process.wait(10)
                said = node.output().splitlines()[-4:]
                say(check="disk_filled", code=code, said=said)
                self.assertNotEqual(code, 0)
                self.assertIn(os.path.join(node.directory, "journal.db"), node.output())
                self.assertIn("bytes free", node.output())
                wait_member(mesh, node.id, "dead")
                os.unlink(ballast)
                node.start().wait_ready()
                mesh.wait_alive()
                self.assertGreater(node.status()["boot"], boot)
                self.assertEqual(node.status()["id"], node.id)

    @staticmethod
    def on_small_disk(mesh, node):
        """Moves a node's directory to a small disk for as long as the context lives."""
        disk = os.path.join(mesh.root, "disk")
        context = sandbox.small_disk(disk, SIZE)

        class Moved:
            def __enter__(self):
                context.__enter__()
                target = os.path.join(disk, node.name)
                sandbox.do("cp", "-a", node.directory, target)
                node.directory = target
                return disk

            def __exit__(self, *failure):
                if node.process is not None and node.process.poll() is None:
                    node.kill()
                return context.__exit__(*failure)

        return Moved()


class LowDisk(unittest.TestCase):
    def test_a_node_with_little_space_says_so_and_stays_a_member(self):
        with Mesh(2, started=False) as mesh:
            node = mesh.nodes[0]
            with FullDisk.on_small_disk(mesh, node):
                mesh.start(mesh.nodes)
                await_true(lambda: node.status()["free_bytes"] < SIZE, "the free bytes measured")
                mesh.wait_alive()
                self.assertTrue(must("status", "--node", f"unix:{node.socket}"))
                self.assertGreater(node.events()["node.disk_low"], 0)
                code, _, error = starling("set", "colour", "blue",
                                          "--node", f"unix:{node.socket}")
                self.assertNotEqual(code, 0)
                self.assertIn("64 MiB free", error)


if __name__ == "__main__":
    sandbox.enter("--mount")
    unittest.main(verbosity=2)
