//! Mutations of what objects are, under the names they have.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, lchown};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::super::disk::{self, XATTRS, capability, set_flags, set_mtime, set_xattr};
use super::super::model::{Acl, CAPABILITIES, Moment};
use super::super::world::World;
use super::{is_file, is_plain, without_set_id};

impl World {
    pub fn chmod(&mut self, path: &OsString, mode: u32) {
        self.will_change(path);
        fs::set_permissions(self.real(path), fs::Permissions::from_mode(mode)).unwrap();
        let object = self.object(path);
        object.mode = mode;
        object.acl = object.acl.map(|acl| acl.with_mode(mode));
    }

    pub fn chown(&mut self, path: &OsString, uid: Option<u32>, gid: Option<u32>) {
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
    pub fn xattr(
        &mut self,
        path: &OsString,
        name: &'static str,
        value: Option<String>,
    ) -> Option<()> {
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

    pub fn flag(&mut self, path: &OsString, name: &'static str) -> Option<()> {
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
    pub fn acl(&mut self, kind: &str) -> Acl {
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

    pub fn moment(&mut self) -> Moment {
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

pub fn mode(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind != "symlink")?;
    let kind = world.object(&path).kind;
    let mode = world.mode(kind);
    world.chmod(&path, mode);
    Some(())
}

pub fn owner(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let uid = world.random.pick(&[0, 1, 1000, 54_321]);
    world.chown(&path, Some(uid), None);
    Some(())
}

pub fn group(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let gid = world.random.pick(&[0, 1, 1000, 54_321]);
    world.chown(&path, None, Some(gid));
    Some(())
}

pub fn xattr_set(world: &mut World) -> Option<()> {
    let path = world.path(is_plain)?;
    let name = world.random.pick(&XATTRS[..3]);
    let value = format!("value {}", world.random.below(5));
    world.xattr(&path, name, Some(value))
}

pub fn xattr_removed(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| !object.xattrs.is_empty())?;
    let name = world.object(&path).xattrs.keys().next()?.clone();
    let name = XATTRS.into_iter().find(|known| *known == name)?;
    world.xattr(&path, name, None)
}

/// Other kinds than files and directories can have only such ones.
pub fn xattr_trusted(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let value = format!("value {}", world.random.below(3));
    world.xattr(&path, XATTRS[3], Some(value))
}

pub fn acl_set(world: &mut World) -> Option<()> {
    let path = world.path(is_plain)?;
    let kind = world.object(&path).kind;
    let acl = world.acl(kind);
    world.will_change(&path);
    set_xattr(&world.real(&path), disk::ACL, Some(&acl.bytes())).then_some(())?;
    let object = world.object(&path);
    object.acl = Some(acl);
    object.mode = object.mode & 0o7000 | acl.mode();
    Some(())
}

pub fn acl_removed(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.acl.is_some())?;
    world.will_change(&path);
    set_xattr(&world.real(&path), disk::ACL, None).then_some(())?;
    world.object(&path).acl = None;
    Some(())
}

pub fn default_acl(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind == "dir")?;
    world.will_change(&path);
    let acl = match world.object(&path).default_acl {
        Some(_) => None,
        None => Some(world.acl("dir")),
    };
    let value = acl.map(Acl::bytes);
    set_xattr(&world.real(&path), disk::DEFAULT_ACL, value.as_deref()).then_some(())?;
    world.object(&path).default_acl = acl;
    Some(())
}

pub fn capabilities(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.will_change(&path);
    let number = match world.object(&path).capability {
        Some(_) => None,
        None => Some(world.random.pick(&CAPABILITIES).0),
    };
    let value = number.map(capability);
    set_xattr(&world.real(&path), disk::CAPABILITY, value.as_deref()).then_some(())?;
    world.object(&path).capability = number;
    Some(())
}

pub fn mtime(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    world.will_change(&path);
    let moment = world.moment();
    set_mtime(&world.real(&path), moment);
    world.object(&path).mtime = moment;
    Some(())
}

pub fn no_dump(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.flag(&path, "no_dump")
}

pub fn immutable(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    world.flag(&path, "immutable")
}

/// Changes the time of the last access alone, which also moves that of the last change.
pub fn touch_atime(world: &mut World) -> Option<()> {
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

pub fn touch_ctime(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind != "symlink" && object.acl.is_none())?;
    let mode = world.object(&path).mode;
    world.chmod(&path, mode ^ 0o001);
    world.chmod(&path, mode);
    Some(())
}
