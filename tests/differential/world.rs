//! A random tree on disk and its [`Model`], changed together: [`World`].
//!
//! The model follows from what was done, with the side effects POSIX and Linux name; only numbers
//! that the kernel picks (inodes, times of now) are read back. [`World::verify`] proves that the
//! model is what is on disk, so that a difference in a test is the program's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustix::fs::FileType;

use super::disk::{
    is_at_or_below, is_directory, is_immutable, join, make_node, mtime, restore, set_flags,
};
use super::model::{Id, Model, Object};
use crate::random::Random;
use crate::util::Sandbox;

/// How a world is made.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Whether everything can be undone: what is deleted is then only moved out of the tree.
    pub keeps: bool,
    /// Whether names are plain and all times old, as AIDE's reports need it.
    pub plain: bool,
}

/// A tree, its model, and how to undo what was done to it.
pub struct World {
    tree: PathBuf,
    stash: PathBuf,
    pub model: Model,
    pub random: Random,
    pub manner: Manner,
    pub is_root: bool,
    next: Id,
    undo: Vec<Undo>,
    /// How often each mutation was done.
    pub done: BTreeMap<&'static str, usize>,
}

/// One step back.
enum Undo {
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
    Restore(PathBuf, Box<Object>),
}

impl World {
    /// Grows a random tree in a sandbox; returns `None` where files have no birth time, without
    /// which the test cannot say which file is which.
    pub fn grow(sandbox: &Sandbox, random: Random, manner: Manner) -> Option<World> {
        let stash = sandbox.home().join("stash");
        fs::create_dir_all(&stash).unwrap();
        if fs::metadata(&stash).unwrap().created().is_err() {
            eprintln!("skipped: the temporary directory knows no birth times");
            return None;
        }
        let mut world = World {
            tree: sandbox.tree(),
            stash,
            model: Model::default(),
            random,
            manner,
            is_root: rustix::process::geteuid().is_root(),
            next: 0,
            undo: Vec::new(),
            done: BTreeMap::new(),
        };
        let kinds = ["file", "file", "file", "file", "dir", "symlink", "fifo"];
        let number = 40 + world.random.below(60);
        for _ in 0..number {
            let kind = match world.random.below(15) {
                0 => "socket",
                1 if world.is_root => "char_device",
                _ => world.random.pick(&kinds),
            };
            world.create_anywhere(kind);
        }
        world.decorate(number / 2);
        world.undo.clear();
        world.done.clear();
        Some(world)
    }

    /// Returns the place of a path on disk.
    pub fn real(&self, path: &OsStr) -> PathBuf {
        self.tree.join(path)
    }

    /// Returns the paths of objects that can be changed and are as wanted.
    pub fn paths(&self, wanted: impl Fn(&OsString, &Object) -> bool) -> Vec<OsString> {
        let paths = self.model.paths.iter();
        let wanted = paths.filter(|(path, id)| {
            let object = &self.model.objects[id];
            !is_immutable(object) && wanted(path, object)
        });
        wanted.map(|(path, _)| path.clone()).collect()
    }

    /// Returns one such path.
    pub fn path(&mut self, wanted: impl Fn(&OsString, &Object) -> bool) -> Option<OsString> {
        let paths = self.paths(wanted);
        self.random.pick_any(&paths)
    }

    /// Returns a directory in which new files inherit nothing, or the top.
    pub fn directory(&mut self) -> OsString {
        let mut all = self.paths(|_, object| object.kind == "dir" && object.default_acl.is_none());
        all.push(OsString::new());
        self.random.pick(&all)
    }

    /// Returns a path in a directory that never was.
    pub fn fresh(&mut self, dir: &OsStr, kind: &str) -> OsString {
        self.next += 1;
        let number = self.next;
        let mut name = format!("n{number}").into_bytes();
        let odd = if self.manner.plain {
            9
        } else {
            self.random.below(24)
        };
        match odd {
            0 => name.extend(b" with space"),
            1 => name.extend(b"\nline"),
            2 => name.extend(b"\x1b[31m\\x1b"),
            3 => name.extend(b"\xff\xfe"),
            4 => name.extend("ü".as_bytes()),
            5 if kind != "dir" => name.resize(255, b'l'),
            6 => name.insert(0, b'.'),
            7 => name.extend(b".txt"),
            _ => {}
        }
        join(dir, &OsString::from_vec(name))
    }

    /// Makes an object of some kind at a path where nothing is.
    pub fn create(&mut self, kind: &'static str, path: &OsString) -> Id {
        let real = self.real(path);
        let (mut content, mut target, mut rdev) = (Vec::new(), None, None);
        match kind {
            "file" => {
                content = self.content();
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&real)
                    .unwrap();
                file.write_all(&content).unwrap();
            }
            "dir" => fs::create_dir(&real).unwrap(),
            "symlink" => {
                let text = self.target();
                symlink(&text, &real).unwrap();
                target = Some(text);
            }
            "fifo" => make_node(&real, FileType::Fifo, 0),
            "socket" => make_node(&real, FileType::Socket, 0),
            "char_device" => {
                let minor = self.random.pick(&[3, 5, 7]);
                make_node(
                    &real,
                    FileType::CharacterDevice,
                    rustix::fs::makedev(1, minor),
                );
                rdev = Some((1, minor));
            }
            other => panic!("no kind {other}"),
        }
        if kind != "symlink" {
            let mode = self.mode(kind);
            fs::set_permissions(&real, fs::Permissions::from_mode(mode)).unwrap();
        }
        let now = fs::symlink_metadata(&real).unwrap();
        let born = now.created().unwrap().duration_since(UNIX_EPOCH).unwrap();
        self.next += 1;
        let object = Object {
            kind,
            content: Arc::from(content),
            target,
            rdev,
            mode: now.mode() & 0o7777,
            uid: now.uid(),
            gid: now.gid(),
            mtime: mtime(&now),
            inode: now.ino(),
            created: (i64::try_from(born.as_secs()).unwrap(), born.subsec_nanos()),
            acl: None,
            default_acl: None,
            capability: None,
            xattrs: BTreeMap::new(),
            flags: Vec::new(),
            stashed: 0,
        };
        self.model.objects.insert(self.next, object);
        self.model.paths.insert(path.clone(), self.next);
        self.undo.push(Undo::Remove(real));
        self.next
    }

    /// Makes an object of some kind under a new name in any directory; returns its path.
    pub fn create_anywhere(&mut self, kind: &'static str) -> OsString {
        let dir = self.directory();
        let path = self.fresh(&dir, kind);
        self.create(kind, &path);
        path
    }

    /// Returns random content of a random size.
    pub fn content(&mut self) -> Vec<u8> {
        let size = match self.random.below(30) {
            0..4 => 0,
            4..8 => self.random.pick(&[4095, 4096, 4097, 65_536]),
            8 => 256 * 1024 + self.random.below(3),
            9 => 1_200_000,
            _ => 1 + self.random.below(3000),
        };
        self.random.bytes(size)
    }

    /// Returns what a link may point to: something, nothing, a directory, perhaps itself.
    pub fn target(&mut self) -> String {
        let number = 1 + self.random.below(200);
        let long = "a/rather/long/way/to/nothing/at/all/that/does/not/fit/into/an/inode/of/60";
        let targets = ["nowhere", ".", "..", "/etc/passwd", "n1", long];
        match self.random.below(2) {
            0 => format!("n{number}"),
            _ => self.random.pick(&targets).to_owned(),
        }
    }

    /// Returns random permission bits; an ordinary user must still be able to read.
    pub fn mode(&mut self, kind: &str) -> u32 {
        let modes: &[u32] = match kind {
            "dir" => &[0o755, 0o700, 0o750, 0o711, 0o2755, 0o775, 0o1755],
            _ => &[
                0o644, 0o600, 0o755, 0o640, 0o4755, 0o2755, 0o6711, 0o444, 0o000, 0o2644,
            ],
        };
        self.random.pick(modes) | self.least_mode(kind)
    }

    /// Returns the permission bits that the test itself needs.
    pub fn least_mode(&self, kind: &str) -> u32 {
        match (self.is_root, kind) {
            (true, _) => 0,
            (false, "dir") => 0o700,
            (false, _) => 0o600,
        }
    }

    /// Remembers the state of an object, to go back to it.
    pub fn will_change(&mut self, path: &OsString) {
        let object = Box::new(self.model.at(path).unwrap().clone());
        self.undo.push(Undo::Restore(self.real(path), object));
    }

    /// Returns the object at a path, to be changed as the file was.
    pub fn object(&mut self, path: &OsString) -> &mut Object {
        self.model.objects.get_mut(&self.model.paths[path]).unwrap()
    }

    /// Gives the object at a path another name.
    pub fn link(&mut self, path: &OsString, new: &OsString) {
        fs::hard_link(self.real(path), self.real(new)).unwrap();
        self.model.paths.insert(new.clone(), self.model.paths[path]);
        self.undo.push(Undo::Remove(self.real(new)));
    }

    /// Renames a path and what is below; a file at the new name goes.
    pub fn rename(&mut self, from: &OsString, to: &OsString) {
        if self.model.paths.contains_key(to) && self.manner.keeps {
            self.delete(to);
        }
        fs::rename(self.real(from), self.real(to)).unwrap();
        self.undo.push(Undo::Rename(self.real(to), self.real(from)));
        let moving: Vec<OsString> = self.at_and_below(from);
        for path in moving {
            let id = self.model.paths.remove(&path).unwrap();
            let rest = OsStr::from_bytes(&path.as_bytes()[from.len()..]);
            let mut new = to.clone();
            new.push(rest);
            self.model.paths.insert(new, id);
        }
    }

    /// Deletes a path and what is below.
    pub fn delete(&mut self, path: &OsString) {
        let real = self.real(path);
        if self.manner.keeps {
            self.next += 1;
            let kept = self.stash.join(self.next.to_string());
            fs::rename(&real, &kept).unwrap();
            self.undo.push(Undo::Rename(kept, real));
        } else if self.model.at(path).unwrap().kind == "dir" {
            fs::remove_dir_all(&real).unwrap();
        } else {
            fs::remove_file(&real).unwrap();
        }
        for path in self.at_and_below(path) {
            let id = self.model.paths.remove(&path).unwrap();
            if self.manner.keeps {
                self.model.objects.get_mut(&id).unwrap().stashed += 1;
            }
        }
    }

    /// Says whether a path can be deleted or replaced.
    pub fn can_go(&self, path: &OsString) -> bool {
        let all = self.at_and_below(path);
        all.iter()
            .all(|path| !is_immutable(self.model.at(path).unwrap()))
    }

    /// Returns a path and all below it.
    pub fn at_and_below(&self, top: &OsString) -> Vec<OsString> {
        let all = self.model.paths.keys();
        all.filter(|path| is_at_or_below(path, top))
            .cloned()
            .collect()
    }

    /// Undoes everything since the tree was grown.
    pub fn undo_all(&mut self, base: &Model) {
        for step in self.undo.drain(..).rev() {
            match step {
                Undo::Remove(path) if is_directory(&path) => fs::remove_dir(path).unwrap(),
                Undo::Remove(path) => fs::remove_file(path).unwrap(),
                Undo::Rename(from, to) => fs::rename(from, to).unwrap(),
                Undo::Restore(path, object) => restore(&path, &object),
            }
        }
        self.model = base.clone();
    }

    /// Fails unless the model is what is on disk.
    pub fn verify(&self) {
        let mut found = Vec::new();
        let mut waiting = vec![OsString::new()];
        while let Some(dir) = waiting.pop() {
            for entry in fs::read_dir(self.real(&dir)).unwrap() {
                let path = join(&dir, &entry.unwrap().file_name());
                if is_directory(&self.real(&path)) {
                    waiting.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        let known: Vec<OsString> = self.model.paths.keys().cloned().collect();
        assert_eq!(known, found, "the model is wrong: paths");
        for (path, id) in &self.model.paths {
            let (object, real) = (&self.model.objects[id], self.real(path));
            let now = fs::symlink_metadata(&real).unwrap();
            let is_dir = object.kind == "dir";
            let known = (object.mode, object.uid, object.gid, object.inode);
            let found = (now.mode() & 0o7777, now.uid(), now.gid(), now.ino());
            assert_eq!(known, found, "the model is wrong: {path:?}");
            let known = (object.mtime, self.model.links(*id));
            let found = (mtime(&now), now.nlink());
            assert!(is_dir || known == found, "{path:?}: {known:?} is {found:?}");
            let same = object.kind != "file" || fs::read(&real).unwrap() == *object.content;
            assert!(same, "the model is wrong: content of {path:?}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What is immutable would stay for ever.
        for (path, id) in &self.model.paths {
            if is_immutable(&self.model.objects[id]) {
                let _ = set_flags(&self.real(path), &[]);
            }
        }
    }
}
