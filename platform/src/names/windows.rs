//! Windows: owners are not numbers there, so no number has a name.

pub(super) fn user(_uid: u32) -> Option<String> {
    None
}

pub(super) fn group(_gid: u32) -> Option<String> {
    None
}
