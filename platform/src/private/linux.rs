//! Linux: the magic number of `statfs` tells the file system.

use std::io;
use std::path::Path;

use super::FilesystemKind;
use super::FilesystemKind::{Local, Network, Pseudo};

/// From `include/uapi/linux/magic.h`, `fs/smb/common/smb2pdu.h`, `fs/ceph/super.h` and others.
/// FUSE counts as elsewhere: what another program serves may change without any notification.
const KNOWN: [(u32, FilesystemKind); 33] = [
    (0x6969, Network("nfs")),
    (0xff53_4d42, Network("cifs")),
    (0xfe53_4d42, Network("smb2")),
    (0x517b, Network("smb")),
    (0x564c, Network("ncp")),
    (0x7375_7245, Network("coda")),
    (0x5346_414f, Network("afs")),
    (0x6b41_4653, Network("afs")),
    (0x00c3_6400, Network("ceph")),
    (0x0102_1997, Network("9p")),
    (0x6573_5546, Network("fuse")),
    (0x786f_4256, Network("vboxsf")),
    (0x0bd0_0bd0, Network("lustre")),
    (0x4750_4653, Network("gpfs")),
    (0x9fa0, Pseudo("proc")),
    (0x6265_6572, Pseudo("sysfs")),
    (0x0027_e0eb, Pseudo("cgroup")),
    (0x6367_7270, Pseudo("cgroup2")),
    (0x6462_6720, Pseudo("debugfs")),
    (0x7472_6163, Pseudo("tracefs")),
    (0x7363_6673, Pseudo("securityfs")),
    (0xf97c_ff8c, Pseudo("selinuxfs")),
    (0x4341_5d53, Pseudo("smackfs")),
    (0xcafe_4a11, Pseudo("bpf")),
    (0x1cd1, Pseudo("devpts")),
    (0x6265_6570, Pseudo("configfs")),
    (0x6165_676c, Pseudo("pstore")),
    (0xde5e_81e4, Pseudo("efivarfs")),
    (0x4249_4e4d, Pseudo("binfmt_misc")),
    (0x1980_0202, Pseudo("mqueue")),
    (0x0187, Pseudo("autofs")),
    (0x6e73_6673, Pseudo("nsfs")),
    (0x958_458f6, Pseudo("hugetlbfs")),
];

pub(super) fn filesystem_kind(path: &Path) -> io::Result<FilesystemKind> {
    Ok(kind_of(rustix::fs::statfs(path)?.f_type as u32))
}

/// Returns the kind with this magic number; what is not known to be special is local.
pub(crate) fn kind_of(magic: u32) -> FilesystemKind {
    let known = KNOWN.into_iter().find(|(number, _)| *number == magic);
    known.map_or(Local, |(_, kind)| kind)
}
