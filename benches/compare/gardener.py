"""Random activity below one directory, for as long as somebody wants: [`Gardener`].

Everything that happens to files in a week, in no order: the tree stays between
two bounds, so that whatever grows meanwhile is not the tree.
"""

import os
import random
import shutil

FEWEST, MOST = 500, 2000


class Gardener:
    """Makes, changes and removes files; the same seed does the same."""

    def __init__(self, top, seed):
        self.top, self.random = top, random.Random(seed)
        self.files, self.directories, self.made = [], [top], 0
        # Inodes that had several names at some time.
        self.linked = set()
        self.jobs = {
            self.create: 6, self.rewrite: 6, self.append: 6, self.rename: 4, self.replace: 3, self.chmod: 3,
            self.remove: 4, self.make_tree: 1, self.remove_tree: 1, self.symlink: 1, self.hard_link: 1,
        }

    def work(self):
        """Does one thing."""
        if len(self.files) < FEWEST:
            return self.create()
        if len(self.files) > MOST:
            return self.remove()
        job, = self.random.choices(list(self.jobs), list(self.jobs.values()))
        return job()

    def new_path(self):
        self.made += 1
        return self.random.choice(self.directories) / f"n{self.made}"

    def content(self):
        return self.random.randbytes(self.random.choice([0, 10, 1000, 50_000]))

    def create(self):
        path = self.new_path()
        path.write_bytes(self.content())
        self.files.append(path)

    def rewrite(self):
        self.any_file().write_bytes(self.content())

    def append(self):
        with open(self.any_file(), "ab") as file:
            file.write(b"one more line\n")

    def rename(self):
        place = self.random.randrange(len(self.files))
        self.files[place] = self.files[place].rename(self.new_path())

    def replace(self):
        """Writes a new file and renames it over an old one, as editors do."""
        path = self.any_file()
        beside = path.with_name(f"{path.name}.new")
        beside.write_bytes(self.content())
        beside.rename(path)

    def chmod(self):
        self.any_file().chmod(self.random.choice([0o600, 0o640, 0o644, 0o755]))

    def remove(self):
        place = self.random.randrange(len(self.files))
        self.files[place], path = self.files[-1], self.files[place]
        self.files.pop()
        path.unlink()

    def make_tree(self):
        top = self.new_path()
        for level in ("", "a", "a/b", "c"):
            (top / level).mkdir()
            self.directories.append(top / level)
            self.files.append(top / level / "f")
            self.files[-1].write_bytes(self.content())

    def remove_tree(self):
        if len(self.directories) == 1:
            return
        top = self.random.choice(self.directories[1:])
        shutil.rmtree(top)
        below = f"{top}/"
        self.files = [path for path in self.files if not str(path).startswith(below)]
        self.directories = [path for path in self.directories if path != top and not str(path).startswith(below)]

    def symlink(self):
        path = self.new_path()
        path.symlink_to(self.any_file())
        self.files.append(path)

    def hard_link(self):
        path = self.new_path()
        os.link(self.any_file(), path)
        self.linked.add(path.stat().st_ino)
        self.files.append(path)

    def any_file(self):
        """Returns a file that is not a link to another one."""
        while (path := self.random.choice(self.files)).is_symlink():
            pass
        return path
