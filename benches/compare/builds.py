#!/usr/bin/env python3
"""Runs several builds of waxseal on the same tree in turns, to see what the way of building costs.

    python3 benches/compare/builds.py --paths /usr/lib -- ordinary=target/release/waxseal static=…/waxseal

Each build has a store of its own. CPU seconds are given as well: on a machine
that does other things they say more than seconds do.
"""

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path
from statistics import median

import measure
import record

HEADER = ["build", "median s", "min s", "max s", "median CPU s", "min CPU s", "peak MiB"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", nargs="+", default=["/usr/lib"], help="what is scanned")
    parser.add_argument("--repeat", type=int, default=9, help="how often each build runs")
    parser.add_argument("--label", default="builds", help="the end of the result's name")
    parser.add_argument("--no-result", action="store_true", help="only print")
    parser.add_argument("builds", nargs="+", metavar="NAME=PROGRAM")
    return parser.parse_args()


def cpu_seconds():
    """Returns what all children have used so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def scan(program, state, paths):
    """Runs one full scan, and returns it with its CPU seconds."""
    before = cpu_seconds()
    run = measure.run([program, "--quiet", "--state-dir", state, "scan", "--full", *paths])
    # 1: something has changed in the tree meanwhile. 3: something could not be looked at.
    if run.status not in (0, 1, 3):
        sys.exit(f"error: {program} ended with {run.status}: {run.stderr}")
    return run, cpu_seconds() - before


def row(name, runs):
    """Returns the row of one build."""
    seconds = [run.seconds for run, _ in runs]
    cpu = [used for _, used in runs]
    peak = max(run.peak_kib for run, _ in runs) / 1024
    times = [median(seconds), min(seconds), max(seconds), median(cpu), min(cpu)]
    return [name, *(f"{value:.2f}" for value in times), f"{peak:.0f}"]


def main():
    args = arguments()
    builds = [build.partition("=")[::2] for build in args.builds]
    runs = {name: [] for name, _ in builds}
    versions = [(name, record.version([program, "--version"])) for name, program in builds]
    facts = record.machine(args.paths, os.cpu_count(), versions)
    with tempfile.TemporaryDirectory() as states:
        # The baseline, which also fills the page cache.
        for name, program in builds:
            scan(program, str(Path(states, name)), args.paths)
        for _ in range(args.repeat):
            for name, program in builds:
                runs[name].append(scan(program, str(Path(states, name)), args.paths))
    table = record.table(HEADER, [row(name, runs[name]) for name, _ in builds])
    print(table)
    if not args.no_result:
        title = "`waxseal scan --full` of an unchanged tree, by builds in turns"
        print(record.save(args.label, title, f"{facts}\n\n{table}"))


if __name__ == "__main__":
    main()
