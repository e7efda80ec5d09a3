"""What a comparison found, as text: the table, the machine, the result file."""

import datetime
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).resolve().parent / "results"


def table(header, rows):
    """Returns a Markdown table with aligned columns, which reads well on a terminal too."""
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row):
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if n == 0 else ":") for n, width in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def timing_row(contender, runs, floor_kib):
    """Returns one contender's row: median, min, max, peak memory, exit codes."""
    times = [run.seconds for run in runs]
    peak = max(run.peak_kib for run in runs)
    if not contender.shows_memory:
        memory = "-"
    elif peak <= floor_kib:
        memory = f"<= {floor_kib / 1024:.0f}"
    else:
        memory = f"{peak / 1024:.1f}"
    statuses = ",".join(str(status) for status in sorted({run.status for run in runs}))
    return [contender.name, f"{median(times):.3f}", f"{min(times):.3f}", f"{max(times):.3f}", memory, statuses]


TIMING_HEADER = ["program", "median s", "min s", "max s", "peak MiB", "exit"]


def machine(paths, cores, versions):
    """Returns the list of facts without which the figures mean nothing."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    facts = [
        ("date", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")),
        # Where this machine keeps its build is nobody's business.
        ("command", shlex.join(["python3", *map(relative, sys.argv)])),
        ("processor", f"{processor()}, {cores} cores used"),
        ("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("filesystem", ", ".join(sorted({filesystem(path) for path in paths}))),
        ("load before the first run (1, 5, 15 min)", load),
        *versions,
    ]
    return "\n".join(f"- {name}: {value}" for name, value in facts)


def processor():
    """Returns the processor's name as the kernel gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def filesystem(path):
    """Returns the type of the filesystem that holds `path`."""
    answer = subprocess.run(
        ["stat", "--file-system", "--format=%T", path], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"


def relative(argument):
    """Returns an argument, without its directory when it is an absolute path."""
    return os.path.basename(argument) if os.path.isabs(argument) else argument


def version(argv):
    """Returns the first line that a program prints about its version."""
    answer = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return answer.stdout.strip().splitlines()[0] if answer.stdout.strip() else "unknown"


def save(label, title, text):
    """Writes results/DATE-machine-label.md and returns its path; an older file is never overwritten."""
    words = [datetime.date.today().isoformat(), processor(), f"{os.cpu_count()}-cores", label or "run"]
    stem = "-".join(re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words)
    RESULTS.mkdir(exist_ok=True)
    path, number = RESULTS / f"{stem}.md", 1
    while path.exists():
        number += 1
        path = RESULTS / f"{stem}-{number}.md"
    path.write_text(f"# {title}\n\n{text}\n")
    return path
