//! Against real objects: every kind, odd names, long paths, attributes. What needs root or the
//! lack of it says so and passes.

use std::cell::Cell;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::{CWD, Mode, OFlags, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use super::*;
use crate::host::is_privileged;
use crate::stat::{InodeFlags, Kind, Timestamp, device};
use crate::xattr::decode;

struct Temp {
    temp: tempfile::TempDir,
    dir: Dir,
}

impl Temp {
    fn new() -> Temp {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        Temp { temp, dir }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.temp.path().join(name)
    }

    fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, "content").unwrap();
        path
    }

    fn metadata(&self, name: &str) -> Metadata {
        self.dir.metadata_child(OsStr::new(name)).unwrap()
    }
}

fn mkfifo(path: &Path) {
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(CWD, path, fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// Runs a program; `false`, after saying so, when it is missing or fails.
fn ran(program: &str, args: &[&OsStr]) -> bool {
    let done = Command::new(program)
        .args(args)
        .output()
        .is_ok_and(|out| out.status.success());
    if !done {
        eprintln!("skipped: cannot run {program} {args:?}");
    }
    done
}

fn needs_root() -> bool {
    let skip = !is_privileged();
    if skip {
        eprintln!("skipped: needs root");
    }
    skip
}

fn needs_ordinary_user() -> bool {
    let skip = is_privileged();
    if skip {
        eprintln!("skipped: needs an ordinary user");
    }
    skip
}

#[test]
fn a_listing_is_sorted_and_tells_every_kind() {
    let temp = Temp::new();
    temp.file("b");
    fs::create_dir(temp.path("a")).unwrap();
    symlink("nowhere", temp.path("dangling")).unwrap();
    symlink("loop", temp.path("loop")).unwrap();
    mkfifo(&temp.path("fifo"));
    let _socket = UnixListener::bind(temp.path("socket")).unwrap();
    let mut expected = vec![
        ("a", Kind::Directory),
        ("b", Kind::File),
        ("dangling", Kind::Symlink),
        ("fifo", Kind::Fifo),
        ("loop", Kind::Symlink),
        ("socket", Kind::Socket),
    ];
    for _ in 0..2 {
        let entries = temp.dir.list().unwrap();
        let found: Vec<_> = entries
            .iter()
            .map(|entry| {
                (
                    entry.name.to_str().unwrap(),
                    entry.stat.as_ref().unwrap().kind,
                )
            })
            .collect();
        assert_eq!(found, expected);
    }
    if needs_root() {
        return;
    }
    for (name, kind) in [("x", Kind::BlockDevice), ("y", Kind::CharDevice)] {
        let (letter, path) = (if name == "x" { "b" } else { "c" }, temp.path(name));
        let args = [
            path.as_os_str(),
            letter.as_ref(),
            "7".as_ref(),
            "300".as_ref(),
        ];
        if !ran("mknod", &args) {
            return;
        }
        expected.push((name, kind));
        let stat = temp.dir.stat_child(OsStr::new(name)).unwrap();
        assert_eq!((stat.kind, stat.rdev), (kind, device(7, 300)));
        assert_eq!(
            temp.metadata(name).stat,
            stat,
            "found out without opening the device"
        );
    }
    assert_eq!(temp.dir.list().unwrap().len(), expected.len());
}

#[test]
fn a_listing_agrees_with_the_standard_library() {
    let temp = Temp::new();
    let path = temp.file("f");
    fs::hard_link(&path, temp.path("g")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6754)).unwrap();
    let known = fs::symlink_metadata(&path).unwrap();
    let stat = temp.dir.stat_child(OsStr::new("f")).unwrap();
    let dev = known.dev();
    assert_eq!(stat.device, device(libc::major(dev), libc::minor(dev)));
    assert_eq!((stat.inode, stat.links, stat.size), (known.ino(), 2, 7));
    assert_eq!(
        (stat.mode, stat.uid, stat.gid),
        (known.mode() & 0o7777, known.uid(), known.gid())
    );
    assert_eq!((stat.blocks, stat.rdev), (known.blocks(), 0));
    assert_eq!(
        stat.modified,
        Timestamp::new(known.mtime(), known.mtime_nsec() as u32)
    );
    assert_eq!(
        stat.changed,
        Timestamp::new(known.ctime(), known.ctime_nsec() as u32)
    );
    assert_eq!(stat.created, known.created().ok().map(Timestamp::from));
}

#[test]
fn any_name_is_listed_as_it_is() {
    let temp = Temp::new();
    let mut names = vec![
        vec![b'x'; 255],
        b"\xff\xfe not utf-8".to_vec(),
        b"line\nbreak\x1b[31m".to_vec(),
        b"-rf".to_vec(),
        "ü".into(),
        b"...".to_vec(),
    ];
    for name in &names {
        temp.file(OsStr::from_bytes(name));
    }
    names.sort();
    let entries = temp.dir.list().unwrap();
    assert!(
        entries
            .iter()
            .map(|entry| entry.name.as_bytes())
            .eq(names.iter().map(Vec::as_slice))
    );
    for entry in &entries {
        let stat = entry.stat.as_ref().unwrap();
        assert_eq!(
            temp.dir
                .open_file(&entry.name)
                .unwrap()
                .stat()
                .unwrap()
                .inode,
            stat.inode
        );
    }
}

#[test]
fn a_directory_larger_than_the_buffer_is_listed_whole_by_several_threads() {
    let temp = Temp::new();
    let names: Vec<String> = (0..5000)
        .map(|n| format!("{n:05}-a-rather-long-name"))
        .collect();
    for name in &names {
        fs::write(temp.path(name), "").unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let entries = temp.dir.list().unwrap();
                assert!(entries.iter().map(|e| e.name.to_str().unwrap()).eq(&names));
            });
        }
    });
}

#[test]
fn a_path_beyond_path_max_is_opened_and_listed() {
    let temp = Temp::new();
    let name = OsString::from_vec(vec![b'd'; 250]);
    let mut path = temp.temp.path().to_owned();
    let mut fd: OwnedFd = rustix::fs::open(&path, OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..20 {
        rustix::fs::mkdirat(&fd, &name, Mode::RWXU).unwrap();
        fd = rustix::fs::openat(&fd, &name, OFlags::PATH, Mode::empty()).unwrap();
        path.push(&name);
    }
    rustix::fs::mkdirat(&fd, "bottom", Mode::RWXU).unwrap();
    rustix::fs::symlinkat("bottom", &fd, "link").unwrap();
    let deep = Dir::open(&path).unwrap();
    assert!(Dir::open_real(&path).is_ok());
    let names: Vec<_> = deep
        .list()
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["bottom", "link"]);
    assert!(
        Dir::open(&path.join("bottom"))
            .unwrap()
            .list()
            .unwrap()
            .is_empty()
    );
    assert!(Dir::open(&path.join("link")).is_err());
    let too_long = Dir::open(&temp.path(OsString::from_vec(vec![b'd'; 256])));
    assert_eq!(too_long.unwrap_err().kind(), io::ErrorKind::InvalidFilename);
}

#[test]
fn a_link_is_never_opened_in_place_of_a_directory() {
    let temp = Temp::new();
    fs::create_dir_all(temp.path("real/inner")).unwrap();
    symlink("real", temp.path("link")).unwrap();
    for path in ["link", "link/", "link/."] {
        assert!(Dir::open(&temp.path(path)).is_err(), "{path}");
    }
    assert!(temp.dir.open_child(OsStr::new("link")).is_err());
    Dir::open(&temp.path("link/inner")).unwrap();
    Dir::open(&temp.path("real/")).unwrap();
    temp.dir
        .open_child(OsStr::new("real"))
        .unwrap()
        .open_child(OsStr::new("inner"))
        .unwrap();
    Dir::open(Path::new("")).unwrap();
}

#[test]
fn a_name_that_could_lead_elsewhere_is_refused() {
    let temp = Temp::new();
    for name in ["", ".", "..", "a/b", "/", "../x", "a\0b"] {
        let name = OsStr::new(name);
        let kinds = [
            temp.dir.open_child(name).unwrap_err().kind(),
            temp.dir.open_file(name).unwrap_err().kind(),
            temp.dir.stat_child(name).unwrap_err().kind(),
            temp.dir.read_link(name).unwrap_err().kind(),
            temp.dir.metadata_child(name).unwrap_err().kind(),
        ];
        assert_eq!(kinds, [io::ErrorKind::InvalidInput; 5], "{name:?}");
    }
}

#[test]
fn an_entry_that_vanished_is_still_told() {
    let temp = Temp::new();
    temp.file("stays");
    let entries = temp.dir.os.entries(vec![c"gone".into(), c"stays".into()]);
    assert_eq!(
        entries[0].stat.as_ref().unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert!(entries[1].stat.is_ok());
    let missing = OsStr::new("gone");
    assert_eq!(
        temp.dir.metadata_child(missing).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        temp.dir.open_file(missing).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    fs::remove_dir_all(temp.temp.path()).unwrap();
    assert_eq!(temp.dir.list().unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_pipe_or_socket_neither_blocks_nor_notices() {
    let temp = Temp::new();
    mkfifo(&temp.path("fifo"));
    let listener = UnixListener::bind(temp.path("socket")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let fifo = temp.metadata("fifo");
    assert_eq!((fifo.stat.kind, fifo.target), (Kind::Fifo, None));
    assert_eq!(temp.metadata("socket").stat.kind, Kind::Socket);
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
    let opened = temp.dir.open_file(OsStr::new("fifo")).unwrap();
    assert_eq!(
        opened.stat().unwrap().kind,
        Kind::Fifo,
        "for the caller to refuse"
    );
    drop(opened);
    let writer = OFlags::WRONLY | OFlags::NONBLOCK;
    let no_reader = rustix::fs::open(temp.path("fifo"), writer, Mode::empty());
    assert_eq!(no_reader.unwrap_err(), Errno::NXIO);
}

#[test]
fn a_link_tells_its_target_bytes() {
    let temp = Temp::new();
    let target = OsStr::from_bytes(b"no\xffwhere\n");
    symlink(target, temp.path("link")).unwrap();
    let link = OsStr::new("link");
    assert_eq!(temp.dir.read_link(link).unwrap(), target);
    let metadata = temp.dir.metadata_child(link).unwrap();
    assert_eq!(metadata.target.as_deref(), Some(target));
    assert_eq!(metadata.stat.size, target.len() as u64);
    assert!(temp.dir.open_file(link).is_err());
    let long = "x/".repeat(2000);
    symlink(&long, temp.path("long")).unwrap();
    assert_eq!(temp.metadata("long").target.unwrap(), OsStr::new(&long));
    if !needs_root() {
        let set = rustix::fs::lsetxattr(temp.path("link"), "trusted.x", b"1", XattrFlags::empty());
        set.unwrap();
        assert_eq!(
            temp.metadata("link").xattrs.get(b"trusted.x"),
            Some(&b"1"[..])
        );
    }
}

#[test]
fn extended_attributes_are_read_whole() {
    let temp = Temp::new();
    let path = temp.file("f");
    fs::create_dir(temp.path("d")).unwrap();
    assert!(temp.dir.metadata().unwrap().xattrs.get(b"user.a").is_none());
    let large = vec![7; 2000];
    for path in [&path, &temp.path("d"), temp.temp.path()] {
        for (name, value) in [("user.empty", &b""[..]), ("user.large", &large)] {
            match rustix::fs::setxattr(path, name, value, XattrFlags::empty()) {
                Ok(()) => {}
                Err(errno) => return eprintln!("skipped: no user attributes here: {errno}"),
            }
        }
    }
    let file = temp.dir.open_file(OsStr::new("f")).unwrap();
    let all = [
        file.xattrs().unwrap(),
        temp.metadata("f").xattrs,
        temp.metadata("d").xattrs,
        temp.dir.metadata().unwrap().xattrs,
    ];
    for xattrs in all {
        assert_eq!(xattrs.get(b"user.empty"), Some(&b""[..]));
        assert_eq!(xattrs.get(b"user.large"), Some(&large[..]));
    }
}

#[test]
fn access_lists_read_like_getfacl() {
    let temp = Temp::new();
    let path = temp.file("f");
    let args = [
        "-m".as_ref(),
        "u:12345:r,g:54321:rx".as_ref(),
        path.as_os_str(),
    ];
    if !ran("setfacl", &args) {
        return;
    }
    let value = temp
        .metadata("f")
        .xattrs
        .get(decode::POSIX_ACL_ACCESS)
        .unwrap()
        .to_vec();
    let entries = decode::posix_acl(&value).unwrap();
    let text = decode::text(&entries, &|_| None);
    let getfacl = Command::new("getfacl")
        .args(["-ncE"])
        .arg(&path)
        .output()
        .unwrap();
    let expected = String::from_utf8(getfacl.stdout).unwrap();
    assert_eq!(
        text,
        expected
            .lines()
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
    );
    assert!(text.contains(&"user:12345:r--".to_owned()));
}

#[test]
fn flags_set_by_chattr_are_told() {
    if needs_root() {
        return;
    }
    let temp = Temp::new();
    let file = temp.file("f");
    let dir = temp.path("d");
    fs::create_dir(&dir).unwrap();
    let chattr = |change: &str, path: &Path| ran("chattr", &[change.as_ref(), path.as_os_str()]);
    if !chattr("+iaA", &file) || !chattr("+aD", &dir) {
        return;
    }
    let expected = [
        ("f", vec!["immutable", "append_only", "no_atime"]),
        ("d", vec!["append_only", "dir_sync"]),
    ];
    for (name, flags) in &expected {
        let full = temp.metadata(name).stat.flags;
        assert_eq!(&full.names(), flags);
        let listed = temp.dir.stat_child(OsStr::new(name)).unwrap().flags;
        assert_eq!(listed, full.intersection(InodeFlags::LISTED));
    }
    let opened = temp.dir.open_file(OsStr::new("f")).unwrap();
    assert_eq!(opened.stat().unwrap().flags.names(), expected[0].1);
    assert!(chattr("-iaA", &file) && chattr("-aD", &dir));
    assert!(
        opened.stat().unwrap().flags.is_empty(),
        "a later stat sees the change"
    );
}

#[test]
fn capabilities_read_like_getcap_whatever_the_sets() {
    if needs_root() {
        return;
    }
    let temp = Temp::new();
    let path = temp.file("f");
    let all = (1u64 << 41) - 1;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed & all
    };
    for round in 0..60 {
        let mut permitted = random();
        let mut inheritable = random();
        if round % 3 != 0 {
            permitted &= random() & random();
            inheritable &= permitted & random();
        }
        let mut words = vec![
            0x0200_0000 | round & 1,
            permitted as u32,
            inheritable as u32,
        ];
        words.extend([(permitted >> 32) as u32, (inheritable >> 32) as u32]);
        let value: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        rustix::fs::setxattr(&path, "security.capability", &value, XattrFlags::empty()).unwrap();
        let stored = temp
            .metadata("f")
            .xattrs
            .get(decode::CAPABILITY)
            .unwrap()
            .to_vec();
        let Ok(getcap) = Command::new("getcap").arg("-n").arg(&path).output() else {
            return eprintln!("skipped: needs getcap");
        };
        let line = String::from_utf8(getcap.stdout).unwrap();
        let expected = line
            .trim_end()
            .strip_prefix(path.to_str().unwrap())
            .unwrap();
        assert_eq!(
            decode::capability(&stored).unwrap(),
            expected.trim_start(),
            "{value:x?}"
        );
    }
}

#[test]
fn old_and_far_times_are_kept() {
    let temp = Temp::new();
    let path = temp.file("f");
    // 1900, 1969, 2300, 2400; the file system may clamp, then so does the standard library's view.
    for secs in [-2_208_988_800, -1, 10_413_792_000, 13_569_465_600] {
        let time = Timespec {
            tv_sec: secs,
            tv_nsec: 123_456_789,
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        rustix::fs::utimensat(CWD, &path, &times, rustix::fs::AtFlags::empty()).unwrap();
        let known = fs::metadata(&path).unwrap();
        let stat = temp.metadata("f").stat;
        assert_eq!(
            stat.modified,
            Timestamp::new(known.mtime(), known.mtime_nsec() as u32)
        );
        assert_eq!(
            stat.accessed,
            Timestamp::new(known.atime(), known.atime_nsec() as u32)
        );
    }
}

#[test]
fn listing_leaves_the_access_time_alone() {
    let temp = Temp::new();
    temp.file("f");
    let old = Timespec {
        tv_sec: 1_000_000,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: old,
        last_modification: old,
    };
    rustix::fs::utimensat(CWD, temp.temp.path(), &times, rustix::fs::AtFlags::empty()).unwrap();
    temp.dir.list().unwrap();
    temp.dir.metadata().unwrap();
    assert_eq!(
        temp.dir.stat().unwrap().accessed,
        Timestamp::new(1_000_000, 0)
    );
}

#[test]
fn what_an_ordinary_user_may_not_see_is_an_error_of_that_entry() {
    if needs_ordinary_user() {
        return;
    }
    let temp = Temp::new();
    let inner = temp.path("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("f"), "").unwrap();
    let set_mode = |mode| fs::set_permissions(&inner, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o400);
    let entries = Dir::open(&inner).unwrap().list().unwrap();
    let denied = entries[0].stat.as_ref().unwrap_err();
    assert_eq!(
        (entries.len(), denied.kind()),
        (1, io::ErrorKind::PermissionDenied)
    );
    set_mode(0o100);
    let name = OsStr::new("inner");
    assert_eq!(
        temp.dir.open_child(name).unwrap_err().kind(),
        io::ErrorKind::PermissionDenied
    );
    assert_eq!(temp.dir.metadata_child(name).unwrap().stat.mode, 0o100);
    set_mode(0o700);
    fs::set_permissions(inner.join("f"), fs::Permissions::from_mode(0o000)).unwrap();
    let opened = Dir::open(&inner).unwrap();
    let file = OsStr::new("f");
    assert_eq!(
        opened.open_file(file).unwrap_err().kind(),
        io::ErrorKind::PermissionDenied
    );
    assert_eq!(opened.metadata_child(file).unwrap().stat.mode, 0);
    // Others' files cannot be opened with O_NOATIME, only without.
    let foreign = Dir::open(Path::new("/etc")).unwrap();
    assert_eq!(
        foreign
            .metadata_child(OsStr::new("passwd"))
            .unwrap()
            .stat
            .kind,
        Kind::File
    );
    foreign.open_file(OsStr::new("passwd")).unwrap();
}

#[test]
fn metadata_that_changes_meanwhile_is_taken_again() {
    let temp = Temp::new();
    let metadata = temp.dir.metadata().unwrap();
    let tries = Cell::new(0);
    let take = |steady_after: u64| {
        tries.set(0);
        steady::steady(|| {
            tries.set(tries.get() + 1);
            let size = metadata.stat.size + u64::from(tries.get() < steady_after);
            Ok((
                metadata.clone(),
                Stat {
                    size,
                    ..metadata.stat
                },
            ))
        })
    };
    assert_eq!(take(3).unwrap(), metadata);
    assert_eq!(tries.get(), 3);
    assert_eq!(
        take(u64::MAX).unwrap_err().kind(),
        io::ErrorKind::ResourceBusy
    );
}

#[test]
fn a_leased_file_is_opened_once_its_holder_lets_go() {
    use std::os::fd::AsRawFd;
    const F_SETSIG: i32 = 10; // missing in the libc crate
    let temp = Temp::new();
    let holder = fs::File::open(temp.file("f")).unwrap();
    let fd = holder.as_raw_fd();
    // SAFETY: plain calls on an open descriptor.
    let lease = |command, argument: i32| unsafe { libc::fcntl(fd, command, argument) };
    // The default signal would end the process, this one is ignored by default.
    lease(F_SETSIG, libc::SIGURG);
    if lease(libc::F_SETLEASE, libc::F_WRLCK) != 0 {
        return eprintln!("skipped: no leases here");
    }
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| temp.dir.open_file(OsStr::new("f")).unwrap());
        while lease(libc::F_GETLEASE, 0) == libc::F_WRLCK {
            std::thread::yield_now();
        }
        lease(libc::F_SETLEASE, libc::F_UNLCK);
        assert_eq!(opening.join().unwrap().stat().unwrap().size, 7);
    });
}

#[test]
fn an_open_directory_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Dir>();
}

#[test]
fn a_real_path_has_no_links_in_it() {
    let top = tempfile::tempdir().unwrap();
    let base = fs::canonicalize(top.path()).unwrap();
    fs::create_dir_all(base.join("a/b")).unwrap();
    std::os::unix::fs::symlink("a", base.join("link")).unwrap();
    assert!(Dir::open_real(&base.join("a/b")).is_ok());
    for wrong in ["link/b", "link", "link/../a/b"] {
        let error = Dir::open_real(&base.join(wrong)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{wrong}");
    }
    let missing = Dir::open_real(&base.join("none/b")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_directory_is_known_to_be_at_its_path_or_not() {
    let temp = tempfile::tempdir().unwrap();
    let (one, other) = (temp.path().join("one"), temp.path().join("other"));
    fs::create_dir(&one).unwrap();
    let dir = Dir::open(&one).unwrap();
    assert!(dir.is_at(&one));
    fs::rename(&one, &other).unwrap();
    assert!(!dir.is_at(&one) && dir.is_at(&other));
    fs::create_dir(&one).unwrap();
    assert!(!dir.is_at(&one), "another one has its name");
    fs::remove_dir(&other).unwrap();
    assert!(!dir.is_at(&other));
}
