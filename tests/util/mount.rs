//! [`Mount`]: file systems that come and go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
