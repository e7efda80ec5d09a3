//! macOS: the list is a file of the sealed volume.

use std::sync::OnceLock;

use super::Firmlinks;

const LIST: &str = "/usr/share/firmlinks";

/// Returns the firmlinks of this system; a system without the list has none.
pub(in crate::walk) fn system() -> Option<&'static Firmlinks> {
    static SYSTEM: OnceLock<Option<Firmlinks>> = OnceLock::new();
    let read = || {
        let text = std::fs::read_to_string(LIST).ok()?;
        Some(Firmlinks::parse(&text))
    };
    SYSTEM.get_or_init(read).as_ref()
}
