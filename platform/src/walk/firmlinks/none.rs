//! Systems without firmlinks.

use super::Firmlinks;

/// Returns nothing.
pub(in crate::walk) fn system() -> Option<&'static Firmlinks> {
    None
}
