//! Any bytes: nothing panics, nothing goes on for ever.

use super::{Entries, Form, Reparse, stream_names};

/// Decodes bytes as each kind of answer.
pub fn ntfs_answers(bytes: &[u8]) {
    for form in [Form::Extended, Form::Both] {
        let entries = Entries::new(bytes, form).count();
        assert!(entries <= bytes.len() / 88 + 1);
    }
    if let Some(names) = stream_names(bytes) {
        assert!(names.len() <= bytes.len() / 24 + 1);
    }
    if let Some(reparse) = Reparse::decode(bytes) {
        assert!(
            reparse
                .target
                .is_none_or(|target| 2 * target.len() <= 2 * bytes.len())
        );
    }
}
