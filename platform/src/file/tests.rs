//! Against real files: content, access times, and what reading does to the page cache.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{Advice, CWD, Timespec, Timestamps};

use super::survey::cached_pages;
use super::*;
use crate::dir::Dir;
use crate::stat::{Kind, Timestamp};

const MIB: usize = 1024 * 1024;
const PAGE: usize = 4096;

fn open(path: &Path) -> File {
    let dir = Dir::open(path.parent().unwrap()).unwrap();
    dir.open_file(path.file_name().unwrap()).unwrap()
}

fn read_all(file: &mut File, buffer: usize) -> Vec<u8> {
    let mut buf = vec![0; buffer];
    let mut content = Vec::new();
    loop {
        match file.read(&mut buf).unwrap() {
            0 => return content,
            read => content.extend_from_slice(&buf[..read]),
        }
    }
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 7 % 251) as u8).collect()
}

/// A file on a disk whose cache can be looked at; `None`, after saying so, where there is none.
struct OnDisk {
    temp: tempfile::TempDir,
    file: fs::File,
    len: usize,
}

impl OnDisk {
    fn new(len: usize) -> Option<OnDisk> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        fs::write(&path, content(len)).unwrap();
        let file = fs::File::open(&path).unwrap();
        rustix::fs::fsync(&file).unwrap();
        let disk = OnDisk { temp, file, len };
        let before = disk.cached();
        disk.evict(0, len);
        if before != Some(len.div_ceil(PAGE)) || disk.cached() != Some(0) {
            eprintln!("skipped: needs cachestat and a disk with pages of {PAGE} bytes");
            return None;
        }
        Some(disk)
    }

    fn evict(&self, start: usize, len: usize) {
        let len = std::num::NonZeroU64::new(len as u64);
        rustix::fs::fadvise(&self.file, start as u64, len, Advice::DontNeed).unwrap();
    }

    fn warm(&self) {
        fs::read(self.temp.path().join("f")).unwrap();
        assert_eq!(self.cached(), Some(self.len.div_ceil(PAGE)));
    }

    fn cached(&self) -> Option<usize> {
        cached_pages(self.file.as_fd(), 0, 0).map(|pages| pages as usize)
    }

    /// Reads the whole as the scan does and checks the content.
    fn scan(&self, buffer: usize) {
        let mut file = open(&self.temp.path().join("f"));
        let size = file.stat().unwrap().size;
        if self.len > 256 * 1024 {
            file.advise_sequential(size);
        }
        assert!(read_all(&mut file, buffer) == content(self.len));
        file.finish();
    }
}

#[test]
fn content_is_read_whole_with_any_buffer() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("f");
    for len in [0, 1, PAGE, PAGE + 1, 100_000] {
        fs::write(&path, content(len)).unwrap();
        for buffer in [len + 1, 4096, 1000] {
            let mut file = open(&path);
            assert_eq!(file.stat().unwrap().size, len as u64);
            assert!(read_all(&mut file, buffer) == content(len));
            assert_eq!(file.read(&mut [0]).unwrap(), 0);
            file.finish();
        }
    }
}

#[test]
fn a_small_uncached_file_is_uncached_afterwards() {
    for len in [100, 40_000, 200_000] {
        let Some(disk) = OnDisk::new(len) else { return };
        for buffer in [4096, len + 1, 65_536] {
            disk.scan(buffer);
            assert_eq!(disk.cached(), Some(0), "{len} bytes read by {buffer}");
        }
    }
}

#[test]
fn a_small_cached_file_stays_cached() {
    let Some(disk) = OnDisk::new(40_000) else {
        return;
    };
    disk.warm();
    disk.scan(4096);
    disk.warm();
}

#[test]
fn a_large_file_is_left_as_it_was() {
    let Some(disk) = OnDisk::new(6 * MIB + 123) else {
        return;
    };
    disk.scan(65_536);
    assert_eq!(disk.cached(), Some(0), "nothing was cached before");
    disk.warm();
    disk.scan(65_536);
    assert_eq!(
        disk.cached(),
        Some((6 * MIB).div_ceil(PAGE) + 1),
        "all was cached before"
    );
    disk.evict(2 * MIB, 2 * MIB);
    disk.evict(6 * MIB, 123);
    let before = disk.cached();
    assert!(before < Some(5 * MIB / PAGE), "{before:?}");
    disk.scan(65_536);
    assert_eq!(disk.cached(), before, "some was cached before");
}

#[test]
fn reading_leaves_the_access_time_alone() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("f");
    fs::write(&path, content(10_000)).unwrap();
    let old = Timespec {
        tv_sec: 1_000_000,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: old,
        last_modification: old,
    };
    rustix::fs::utimensat(CWD, &path, &times, rustix::fs::AtFlags::empty()).unwrap();
    let mut file = open(&path);
    read_all(&mut file, 4096);
    assert_eq!(file.stat().unwrap().accessed, Timestamp::new(1_000_000, 0));
}

#[test]
fn a_sparse_file_takes_less_than_its_size() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("f");
    fs::File::create(&path)
        .unwrap()
        .set_len(3 * MIB as u64)
        .unwrap();
    let mut file = open(&path);
    let stat = file.stat().unwrap();
    assert!(stat.kind == Kind::File && stat.blocks * 512 < stat.size);
    file.advise_sequential(stat.size);
    assert!(read_all(&mut file, 65_536) == vec![0; 3 * MIB]);
}

fn own_proc() -> Dir {
    Dir::open(&Path::new("/proc").join(std::process::id().to_string())).unwrap()
}

#[test]
fn made_up_files_of_the_kernel_are_read() {
    let dir = own_proc();
    let mut file = dir.open_file(OsStr::new("status")).unwrap();
    assert_eq!(file.stat().unwrap().size, 0);
    assert!(file.xattrs().unwrap().is_empty());
    assert!(read_all(&mut file, 512).starts_with(b"Name:"));
    file.finish();
}

#[test]
fn a_read_error_is_passed_on() {
    let dir = own_proc();
    let mut file = dir.open_file(OsStr::new("mem")).unwrap();
    assert!(
        file.read(&mut [0; 16]).is_err(),
        "nothing is mapped at address 0"
    );
}

#[test]
fn a_second_stat_sees_what_changed() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("f");
    fs::write(&path, "a").unwrap();
    let file = open(&path);
    let before = file.stat().unwrap();
    fs::write(&path, "longer").unwrap();
    assert_eq!(file.stat().unwrap().size, 6);
    assert_eq!(before.size, 1);
}
