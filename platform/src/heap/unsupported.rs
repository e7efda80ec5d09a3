//! Allocators whose threads share what they free, or are not known to keep it.

pub(super) fn limit_arenas() {}
