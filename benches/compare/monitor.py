"""A running `waxseal watch`: what it says, how it is doing, what it costs.

It starts and stops the watch and reads its standard output. What happens to
the watched tree meanwhile, and what the figures mean, is for others.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def options(parser, label):
    """Parses the command line with the options of everything that runs a watch."""
    parser.add_argument("--waxseal", default="target/release/waxseal", help="the binary (default: %(default)s)")
    parser.add_argument("--label", default=label, help="a word for the result file's name")
    parser.add_argument("--no-result", action="store_true", help="write no result file")
    parsed = parser.parse_args()
    parsed.waxseal = shutil.which(parsed.waxseal) or sys.exit(f"{parser.prog}: no program {parsed.waxseal}")
    return parsed


class Watch:
    """A running watch of some paths, or of what a configuration names."""

    def __init__(self, waxseal, state_dir, paths=(), config=None):
        self.began = time.perf_counter()
        self.base = [waxseal, "--state-dir", state_dir, *(["--config", config] if config else [])]
        self.child = subprocess.Popen(
            [*self.base, "watch", "--format", "ndjson", *paths],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.events = 0
        # Lines are kept only while somebody wants them: a storm makes hundreds of megabytes.
        self.keeps = True
        self.heard = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()
        # The first scan of a large tree takes its time.
        self.wait_for(b'"started"', 3600)
        self.keeps = False

    def listen(self):
        for line in self.child.stdout:
            self.events += b'"dataset":"file"' in line
            if self.keeps:
                self.heard.put((time.perf_counter(), line))

    def wait_for(self, text, patience=60):
        """Returns when a line with this text came."""
        while True:
            at, line = self.heard.get(timeout=patience)
            if text in line:
                return at

    def file_events(self):
        """Returns the events about files among the lines that were kept, and forgets all."""
        events = []
        while not self.heard.empty():
            _, line = self.heard.get()
            if b'"dataset":"file"' in line:
                events.append(json.loads(line))
        return events

    def run(self, *arguments):
        """Runs another command of the program on the same store."""
        return subprocess.run([*self.base, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL)

    def status(self):
        return json.loads(self.run("status", "--format", "json").stdout)

    def settle(self):
        """Waits until everything that happened is journalled; returns how the watch is doing then."""
        while not ((state := self.status()["watch"]) and state["idle"]):
            self.lives()
            time.sleep(0.02)
        return state

    def settle_delivered(self):
        """Waits until everything that happened is journalled and printed."""
        while any(output["behind"] for output in self.settle()["outputs"]):
            time.sleep(0.02)

    def new_differences(self, linked=frozenset()):
        """Returns how many differences a scan finds that the watch had not journalled.

        Apart from them it counts those of files with several names: nobody is
        told what happens to such a file under another name, see
        docs/limits-linux.md. `linked` has the inodes that may have had several.
        """
        scan = self.run("scan", "--format", "ndjson")
        *lines, summary = scan.stdout.splitlines()
        found = sum(json.loads(summary)["waxseal"]["summary"]["actions"].values())
        by_other_name = sum(has_other_names(json.loads(line), linked) for line in lines)
        return found - by_other_name, by_other_name

    def facts(self):
        """Returns what the kernel tells of the process, by name."""
        lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return dict(line.split(":", 1) for line in lines)

    def mib(self, name):
        """Returns one of the kernel's figures of memory: VmHWM is the peak, VmRSS what is held."""
        return int(self.facts()[name].split()[0]) / 1024

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.child.send_signal(number)

    def lives(self):
        if self.child.poll() is not None:
            sys.exit(f"the watch ended with status {self.child.returncode}")

    def stop(self):
        self.signal(signal.SIGTERM)
        if self.child.wait(timeout=60) != 0:
            self.lives()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            return self.stop()
        # It may be stopped (SIGSTOP), or have ended.
        self.child.kill()
        self.child.wait()


def has_other_names(event, linked):
    """Says whether the file of an event has, or had, further hard links."""
    if event["event"]["dataset"] != "file" or event["file"].get("type") != "file":
        return False
    try:
        found = os.lstat(event["file"]["path"])
    except FileNotFoundError:
        return "links" in event["waxseal"].get("changed", [])
    return found.st_nlink > 1 or found.st_ino in linked or "links" in event["waxseal"].get("changed", [])
