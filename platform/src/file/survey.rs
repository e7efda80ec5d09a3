//! Which parts of a large file the page cache already holds, asked with `cachestat` (Linux 6.5).

use std::io::IoSliceMut;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::{Errno, ReadWriteFlags};

/// Files are surveyed in steps of this many bytes, or larger ones so that [`MAX_STEPS`] suffice.
const MIN_STEP: u64 = 1024 * 1024;
const MAX_STEPS: u64 = 1024;
/// The number of the system call, the same on every architecture Rust runs on.
const SYS_CACHESTAT: libc::c_long = 451;

/// The parts of a file that were not cached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Survey {
    uncached: Vec<Range<u64>>,
}

impl Survey {
    /// Returns the uncached ranges, ascending, with gaps between them.
    pub(super) fn uncached(&self) -> impl Iterator<Item = &Range<u64>> {
        self.uncached.iter()
    }
}

/// Asks what of a file of this size is cached; `None` where nobody tells, or not truthfully.
pub(super) fn take(fd: BorrowedFd<'_>, size: u64) -> Option<Survey> {
    let whole = 0..size;
    let uncached = match cached_pages(fd, 0, 0)? {
        0 => vec![whole],
        cached if cached >= size.div_ceil(rustix::param::page_size() as u64) => Vec::new(),
        _ => uncached_steps(fd, size)?,
    };
    match uncached.first() {
        Some(first) if !misses(fd, first.start) => None,
        _ => Some(Survey { uncached }),
    }
}

fn uncached_steps(fd: BorrowedFd<'_>, size: u64) -> Option<Vec<Range<u64>>> {
    let step = size.div_ceil(MAX_STEPS).next_multiple_of(MIN_STEP);
    let mut uncached: Vec<Range<u64>> = Vec::new();
    let mut start = 0;
    while start < size {
        let end = start + step;
        if cached_pages(fd, start, step)? == 0 {
            match uncached.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => uncached.push(start..end),
            }
        }
        start = end;
    }
    Some(uncached)
}

/// Says whether a read that may not wait finds nothing here.
///
/// Overlay file systems show `cachestat` an always empty cache and pass `fadvise` on to the real
/// one, so believing them would evict what other programs use.
fn misses(fd: BorrowedFd<'_>, offset: u64) -> bool {
    let mut byte = [0];
    let bufs = &mut [IoSliceMut::new(&mut byte)];
    rustix::io::preadv2(fd, bufs, offset, ReadWriteFlags::NOWAIT) == Err(Errno::AGAIN)
}

/// `struct cachestat_range`.
#[repr(C)]
struct CachestatRange {
    offset: u64,
    len: u64,
}

/// `struct cachestat`.
#[repr(C)]
#[derive(Default)]
struct Cachestat {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Returns how many pages of a range are cached; a length of 0 reaches to the end. `None` on an
/// old kernel and, since 6.14, for a file that is not ours.
pub(super) fn cached_pages(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Option<u64> {
    let range = CachestatRange { offset, len };
    let mut answer = Cachestat::default();
    let (range_ptr, answer_ptr) = (&raw const range, &raw mut answer);
    // SAFETY: both pointers are to live structures of the layout that this system call has.
    let code = unsafe {
        libc::syscall(
            SYS_CACHESTAT,
            fd.as_raw_fd(),
            range_ptr,
            answer_ptr,
            0 as libc::c_uint,
        )
    };
    (code == 0).then_some(answer.cached)
}
