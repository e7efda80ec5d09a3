//! [`Mount`]: file systems that come and go.

use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::MountFlags;

/// Something mounted for a test, unmounted at its end.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts a tmpfs with these options; the directory is made if there is none.
    pub fn tmpfs(at: PathBuf, options: &str) -> Mount {
        fs::create_dir_all(&at).unwrap();
        mount(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(&at),
        );
        Mount(at)
    }

    /// Shows a directory under another path too.
    pub fn bind(from: &Path, at: PathBuf) -> Mount {
        mount(Command::new("mount").arg("--bind").arg(from).arg(&at));
        Mount(at)
    }

    /// Does so without asking the file system for anything: it may not answer.
    pub fn bind_as_it_is(from: &Path, at: PathBuf) -> Mount {
        rustix::mount::mount_bind(from, &at).unwrap();
        Mount(at)
    }

    /// Mounts a file system in user space whose program is gone: each look at it fails with ENOTCONN.
    /// `None` where there are none.
    pub fn dead(at: PathBuf) -> Option<Mount> {
        fs::create_dir_all(&at).unwrap();
        let mut options = OpenOptions::new();
        let device = options.read(true).write(true).open("/dev/fuse").ok()?;
        let data = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0",
            device.as_raw_fd()
        );
        let data = CString::new(data).unwrap();
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount("dead", &at, "fuse", flags, data.as_c_str()).ok()?;
        Some(Mount(at))
    }

    /// Returns where it is mounted.
    pub fn at(&self) -> &Path {
        &self.0
    }

    /// Changes its options.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        mount(Command::new("mount").args(["-o", &options]).arg(&self.0));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
