#!/usr/bin/env python3
"""Times waxseal beside its peers, in one run, on one machine, on the same files.

Modes: the comparison on --paths (default), --smoke, --all-types, --million.
The programs take turns within each repetition, so that a busy minute hits all
of them alike. Nothing is written to the paths that are read. See README.md.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import contenders
import measure
import record
import trees

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
DEFAULT_PATHS = ["/usr/lib", "/usr/bin", "/usr/share"]
MIB = 1 << 20

# The names that `waxseal hash --hash-types` takes, all seventeen.
HASH_TYPES = (
    "blake2b_256 blake2b_384 blake2b_512 blake3 md5 sha1 sha224 sha256 sha384 sha512 "
    "sha512_224 sha512_256 sha3_224 sha3_256 sha3_384 sha3_512 xxh64"
).split()


def arguments():
    """Returns the command line's options, with waxseal found or the reason why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--paths", nargs="+", default=DEFAULT_PATHS, help="what to read (default: %(default)s)")
    add("--repeat", type=int, help="repetitions (default: 5; smoke 1; --all-types and --million 3)")
    add("--waxseal", metavar="PATH", help="the binary (default: target/release/waxseal)")
    add("--without-waxseal", action="store_true", help="time only the peers")
    add("--threads", type=int, help="passed on to waxseal (default: its own choice)")
    add("--cores", type=int, default=len(os.sched_getaffinity(0)), help="for the peers (default: %(default)s)")
    add("--label", help="a word for the result file's name")
    add("--work", type=Path, default=HERE / "work", help="where state and made files go (default: %(default)s)")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--smoke", action="store_true", help="small made tree, no result file; for CI")
    modes.add_argument("--all-types", type=size, metavar="SIZE", help="all hash types of one file, such as 2G")
    modes.add_argument("--million", action="store_true", help="a made tree of 1,000,000 small files")
    options = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target"))
    binary = Path(options.waxseal or target / "release" / "waxseal").resolve()
    options.waxseal = str(binary)
    options.waxseal_missing = None
    if options.without_waxseal:
        options.waxseal, options.waxseal_missing = None, "waxseal skipped: --without-waxseal"
    elif not os.access(binary, os.X_OK):
        options.waxseal = None
        options.waxseal_missing = f"waxseal skipped: no program at {binary}; `cargo build --release`"
    return options


def size(text):
    """Reads a size such as 500M or 2G."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    number, unit = (text[:-1], units[text[-1].upper()]) if text[-1:].upper() in units else (text, 1)
    return int(float(number) * unit)


class Comparison:
    """Contenders, what they took so far, and what went otherwise than it should."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.runs = {contender.key: [] for contender in chosen}
        self.speeds = []

    def repeat(self, times):
        """Runs every contender once, `times` times over."""
        for number in range(1, times + 1):
            print(f"repetition {number} of {times}", file=sys.stderr)
            self.speeds.append(measure.sha256_speed())
            for contender in self.chosen:
                if contender.fresh:
                    trees.remove(contender.fresh)
                self.runs[contender.key].append(measure.run(contender.argv))

    def median(self, key):
        """Returns a contender's median seconds, or None when it did not take part."""
        return median(run.seconds for run in self.runs[key]) if key in self.runs else None

    def table(self):
        """Returns the table of times."""
        floor = measure.memory_floor_kib()
        rows = [record.timing_row(c, self.runs[c.key], floor) for c in self.chosen]
        return record.table(record.TIMING_HEADER, rows)

    def unexpected(self):
        """Returns one line for each contender that ended otherwise than with 0."""
        lines = []
        for contender in self.chosen:
            bad = [run for run in self.runs[contender.key] if run.status != 0]
            if bad:
                said = "".join(f"\n    {line}" for line in bad[0].stderr.splitlines())
                lines.append(f"{contender.name}: exit {bad[0].status}, expected 0{said}")
        return lines


def ratios(comparison, tree, cores):
    """Returns the table of ratios, and the cost model that some of them are against."""
    speed, cat = median(comparison.speeds), comparison.median("cat")
    model = tree.size / (cores * speed) + cat
    times = {contender.key: comparison.median(contender.key) for contender in comparison.chosen}
    times["model"] = model
    wanted = [
        ("baseline", "model"), ("full", "model"), ("scan", "find"), ("scan", "find names"),
        ("sha256sum", "baseline"), ("aide --init", "baseline"), ("aide --check", "full"),
        ("aide --check", "check"), ("sha256sum", "model"), ("aide --init", "model"),
    ]
    rows = [[f"{above} / {below}", f"{times[above] / times[below]:.2f}"]
            for above, below in wanted if above in times and below in times]
    said = (
        f"Model of SHA-256: {tree.size / 1e9:.3f} GB / ({cores} cores x {speed / 1e9:.3f} GB/s)"
        f" + {cat:.3f} s (cat) = {model:.3f} s"
    )
    return record.table(["ratio", "value"], rows) + "\n\n" + said


def versions(options):
    """Returns the versions of all programs that take part."""
    found = [("find", record.version(["find", "--version"])), ("sha256sum", record.version(["sha256sum", "--version"]))]
    if shutil.which("aide"):
        found.insert(0, ("aide", record.version(["aide", "--version"])))
    if options.waxseal:
        found.insert(0, ("waxseal", record.version([options.waxseal, "--version"])))
    return found


def compare(options, work, paths):
    """Times all contenders on `paths`; returns the exit status."""
    facts = record.machine(paths, options.cores, versions(options))
    chosen, missing = contenders.everything(options, paths, work, options.cores)
    for sentence in missing:
        print(sentence, file=sys.stderr)
    tree = trees.count(paths)
    # The first read is nobody's: all contenders find the page cache warm.
    measure.run(contenders.each_file("cat", paths, options.cores).argv)
    comparison = Comparison(chosen)
    comparison.repeat(options.repeat or (1 if options.smoke else 5))

    after = trees.count(paths)
    notes = list(missing)
    if after != tree:
        notes.append(f"the tree changed meanwhile: {tree} before, {after} after")
    unexpected = comparison.unexpected()
    held = f"{tree.entries} entries, {tree.files} files, {tree.size / 1e9:.3f} GB under {' '.join(paths)}"
    text = "\n\n".join([facts, held, comparison.table(), ratios(comparison, tree, options.cores)])
    text += "".join(f"\n\nNote: {note}" for note in notes + unexpected)
    return finish(options, "Waxseal beside its peers", text, unexpected)


def all_types(options, work):
    """Times all hash types at once against each alone; returns the exit status."""
    file = work / "large-file"
    trees.make_file(file, options.all_types)
    facts = record.machine([str(work)], options.cores, versions(options))
    base = [options.waxseal, *(["--threads", str(options.threads)] if options.threads else []), "hash", "--hash-types"]
    chosen = [contenders.Contender("all", "all types", base + [",".join(HASH_TYPES), str(file)])]
    chosen += [contenders.Contender(name, f"only {name}", base + [name, str(file)]) for name in HASH_TYPES]
    measure.run(["cat", str(file)])
    comparison = Comparison(chosen)
    comparison.repeat(options.repeat or 3)

    together = comparison.median("all")
    alone = sum(comparison.median(name) for name in HASH_TYPES)
    text = "\n\n".join([
        facts, f"One file of {options.all_types / MIB:.0f} MiB", comparison.table(),
        f"Sum of the {len(HASH_TYPES)} alone: {alone:.3f} s; / {options.cores} cores = {alone / options.cores:.3f} s;"
        f" all at once takes {together / (alone / options.cores):.2f} of that",
    ])
    unexpected = comparison.unexpected()
    text += "".join(f"\n\nNote: {note}" for note in unexpected)
    return finish(options, "All hash types at once", text, unexpected)


def million(options, work):
    """Times waxseal on a million small files; returns the exit status."""
    tree = work / "tree"
    print("making 1,000,000 files", file=sys.stderr)
    trees.make_million(tree)
    facts = record.machine([str(work)], options.cores, versions(options))
    jobs = contenders.waxseal(options.waxseal, [str(tree)], work, options.threads)
    chosen = [job for job in jobs if job.key in ("baseline", "scan")]
    comparison = Comparison([*chosen, *contenders.find([str(tree)])])
    comparison.repeat(options.repeat or 3)
    unexpected = comparison.unexpected()
    text = "\n\n".join([facts, "1,000,000 files of some 25 bytes in 1,000 directories", comparison.table()])
    text += "".join(f"\n\nNote: {note}" for note in unexpected)
    return finish(options, "A million small files", text, unexpected)


def finish(options, title, text, unexpected):
    """Prints the result, keeps it unless it is a smoke run, and returns the exit status."""
    print(text)
    if not options.smoke:
        print(f"\nwritten to {record.save(options.label, title, text)}", file=sys.stderr)
    return 1 if unexpected or (options.smoke and not options.waxseal and not options.without_waxseal) else 0


def main():
    """Chooses the mode, in a directory of its own that is removed afterwards."""
    options = arguments()
    if not options.waxseal and (options.all_types or options.million):
        print(f"error: this mode needs waxseal: {options.waxseal_missing}", file=sys.stderr)
        return 2
    paths = [os.path.abspath(path) for path in options.paths]
    absent = [path for path in paths if not os.path.isdir(path)]
    if absent:
        print(f"error: not a directory: {' '.join(absent)}", file=sys.stderr)
        return 2
    options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=options.work.resolve()) as name:
        work = Path(name)
        if options.all_types:
            return all_types(options, work)
        if options.million:
            return million(options, work)
        if options.smoke:
            paths = [str(work / "tree")]
            trees.make_smoke(Path(paths[0]))
        return compare(options, work, paths)


if __name__ == "__main__":
    sys.exit(main())
