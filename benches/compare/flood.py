"""Writes many small files as fast as the machine can: with flood.c where there is a C compiler.

Python itself needs longer for a file than the watch does, so it would be the
thing that is measured.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "flood.c"


class Flood:
    """The program, made for this run."""

    def __init__(self, work):
        self.program = compiled(work / "flood")
        # A word for the table: who wrote the files.
        self.by = "flood.c" if self.program else "Python"

    def write(self, tree, files, text):
        """Creates the files, or writes them anew where they exist."""
        if self.program:
            subprocess.run([self.program, tree, str(files), text], check=True)
        else:
            write(tree, files, text)


def compiled(program):
    """Returns the path of the compiled program; None, with a message, where that is not possible."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        print("no C compiler (cc or gcc): Python writes the files, which is slower than the watch", file=sys.stderr)
        return None
    made = subprocess.run([compiler, "-O2", "-o", program, SOURCE], stderr=subprocess.PIPE, text=True, check=False)
    if made.returncode == 0:
        return program
    print(f"{compiler} cannot compile flood.c, so Python writes the files:\n{made.stderr}", file=sys.stderr)
    return None


def write(tree, files, text):
    for number in range(files):
        if number % 1000 == 0:
            os.makedirs(tree / f"d{number // 1000}", exist_ok=True)
        with open(tree / f"d{number // 1000}" / f"f{number % 1000}", "wb") as file:
            file.write(b"%s %d\n" % (text.encode(), number))
