//! The `file` object of a document: one state in ECS names and Auditbeat's types.
//!
//! Types follow Auditbeat: uid, gid and inode are strings, `mode` is octal text, setuid and the
//! like appear only when true. `mode` carries all twelve bits, so that a set-uid change shows in it.

use std::path::{Component, Path, Prefix};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use waxseal_hashers::{Digests, Hex};
use waxseal_platform::names::{Names, descriptor_text};
use waxseal_platform::stat::{Kind, Stat};
use waxseal_platform::xattr::decode::{self, AclTag};

use super::text::{Device, Mode, Name, Shown, Time, exact};
use crate::state::{FileState, escape};

/// One path with what is known of it.
pub(super) struct File<'f> {
    pub(super) names: &'f Names,
    pub(super) path: &'f Path,
    /// The kind of object, where it is known.
    pub(super) kind: Option<Kind>,
    /// Its state; without one, only path and kind are told.
    pub(super) state: Option<&'f FileState>,
    /// Whether the exact bytes of the path stand here when they are no text.
    pub(super) with_bytes: bool,
}

impl<'f> File<'f> {
    /// Returns the object of one state of one path.
    pub(super) fn of(names: &'f Names, path: &'f Path, state: &'f FileState) -> File<'f> {
        File {
            names,
            path,
            kind: Some(state.stat.kind),
            state: Some(state),
            with_bytes: false,
        }
    }

    fn place<M: SerializeMap>(&self, file: &mut M) -> Result<(), M::Error> {
        file.serialize_entry("path", &Name::of(self.path))?;
        if let Some(name) = self.path.file_name() {
            file.serialize_entry("name", &Name(name))?;
        }
        if let Some(parent) = self.path.parent() {
            file.serialize_entry("directory", &Name::of(parent))?;
        }
        if let Some(letter) = drive_letter(self.path) {
            file.serialize_entry("drive_letter", &letter)?;
        }
        let has_extension = matches!(self.kind, Some(Kind::File) | None);
        if let Some(extension) = self.path.extension().filter(|_| has_extension) {
            file.serialize_entry("extension", &Name(extension))?;
        }
        if let Some(kind) = self.kind {
            file.serialize_entry("type", kind.name())?;
        }
        Ok(())
    }

    fn stat<M: SerializeMap>(&self, file: &mut M, state: &FileState) -> Result<(), M::Error> {
        let stat = &state.stat;
        if stat.kind == Kind::File {
            file.serialize_entry("size", &stat.size)?;
        }
        match state.xattrs.get(decode::NTFS_SECURITY) {
            Some(descriptor) => self.accounts(file, descriptor)?,
            None => self.mode_and_owner(file, stat)?,
        }
        file.serialize_entry("links", &stat.links)?;
        file.serialize_entry("inode", &Shown(stat.inode))?;
        file.serialize_entry("device", &Shown(Device(stat.device)))?;
        if matches!(stat.kind, Kind::CharDevice | Kind::BlockDevice) {
            file.serialize_entry("rdev", &Shown(Device(stat.rdev)))?;
        }
        if stat.kind == Kind::File {
            file.serialize_entry("blocks", &stat.blocks)?;
        }
        file.serialize_entry("mtime", &Shown(Time(stat.modified)))?;
        file.serialize_entry("ctime", &Shown(Time(stat.changed)))?;
        if let Some(created) = stat.created {
            file.serialize_entry("created", &Shown(Time(created)))?;
        }
        file.serialize_entry("accessed", &Shown(Time(stat.accessed)))?;
        if !stat.flags.is_empty() {
            let flags = stat.flags.names();
            if !flags.is_empty() {
                file.serialize_entry("attributes", &flags)?;
            }
        }
        Ok(())
    }

    fn mode_and_owner<M: SerializeMap>(&self, file: &mut M, stat: &Stat) -> Result<(), M::Error> {
        file.serialize_entry("mode", &Shown(Mode(stat.mode)))?;
        for (bit, key) in [(0o4000, "setuid"), (0o2000, "setgid"), (0o1000, "sticky")] {
            if stat.mode & bit != 0 {
                file.serialize_entry(key, &true)?;
            }
        }
        file.serialize_entry("uid", &Shown(stat.uid))?;
        if let Some(owner) = self.names.user(stat.uid) {
            file.serialize_entry("owner", &*owner)?;
        }
        file.serialize_entry("gid", &Shown(stat.gid))?;
        if let Some(group) = self.names.group(stat.gid) {
            file.serialize_entry("group", &*group)?;
        }
        Ok(())
    }

    /// Writes owner and group of Windows; nothing when they could not be read.
    fn accounts<M: SerializeMap>(&self, file: &mut M, descriptor: &[u8]) -> Result<(), M::Error> {
        let Ok(descriptor) = decode::security_descriptor(descriptor) else {
            return Ok(());
        };
        let accounts = [
            (descriptor.owner, "uid", "owner"),
            (descriptor.group, "gid", "group"),
        ];
        for (sid, number, name) in accounts {
            let Some(sid) = sid else { continue };
            file.serialize_entry(number, &Shown(&sid))?;
            if let Some(known) = self.names.account(&sid) {
                file.serialize_entry(name, &*known)?;
            }
        }
        Ok(())
    }

    /// Writes the attributes whose meaning is known, each as a field of its own, then the others.
    fn xattrs<M: SerializeMap>(&self, file: &mut M, state: &FileState) -> Result<(), M::Error> {
        let mut others = Vec::new();
        for (name, value) in state.xattrs.iter() {
            match known_xattr(self.names, name, value) {
                Some((key, Known::Text(text))) => file.serialize_entry(key, &text)?,
                Some((key, Known::List(items))) => file.serialize_entry(key, &items)?,
                // It could not be read.
                None if name == decode::NTFS_SECURITY && value.is_empty() => {}
                None => others.push((name, value)),
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        file.serialize_entry("extended_attributes", &Others(&others))
    }
}

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut file = serializer.serialize_map(None)?;
        self.place(&mut file)?;
        if let Some(state) = self.state {
            self.stat(&mut file, state)?;
            if let Some(target) = &state.target {
                file.serialize_entry("target_path", &Name(target))?;
            }
            self.xattrs(&mut file, state)?;
            if !state.digests.is_empty() {
                file.serialize_entry("hash", &Hash(&state.digests))?;
            }
        }
        if let Some(bytes) = exact(self.path.as_os_str()).filter(|_| self.with_bytes) {
            file.serialize_entry("path_bytes", &Shown(bytes))?;
        }
        file.end()
    }
}

/// Returns the letter of the drive that a path of Windows begins with.
fn drive_letter(path: &Path) -> Option<char> {
    let Some(Component::Prefix(prefix)) = path.components().next() else {
        return None;
    };
    match prefix.kind() {
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
            Some(char::from(letter.to_ascii_uppercase()))
        }
        _ => None,
    }
}

/// The digests of a file by type.
struct Hash<'d>(&'d Digests);

impl Serialize for Hash<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digests = self.0.iter();
        serializer.collect_map(digests.map(|(kind, bytes)| (kind.name(), Shown(Hex(bytes)))))
    }
}

/// Extended attributes by name.
struct Others<'o>(&'o [(&'o [u8], &'o [u8])]);

impl Serialize for Others<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let others = self.0.iter();
        serializer
            .collect_map(others.map(|(name, value)| (escape::bytes(name), xattr_value(value))))
    }
}

/// The value of an attribute whose meaning is known.
enum Known {
    Text(String),
    List(Vec<String>),
}

/// Returns field name and value of a well-known attribute, or `None` when its value is not what
/// its name promises; then its bytes are shown.
fn known_xattr(names: &Names, name: &[u8], value: &[u8]) -> Option<(&'static str, Known)> {
    match name {
        decode::SELINUX => Some(("selinux", Known::Text(decode::selinux(value)))),
        decode::CAPABILITY => Some(("capability", Known::Text(decode::capability(value).ok()?))),
        decode::POSIX_ACL_ACCESS => {
            Some(("posix_acl_access", Known::List(acl_text(names, value)?)))
        }
        decode::POSIX_ACL_DEFAULT => {
            Some(("posix_acl_default", Known::List(acl_text(names, value)?)))
        }
        decode::ACL => Some(("acl", Known::List(decode::acl_lines(value)))),
        decode::WHERE_FROMS => Some(("origin", Known::List(decode::where_froms(value).ok()?))),
        decode::NTFS_SECURITY => {
            Some(("security_descriptor", Known::Text(descriptor_text(value)?)))
        }
        _ => None,
    }
}

fn acl_text(names: &Names, value: &[u8]) -> Option<Vec<String>> {
    let entries = decode::posix_acl(value).ok()?;
    let name = |tag| match tag {
        AclTag::User(uid) => names.user(uid).map(|name| name.to_string()),
        AclTag::Group(gid) => names.group(gid).map(|name| name.to_string()),
        _ => None,
    };
    Some(decode::text(&entries, &name))
}

/// Returns the value of an attribute as text: itself when printable, else as getfattr prints it,
/// `0s` and base64.
pub fn xattr_value(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.starts_with("0s") && escape::bytes(value) == text => text.to_owned(),
        _ => format!("0s{}", BASE64_STANDARD.encode(value)),
    }
}
