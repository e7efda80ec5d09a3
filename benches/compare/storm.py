"""Storms: ordinary jobs of ordinary programs below a watched directory, and what one of them costs."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

HEADER = ["storm", "job s", "behind s", "events", "events/s", "CPU s", "peak MiB", "collapsed", "by other name", "missed"]


def row(watch, name, job):
    """Lets one storm loose; returns its row once everything is journalled and a scan has looked for more."""
    watch.settle_delivered()
    events, cpu, start = watch.events, watch.cpu_seconds(), time.perf_counter()
    job()
    done = time.perf_counter()
    state = watch.settle()
    end = time.perf_counter()
    watch.settle_delivered()
    cpu = watch.cpu_seconds() - cpu
    events = watch.events - events
    missed, by_other_name = watch.new_differences()
    cells = [
        name, f"{done - start:.2f}", f"{end - done:.2f}", f"{events}", f"{events / (end - start):.0f}", f"{cpu:.2f}",
        f"{watch.mib('VmHWM'):.0f}", f"{state['heard']['collapsed']}", f"{by_other_name}", f"{missed}",
    ]
    print(*cells, flush=True)
    return cells


def storms(tree, flood, options):
    """Yields the name and the job of each storm, in the order in which they are let loose."""
    yield f"create {options.files:,} files ({flood.by})", lambda: flood.write(tree, options.files, "content")
    yield "rm -rf of them", lambda: run("sh", "-c", f"rm -rf {tree}/d*")
    if options.source:
        packed = tarball(options.source)
        unpack = lambda: subprocess.run(["tar", "x", "-C", tree], input=packed, check=True)
        yield f"tar x of {len(packed) / 2**20:.0f} MiB", unpack
        yield "rename of the whole tree", lambda: os.rename(tree / "source", tree / "renamed")
        yield "chmod -R", lambda: run("chmod", "-R", "go-rwx", tree / "renamed")
    yield from git(tree / "clone")
    if options.cargo:
        yield "cargo build of one crate", lambda: cargo_build(tree / "target")
    yield "rm -rf of everything", lambda: run("sh", "-c", f"rm -rf {tree}/*")


def git(clone):
    yield "git clone", lambda: run("git", "clone", "--no-hardlinks", REPOSITORY, clone)
    first = subprocess.run(
        ["git", "-C", REPOSITORY, "rev-list", "--max-parents=0", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.split()[0]

    def back_and_forth():
        for _ in range(3):
            run("git", "-C", clone, "checkout", first)
            run("git", "-C", clone, "checkout", "-")

    yield "git checkout, 3 times back and forth", back_and_forth


def cargo_build(target):
    """Builds a small crate of this repository with all that it needs, into the watched tree."""
    if not shutil.which("cargo"):
        sys.exit("no program cargo: leave --cargo out")
    run(
        "cargo", "build", "--offline", "--locked", "--package", "waxseal-hashers",
        "--manifest-path", REPOSITORY / "Cargo.toml", "--target-dir", target,
    )


def tarball(source):
    """Returns a tarball of a directory, in memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(source, arcname="source")
    return buffer.getvalue()


def run(*argv):
    """Runs a program whose output does not matter unless it fails."""
    done = subprocess.run(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{argv[0]} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
