#!/usr/bin/env python3
"""Lets `waxseal watch` live through a week in minutes, and says whether anything of it grows.

Random changes at a steady rate, with a file output that is rotated, standard
output into a pipe, and `status`, SIGHUP, `accept --all` and `scan` beside it.
At the end a scan must find nothing that the watch had not journalled.
"""

import argparse
import collections
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import gardener
import monitor
import record

CONFIG = """\
[output.stdout]
format = "ndjson"

[output.file]
path = "{work}/out/events.ndjson"
rotate_size = "4 MiB"
keep = 3

[[monitor]]
name = "soak"
paths = ["{work}/tree"]
"""

# Seconds between two samples.
SAMPLING = 10

# Beside the watch: seconds between two of them, on average.
BESIDE = {"status": 5, "SIGHUP": 60, "accept --all": 45, "scan": 30}

# What each may come to, of what it was: caches fill, connections come and go. Of the processes that it was told of
# last the watch keeps up to 64, with two descriptors each.
GROWTH = {
    "RSS MiB": lambda value: value * 1.2 + 8,
    "descriptors": lambda value: value + 4,
    "of processes": lambda _: 130,
    "threads": lambda value: value,
}

# The log is written back beyond 16 MiB; one transaction may be as large again.
LOG_MIB = 32

SAMPLE = ["s", "RSS MiB", "descriptors", "of processes", "threads", "store MiB", "log MiB", "events", "rows"]


class Soak:
    """One run: the watch, what is done to it, and the samples."""

    def __init__(self, watch, tree, options):
        self.watch, self.options = watch, options
        self.gardener = gardener.Gardener(tree, options.seed)
        self.random = random.Random(options.seed)
        self.samples, self.asked, self.by_other_name = [], collections.Counter(), 0
        self.start = time.monotonic()

    def run(self):
        end, done = self.start + 60 * self.options.minutes, 0
        next_sample, next_beside = self.start + SAMPLING, {name: self.later(name) for name in BESIDE}
        while (now := time.monotonic()) < end:
            self.watch.lives()
            for name in [name for name, due in next_beside.items() if due <= now]:
                self.beside(name)
                next_beside[name] = self.later(name)
            if next_sample <= now:
                next_sample += SAMPLING
                self.sample()
            # What is left undone while something runs beside it is made up for at once.
            while done < (time.monotonic() - self.start) * self.options.rate:
                self.gardener.work()
                done += 1
            time.sleep(0.01)

    def later(self, name):
        return time.monotonic() + self.random.uniform(0.5, 1.5) * BESIDE[name]

    def beside(self, name):
        """Does something to the watch, and counts how it ended."""
        if name == "SIGHUP":
            self.watch.signal(signal.SIGHUP)
            self.asked[name, "sent"] += 1
            return
        reason = ["--reason", "soak"] if name.startswith("accept") else []
        self.asked[name, self.watch.run(*name.split(), *reason).returncode] += 1

    def sample(self):
        status, pid = self.watch.status(), self.watch.child.pid
        directory = Path(self.watch.base[2])
        sizes = {path.name: path.stat().st_size for path in directory.iterdir() if path.is_file()}
        open_files = descriptors(pid)
        of_processes = sum(name.startswith("/proc/") for name in open_files)
        self.samples.append({
            "s": time.monotonic() - self.start,
            "RSS MiB": self.watch.mib("VmRSS"),
            "descriptors": len(open_files) - of_processes,
            "of processes": of_processes,
            "threads": int(self.watch.facts()["Threads"]),
            "store MiB": sum(sizes.values()) / 2**20,
            "log MiB": sizes.get("baseline.db-wal", 0) / 2**20,
            "events": status["events"],
            "rows": status["approved"] + status["open"],
        })
        print(*(f"{self.samples[-1][name]:.0f}" for name in SAMPLE), flush=True)


def descriptors(pid):
    """Returns what the descriptors of a process are of."""
    names = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(entry.path))
        except FileNotFoundError:
            # It was closed meanwhile.
            continue
    return names


def growth(samples):
    """Returns a row for each figure, of the second and of the last fifth, and what grew beyond what may come and go."""
    fifth = max(1, len(samples) // 5)
    early, late = samples[fifth:2 * fifth] or samples, samples[-fifth:]
    for sample in samples:
        sample["store bytes an event"] = sample["store MiB"] * 2**20 / max(1, sample["events"])
    rows, grown = [], []
    for name in [*SAMPLE[1:], "store bytes an event"]:
        before, after = (median(sample[name] for sample in some) for some in (early, late))
        rows.append([name, f"{before:.1f}", f"{after:.1f}"])
        may = GROWTH.get(name)
        if may and after > may(before):
            grown.append(f"{name} grew from {before:.1f} to {after:.1f}")
    bytes_each = [median(sample["store bytes an event"] for sample in some) for some in (early, late)]
    # Rows and free pages weigh less and less beside the journal, so each event costs less and less.
    if bytes_each[1] > bytes_each[0] * 1.1:
        grown.append(f"the store grew beyond its data: {bytes_each[0]:.0f} bytes an event, later {bytes_each[1]:.0f}")
    return rows, grown


def verdict(soak):
    """Brings the watch to rest and returns everything that is not as it should be."""
    watch = soak.watch
    watch.settle_delivered()
    missed, soak.by_other_name = watch.new_differences(soak.gardener.linked)
    wrong = [f"a scan found {missed} differences that the watch had not journalled"] if missed else []
    accepted = watch.run("accept", "--all", "--reason", "the end").returncode
    watch.settle_delivered()
    soak.sample()
    if accepted != 0 or watch.status()["open"]:
        wrong.append(f"not everything could be approved (status {accepted})")
    if soak.samples[-1]["log MiB"] > LOG_MIB:
        wrong.append(f"the log has {soak.samples[-1]['log MiB']:.0f} MiB after everything was approved")
    if watch.run("log", "--verify").returncode != 0:
        wrong.append("the journal is damaged")
    return wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=200, help="changes a second (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one does other things (default: %(default)s)")
    return monitor.options(parser, "soak")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="waxseal-soak-") as work:
        work = Path(work).resolve()
        for name in ("tree", "out"):
            (work / name).mkdir(mode=0o700)
        (work / "waxseal.toml").write_text(CONFIG.format(work=work))
        report(options, work)


def report(options, work):
    versions = [("waxseal", record.version([options.waxseal, "--version"]))]
    facts = record.machine([work], os.cpu_count(), versions)
    with monitor.Watch(options.waxseal, work / "state", config=work / "waxseal.toml") as watch:
        soak = Soak(watch, work / "tree", options)
        soak.run()
        wrong = verdict(soak)
    rows, grown = growth(soak.samples[:-1])
    wrong += grown
    asked = sorted((name, str(status), str(count)) for (name, status), count in soak.asked.items())
    text = "\n\n".join([
        facts,
        record.table(["median of", "second fifth", "last fifth"], rows),
        record.table(["beside it", "status", "times"], asked),
        "\n".join(f"- {line}" for line in wrong) or "Nothing grew that must not, and a scan found nothing new.",
        f"Differences of files with several names, found by the scan alone: {soak.by_other_name}",
        record.table(SAMPLE, [[f"{sample[name]:.1f}" for name in SAMPLE] for sample in soak.samples]),
    ])
    print(text)
    if not options.no_result:
        print("written to", record.save(options.label, "waxseal watch for a week in minutes", text))
    if wrong:
        sys.exit("soak.py: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
