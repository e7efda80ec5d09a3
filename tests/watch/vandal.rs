//! Somebody who does things to a tree: [`Vandal`].
//!
//! Used by the tests of the whole program and by those of the engine.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Random;

/// Does random things at few places, so that they meet.
pub struct Vandal {
    /// What decides.
    pub random: Random,
    /// Where; itself left alone.
    pub top: PathBuf,
    /// Whether a file may get further names. Of those the kernel tells nothing, so the policy must
    /// not count links, and such a file is not written to.
    pub makes_links: bool,
}

impl Vandal {
    fn place(&mut self) -> PathBuf {
        let depth = self.random.below(3);
        let mut path = self.top.clone();
        for _ in 0..depth {
            path.push(self.random.pick(&["d", "e"]));
        }
        path
    }

    fn file(&mut self) -> PathBuf {
        let name = self.random.pick(&["a", "b", "c", "x", "y"]);
        self.place().join(name)
    }

    /// Does one thing and says what it was; what cannot be done is left.
    pub fn act(&mut self) -> String {
        let path = self.file();
        let to = self.file();
        let number = self.random.number();
        let (verb, object, done) = match self.random.below(20) {
            0..=4 => ("write", None, write(&path, number)),
            5 => ("append", None, append(&path)),
            6 => ("truncate", None, truncate(&path)),
            7 => ("empty", None, empty(&path)),
            8 | 9 => ("unlink", None, fs::remove_file(&path)),
            10 | 11 => return self.directory(),
            12 | 13 => ("rename to", Some(&to), fs::rename(&path, &to)),
            14 => return self.rename(RenameFlags::empty()),
            15 => return self.rename(RenameFlags::EXCHANGE),
            16 => ("exchange with", Some(&to), exchange(&path, &to)),
            17 => {
                let mode = self.random.pick(&[0o600, 0o644, 0o755]);
                ("chmod", None, chmod(&path, mode))
            }
            18 if self.makes_links => ("link to", Some(&to), fs::hard_link(&path, &to)),
            _ => {
                let target = format!("target{}", number % 100);
                ("symlink at", None, symlink(target, &path))
            }
        };
        said(verb, &path, object.map(PathBuf::as_path), done.is_ok())
    }

    fn directory(&mut self) -> String {
        let place = self.place();
        let (verb, done) = match self.random.one_in(2) {
            true => ("mkdir -p", fs::create_dir_all(&place)),
            false if place == self.top => return "nothing".to_owned(),
            false => ("rm -r", fs::remove_dir_all(&place)),
        };
        said(verb, &place, None, done.is_ok())
    }

    fn rename(&mut self, flags: RenameFlags) -> String {
        let (from, to) = (self.place(), self.place());
        if from == self.top || to == self.top {
            return "nothing".to_owned();
        }
        let done = renameat_with(CWD, &from, CWD, &to, flags);
        let verb = match flags.is_empty() {
            true => "rename directory to",
            false => "exchange directory with",
        };
        said(verb, &from, Some(&to), done.is_ok())
    }
}

fn said(verb: &str, path: &Path, object: Option<&Path>, done: bool) -> String {
    let object = object.map_or_else(String::new, |object| format!(" {}", object.display()));
    let done = if done { "" } else { " (refused)" };
    format!("{verb} {}{object}{done}", path.display())
}

/// Leaves alone what has several names.
fn is_single(path: &Path) -> std::io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.nlink() > 1 => {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, number: u64) -> std::io::Result<()> {
    is_single(path)?;
    fs::write(path, format!("content {number}"))
}

fn empty(path: &Path) -> std::io::Result<()> {
    is_single(path)?;
    fs::write(path, "")
}

fn append(path: &Path) -> std::io::Result<()> {
    is_single(path)?;
    OpenOptions::new()
        .append(true)
        .open(path)?
        .write_all(b"more")
}

fn truncate(path: &Path) -> std::io::Result<()> {
    is_single(path)?;
    OpenOptions::new().write(true).open(path)?.set_len(3)
}

fn exchange(path: &Path, with: &Path) -> std::io::Result<()> {
    renameat_with(CWD, path, CWD, with, RenameFlags::EXCHANGE)?;
    Ok(())
}

fn chmod(path: &Path, mode: u32) -> std::io::Result<()> {
    is_single(path)?;
    match path.is_symlink() {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
    }
}
