//! Where things are: paths as the system itself knows them.
//!
//! One object has one path here: without links, on Windows and macOS with the letters that its name
//! has on the disk, and on Windows without the `\\?\` that only the interface wants. The store finds
//! rows by path, so whoever types `c:\WINDOWS` must mean what a walk has called `C:\Windows`.

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as os;
#[cfg_attr(
    not(target_os = "macos"),
    allow(dead_code, reason = "compiled everywhere to be tested everywhere")
)]
mod spelling;
#[cfg(unix)]
#[cfg_attr(
    target_os = "macos",
    allow(dead_code, reason = "names have several spellings there")
)]
mod unix;
#[cfg(all(unix, not(target_os = "macos")))]
use unix as os;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::stat::Kind;

/// Whether upper and lower case make no difference between names, unless somebody has asked for that
/// in a directory.
pub const IGNORES_CASE: bool = os::IGNORES_CASE;

/// A directory that everybody has, as it may be written in a configuration and on a command line:
/// for messages that say how to write a path.
pub const EXAMPLE: &str = os::EXAMPLE;

/// A file that could be made for logs, likewise.
pub const EXAMPLE_LOG: &str = os::EXAMPLE_LOG;

/// Returns what every absolute path begins with: `/`, or the empty path on Windows, where each drive
/// is a tree of its own.
pub fn top() -> &'static Path {
    Path::new(os::TOP)
}

/// Returns a path from the top, looking at no file system; `..` may be left in it. Names are taken as
/// they are, also those that other programs on Windows cannot use, such as `CON` and `name.`.
pub fn absolute(path: &Path) -> io::Result<PathBuf> {
    os::absolute(path)
}

/// Returns what kind of object is at a path, however long; a link is not followed in the last name.
pub fn kind(path: &Path) -> io::Result<Kind> {
    os::kind(path)
}

/// Returns what a configured path begins with as people write it: on Windows without the `\\?\` of the
/// interface; `None` where it names a device.
pub fn unprefixed(text: &str) -> Option<Cow<'_, str>> {
    os::unprefixed(text)
}

/// Returns a name in a path that no file can have; only Windows has such. Wildcards are let through.
pub fn bad_name(path: &Path) -> Option<&OsStr> {
    os::bad_name(path)
}

/// Says whether an error means that a path begins with a drive that is not there now; only Windows
/// has drives.
pub fn is_missing_drive(error: &io::Error) -> bool {
    os::is_missing_drive(error)
}

/// Says whether an error means that links in a path lead back to themselves.
pub fn is_loop(error: &io::Error) -> bool {
    os::is_loop(error)
}

/// Returns the absolute path of what is at a path, with every link followed.
pub fn real(path: &Path) -> io::Result<PathBuf> {
    os::real(path)
}

/// Says whether a path leads to what is written in other letters now: where case makes no difference,
/// what was called `a` is still found by that after it was renamed to `A`.
pub fn is_respelled(path: &Path) -> bool {
    IGNORES_CASE
        && real_parent_and_name(path).is_some_and(|found| spelling::differs_in_case(path, &found))
}

/// Returns the path of an object, itself if it is a link, as the system spells it.
fn real_parent_and_name(path: &Path) -> Option<PathBuf> {
    let (parent, name) = (path.parent()?, path.file_name()?);
    let parent = real(parent).ok()?;
    let name = spelled(&parent, name);
    Some(parent.join(name))
}

/// Returns a name as the directory has it, which may differ in the case of its letters; the name
/// itself when nothing is there.
pub fn spelled(dir: &Path, name: &OsStr) -> OsString {
    os::spelled(dir, name)
}
