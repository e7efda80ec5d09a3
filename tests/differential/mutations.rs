//! What can happen to a tree: the [`MUTATIONS`], each done to the files and to the model.
//!
//! A mutation that finds nothing to be done to, or a filesystem that cannot do it, returns `None`.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::model::{Acl, CAPABILITIES, Moment, Object};
use super::world::{self, World, is_at_or_below, set_flags, set_mtime, set_xattr};

/// The extended attributes that are set and removed.
pub const XATTRS: [&str; 4] = ["user.one", "user.two", "user.three", "trusted.four"];

type Mutation = fn(&mut World) -> Option<()>;

/// Everything that can happen, and whether only root can do it.
pub const MUTATIONS: [(&str, bool, Mutation); 38] = [
    ("content appended", false, append),
    ("content overwritten", false, overwrite),
    (
        "content overwritten, times restored",
        false,
        overwrite_in_secret,
    ),
    ("same content written again", false, overwrite_with_same),
    ("truncated", false, truncate),
    ("extended by a hole", false, extend),
    ("replaced by a new file", false, replace),
    ("deleted and made again", false, recreate),
    ("mode", false, mode),
    ("owner", true, owner),
    ("group", true, group),
    ("xattr set", false, xattr_set),
    ("xattr removed", false, xattr_removed),
    ("trusted xattr", true, xattr_trusted),
    ("ACL set", false, acl_set),
    ("ACL removed", false, acl_removed),
    ("default ACL", false, default_acl),
    ("capability", true, capabilities),
    ("mtime", false, mtime),
    ("no_dump", false, no_dump),
    ("immutable", true, immutable),
    ("renamed", false, rename),
    ("moved to another directory", false, rename_across),
    ("directory with content moved", false, rename_directory),
    ("moved over another file", false, rename_over),
    ("two swapped", false, swap),
    ("hard link added", false, link),
    ("hard link removed", false, unlink),
    ("link retargeted", false, retarget),
    ("another kind", false, retype),
    ("deleted", false, delete),
    ("directory with content deleted", false, delete_directory),
    ("created", false, create),
    ("directory with content created", false, create_directory),
    ("device created", true, create_device),
    ("read", false, touch_atime),
    ("mode changed and back", false, touch_ctime),
    ("moved away and back", false, move_and_back),
];

impl World {
    /// Does so many random mutations.
    pub fn mutate(&mut self, number: usize) {
        for _ in 0..number {
            let (name, needs_root, mutation) = self.random.pick(&MUTATIONS);
            if (self.is_root || !needs_root) && mutation(self).is_some() {
                *self.done.entry(name).or_default() += 1;
            }
        }
    }

    /// Gives random attributes to so many objects, and old times to all when reports need it.
    pub fn decorate(&mut self, number: usize) {
        let all: [(bool, Mutation); 11] = [
            (true, owner),
            (true, group),
            (true, xattr_trusted),
            (true, capabilities),
            (false, xattr_set),
            (false, xattr_set),
            (false, acl_set),
            (false, default_acl),
            (false, mtime),
            (false, no_dump),
            (false, link),
        ];
        for _ in 0..number {
            let (needs_root, mutation) = self.random.pick(&all);
            if self.is_root || !needs_root {
                mutation(self);
            }
        }
        if self.manner.plain {
            for path in self.paths(|_, _| true) {
                let second = 1_000_000_000 + i64::try_from(self.random.below(1_000_000)).unwrap();
                set_mtime(&self.real(&path), (second, 0));
                self.object(&path).mtime = (second, 0);
            }
        }
    }

    /// Writes to a file, in place; the kernel then drops what must not outlive a change.
    fn write(&mut self, path: &OsString, offset: usize, bytes: &[u8]) {
        self.will_change(path);
        let mut file = OpenOptions::new()
            .write(true)
            .open(self.real(path))
            .unwrap();
        file.seek(SeekFrom::Start(offset as u64)).unwrap();
        file.write_all(bytes).unwrap();
        let mut content = self.object(path).content.to_vec();
        content.resize(content.len().max(offset + bytes.len()), 0);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.written(path, content);
    }

    /// Sets the length of a file.
    fn resize(&mut self, path: &OsString, size: usize) {
        self.will_change(path);
        let file = OpenOptions::new()
            .write(true)
            .open(self.real(path))
            .unwrap();
        file.set_len(size as u64).unwrap();
        let mut content = self.object(path).content.to_vec();
        content.resize(size, 0);
        self.written(path, content);
    }

    fn written(&mut self, path: &OsString, content: Vec<u8>) {
        let mtime = world::mtime(&fs::symlink_metadata(self.real(path)).unwrap());
        let is_root = self.is_root;
        let object = self.object(path);
        object.content = Arc::from(content);
        object.mtime = mtime;
        object.capability = None;
        if !is_root {
            object.mode = without_set_id(object.mode);
        }
    }

    fn chmod(&mut self, path: &OsString, mode: u32) {
        self.will_change(path);
        fs::set_permissions(self.real(path), fs::Permissions::from_mode(mode)).unwrap();
        let object = self.object(path);
        object.mode = mode;
        object.acl = object.acl.map(|acl| acl.with_mode(mode));
    }

    fn chown(&mut self, path: &OsString, uid: Option<u32>, gid: Option<u32>) {
        self.will_change(path);
        lchown(self.real(path), uid, gid).unwrap();
        let object = self.object(path);
        object.uid = uid.unwrap_or(object.uid);
        object.gid = gid.unwrap_or(object.gid);
        if object.kind != "dir" {
            object.mode = without_set_id(object.mode);
            object.capability = None;
        }
    }

    /// Sets or removes an extended attribute, or says that the filesystem cannot.
    fn xattr(&mut self, path: &OsString, name: &'static str, value: Option<String>) -> Option<()> {
        self.will_change(path);
        let bytes = value.as_ref().map(String::as_bytes);
        set_xattr(&self.real(path), name, bytes).then_some(())?;
        let xattrs = &mut self.object(path).xattrs;
        match value {
            Some(value) => xattrs.insert(name.to_owned(), value),
            None => xattrs.remove(name),
        };
        Some(())
    }

    fn flag(&mut self, path: &OsString, name: &'static str) -> Option<()> {
        self.will_change(path);
        let mut flags = self.object(path).flags.clone();
        match flags.iter().position(|flag| *flag == name) {
            Some(at) => drop(flags.remove(at)),
            None => flags.push(name),
        }
        set_flags(&self.real(path), &flags).then_some(())?;
        flags.sort_by_key(|flag| *flag != "immutable");
        self.object(path).flags = flags;
        Some(())
    }

    /// Returns a random ACL under which the test itself can go on.
    fn acl(&mut self, kind: &str) -> Acl {
        let mut bits = || u32::try_from(self.random.below(8)).unwrap();
        let [owner, named, group, mask, other] = std::array::from_fn(|_| bits());
        let owner = owner | self.least_mode(kind) >> 6;
        Acl {
            owner,
            named,
            group,
            mask,
            other,
        }
    }

    fn moment(&mut self) -> Moment {
        let seconds = [-1_000_000_000, -1, 0, 1_600_000_000, 4_200_000_000_i64];
        let nanos = if self.manner.plain {
            0
        } else {
            self.random.below(1_000_000_000)
        };
        let spread = i64::try_from(self.random.below(10_000)).unwrap();
        (
            self.random.pick(&seconds) + spread,
            u32::try_from(nanos).unwrap(),
        )
    }
}

/// Returns the mode that is left when an ordinary user writes or anybody gives away.
fn without_set_id(mode: u32) -> u32 {
    match mode & 0o010 {
        0 => mode & !0o4000,
        _ => mode & !0o6000,
    }
}

/// Returns the value in which the kernel keeps one effective capability.
pub fn capability(number: u32) -> Vec<u8> {
    let words = [0x0200_0001_u32, 1 << number, 0, 0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn is_file(_: &OsString, object: &Object) -> bool {
    object.kind == "file"
}

fn has_content(_: &OsString, object: &Object) -> bool {
    object.kind == "file" && !object.content.is_empty()
}

fn is_plain(_: &OsString, object: &Object) -> bool {
    matches!(object.kind, "file" | "dir")
}

fn is_no_directory(_: &OsString, object: &Object) -> bool {
    object.kind != "dir"
}

fn append(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = 1 + world.random.below(5000);
    let bytes = world.random.bytes(size);
    let end = world.object(&path).content.len();
    world.write(&path, end, &bytes);
    Some(())
}

fn overwrite(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = world.object(&path).content.len();
    let offset = world.random.below(size + 1);
    let length = 1 + world.random.below(3000);
    let bytes = world.random.bytes(length);
    world.write(&path, offset, &bytes);
    Some(())
}

/// Changes one byte, and sets the time back as somebody does who has something to hide.
fn overwrite_in_secret(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let object = world.object(&path);
    let (content, mtime) = (object.content.clone(), object.mtime);
    let offset = world.random.below(content.len());
    world.write(&path, offset, &[!content[offset]]);
    set_mtime(&world.real(&path), mtime);
    world.object(&path).mtime = mtime;
    Some(())
}

fn overwrite_with_same(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let content = world.object(&path).content.clone();
    world.write(&path, 0, &content);
    Some(())
}

fn truncate(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let size = world.object(&path).content.len();
    let less = world.random.below(size);
    world.resize(&path, less);
    Some(())
}

fn extend(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = world.object(&path).content.len();
    world.resize(&path, size + 100_000);
    Some(())
}

/// Saves as editors and package managers do: a new file is renamed over the old one.
fn replace(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let dir = parent(&path);
    if !inherits_nothing(world, &dir) {
        return None;
    }
    let new = world.fresh(&dir, "file");
    world.create("file", &new);
    world.rename(&new, &path);
    Some(())
}

fn recreate(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    if !inherits_nothing(world, &parent(&path)) {
        return None;
    }
    let old = world.object(&path).clone();
    world.delete(&path);
    world.create("file", &path);
    world.resize(&path, 0);
    world.write(&path, 0, &old.content);
    world.chmod(&path, old.mode);
    if world.random.one_in(2) {
        set_mtime(&world.real(&path), old.mtime);
        world.object(&path).mtime = old.mtime;
    }
    Some(())
}

fn mode(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind != "symlink")?;
    let kind = world.object(&path).kind;
    let mode = world.mode(kind);
    world.chmod(&path, mode);
    Some(())
}

fn owner(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let uid = world.random.pick(&[0, 1, 1000, 54_321]);
    world.chown(&path, Some(uid), None);
    Some(())
}

fn group(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let gid = world.random.pick(&[0, 1, 1000, 54_321]);
    world.chown(&path, None, Some(gid));
    Some(())
}

fn xattr_set(world: &mut World) -> Option<()> {
    let path = world.path(is_plain)?;
    let name = world.random.pick(&XATTRS[..3]);
    let value = format!("value {}", world.random.below(5));
    world.xattr(&path, name, Some(value))
}

fn xattr_removed(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| !object.xattrs.is_empty())?;
    let name = world.object(&path).xattrs.keys().next()?.clone();
    let name = XATTRS.into_iter().find(|known| *known == name)?;
    world.xattr(&path, name, None)
}

/// Other kinds than files and directories can have only such ones.
fn xattr_trusted(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let value = format!("value {}", world.random.below(3));
    world.xattr(&path, XATTRS[3], Some(value))
}

fn acl_set(world: &mut World) -> Option<()> {
    let path = world.path(is_plain)?;
    let kind = world.object(&path).kind;
    let acl = world.acl(kind);
    world.will_change(&path);
    set_xattr(&world.real(&path), world::ACL, Some(&acl.bytes())).then_some(())?;
    let object = world.object(&path);
    object.acl = Some(acl);
    object.mode = object.mode & 0o7000 | acl.mode();
    Some(())
}

fn acl_removed(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.acl.is_some())?;
    world.will_change(&path);
    set_xattr(&world.real(&path), world::ACL, None).then_some(())?;
    world.object(&path).acl = None;
    Some(())
}

fn default_acl(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind == "dir")?;
    world.will_change(&path);
    let acl = match world.object(&path).default_acl {
        Some(_) => None,
        None => Some(world.acl("dir")),
    };
    let value = acl.map(Acl::bytes);
    set_xattr(&world.real(&path), world::DEFAULT_ACL, value.as_deref()).then_some(())?;
    world.object(&path).default_acl = acl;
    Some(())
}

fn capabilities(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.will_change(&path);
    let number = match world.object(&path).capability {
        Some(_) => None,
        None => Some(world.random.pick(&CAPABILITIES).0),
    };
    let value = number.map(capability);
    set_xattr(&world.real(&path), world::CAPABILITY, value.as_deref()).then_some(())?;
    world.object(&path).capability = number;
    Some(())
}

fn mtime(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    world.will_change(&path);
    let moment = world.moment();
    set_mtime(&world.real(&path), moment);
    world.object(&path).mtime = moment;
    Some(())
}

fn no_dump(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.flag(&path, "no_dump")
}

fn immutable(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.flag(&path, "immutable")
}

fn rename(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let new = world.fresh(&parent(&path), "dir");
    world.rename(&path, &new);
    Some(())
}

fn rename_across(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let dir = world.directory();
    let new = world.fresh(&dir, "dir");
    world.rename(&path, &new);
    Some(())
}

fn rename_directory(world: &mut World) -> Option<()> {
    let path = populated_directory(world)?;
    let dir = world.directory();
    if is_at_or_below(&dir, &path) {
        return None;
    }
    let new = world.fresh(&dir, "dir");
    world.rename(&path, &new);
    Some(())
}

fn rename_over(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let id = world.model.paths[&path];
    let paths = world.paths(is_no_directory);
    let others: Vec<OsString> = paths
        .into_iter()
        .filter(|other| world.model.paths[other] != id)
        .collect();
    let other = world.random.pick_any(&others)?;
    world.rename(&path, &other);
    Some(())
}

fn swap(world: &mut World) -> Option<()> {
    let one = world.path(|_, _| true)?;
    let other = world.path(|path, _| !is_at_or_below(path, &one) && !is_at_or_below(&one, path))?;
    if world.model.paths[&one] == world.model.paths[&other] {
        return None;
    }
    let aside = world.fresh(OsStr::new(""), "dir");
    world.rename(&one, &aside);
    world.rename(&other, &one);
    world.rename(&aside, &other);
    Some(())
}

fn link(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let dir = world.directory();
    let new = world.fresh(&dir, "file");
    world.link(&path, &new);
    Some(())
}

fn unlink(world: &mut World) -> Option<()> {
    let names = |world: &World, path: &OsString| {
        let id = world.model.paths[path];
        world
            .model
            .paths
            .values()
            .filter(|other| **other == id)
            .count()
    };
    let all = world.paths(is_no_directory);
    let several: Vec<OsString> = all
        .into_iter()
        .filter(|path| names(world, path) > 1)
        .collect();
    let path = world.random.pick_any(&several)?;
    world.delete(&path);
    Some(())
}

fn retarget(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind == "symlink")?;
    world.delete(&path);
    world.create("symlink", &path);
    Some(())
}

fn retype(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    if !world.can_go(&path) || !inherits_nothing(world, &parent(&path)) {
        return None;
    }
    let old = world.object(&path).kind;
    let kinds = ["file", "dir", "symlink", "fifo"];
    let others: Vec<&'static str> = kinds.into_iter().filter(|kind| *kind != old).collect();
    let kind = world.random.pick(&others);
    world.delete(&path);
    world.create(kind, &path);
    Some(())
}

fn delete(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    world.delete(&path);
    Some(())
}

fn delete_directory(world: &mut World) -> Option<()> {
    let path = populated_directory(world)?;
    world.can_go(&path).then(|| world.delete(&path))
}

fn create(world: &mut World) -> Option<()> {
    let kind = world
        .random
        .pick(&["file", "file", "dir", "symlink", "fifo", "socket"]);
    world.create_anywhere(kind);
    Some(())
}

fn create_directory(world: &mut World) -> Option<()> {
    let dir = world.create_anywhere("dir");
    for kind in ["file", "file", "symlink", "dir"] {
        let path = world.fresh(&dir, kind);
        world.create(kind, &path);
    }
    Some(())
}

fn create_device(world: &mut World) -> Option<()> {
    world.create_anywhere("char_device");
    Some(())
}

/// Changes the time of the last access alone, which also moves that of the last change.
fn touch_atime(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        last_modification: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
    };
    rustix::fs::utimensat(CWD, world.real(&path), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    Some(())
}

fn touch_ctime(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind != "symlink" && object.acl.is_none())?;
    let mode = world.object(&path).mode;
    world.chmod(&path, mode ^ 0o001);
    world.chmod(&path, mode);
    Some(())
}

fn move_and_back(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let aside = world.fresh(OsStr::new(""), "dir");
    world.rename(&path, &aside);
    world.rename(&aside, &path);
    Some(())
}

/// Returns a directory that has entries.
fn populated_directory(world: &mut World) -> Option<OsString> {
    let all = world.paths(|_, object| object.kind == "dir");
    let full = all
        .into_iter()
        .filter(|path| world.at_and_below(path).len() > 1);
    let full: Vec<OsString> = full.collect();
    world.random.pick_any(&full)
}

/// Says whether what is made in a directory starts without an ACL.
fn inherits_nothing(world: &World, dir: &OsString) -> bool {
    world
        .model
        .at(dir)
        .is_none_or(|object| object.default_acl.is_none())
}

/// Returns the directory of a path.
fn parent(path: &OsString) -> OsString {
    let parent = std::path::Path::new(path).parent().unwrap();
    parent.as_os_str().to_owned()
}
