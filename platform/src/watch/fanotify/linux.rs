//! The backend: one group, its marks, and its canary.
//!
//! A file system is marked as a whole where it can be. Where it cannot (overlay, FUSE, `/proc`, the
//! subvolumes of Btrfs, or without root), each directory gets a mark. Marking again what is marked
//! already costs about a microsecond, so nothing is remembered about what is marked: that could
//! become wrong when something is unmounted.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libc::{
    FAN_CLASS_NOTIF, FAN_CLOEXEC, FAN_MARK_ADD, FAN_MARK_FILESYSTEM, FAN_MARK_IGNORE_SURV,
    FAN_MARK_ONLYDIR, FAN_MARK_REMOVE, FAN_NONBLOCK, FAN_REPORT_DFID_NAME, FAN_REPORT_FID,
    FAN_REPORT_PIDFD, FAN_REPORT_TARGET_FID, FAN_UNLIMITED_MARKS, FAN_UNLIMITED_QUEUE,
};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::handle::Handle;
use super::reader::{Lookup, Present, Reader};
use super::record::mask;
use super::resolve::Resolver;
use super::sys;
use super::table::Place;
use crate::bytes::path_to_bytes;
use crate::dir::Dir;
use crate::watch::backend::{Backend, Refused, Started};
use crate::watch::{BackendHealth, BackendKind, Deliver, LostReason, Options, Queue, Wants};

/// Files take turns, so that a beat is not merged with one that nobody has read yet.
const CANARIES: u64 = 8;
/// How long the first beat of the canary may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many file systems the health names; there may be one for each container.
const NAMED_FILE_SYSTEMS: usize = 32;

const COMMON: u64 =
    mask::CREATE | mask::DELETE | mask::MODIFY | mask::CLOSE_WRITE | mask::ATTRIB | mask::ONDIR;
const ITSELF: u64 = mask::MOVE_SELF | mask::DELETE_SELF | mask::ONDIR;
const PATH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The directory itself, where a name is wanted.
const HERE: &CStr = c".";

/// What the backend and its queue share.
pub(super) struct Shared {
    pub(super) group: OwnedFd,
    pub(super) resolver: Resolver,
    /// For marks on whole file systems and on single directories.
    whole_mask: u64,
    single_mask: u64,
    canary_dir: PathBuf,
    beats: AtomicU64,
    /// What this kernel or account cannot do.
    lacks: Vec<String>,
    /// The first directory of each file system that takes no mark as a whole, and why.
    unmarkable: Mutex<BTreeMap<u64, String>>,
    /// How many anchors would not be heard of if a directory above them were renamed.
    deaf_anchors: AtomicU64,
}

struct Fanotify(Arc<Shared>);

/// Makes the group and hears its canary; otherwise says why it cannot be used.
pub(in crate::watch) fn start(
    options: &Options,
    wants: &Wants,
    deliver: &Deliver,
    lookup: Lookup,
) -> Result<Started, String> {
    let Group {
        group,
        has_target,
        lacks,
    } = Group::open(!options.has_bounded_queue).map_err(|error| error.to_string())?;
    let in_canary_dir =
        |error: io::Error| format!("cannot watch {:?}: {error}", options.canary_dir);
    let canary_dir = Dir::open(&options.canary_dir).map_err(in_canary_dir)?;
    let handle = sys::handle_of(canary_dir.as_fd()).map_err(in_canary_dir)?;
    let canary_mask = mask::CLOSE_WRITE | libc::FAN_EVENT_ON_CHILD;
    let flags = FAN_MARK_ADD | FAN_MARK_ONLYDIR;
    sys::mark(&group, flags, canary_mask, canary_dir.as_fd(), None).map_err(in_canary_dir)?;
    if let Some(quiet) = &options.quiet_dir {
        // Kernels before 6.0 cannot; then it is told and dropped.
        let _ = ignore(&group, quiet);
    }
    // Numbers of processes fit in an `i32`, which is what the kernel has them in.
    let own_pid = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    let deaf_to = Some(own_pid).filter(|_| !options.hears_itself);
    let (renames, damage) = if has_target {
        (mask::RENAME, mask::FS_ERROR)
    } else {
        (mask::MOVED_FROM | mask::MOVED_TO, 0)
    };
    let shared = Arc::new(Shared {
        group,
        resolver: Resolver::new(wants, deliver, deaf_to, handle),
        whole_mask: COMMON | renames | damage,
        single_mask: COMMON | renames | ITSELF | libc::FAN_EVENT_ON_CHILD,
        canary_dir: options.canary_dir.clone(),
        beats: AtomicU64::new(0),
        lacks,
        unmarkable: Mutex::default(),
        deaf_anchors: AtomicU64::new(0),
    });
    let mut queue = Reader::new(Arc::clone(&shared), lookup);
    shared.hear_canary(&mut queue)?;
    Ok((Arc::new(Fanotify(shared)), Box::new(queue)))
}

/// Lets the kernel drop what happens to the files in a directory: each write to the store would
/// otherwise wake the thread that reads the queue.
fn ignore(group: &OwnedFd, dir: &Path) -> io::Result<()> {
    let dir = Dir::open(dir)?;
    let flags = FAN_MARK_ADD | FAN_MARK_ONLYDIR | FAN_MARK_IGNORE_SURV;
    let mask = mask::MODIFY | mask::CLOSE_WRITE | mask::ATTRIB | libc::FAN_EVENT_ON_CHILD;
    sys::mark(group, flags, mask, dir.as_fd(), None)
}

/// A group with as much as the kernel gives.
struct Group {
    group: OwnedFd,
    /// Whether records of renames have both ends, and the object: since Linux 5.17.
    has_target: bool,
    lacks: Vec<String>,
}

impl Group {
    fn open(is_unlimited: bool) -> io::Result<Group> {
        let target = FAN_REPORT_FID | FAN_REPORT_TARGET_FID;
        let unlimited = match is_unlimited {
            true => FAN_UNLIMITED_MARKS | FAN_UNLIMITED_QUEUE,
            false => FAN_UNLIMITED_MARKS,
        };
        let basic = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME;
        let extras = [target | FAN_REPORT_PIDFD, target, FAN_REPORT_PIDFD, 0];
        let mut refusal = io::Error::from(io::ErrorKind::Unsupported);
        for limit in [unlimited, 0] {
            for extra in extras {
                match sys::init(basic | limit | extra) {
                    Ok(group) => {
                        return Ok(Group {
                            group,
                            has_target: extra & target != 0,
                            lacks: lacks(limit != 0, extra),
                        });
                    }
                    Err(error) => refusal = error,
                }
            }
        }
        Err(refusal)
    }
}

fn lacks(is_unlimited: bool, extra: libc::c_uint) -> Vec<String> {
    let mut lacks = Vec::new();
    if !is_unlimited {
        lacks.push("not root: queue and marks are limited, actors are unknown".to_owned());
    } else if extra & FAN_REPORT_PIDFD == 0 {
        lacks.push("the kernel proves no actors: needs Linux 5.15".to_owned());
    }
    if extra & FAN_REPORT_TARGET_FID == 0 {
        lacks.push("renames are seen as two changes: needs Linux 5.17".to_owned());
    }
    lacks
}

impl Shared {
    fn beat(&self) -> io::Result<()> {
        let number = self.beats.fetch_add(1, Ordering::Relaxed) % CANARIES;
        let canary = self.canary_dir.join(format!("fanotify-{number}"));
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).mode(0o600);
        options.open(canary)?.write_all_at(b".", 0)
    }

    /// Proves that records arrive: some sandboxes give a group that stays silent.
    fn hear_canary(&self, queue: &mut Reader) -> Result<(), String> {
        let failed = |error: io::Error| format!("no canary in {:?}: {error}", self.canary_dir);
        let signals = &self.resolver.counters.signals;
        self.beat().map_err(failed)?;
        let deadline = Instant::now() + PATIENCE;
        while signals.load(Ordering::Relaxed) == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("the kernel is silent about {:?}", self.canary_dir));
            }
            queue.read(left).map_err(failed)?;
        }
        Ok(())
    }

    /// Marks the file system of a directory, or the directory; says whether it was the latter.
    fn mark(&self, fd: BorrowedFd<'_>, path: &Path, fsid: u64) -> Result<bool, Refused> {
        let whole = FAN_MARK_ADD | FAN_MARK_FILESYSTEM;
        let Err(reason) = sys::mark(&self.group, whole, self.whole_mask, fd, None) else {
            return Ok(false);
        };
        let single = FAN_MARK_ADD | FAN_MARK_ONLYDIR;
        sys::mark(&self.group, single, self.single_mask, fd, None).map_err(refused)?;
        let mut unmarkable = self
            .unmarkable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if unmarkable.len() < NAMED_FILE_SYSTEMS {
            unmarkable.entry(fsid).or_insert_with(|| {
                format!("one mark for each directory on the file system of {path:?}: {reason}")
            });
        }
        Ok(true)
    }

    /// Listens to an anchor and the directories above it being renamed or deleted.
    fn watch_above(&self, fd: BorrowedFd<'_>, path: &Path, handle: &Handle) {
        let above = self.mark_upwards(fd).unwrap_or_else(|_| {
            self.deaf_anchors.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        });
        let bytes = path_to_bytes(path);
        self.resolver.table().set_above(bytes, &above);
        // It may have been renamed before the marks were there.
        if look(path).as_ref() != Some(handle) {
            self.resolver.table().uproot(&Place {
                path: bytes.to_owned(),
                handle: handle.clone(),
            });
            self.resolver
                .lost(Some(path.to_owned()), LostReason::Renamed);
        }
    }

    fn mark_upwards(&self, fd: BorrowedFd<'_>) -> io::Result<Vec<Handle>> {
        self.mark_itself(fd)?;
        let mut above = Vec::new();
        let mut identity = identity(fd)?;
        let mut at = openat(fd, c"..", PATH, Mode::empty())?;
        loop {
            let next = self::identity(at.as_fd())?;
            if next == identity {
                return Ok(above);
            }
            identity = next;
            above.push(sys::handle_of(at.as_fd())?);
            self.mark_itself(at.as_fd())?;
            at = openat(&at, c"..", PATH, Mode::empty())?;
        }
    }

    fn mark_itself(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        sys::mark(
            &self.group,
            FAN_MARK_ADD | FAN_MARK_ONLYDIR,
            ITSELF,
            fd,
            Some(HERE),
        )
    }

    /// Removes the mark of a directory that is not covered any more, if the kernel has its path in
    /// memory. Whoever notices mounts must not wait for a file system that was mounted over it.
    fn unmark(&self, path: &Path, handle: &Handle) -> io::Result<()> {
        let fd = openat2(CWD, path, PATH, Mode::empty(), ResolveFlags::CACHED)?;
        if sys::handle_of(fd.as_fd())? == *handle {
            let fd = fd.as_fd();
            let mark = |flags| sys::mark(&self.group, flags, self.single_mask, fd, Some(HERE));
            mark(FAN_MARK_REMOVE | FAN_MARK_ONLYDIR)?;
            // Somebody may have covered it again meanwhile.
            if self.resolver.table().knows(handle.borrowed()) {
                mark(FAN_MARK_ADD | FAN_MARK_ONLYDIR)?;
            }
        }
        Ok(())
    }
}

impl Backend for Fanotify {
    fn kind(&self) -> BackendKind {
        BackendKind::Fanotify
    }

    fn cover(&self, dir: &Dir, path: &Path) -> Result<(), Refused> {
        let fd = dir.as_fd();
        let path = path.components().as_path();
        let handle = sys::handle_of(fd).map_err(refused)?;
        let is_marked = self.0.mark(fd, path, handle.borrowed().fsid)?;
        let resolver = &self.0.resolver;
        let parent = sys::parent_handle(fd, handle.borrowed().fsid).ok();
        let parent = parent.as_ref().map(Handle::borrowed);
        let is_anchor = resolver.cover(handle.borrowed(), parent, path, is_marked, &Present);
        if is_anchor {
            self.0.watch_above(fd, path, &handle);
        }
        Ok(())
    }

    fn forget(&self, path: &Path) {
        let bytes = path_to_bytes(path.components().as_path());
        let marked = self.0.resolver.table().forget(bytes);
        for place in marked {
            if let Ok(path) = crate::bytes::bytes_to_path(&place.path) {
                // A directory that cannot be reached keeps its mark; what comes of it is dropped.
                let _ = self.0.unmark(&path, &place.handle);
            }
        }
    }

    fn covers(&self, path: &Path) -> bool {
        self.0.resolver.table().covers(path_to_bytes(path))
    }

    fn is_near(&self, path: &Path) -> bool {
        self.0.resolver.table().is_near(path_to_bytes(path))
    }

    fn beat(&self) -> io::Result<()> {
        self.0.beat()
    }

    fn health(&self) -> BackendHealth {
        let counters = &self.0.resolver.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut limits = self.0.lacks.clone();
        let unmarkable = self.0.unmarkable.lock();
        let unmarkable = unmarkable.unwrap_or_else(PoisonError::into_inner);
        limits.extend(unmarkable.values().cloned());
        let deaf = read(&self.0.deaf_anchors);
        if deaf > 0 {
            limits.push(format!(
                "renaming a directory above goes unnoticed for {deaf} places"
            ));
        }
        BackendHealth {
            directories: self.0.resolver.table().len() as u64,
            signals: read(&counters.signals),
            own_dropped: read(&counters.own_dropped),
            foreign_dropped: read(&counters.foreign_dropped),
            unnamed_dropped: read(&counters.unnamed_dropped),
            overflows: read(&counters.overflows),
            limits,
            ..BackendHealth::new(BackendKind::Fanotify)
        }
    }
}

/// Returns the handle of the directory that is at this path now.
pub(super) fn look(path: &Path) -> Option<Handle> {
    match openat(CWD, path, PATH, Mode::empty()) {
        Ok(fd) => sys::handle_of(fd.as_fd()).ok(),
        Err(Errno::NAMETOOLONG) => {
            let dir = Dir::open(path).ok()?;
            sys::handle_of(dir.as_fd()).ok()
        }
        Err(_) => None,
    }
}

fn identity(fd: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let stat = crate::stat::linux::stat_fd(fd)?;
    Ok((stat.device, stat.inode))
}

fn refused(error: io::Error) -> Refused {
    Refused {
        reason: error.to_string(),
    }
}
