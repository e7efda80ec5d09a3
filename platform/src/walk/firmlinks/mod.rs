//! Directories of macOS that have two paths: firmlinks.
//!
//! macOS shows two volumes as one: the sealed one of the system, and the one with everything else,
//! which is also mounted at `/System/Volumes/Data`. A firmlink such as `/Users` leads into it, as a
//! directory that cannot be told from others. `/usr/share/firmlinks` lists them all. A walk from
//! `/` must go one of the two ways only; it takes the one that people know.
//!
//! Which way that is, is decided here, purely.

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(super) use macos::system;
#[cfg(not(target_os = "macos"))]
mod none;
#[cfg(not(target_os = "macos"))]
pub(super) use none::system;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Where the volume with everything else is mounted.
const DATA: &str = "/System/Volumes/Data";

/// The firmlinks of a system.
#[derive(Debug)]
pub(super) struct Firmlinks {
    /// Where each place of the data volume is seen as well.
    by_place: HashMap<PathBuf, PathBuf>,
}

/// The firmlinks, as seen from one directory that is walked.
#[derive(Debug)]
pub(super) struct View<'f> {
    firmlinks: &'f Firmlinks,
    root: PathBuf,
    dir: PathBuf,
}

impl Firmlinks {
    /// Reads the list: in each line where a firmlink is, a tab, and where on the volume it leads.
    #[cfg_attr(
        not(target_os = "macos"),
        allow(dead_code, reason = "compiled everywhere to be tested everywhere")
    )]
    pub(super) fn parse(text: &str) -> Firmlinks {
        let pairs = text.lines().filter_map(|line| {
            let (at, place) = line.split_once('\t')?;
            let is_sound = at.starts_with('/') && !place.is_empty() && !place.starts_with('/');
            is_sound.then(|| (Path::new(DATA).join(place), PathBuf::from(at)))
        });
        Firmlinks {
            by_place: pairs.collect(),
        }
    }

    /// Returns them as seen from a directory in a walk from `root`, if one could be in there.
    pub(super) fn view(&self, root: &Path, dir: &Path) -> Option<View<'_>> {
        dir.starts_with(DATA).then(|| View {
            firmlinks: self,
            root: root.to_owned(),
            dir: dir.to_owned(),
        })
    }
}

impl View<'_> {
    /// Says whether this walk sees a directory of this name under the path of its firmlink.
    ///
    /// A walk that begins below `/System/Volumes` does not, and goes in.
    pub(super) fn is_elsewhere(&self, name: impl AsRef<Path>) -> bool {
        let other = self.firmlinks.by_place.get(&self.dir.join(name));
        other.is_some_and(|at| at.starts_with(&self.root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As macOS has it, cut short.
    const LIST: &str = "/Applications\tApplications\n/Library\tLibrary\n\
        /System/Library/Caches\tSystem/Library/Caches\n/Users\tUsers\n/private\tprivate\n\
        /usr/local\tusr/local\n";

    fn is_elsewhere(root: &str, dir: &str, name: &str) -> bool {
        let firmlinks = Firmlinks::parse(LIST);
        let view = firmlinks.view(Path::new(root), Path::new(dir));
        view.is_some_and(|view| view.is_elsewhere(name))
    }

    #[test]
    fn a_walk_from_the_top_goes_in_by_the_firmlink() {
        assert!(is_elsewhere("/", DATA, "Users"));
        assert!(is_elsewhere("/", "/System/Volumes/Data/usr", "local"));
        assert!(is_elsewhere(
            "/System",
            "/System/Volumes/Data/System/Library",
            "Caches"
        ));
        // What has no other path is walked, and so is what leads there.
        assert!(!is_elsewhere("/", DATA, "usr"));
        assert!(!is_elsewhere("/", DATA, ".Spotlight-V100"));
        assert!(!is_elsewhere("/", "/System/Volumes", "Data"));
        assert!(!is_elsewhere("/", "/", "Users"));
    }

    #[test]
    fn a_walk_that_does_not_see_the_firmlink_goes_in() {
        assert!(!is_elsewhere(DATA, DATA, "Users"));
        assert!(!is_elsewhere("/System", DATA, "Users"));
        assert!(!is_elsewhere(
            "/System/Volumes/Data/usr",
            "/System/Volumes/Data/usr",
            "local"
        ));
    }

    #[test]
    fn lines_that_are_no_firmlinks_are_left_out() {
        let text = "\nUsers\n/Users Users\nrelative\tplace\n/a\t/b\n/a\t\n/c\td\textra\n";
        let firmlinks = Firmlinks::parse(text);
        let places: Vec<_> = firmlinks.by_place.keys().collect();
        assert_eq!(places, [Path::new("/System/Volumes/Data/d\textra")]);
    }
}
