"""How often the process behind a change is known: what share of short-lived writers still could be asked."""

import os
import subprocess

SHELL = 'n=0; while [ $n -lt "$2" ]; do echo x > "$1/f$n"; n=$((n + 1)); done'

HEADER = ["writer", "events", "all of it", "no program", "several", "nothing"]


def rows(watch, tree, runs):
    """Returns a row for each kind of writer, each of which makes as many new files."""
    writers = [
        ("touch, one after the other", lambda top: touch(top, runs, 1)),
        ("touch, two at a time", lambda top: touch(top, runs, 2)),
        ("a shell that lives on", lambda top: subprocess.run(["sh", "-c", SHELL, "sh", top, str(runs)], check=True)),
    ]
    return [row(watch, tree / f"who{number}", *writer) for number, writer in enumerate(writers)]


def row(watch, top, name, write):
    top.mkdir()
    watch.settle_delivered()
    watch.keeps = True
    write(top)
    watch.settle_delivered()
    watch.keeps = False
    events = [event for event in watch.file_events() if event["file"]["path"].startswith(f"{top}/")]
    known = [knowledge(event) for event in events]
    shares = [f"{100 * known.count(kind) / max(1, len(known)):.1f} %" for kind in HEADER[2:]]
    cells = [name, f"{len(known)}", *shares]
    print(*cells, flush=True)
    return cells


def touch(top, runs, together):
    """Runs `touch` as often, each in a process of its own, some at a time."""
    for first in range(0, runs, together):
        numbers = range(first, min(runs, first + together))
        argv = [["touch", f"{top}/f{number}"] for number in numbers]
        for child in [os.posix_spawn("/bin/touch", arguments, os.environ) for arguments in argv]:
            os.waitpid(child, 0)


def knowledge(event):
    """Returns the column that an event counts in."""
    if event.get("waxseal", {}).get("who", {}).get("confidence") == "several":
        return "several"
    process = event.get("process")
    if not process:
        return "nothing"
    return "all of it" if "executable" in process and "args" in process else "no program"
