"""What it costs to watch a million files: the time until it watches, memory, and one change among them."""

import time

import monitor
import trees

HEADER = ["files watched", "baseline s", "start s", "RSS MiB", "peak MiB", "CPU s in 10 s of rest", "one change ms"]


def row(waxseal, work):
    tree, state = work / "million", work / "million-state"
    trees.make_million(tree)
    with monitor.Watch(waxseal, state, [tree]) as first:
        baseline = time.perf_counter() - first.began
    with monitor.Watch(waxseal, state, [tree]) as watch:
        start = time.perf_counter() - watch.began
        watch.settle()
        cpu = watch.cpu_seconds()
        time.sleep(10)
        cpu = watch.cpu_seconds() - cpu
        watch.keeps = True
        (tree / "0500" / "0500.txt").write_bytes(b"another content")
        closed = time.perf_counter()
        took = watch.wait_for(b"/0500.txt") - closed
        cells = [
            "1,000,000", f"{baseline:.1f}", f"{start:.1f}", f"{watch.mib('VmRSS'):.1f}", f"{watch.mib('VmHWM'):.1f}",
            f"{cpu:.2f}", f"{1000 * took:.2f}",
        ]
    print(*cells, flush=True)
    return cells
