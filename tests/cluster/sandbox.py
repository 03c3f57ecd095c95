"""Namespaces of a test's own: what it mounts and the networks it makes vanish with its processes.

enter() starts the script again inside; where the system does not permit that, the test is skipped.
"""
import contextlib
import os
import shutil
import sys

from mesh import run

SKIPPED = 77                         # what ctest takes for a skip
INSIDE = "STARLING_TEST_INSIDE"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def enter(*kinds):
    """Goes on inside new namespaces of these kinds ("--mount", "--net"), or skips."""
    if os.environ.get(INSIDE):
        return
    unshare = shutil.which("unshare")
    if unshare is None:
        skip("there is no unshare")
    words = [unshare, *kinds] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    code, _, err = run([*words, "true"])
    if code != 0:
        skip(f"unshare {' '.join(kinds)} is not permitted: {err.strip()}")
    os.environ[INSIDE] = "1"
    os.execv(unshare, [*words, sys.executable, "-B", *sys.argv])


def do(*words):
    """Runs a command that must succeed."""
    code, out, err = run(list(words))
    assert code == 0, f"{' '.join(words)}: {err.strip()}"
    return out


def permitted(*words):
    """Runs a command without which the test makes no sense here."""
    code, _, err = run(list(words))
    if code != 0:
        skip(f"{' '.join(words)}: {err.strip()}")


@contextlib.contextmanager
def small_disk(path, size):
    """A tmpfs of so many bytes."""
    os.makedirs(path, exist_ok=True)
    permitted("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", path)
    try:
        yield path
    finally:
        run(["umount", "-l", path])


def fill(path):
    """Takes every free byte of a disk; the file to remove for getting them back."""
    ballast = os.path.join(path, "ballast")
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            if file.write(b"\0" * 65536) < 65536:
                break
    with open(ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0"):
            pass
    return ballast


class Networks:
    """Hosts on bridges: each a network namespace with one address 10.77.0.N."""

    def __init__(self, bridges=2):
        for tool in ("ip", "mount"):
            if shutil.which(tool) is None:
                skip(f"there is no {tool}")
        os.makedirs("/run/netns", exist_ok=True)
        permitted("mount", "-t", "tmpfs", "none", "/run/netns")      # names of our own
        for number in range(bridges):
            permitted("ip", "link", "add", f"br{number}", "type", "bridge")
            permitted("ip", "link", "set", f"br{number}", "up")
        self.count = 0

    def host(self):
        """A new host on the first bridge: (address, words that run a command there)."""
        self.count += 1
        name = f"host{self.count}"
        address = f"10.77.0.{self.count}"
        permitted("ip", "netns", "add", name)
        permitted("ip", "link", "add", f"out{self.count}", "type", "veth", "peer", "name", "eth0",
                  "netns", name)
        inside = ("ip", "-n", name)
        permitted(*inside, "link", "set", "lo", "up")
        permitted(*inside, "address", "add", f"{address}/24", "dev", "eth0")
        permitted(*inside, "link", "set", "eth0", "up")
        permitted("ip", "link", "set", f"out{self.count}", "master", "br0", "up")
        return address, [shutil.which("ip"), "netns", "exec", name]

    @staticmethod
    def move(number, bridge):
        """Plugs host `number` (from 1) into another bridge: what it sends to the rest is lost."""
        do("ip", "link", "set", f"out{number}", "master", f"br{bridge}")
