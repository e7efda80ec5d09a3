#!/usr/bin/env python3
"""Measures `waxseal watch` on real storms: what it journals, how far behind it falls, what it holds.

Each storm is an ordinary job of an ordinary program below a watched directory.
After each one the watch is waited for, and a scan beside it must find nothing
that the watch had not seen.
"""

import argparse
import io
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import record

CHANGES = 10_000
FILES = 100_000


class Watch:
    """A running watch and what it says."""

    def __init__(self, waxseal, top):
        self.waxseal, self.top = waxseal, top
        self.state_dir = top / "state"
        self.child = subprocess.Popen(
            [waxseal, "--state-dir", self.state_dir, "watch", "--format", "ndjson", top / "tree"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.events = 0
        self.heard = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.wait_for(b'"started"')

    def listen(self):
        for line in self.child.stdout:
            self.events += b'"dataset":"file"' in line
            self.heard.put((time.perf_counter(), line))

    def wait_for(self, text):
        while True:
            at, line = self.heard.get(timeout=60)
            if text in line:
                return at

    def ask(self):
        answer = subprocess.run(
            [self.waxseal, "--state-dir", self.state_dir, "status", "--format", "json"],
            capture_output=True, check=True,
        )
        return json.loads(answer.stdout)["watch"]

    def settle(self):
        while not (state := self.ask())["idle"]:
            time.sleep(0.02)
        return state

    def new_differences(self):
        """Returns how many differences a scan finds that the watch had not journalled."""
        scan = subprocess.run(
            [self.waxseal, "--state-dir", self.state_dir, "scan", "--format", "ndjson"],
            capture_output=True, check=False,
        )
        summary = json.loads(scan.stdout.splitlines()[-1])["waxseal"]["summary"]
        return sum(summary["actions"].values())

    def peak_mib(self):
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        status = self.child.wait(timeout=60)
        if status != 0:
            sys.exit(f"watch.py: the watch ended with status {status}")


def latencies(watch, count):
    """Returns seconds from close(2) to the event on standard output, for single changes."""
    path = watch.top / "tree" / "single"
    path.write_bytes(b"0")
    watch.wait_for(b'/single"')
    taken = []
    for number in range(count):
        with open(path, "wb") as file:
            file.write(b"%d" % number)
        closed = time.perf_counter()
        taken.append(watch.wait_for(b'/single"') - closed)
    return sorted(taken)


def create(tree, files):
    for number in range(files):
        if number % 1000 == 0:
            os.mkdir(tree / f"d{number // 1000}")
        with open(tree / f"d{number // 1000}" / f"f{number % 1000}", "wb") as file:
            file.write(b"content %d" % number)


def tarball(source):
    """Returns a tarball of a directory, in memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(source, arcname="source")
    return buffer.getvalue()


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def storms(tree, options):
    """Yields the name and the job of each storm, in the order in which they are let loose."""
    repository = Path(__file__).resolve().parents[2]
    yield f"create {options.files:,} files", lambda: create(tree, options.files)
    yield "rm -rf of them", lambda: run("sh", "-c", f"rm -rf {tree}/d*")
    if options.source:
        packed = tarball(options.source)
        unpack = lambda: subprocess.run(["tar", "x", "-C", tree], input=packed, check=True)
        yield f"tar x of {len(packed) / 2**20:.0f} MiB", unpack
        yield "rename of the whole tree", lambda: os.rename(tree / "source", tree / "renamed")
        yield "chmod -R", lambda: run("chmod", "-R", "go-rwx", tree / "renamed")
    clone = tree / "clone"
    yield "git clone", lambda: run("git", "clone", "--no-hardlinks", repository, clone)
    first = subprocess.run(
        ["git", "-C", repository, "rev-list", "--max-parents=0", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.split()[0]

    def back_and_forth():
        for _ in range(3):
            run("git", "-C", clone, "checkout", first)
            run("git", "-C", clone, "checkout", "-")

    yield "git checkout, 3 times back and forth", back_and_forth
    yield "rm -rf of everything", lambda: run("sh", "-c", f"rm -rf {tree}/*")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--waxseal", default="target/release/waxseal", help="the binary (default: %(default)s)")
    parser.add_argument("--source", type=Path, help="a directory to pack and unpack, such as a large source tree")
    parser.add_argument("--files", type=int, default=FILES, help="files of the first storm (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=CHANGES, help="single changes (default: %(default)s)")
    parser.add_argument("--label", default="watch", help="a word for the result file's name")
    parser.add_argument("--no-result", action="store_true", help="write no result file")
    options = parser.parse_args()
    waxseal = shutil.which(options.waxseal) or sys.exit(f"watch.py: no program {options.waxseal}")
    with tempfile.TemporaryDirectory(prefix="waxseal-watch-") as top:
        top = Path(top).resolve()
        (top / "tree").mkdir()
        report(options, Watch(waxseal, top), waxseal)


def report(options, watch, waxseal):
    facts = record.machine([watch.top], os.cpu_count(), [("waxseal", record.version([waxseal, "--version"]))])
    idle = watch.cpu_seconds()
    time.sleep(10)
    idle = (watch.cpu_seconds() - idle) / 10
    taken = latencies(watch, options.changes)
    at = lambda share: f"{1000 * taken[min(len(taken) - 1, int(len(taken) * share))]:.2f}"
    rows = []
    missed = 0
    for name, job in storms(watch.top / "tree", options):
        watch.settle()
        events, cpu, start = watch.events, watch.cpu_seconds(), time.perf_counter()
        job()
        done = time.perf_counter()
        state = watch.settle()
        end = time.perf_counter()
        while state["outputs"][0]["behind"]:
            state = watch.settle()
        events = watch.events - events
        found = watch.new_differences()
        missed += found
        rows.append([
            name, f"{done - start:.2f}", f"{end - done:.2f}", f"{events}", f"{events / (end - start):.0f}",
            f"{watch.cpu_seconds() - cpu:.2f}", f"{watch.peak_mib():.0f}", f"{state['heard']['collapsed']}", f"{found}",
        ])
        print(*rows[-1], flush=True)
    watch.stop()
    header = ["storm", "job s", "behind s", "events", "events/s", "CPU s", "peak MiB", "collapsed", "missed"]
    text = "\n".join([
        facts, "",
        record.table(header, rows), "",
        f"{len(taken)} single changes, from close to the event on standard output: median {at(0.5)} ms, "
        f"99 of 100 within {at(0.99)} ms, worst {1000 * taken[-1]:.2f} ms",
        f"CPU while nothing happens: {100 * idle:.2f} % of one core", "",
    ])
    print(text)
    if not options.no_result:
        print("written to", record.save(options.label, "waxseal watch in storms", text))
    if missed:
        sys.exit(f"watch.py: a scan found {missed} differences that the watch had not journalled")


if __name__ == "__main__":
    main()
