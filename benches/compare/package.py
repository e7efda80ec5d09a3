"""A storm by the package manager: `apt-get install` and `apt-get remove --purge` below /usr, /etc and /var/lib/dpkg.

It changes this machine and puts it back: what the storm itself brought in is
removed again, and nothing else. Afterwards the list of packages must be as it
was. The logs of apt and dpkg keep some lines.
"""

import os
import subprocess
import sys
from pathlib import Path

import monitor
import storm

PATHS = ["/usr", "/etc", "/var/lib/dpkg"]
ARCHIVES = Path("/var/cache/apt/archives")
APT = ["apt-get", "--yes", "--option", "Dpkg::Use-Pty=0"]


def rows(waxseal, work, package):
    """Returns the rows of both storms, of a watch of its own."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    before = installed()
    if os.geteuid() != 0 or package in {name.partition(":")[0] for name in before}:
        sys.exit(f"--apt needs root, and a package that is not installed: {package}")
    install = [*APT, "--no-install-recommends", "install", package]
    archives = set(ARCHIVES.glob("*.deb"))
    # The network is not what is measured.
    storm.run(*install, "--download-only")
    try:
        with monitor.Watch(waxseal, work / "apt-state", PATHS) as watch:
            return both(watch, install, package, before)
    finally:
        remove(before)
        for archive in set(ARCHIVES.glob("*.deb")) - archives:
            archive.unlink()
        if installed() != before:
            sys.exit(f"the packages are not as they were before: {sorted(installed() ^ before)}")


def both(watch, install, package, before):
    first = storm.row(watch, f"apt-get install {package}", lambda: storm.run(*install))
    count = len(installed() - before)
    return [first, storm.row(watch, f"apt-get remove --purge of {count} packages", lambda: remove(before))]


def remove(before):
    """Removes every package that was not there before."""
    new = sorted(installed() - before)
    if new:
        storm.run(*APT, "--purge", "remove", *new)


def installed():
    """Returns the names of all packages of which anything is there, with their architecture."""
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${binary:Package}\n"],
        capture_output=True, text=True, check=True,
    )
    states = (line.split() for line in listed.stdout.splitlines())
    return {name for state, name in states if state != "not-installed"}
