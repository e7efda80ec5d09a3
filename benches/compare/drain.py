"""How fast the watch is when nothing else runs: the job is done while it stands still (SIGSTOP).

The kernel keeps what happens. From SIGCONT on the watch has the whole machine,
but for who reads its standard output.
"""

import signal
import time

import storm

HEADER = ["done while it stood still", "events", "seconds", "events/s", "CPU s", "peak MiB", "missed"]


def rows(watch, tree, flood, files):
    """Returns a row for each of three jobs: files created, written anew, removed."""
    tree = tree / "drain"
    tree.mkdir()
    jobs = [
        (f"{files:,} files created", lambda: flood.write(tree, files, "first")),
        (f"{files:,} files written anew", lambda: flood.write(tree, files, "second")),
        ("rm -rf of them", lambda: storm.run("rm", "-rf", tree)),
    ]
    return [row(watch, name, job) for name, job in jobs]


def row(watch, name, job):
    watch.settle_delivered()
    events, cpu = watch.events, watch.cpu_seconds()
    watch.signal(signal.SIGSTOP)
    try:
        job()
    finally:
        start = time.perf_counter()
        watch.signal(signal.SIGCONT)
    watch.settle()
    seconds = time.perf_counter() - start
    watch.settle_delivered()
    cpu = watch.cpu_seconds() - cpu
    events = watch.events - events
    missed, _ = watch.new_differences()
    cells = [
        name, f"{events}", f"{seconds:.2f}", f"{events / seconds:.0f}", f"{cpu:.2f}",
        f"{watch.mib('VmHWM'):.0f}", f"{missed}",
    ]
    print(*cells, flush=True)
    return cells
