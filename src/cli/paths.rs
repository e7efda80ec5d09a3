//! PATHs of the command line: absolute, their parents without links, their bytes untouched.
//!
//! The last name is not followed: a link is an object of its own, and walks do not follow it.

use std::path::{Component, Path, PathBuf};

use waxseal_platform::dir::is_absence;
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::exit_code::usage;
use crate::state::escape;

/// Returns the absolute form of every path.
pub(super) fn absolute_all(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let path = absolute(path)?;
        if !all.contains(&path) {
            all.push(path);
        }
    }
    Ok(all)
}

/// Returns the absolute form of a path; as much of it as exists loses its links.
pub(super) fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    let unusable = |reason: String| usage(format!("cannot use {}: {reason}", escape::path(path)));
    let whole = match place::absolute(path) {
        Ok(whole) => whole,
        Err(_) if path.as_os_str().is_empty() => return Err(usage("a PATH is empty")),
        Err(error) => return Err(unusable(error.to_string())),
    };
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
        // `/`, or a path that ends in `..`: only the file system knows its name.
        return place::real(&whole).map_err(|error| unusable(error.to_string()));
    };
    for ancestor in parent.ancestors() {
        let real = match place::real(ancestor) {
            Ok(real) => real,
            // Nothing can ever be behind a link that leads back to itself.
            Err(error) if place::is_loop(&error) => return Err(unusable(error.to_string())),
            Err(_) => continue,
        };
        let rest = parent.strip_prefix(ancestor).unwrap_or(Path::new(""));
        if rest.components().any(|part| part == Component::ParentDir) {
            return Err(unusable(
                "it goes up with `..` from a directory that does not exist".to_owned(),
            ));
        }
        // Joining the components one by one leaves no slash at the end.
        let parent: PathBuf = real.components().chain(rest.components()).collect();
        let name = place::spelled(&parent, name);
        return Ok(parent.join(name));
    }
    Ok(whole)
}

/// Says whether something is at a path; when nobody may know, a scan will find out and report it.
pub(super) fn exists(path: &Path) -> bool {
    match place::kind(path) {
        Ok(_) => true,
        Err(error) => !is_absence(&error) && !place::is_missing_drive(&error),
    }
}

/// Returns what kind of object is at a path, if that can be known.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    place::kind(path).ok()
}

/// Returns where a link leads, unless it is no link or leads nowhere.
pub(super) fn link_target(path: &Path) -> Option<PathBuf> {
    let is_link = kind(path) == Some(Kind::Symlink);
    is_link.then(|| place::real(path).ok()).flatten()
}

#[cfg(test)]
#[cfg(unix)]
mod unix_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample;

    #[test]
    fn what_is_typed_becomes_a_whole_path() {
        let temp = tempfile::tempdir().unwrap();
        let top = place::real(temp.path()).unwrap();
        std::fs::create_dir(top.join("real")).unwrap();
        let table = [
            ("real", "real"),
            ("real/", "real"),
            ("./real/gone/file", "real/gone/file"),
            ("real/..", ""),
        ];
        for (typed, meant) in table {
            let expected: PathBuf = top.join(meant).components().collect();
            assert_eq!(absolute(&top.join(typed)).unwrap(), expected, "{typed}");
        }
        let root = sample::path("/");
        assert_eq!(absolute(&root).unwrap(), root);
        assert_eq!(link_target(&top.join("real")), None);
    }

    #[test]
    fn an_empty_path_is_refused() {
        assert!(absolute(Path::new("")).is_err());
    }

    #[test]
    fn the_same_path_counts_once() {
        let paths = ["/", "//", "/."].map(|path| PathBuf::from(sample::rooted(path)));
        assert_eq!(absolute_all(&paths).unwrap(), [sample::path("/")]);
    }
}
