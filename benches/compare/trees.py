"""The trees and files that a comparison reads: counted, warmed, or made."""

import os
import shutil
from dataclasses import dataclass

# Sizes of the smoke tree's files: empty, small, and around block borders.
SMOKE_SIZES = (0, 1, 63, 64, 65, 4095, 4096, 4097, 65_536, 300_000)


@dataclass
class Tree:
    """What a set of paths holds."""

    entries: int
    files: int
    size: int


def count(paths):
    """Counts entries and the bytes of regular files, hard links each time, as the programs read them."""
    tree, pending = Tree(len(paths), 0, 0), list(paths)
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                tree.entries += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    tree.files += 1
                    tree.size += entry.stat(follow_symlinks=False).st_size
    return tree


def make_smoke(root):
    """Makes a small tree: files of many sizes, links, awkward names."""
    for number in range(20):
        directory = root / f"dir {number}" / "deep"
        directory.mkdir(parents=True)
        for size in SMOKE_SIZES:
            (directory / f"file-{size}").write_bytes(os.urandom(size))
        (directory / "link").symlink_to("file-1")
        (directory / "line\nbreak").write_text("a name with a line break\n")
    os.link(root / "dir 0" / "deep" / "file-64", root / "hard link")


def make_million(root, directories=1000, files=1000):
    """Makes `directories` x `files` small files, each of another content."""
    for directory in range(directories):
        path = root / f"{directory:04}"
        path.mkdir(parents=True)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        for file in range(files):
            # Plain descriptors: with pathlib a million files take three times as long.
            new = os.open(f"{file:04}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
            os.write(new, b"file %d of directory %d\n" % (file, directory))
            os.close(new)
        os.close(folder)


def make_file(path, size):
    """Writes one file of `size` bytes that do not repeat within a block."""
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        while size > 0:
            size -= file.write(block[: min(size, len(block))])


def remove(path):
    """Removes a file or a tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
