"""`starling dev`: a whole mesh by one command, which takes all its processes with it."""
import json
import os
import signal
import time
import unittest

from dev import Dev
from mesh import PATIENCE, ask, await_true, end, must, say, starling


class DevTest(unittest.TestCase):
    def test_five_nodes_are_ready_when_dev_says_so(self):
        with Dev() as dev:
            ready = [ask(node["socket"], "/readyz")[0] for node in dev.up["items"]]
            dev.wait_alive()
            say(check="dev_ready", nodes=5, goal_ms=1000, ready_ms=dev.up["ready_ms"],
                took_ms=dev.took_ms)
        self.assertEqual(ready, [200] * 5)

    def test_ctrl_c_leaves_no_process_and_no_socket(self):
        with Dev() as dev:
            children = dev.children()
            self.assertEqual(len(children), 5)
            began = time.monotonic()
            dev.process.send_signal(signal.SIGINT)
            code = dev.process.wait(PATIENCE)
            dev.await_nobody(children)
            say(check="dev_interrupted", took_ms=round((time.monotonic() - began) * 1000))
            left = os.listdir(dev.root + "/run")
        self.assertEqual(code, 0)
        self.assertEqual(left, [])

    def test_kill_9_of_dev_leaves_no_process(self):
        with Dev() as dev:
            children = dev.children()
            dev.process.kill()
            dev.process.wait(PATIENCE)
            dev.await_nobody(children)

    def test_dev_starts_again_after_kill_9_with_the_same_nodes(self):
        with Dev() as dev:
            ids = sorted(node["id"] for node in dev.nodes())
            dev.process.kill()
            dev.process.wait(PATIENCE)
            end(dev.process)
            dev.process.stdout.close()
            dev.start()
            self.assertEqual(sorted(node["id"] for node in dev.nodes()), ids)
            dev.wait_alive()

    def test_a_node_restarts_on_request_with_a_higher_boot(self):
        with Dev() as dev:
            victim = dev.nodes()[1]
            boot = self.boot_of(dev, victim)
            dev.must("dev", "restart", "dev-2")
            await_true(lambda: self.boot_of(dev, victim) > boot, "dev-2 with a higher boot")
            dev.wait_alive()
            again = dev.nodes()[1]
        self.assertNotEqual(again["pid"], victim["pid"])
        self.assertEqual((again["id"], again["restarts"]), (victim["id"], 1))

    @staticmethod
    def boot_of(dev, victim):
        return next(each["boot"] for each in dev.members() if each["id"] == victim["id"])

    def test_a_killed_node_stays_away_until_it_is_asked_back(self):
        with Dev() as dev:
            victim = dev.nodes()[2]
            os.kill(victim["pid"], signal.SIGKILL)
            await_true(lambda: "dead" in [each["state"] for each in dev.members()], "dev-3 dead")
            self.assertFalse(dev.nodes()[2]["running"])
            dev.must("dev", "restart", "3")
            dev.wait_alive()

    def test_the_environment_names_a_node_for_all_commands(self):
        with Dev(2) as dev:
            status = json.loads(must("status", "--json",
                                     env={**dev.environment, "STARLING_NODE": "dev-2"}))
        self.assertEqual(status["name"], "dev-2")

    def test_a_second_dev_is_refused_and_told_of_the_first(self):
        with Dev(2) as dev:
            code, _, err = starling("dev", "-n", "2", env=dev.environment)
            self.assertNotEqual(code, 0)
            self.assertIn(str(dev.process.pid), err)
            dev.wait_alive()


if __name__ == "__main__":
    unittest.main(verbosity=2)
