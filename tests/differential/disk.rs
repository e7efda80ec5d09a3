//! The system calls that the standard library lacks, and paths in a tree.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, IFlags, Mode, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use super::model::{Acl, Moment, Object};

/// The extended attributes in which the kernel keeps what has fields of its own.
pub const ACL: &str = "system.posix_acl_access";
pub const DEFAULT_ACL: &str = "system.posix_acl_default";
pub const CAPABILITY: &str = "security.capability";

/// The extended attributes that are set and removed.
pub const XATTRS: [&str; 4] = ["user.one", "user.two", "user.three", "trusted.four"];

/// Returns the value in which the kernel keeps one effective capability.
pub fn capability(number: u32) -> Vec<u8> {
    let words = [0x0200_0001_u32, 1 << number, 0, 0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Returns the path of a name in a directory.
pub fn join(dir: &OsStr, name: &OsStr) -> OsString {
    let mut path = dir.to_owned();
    if !path.is_empty() {
        path.push("/");
    }
    path.push(name);
    path
}

/// Says whether a path is another one or lies below it.
pub fn is_at_or_below(path: &OsStr, top: &OsStr) -> bool {
    let rest = path.as_bytes().strip_prefix(top.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

pub fn is_immutable(object: &Object) -> bool {
    object.flags.contains(&"immutable")
}

/// Returns the time of the last change of content.
pub fn mtime(metadata: &fs::Metadata) -> Moment {
    (
        metadata.mtime(),
        u32::try_from(metadata.mtime_nsec()).unwrap(),
    )
}

/// Sets the time of the last change of content, and leaves that of the last access.
pub fn set_mtime(path: &Path, (seconds, nanos): Moment) {
    let omit = Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_OMIT,
    };
    let times = Timestamps {
        last_access: omit,
        last_modification: Timespec {
            tv_sec: seconds,
            tv_nsec: i64::from(nanos),
        },
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// Makes the inode flags of a file just these; false where the filesystem has none.
pub fn set_flags(path: &Path, names: &[&str]) -> bool {
    let Ok(file) = fs::File::open(path) else {
        return false;
    };
    let Ok(mut flags) = rustix::fs::ioctl_getflags(&file) else {
        return false;
    };
    flags.set(IFlags::NODUMP, names.contains(&"no_dump"));
    flags.set(IFlags::IMMUTABLE, names.contains(&"immutable"));
    rustix::fs::ioctl_setflags(&file, flags).is_ok()
}

/// Sets an extended attribute, or removes it; false where the filesystem has none.
pub fn set_xattr(path: &Path, name: &str, value: Option<&[u8]>) -> bool {
    let result = match value {
        Some(value) => rustix::fs::lsetxattr(path, name, value, XattrFlags::empty()),
        None => rustix::fs::lremovexattr(path, name),
    };
    match result {
        Ok(()) => true,
        Err(Errno::OPNOTSUPP | Errno::PERM | Errno::NODATA) => false,
        Err(error) => panic!("{name} of {path:?}: {error}"),
    }
}

pub fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_dir()
}

pub fn make_node(path: &Path, kind: FileType, device: u64) {
    rustix::fs::mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, device).unwrap();
}

/// Makes a file what it was.
pub fn restore(path: &Path, object: &Object) {
    let is_plain = matches!(object.kind, "file" | "dir");
    if object.kind == "file" {
        set_flags(path, &[]);
        if fs::read(path).unwrap() != *object.content {
            let mut file = OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(path)
                .unwrap();
            file.write_all(&object.content).unwrap();
        }
    }
    std::os::unix::fs::lchown(path, Some(object.uid), Some(object.gid)).unwrap();
    if is_plain {
        set_xattr(path, ACL, None);
    }
    if object.kind != "symlink" {
        fs::set_permissions(path, fs::Permissions::from_mode(object.mode)).unwrap();
    }
    if let Some(acl) = object.acl {
        set_xattr(path, ACL, Some(&acl.bytes()));
    }
    if object.kind == "dir" {
        let value = object.default_acl.map(Acl::bytes);
        set_xattr(path, DEFAULT_ACL, value.as_deref());
    }
    if object.kind == "file" {
        let value = object.capability.map(capability);
        set_xattr(path, CAPABILITY, value.as_deref());
    }
    for name in XATTRS {
        let value = object.xattrs.get(name).map(String::as_bytes);
        if is_plain || name.starts_with("trusted.") {
            set_xattr(path, name, value);
        }
    }
    set_mtime(path, object.mtime);
    if !object.flags.is_empty() {
        set_flags(path, &object.flags);
    }
}
