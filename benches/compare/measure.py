"""Runs one program and says how long it took and how much memory it held.

The only module here that starts processes for timing. It neither knows the
programs nor judges their results.
"""

import hashlib
import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass

# Enough of a failed program's words to see why, not so many as to hide the table.
STDERR_TAIL = 2000


@dataclass
class Run:
    """One finished program."""

    seconds: float
    peak_kib: int
    status: int
    stderr: str


def run(argv):
    """Runs `argv` to its end with its output thrown away."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        # Not child.wait(): only wait4 gives this child's own usage, not the sum of all so far.
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - STDERR_TAIL))
        stderr = errors.read().decode(errors="replace").strip()
    return Run(seconds, usage.ru_maxrss, child.returncode, stderr)


def memory_floor_kib():
    """Returns the peak below which a child's peak cannot be seen.

    Linux hands a process's peak on through fork and exec, so a child never
    shows less than this driver itself holds.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def sha256_speed(seconds=1.0):
    """Returns one core's SHA-256 speed in bytes a second, by hashlib (OpenSSL)."""
    block = bytes(64 * 1024)
    digest = hashlib.sha256()
    done = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for _ in range(64):
            digest.update(block)
        done += 64 * len(block)
    return done / elapsed
