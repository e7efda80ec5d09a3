"""The programs that are compared, as command lines.

Every contender does one whole job on the same paths. The floors are not rivals:
they show what reading and looking alone cost on this machine.
"""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

# What `find` prints so that it must ask the kernel for all metadata of every entry.
METADATA = r"%p %y %s %b %m %U %G %i %D %n %A@ %B@ %C@ %T@ %l"
# With user and group by name as well: find asks the system for them at every entry, which takes most of its time.
NAMES = r" %u %g"

# AIDE's nearest equal of waxseal's default attributes.
AIDE_RULE = "ftype+p+i+l+n+u+g+s+m+c+acl+xattrs+selinux+caps+e2fsattrs+sha256"


@dataclass
class Contender:
    """One row of the table."""

    # By which the ratios find it.
    key: str
    name: str
    argv: list
    # A floor's or a filter's peak memory says nothing of a monitor.
    shows_memory: bool = True
    # Removed before each run: state that the program must make anew.
    fresh: Path | None = None


def waxseal(binary, paths, work, threads=None):
    """Returns waxseal's four jobs, in the order in which they must run."""
    state = work / "waxseal-state"
    base = [binary, "--state-dir", str(state)]
    if threads:
        base += ["--threads", str(threads)]
    return [
        Contender("baseline", "waxseal scan (first baseline)", base + ["scan", *paths], fresh=state),
        Contender("full", "waxseal scan --full", base + ["scan", "--full", *paths]),
        Contender("scan", "waxseal scan", base + ["scan", *paths]),
        Contender("check", "waxseal check", base + ["check", *paths]),
    ]


def aide(paths, work, cores):
    """Returns AIDE's two jobs; the second reads the database of the first."""
    database, config = work / "aide.db", work / "aide.conf"
    # `/usr/lib$` and `/usr/lib/`, because a rule is a prefix: `/usr/lib` alone is also `/usr/lib32`.
    rules = "".join(f"{_pattern(path)}{end} Compare\n" for path in paths for end in ("$", "/"))
    config.write_text(
        f"database_in=file:{database}\ndatabase_out=file:{database}\ngzip_dbout=no\n"
        f"num_workers={cores}\nreport_url=stdout\nlog_level=error\n"
        f"Compare = {AIDE_RULE}\n{rules}"
    )
    base = [shutil.which("aide"), "--config", str(config)]
    return [
        Contender("aide --init", "aide --init", base + ["--init"], fresh=database),
        Contender("aide --check", "aide --check", base + ["--check"]),
    ]


def _pattern(path):
    """Escapes a path for AIDE, whose rules are regular expressions."""
    return "".join(c if c.isalnum() or c in "/_-" else "\\" + c for c in path)


def each_file(tool, paths, cores):
    """Returns `tool` run over all regular files by `cores` processes at a time."""
    quoted = " ".join(shlex.quote(path) for path in paths)
    script = f"find {quoted} -type f -print0 | xargs -0 -P {cores} -n 64 {tool}"
    return Contender(tool, f"xargs -P{cores} {tool}", ["sh", "-c", script], shows_memory=False)


def find(paths):
    """Returns the floors for looking at all metadata."""
    numbers, names = METADATA + r"\n", METADATA + NAMES + r"\n"
    return [
        Contender("find", "find -printf (ids as numbers)", ["find", *paths, "-printf", numbers], False),
        Contender("find names", "find -printf (users by name)", ["find", *paths, "-printf", names], False),
    ]


def everything(options, paths, work, cores):
    """Returns (the contenders in order, a sentence for each one that is missing)."""
    chosen, missing = [], []
    if options.waxseal:
        chosen += waxseal(options.waxseal, paths, work, options.threads)
    else:
        missing.append(options.waxseal_missing)
    if shutil.which("aide"):
        chosen += aide(paths, work, cores)
    else:
        missing.append("aide skipped: not found; `apt-get install aide`")
    chosen += [each_file("sha256sum", paths, cores), each_file("cat", paths, cores), *find(paths)]
    return chosen, missing
