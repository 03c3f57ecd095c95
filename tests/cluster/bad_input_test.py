"""Wrong input is refused by name, with an exit code, and costs nobody anything."""
import json
import os
import socket
import stat
import time
import unittest

from mesh import Mesh, await_true, must, run, say, starling, test_program
from rounds import alarms

LONG = "/tmp/" + "a" * 100 + "/node.sock"


class BadInput(unittest.TestCase):
    def refused(self, words, named, code):
        """The program refuses, names the thing, and says which error this is."""
        began = time.monotonic()
        exit_code, out, err = starling(*words)
        took = round((time.monotonic() - began) * 1000)
        say(check="refused", words=words[:2], error=code, took_ms=took)
        self.assertNotEqual(exit_code, 0)
        self.assertEqual(out, "")
        self.assertIn(named, err)
        self.assertIn(f"error {code}:", err)
        self.assertIn("try:", err)
        self.assertEqual(json.loads(must("explain", code, "--json"))["exit"], exit_code)

    def node(self, node, **changed):
        """The words that start this node, some options changed."""
        options = {"mesh": node.mesh_file, "dir": node.directory, "http": f"unix:{node.socket}",
                   **changed}
        return ["node", *(word for name, value in options.items() for word in ("--" + name, value))]

    def test_an_unknown_command_is_named_and_a_near_one_offered(self):
        self.refused(["membres"], '"membres"; did you mean "members"', "E101")

    def test_an_unknown_option_is_named(self):
        self.refused(["status", "--colour", "red"], "colour", "E102")

    def test_an_error_as_json_is_one_object(self):
        code, out, err = starling("membres", "--json")
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(json.loads(err)["code"], "E101")

    def test_a_socket_without_a_node_is_named(self):
        self.refused(["status", "--node", "unix:/nowhere/node.sock"], "/nowhere/node.sock", "E202")

    def test_a_long_socket_path_is_refused_by_the_client(self):
        self.refused(["status", "--node", f"unix:{LONG}"], LONG, "E204")

    def test_a_long_socket_path_is_refused_by_the_node(self):
        with Mesh(1, started=False) as mesh:
            self.refused(self.node(mesh.nodes[0], http=f"unix:{LONG}"), LONG, "E204")
            mesh.start(mesh.nodes)

    def test_a_port_in_use_is_named(self):
        with Mesh(1, started=False) as mesh, socket.socket() as holder:
            node = mesh.nodes[0]
            host, port = node.address.split(":")
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind((host, int(port)))
            holder.listen()
            self.refused(self.node(node, bind=node.address), node.address, "E706")
            holder.close()
            mesh.start(mesh.nodes)

    def test_a_data_directory_in_use_is_named(self):
        with Mesh(2) as mesh:
            node = mesh.nodes[0]
            words = self.node(node, bind="127.0.0.1:0", http=f"unix:{node.socket}.2")
            self.refused(words, node.directory, "E708")
            mesh.wait_alive()

    def test_the_data_directory_of_another_mesh_is_refused_and_kept(self):
        with Mesh(2) as ours:
            node = ours.nodes[1]
            other = os.path.join(ours.root, "other.json")
            with open(other, "w", encoding="utf-8") as file:
                file.write(must("mesh", "init", "--members", node.token, "--name", "other",
                                "--root-key", os.path.join(ours.root, "other.root")))
            self.assertEqual(node.leave(), 0)
            self.refused(self.node(node, mesh=other), node.directory, "E618")
            ours.start([node])

    def test_a_mesh_file_without_this_node_is_refused(self):
        with Mesh(1, started=False) as ours, Mesh(1, started=False) as theirs:
            node = ours.nodes[0]
            self.refused(self.node(node, mesh=theirs.nodes[0].mesh_file), node.id[:8], "E624")

    def test_a_missing_mesh_file_is_named(self):
        with Mesh(1, started=False) as mesh:
            path = os.path.join(mesh.root, "absent.json")
            self.refused(self.node(mesh.nodes[0], mesh=path), path, "E610")

    def test_an_unreadable_mesh_file_is_named(self):
        with Mesh(1, started=False) as mesh:
            path = os.path.join(mesh.root, "locked.json")
            if os.geteuid() == 0:        # modes do not stop root, a directory does
                os.mkdir(path)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0))
            self.refused(self.node(mesh.nodes[0], mesh=path), path, "E611")

    def test_a_damaged_mesh_file_is_named_with_the_place(self):
        with Mesh(1, started=False) as mesh:
            path = os.path.join(mesh.root, "damaged.json")
            with open(mesh.nodes[0].mesh_file, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text[:len(text) // 2])
            self.refused(self.node(mesh.nodes[0], mesh=path), path, "E614")

    def test_a_forged_certificate_is_refused(self):
        with Mesh(2, started=False) as mesh:
            path = os.path.join(mesh.root, "forged.json")
            with open(mesh.nodes[0].mesh_file, encoding="utf-8") as file:
                document = json.load(file)
            certificate = document["members"][1]["certificate"]
            last = "0" if certificate[-1] != "0" else "1"
            document["members"][1]["certificate"] = certificate[:-1] + last
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document, file)
            self.refused(self.node(mesh.nodes[0], mesh=path), path, "E615")

    def test_a_key_file_that_others_may_read_is_named(self):
        with Mesh(1, started=False) as mesh:
            key = os.path.join(mesh.nodes[0].directory, "node.key")
            os.chmod(key, 0o644)
            self.refused(self.node(mesh.nodes[0]), key, "E604")
            os.chmod(key, stat.S_IRUSR | stat.S_IWUSR)
            mesh.start(mesh.nodes)

    def test_a_mistyped_token_is_refused(self):
        with Mesh(1) as mesh:
            token = mesh.nodes[0].token.split("@")[0]
            wrong = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
            self.refused(["mesh", "admit", wrong, "--root-key", mesh.root_key, "--node",
                          f"unix:{mesh.nodes[0].socket}"], "token", "E608")

    def test_the_root_key_of_another_mesh_admits_nobody(self):
        with Mesh(1) as ours, Mesh(1, started=False, first=1) as theirs:
            self.refused(["mesh", "admit", theirs.nodes[0].token, "--root-key", theirs.root_key,
                          "--node", f"unix:{ours.nodes[0].socket}"], "root key", "E621")
            self.assertEqual(len(ours.nodes[0].members()), 1)

    def test_a_damaged_journal_is_named_and_left_as_it_is(self):
        with Mesh(1, started=False) as mesh:
            journal = os.path.join(mesh.nodes[0].directory, "journal.db")
            junk = b"no journal of anybody" * 100
            with open(journal, "wb") as file:
                file.write(junk)
            self.refused(self.node(mesh.nodes[0]), journal, "E710")
            with open(journal, "rb") as file:
                self.assertEqual(file.read(), junk)

    def test_corrupt_frames_of_an_admitted_member_harm_nobody(self):
        with Mesh(4, started=False) as mesh:
            eve = mesh.nodes.pop()
            mesh.start(mesh.nodes)
            ann = mesh.nodes[0]
            code, out, err = run([test_program("garbage_peer"), eve.directory, eve.mesh_file,
                                  ann.id, "4711"])
            self.assertEqual((code, out, err), (0, "sent 2000\n", ""))
            refused = await_true(lambda: ann.events()["node.frame_refused"], "frames refused")
            named = ann.lines("node.frame_refused")
            say(check="corrupt_frames", refused=refused, **alarms(mesh.nodes))
            self.assertTrue(all(f"from={eve.id[:16]}" in line for line in named), named[:3])
            self.assertEqual(alarms(mesh.nodes)["gossip.member_dead"], 0)
            mesh.wait_alive()
            eve.start().wait_ready()     # its name is not spoiled
            mesh.nodes.append(eve)
            mesh.wait_alive()


if __name__ == "__main__":
    unittest.main(verbosity=2)
