//! The kind of a file system, from the name of its type that BSD systems tell. Pure, so that it is
//! tested on every system.

use super::FilesystemKind;
use super::FilesystemKind::{Local, Network, Pseudo};

/// What is served by another program counts as elsewhere: it may change without any notification.
const KNOWN: [(&str, FilesystemKind); 15] = [
    ("nfs", Network("nfs")),
    ("smbfs", Network("smbfs")),
    ("afpfs", Network("afpfs")),
    ("webdav", Network("webdav")),
    ("ftp", Network("ftp")),
    ("cifs", Network("cifs")),
    ("acfs", Network("acfs")),
    ("macfuse", Network("macfuse")),
    ("osxfuse", Network("osxfuse")),
    ("fuse", Network("fuse")),
    ("virtiofs", Network("virtiofs")),
    ("AppleVirtIOFS", Network("AppleVirtIOFS")),
    ("devfs", Pseudo("devfs")),
    ("autofs", Pseudo("autofs")),
    ("fdesc", Pseudo("fdesc")),
];

/// Returns the kind with this name (`f_fstypename`, up to its NUL); what is not known to be special
/// is local.
pub(super) fn kind_of(name: &[u8]) -> FilesystemKind {
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    let known = KNOWN
        .into_iter()
        .find(|(known, _)| known.as_bytes() == name);
    known.map_or(Local, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_kind() {
        assert_eq!(kind_of(b"apfs\0\0\0"), Local);
        assert_eq!(kind_of(b"hfs"), Local);
        assert_eq!(kind_of(b"smbfs\0garbage"), Network("smbfs"));
        assert_eq!(kind_of(b"macfuse"), Network("macfuse"));
        assert_eq!(kind_of(b"devfs\0"), Pseudo("devfs"));
        assert_eq!(kind_of(b""), Local);
    }
}
