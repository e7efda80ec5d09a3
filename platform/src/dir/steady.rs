//! Metadata of one moment: [`steady`].

use std::io;

use super::Metadata;
use crate::stat::Stat;

/// How often metadata that keeps changing is taken again before giving up.
const TRIES: usize = 5;

/// Repeats `take`, which returns metadata and a later stat, until both agree.
pub(super) fn steady(
    mut take: impl FnMut() -> io::Result<(Metadata, Stat)>,
) -> io::Result<Metadata> {
    for _ in 0..TRIES {
        let (metadata, later) = take()?;
        // Our own look may touch the access time: of a link always (`readlink` has no way round),
        // of a directory where O_NOATIME is denied.
        if metadata.stat
            == (Stat {
                accessed: metadata.stat.accessed,
                ..later
            })
        {
            return Ok(metadata);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "the metadata changed at every try",
    ))
}
