//! The `file` object of a document: one state in ECS names and Auditbeat's types.
//!
//! Types follow Auditbeat: uid, gid and inode are strings, `mode` is octal text, setuid and the
//! like appear only when true. `mode` carries all twelve bits, so that a set-uid change shows in it.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use waxseal_hashers::hex;
use waxseal_platform::names::Names;
use waxseal_platform::stat::{Kind, Stat, major, minor};
use waxseal_platform::xattr::decode::{self, AclTag};

use super::{path_text, time};
use crate::state::{FileState, escape};

/// Returns the object of one state of one path.
pub(super) fn object(names: &Names, path: &Path, state: &FileState) -> Map<String, Value> {
    let mut file = Map::new();
    place(&mut file, path, state.stat.kind);
    stat_fields(&mut file, names, &state.stat);
    if let Some(target) = &state.target {
        file.insert(
            "target_path".to_owned(),
            json!(path_text(Path::new(target))),
        );
    }
    if !state.digests.is_empty() {
        let digests = state.digests.iter();
        let hash: Map<String, Value> = digests
            .map(|(kind, bytes)| (kind.name().to_owned(), json!(hex(bytes))))
            .collect();
        file.insert("hash".to_owned(), Value::Object(hash));
    }
    xattr_fields(&mut file, names, state);
    file
}

fn place(file: &mut Map<String, Value>, path: &Path, kind: Kind) {
    file.insert("path".to_owned(), json!(path_text(path)));
    file.insert("type".to_owned(), json!(kind.name()));
    if let Some(name) = path.file_name() {
        file.insert("name".to_owned(), json!(path_text(Path::new(name))));
    }
    if let Some(parent) = path.parent() {
        file.insert("directory".to_owned(), json!(path_text(parent)));
    }
    if let Some(extension) = path.extension().filter(|_| kind == Kind::File) {
        file.insert(
            "extension".to_owned(),
            json!(path_text(Path::new(extension))),
        );
    }
}

fn stat_fields(file: &mut Map<String, Value>, names: &Names, stat: &Stat) {
    let mut put = |key: &str, value: Value| file.insert(key.to_owned(), value);
    put("inode", json!(stat.inode.to_string()));
    put(
        "device",
        json!(format!("{}:{}", major(stat.device), minor(stat.device))),
    );
    put("mode", json!(format!("{:04o}", stat.mode)));
    put("uid", json!(stat.uid.to_string()));
    put("gid", json!(stat.gid.to_string()));
    put("links", json!(stat.links));
    put("mtime", time(stat.modified));
    put("ctime", time(stat.changed));
    put("accessed", time(stat.accessed));
    if stat.kind == Kind::File {
        put("size", json!(stat.size));
        put("blocks", json!(stat.blocks));
    }
    for (bit, key) in [(0o4000, "setuid"), (0o2000, "setgid"), (0o1000, "sticky")] {
        if stat.mode & bit != 0 {
            put(key, json!(true));
        }
    }
    if let Some(owner) = names.user(stat.uid) {
        put("owner", json!(owner.as_ref()));
    }
    if let Some(group) = names.group(stat.gid) {
        put("group", json!(group.as_ref()));
    }
    if let Some(created) = stat.created {
        put("created", time(created));
    }
    if matches!(stat.kind, Kind::CharDevice | Kind::BlockDevice) {
        put(
            "rdev",
            json!(format!("{}:{}", major(stat.rdev), minor(stat.rdev))),
        );
    }
    let flags = stat.flags.names();
    if !flags.is_empty() {
        put("attributes", json!(flags));
    }
}

fn xattr_fields(file: &mut Map<String, Value>, names: &Names, state: &FileState) {
    let mut other = Map::new();
    for (name, value) in state.xattrs.iter() {
        match known_xattr(names, name, value) {
            Some((key, text)) => {
                file.insert(key.to_owned(), text);
            }
            None => {
                other.insert(escape::bytes(name).into_owned(), json!(xattr_value(value)));
            }
        }
    }
    if !other.is_empty() {
        file.insert("extended_attributes".to_owned(), Value::Object(other));
    }
}

/// Returns field name and text of a well-known attribute, or `None` when its value is not what its
/// name promises; then its bytes are shown.
fn known_xattr(names: &Names, name: &[u8], value: &[u8]) -> Option<(&'static str, Value)> {
    match name {
        decode::SELINUX => Some(("selinux", json!(decode::selinux(value)))),
        decode::CAPABILITY => Some(("capability", json!(decode::capability(value).ok()?))),
        decode::POSIX_ACL_ACCESS => Some(("posix_acl_access", json!(acl_text(names, value)?))),
        decode::POSIX_ACL_DEFAULT => Some(("posix_acl_default", json!(acl_text(names, value)?))),
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
