//! Windows: which backends there are.

use std::path::{Component, Path, Prefix};

use windows_sys::Win32::Storage::FileSystem::GetDriveTypeW;
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

use super::backend::NOT_HERE;
use super::starting::start_each;
use super::{BackendKind, Hear, Options, Wants, WatchError, Watcher, directory_changes};
use crate::dir::Dir;

pub(super) const NATIVE: &[BackendKind] = &[BackendKind::ReadDirectoryChanges];

/// What tells of changes made by other machines is the server, if it does.
const NETWORK: &str = "a network drive";

pub(super) fn start(options: &Options, wants: &Wants, hear: &Hear) -> Result<Watcher, WatchError> {
    crate::private::ensure_private_dir(&options.canary_dir)?;
    Ok(start_each(options, hear, |kind, deliver| match kind {
        BackendKind::ReadDirectoryChanges => directory_changes::start(options, wants, deliver),
        _ => Err(NOT_HERE.to_owned()),
    }))
}

/// Returns the name of a file system whose files change without this system knowing.
pub(super) fn elsewhere(_dir: &Dir, path: &Path) -> Option<&'static str> {
    let Some(Component::Prefix(prefix)) = path.components().next() else {
        return None;
    };
    let is_remote = match prefix.kind() {
        Prefix::UNC(..) | Prefix::VerbatimUNC(..) => true,
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => is_remote(letter),
        Prefix::Verbatim(_) | Prefix::DeviceNS(_) => false,
    };
    is_remote.then_some(NETWORK)
}

fn is_remote(letter: u8) -> bool {
    let root = [u16::from(letter), b':'.into(), b'\\'.into(), 0];
    // SAFETY: it ends with a zero.
    let kind = unsafe { GetDriveTypeW(root.as_ptr()) };
    kind == DRIVE_REMOTE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_machine_keeps_is_not_told_of_here() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        assert_eq!(elsewhere(&dir, temp.path()), None);
        for path in [r"\\server\share\x", r"\\?\UNC\server\share"] {
            assert_eq!(elsewhere(&dir, Path::new(path)), Some(NETWORK), "{path}");
        }
        assert_eq!(elsewhere(&dir, Path::new("relative")), None);
    }
}
