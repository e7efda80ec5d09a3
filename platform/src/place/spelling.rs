//! Whether a name that the system gives back is another spelling of the one that was asked for.
//! Pure, so that it is tested on every system.

use std::ffi::OsStr;
use std::path::Path;

/// Returns how a name is spelled, of which the system says that what it means is called `found`.
///
/// What has several names may be given back under any of them. Then only a name that differs in the
/// case of its letters is the same one.
pub(super) fn spelling<'n>(asked: &'n OsStr, found: &'n OsStr, has_one_name: bool) -> &'n OsStr {
    let lower = |name: &OsStr| name.to_str().map(str::to_lowercase);
    let is_same = || lower(asked).is_some_and(|asked| lower(found) == Some(asked));
    match has_one_name || is_same() {
        true => found,
        false => asked,
    }
}

/// Says whether two paths are the same but for the case of their letters.
pub(super) fn differs_in_case(one: &Path, other: &Path) -> bool {
    let lower = |path: &Path| path.to_str().map(str::to_lowercase);
    one != other && lower(one).is_some_and(|one| lower(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(asked: &str, found: &str, has_one_name: bool) -> String {
        let name = spelling(OsStr::new(asked), OsStr::new(found), has_one_name);
        name.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_is_spelled_as_the_system_says() {
        assert_eq!(spelled("HOSTS", "hosts", true), "hosts");
        assert_eq!(spelled("HOSTS", "hosts", false), "hosts");
        assert_eq!(spelled("STRASSE", "strasse", false), "strasse");
        // One letter, or a letter and its accent: the same name to the system.
        assert_eq!(spelled("\u{e9}", "e\u{301}", true), "e\u{301}");
    }

    #[test]
    fn only_letters_in_another_case_are_another_spelling_of_a_path() {
        let differs = |one: &str, other: &str| differs_in_case(Path::new(one), Path::new(other));
        assert!(differs("C:/Sub/\u{c9}t\u{e9}", "C:/sub/\u{e9}t\u{e9}"));
        assert!(!differs("C:/sub/a", "C:/sub/a"));
        // A drive that stands for a directory, or another name of the same file.
        assert!(!differs("T:/a", "C:/sub/a"));
        assert!(!differs("C:/sub/a", "C:/sub/b"));
    }

    #[test]
    fn another_name_of_the_same_file_is_not_a_spelling() {
        assert_eq!(spelled("vi", "vim", false), "vi");
    }
}
