#!/usr/bin/env python3
"""Measures `waxseal watch` on real storms: what it journals, how far behind it falls, what it holds.

After each storm the watch is waited for, and a scan beside it must find
nothing that the watch had not seen.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import crowd
import drain
import flood
import monitor
import package
import record
import storm
import who

CHANGES = 10_000
FILES = 100_000
RUNS = 2_000


def latencies(watch, tree, count):
    """Returns seconds from close(2) to the event on standard output, for single changes."""
    path = tree / "single"
    watch.keeps = True
    path.write_bytes(b"0")
    watch.wait_for(b'/single"')
    taken = []
    for number in range(count):
        with open(path, "wb") as file:
            file.write(b"%d" % number)
        closed = time.perf_counter()
        taken.append(watch.wait_for(b'/single"') - closed)
    watch.keeps = False
    return sorted(taken)


def idle_share(watch):
    """Returns the share of one core that it takes while nothing happens."""
    before = watch.cpu_seconds()
    time.sleep(10)
    return (watch.cpu_seconds() - before) / 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="a directory to pack and unpack, such as a large source tree")
    parser.add_argument("--files", type=int, default=FILES, help="files of the large storms (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=CHANGES, help="single changes (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=RUNS, help="writers to be named, of each kind (default: %(default)s)")
    parser.add_argument("--cargo", action="store_true", help="also build a crate below the watched directory")
    parser.add_argument("--apt", metavar="PACKAGE", help="also install and remove this Debian package; it must be new")
    parser.add_argument("--million", action="store_true", help="also watch a million files")
    return monitor.options(parser, "watch")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="waxseal-watch-") as work:
        report(options, Path(work).resolve())


def report(options, work):
    versions = [("waxseal", record.version([options.waxseal, "--version"]))]
    facts = record.machine([work], os.cpu_count(), versions)
    tree, writer = work / "tree", flood.Flood(work)
    tree.mkdir()
    with monitor.Watch(options.waxseal, work / "state", [tree]) as watch:
        idle = idle_share(watch)
        taken = latencies(watch, tree, options.changes)
        rows = [storm.row(watch, *each) for each in storm.storms(tree, writer, options)]
        drained = drain.rows(watch, tree, writer, options.files)
        named = who.rows(watch, tree, options.runs)
    if options.apt:
        rows += package.rows(options.waxseal, work, options.apt)
    crowded = [crowd.row(options.waxseal, work)] if options.million else []
    at = lambda share: f"{1000 * taken[min(len(taken) - 1, int(len(taken) * share))]:.2f}"
    text = "\n".join([
        facts, "",
        record.table(storm.HEADER, rows), "",
        record.table(drain.HEADER, drained), "",
        record.table(who.HEADER, named), "",
        *([record.table(crowd.HEADER, crowded), ""] if crowded else []),
        f"{len(taken)} single changes, from close to the event on standard output: median {at(0.5)} ms, "
        f"99 of 100 within {at(0.99)} ms, worst {1000 * taken[-1]:.2f} ms",
        f"CPU while nothing happens: {100 * idle:.2f} % of one core", "",
    ])
    print(text)
    if not options.no_result:
        print("written to", record.save(options.label, "waxseal watch in storms", text))
    if missed := sum(int(row[-1]) for row in [*rows, *drained]):
        sys.exit(f"watch.py: scans found {missed} differences that the watch had not journalled")


if __name__ == "__main__":
    main()
