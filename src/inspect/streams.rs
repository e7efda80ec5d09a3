//! The streams that an object has beside its content, on Windows: what is in each, as an attribute.
//!
//! The value is the size and always the SHA-256, whatever is wanted of the content, so that a change
//! of the policy is none of the stream. That it refuses to be read, or is larger than what is to
//! be read, is said in the value's place (`state::streams`): whoever locks one stream hides nothing else.

use std::ffi::{OsStr, OsString};
use std::io;

use waxseal_hashers::{HashType, HashTypes, Hasher, Hex};
use waxseal_platform::bytes::os_to_bytes;
use waxseal_platform::dir::{Dir, Metadata};
use waxseal_platform::file::File;
use waxseal_platform::stat::Stat;
use waxseal_platform::xattr::Xattrs;
use waxseal_platform::xattr::decode::STREAM;

use super::pace::Pace;
use super::unread_streams::UnreadStreams;
use crate::state::UNREAD_STREAM;

/// How much of a stream is read at once.
const CHUNK: usize = 64 * 1024;

/// A stream by its name, and what opening it came to.
type Listed = (OsString, io::Result<File>);

/// What adding streams came to.
pub(super) enum Added {
    /// All were added that are still there.
    All {
        /// All attributes now.
        xattrs: Xattrs,
        /// Which of them could not be read.
        unread: UnreadStreams,
        /// Whether there was any when they were listed.
        any_listed: bool,
    },
    /// A stream changed while it was read, or reading was called off.
    Unsteady,
}

/// What one stream holds.
enum Content {
    Value(String),
    Refused(io::Error),
    /// It has so many bytes, and is not to be read.
    TooLarge(u64),
    /// It has gone since it was listed.
    Gone,
    Unsteady,
}

/// Returns the metadata of one moment, with the streams up to a size among the attributes.
pub(super) fn metadata_with_streams(
    dir: &Dir,
    name: &OsStr,
    limit: Option<u64>,
    pace: &Pace<'_>,
) -> io::Result<(Metadata, UnreadStreams)> {
    let (metadata, streams) = dir.metadata_and_streams(name)?;
    of_one_moment(metadata, streams, || dir.stat_child(name), limit, pace)
}

/// Returns the same of an open directory itself.
pub(super) fn own_metadata_with_streams(
    dir: &Dir,
    limit: Option<u64>,
    pace: &Pace<'_>,
) -> io::Result<(Metadata, UnreadStreams)> {
    of_one_moment(dir.metadata()?, dir.streams()?, || dir.stat(), limit, pace)
}

fn of_one_moment(
    metadata: Metadata,
    streams: impl Iterator<Item = Listed>,
    now: impl Fn() -> io::Result<Stat>,
    limit: Option<u64>,
    pace: &Pace<'_>,
) -> io::Result<(Metadata, UnreadStreams)> {
    let busy = || io::Error::from(io::ErrorKind::ResourceBusy);
    let Added::All {
        xattrs,
        unread,
        any_listed,
    } = with_streams(metadata.xattrs, streams, limit, pace)
    else {
        return Err(busy());
    };
    let identity = |stat: &Stat| (stat.device, stat.inode, stat.changed);
    if any_listed && identity(&now()?) != identity(&metadata.stat) {
        return Err(busy());
    }
    Ok((Metadata { xattrs, ..metadata }, unread))
}

/// Adds one attribute for each stream, and reads those up to a size.
pub(super) fn with_streams(
    xattrs: Xattrs,
    streams: impl Iterator<Item = Listed>,
    limit: Option<u64>,
    pace: &Pace<'_>,
) -> Added {
    let mut found = Vec::new();
    let mut unread = UnreadStreams::default();
    let mut any_listed = false;
    for (name, opened) in streams {
        any_listed = true;
        let value = match content(opened, limit, pace) {
            Content::Value(value) => value.into_bytes(),
            Content::Refused(error) => {
                unread.refuse(&name, &error);
                UNREAD_STREAM.to_vec()
            }
            Content::TooLarge(size) => {
                unread.leave(&name);
                [format!("{size} B ").as_bytes(), UNREAD_STREAM].concat()
            }
            Content::Gone => continue,
            Content::Unsteady => return Added::Unsteady,
        };
        found.push(([STREAM, os_to_bytes(&name)].concat(), value));
    }
    if found.is_empty() {
        return Added::All {
            xattrs,
            unread,
            any_listed,
        };
    }
    let others = xattrs.iter();
    found.extend(others.map(|(name, value)| (name.to_vec(), value.to_vec())));
    Added::All {
        xattrs: Xattrs::from_pairs(found),
        unread,
        any_listed,
    }
}

fn content(opened: io::Result<File>, limit: Option<u64>, pace: &Pace<'_>) -> Content {
    match opened.and_then(|file| read(file, limit, pace)) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Content::Gone,
        Err(error) => Content::Refused(error),
    }
}

/// Reads a stream to its end, but not one that grows meanwhile: it might never end.
fn read(mut file: File, limit: Option<u64>, pace: &Pace<'_>) -> io::Result<Content> {
    let size = file.stat()?.size;
    if limit.is_some_and(|limit| size > limit) {
        return Ok(Content::TooLarge(size));
    }
    let mut hasher = Hasher::new(HashTypes::single(HashType::Sha256));
    let mut buffer = vec![0; CHUNK];
    let mut left = size;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 && left == 0 {
            break;
        }
        let rest = left.checked_sub(read as u64).filter(|_| read > 0);
        hasher.update(buffer.get(..read).unwrap_or_default());
        match rest {
            Some(rest) if pace.keep(read as u64) => left = rest,
            _ => return Ok(Content::Unsteady),
        }
    }
    file.finish();
    let digests = hasher.finish();
    let digest = digests.get(HashType::Sha256).unwrap_or_default();
    let value = format!("{size} B sha256:{}", Hex(digest));
    Ok(Content::Value(value))
}

#[cfg(test)]
mod tests {
    //! With files in the place of streams, which most systems have none of.

    use std::fs;
    use std::sync::atomic::Ordering;

    use tempfile::TempDir;
    use waxseal_platform::stat::Timestamp;

    use super::*;
    use crate::inspect::{Halt, Progress, Throttle};

    const LIMIT: u64 = 1 << 20;

    fn attributes(streams: Vec<Listed>, pace: &Pace<'_>) -> Vec<String> {
        match with_streams(Xattrs::new(), streams.into_iter(), Some(LIMIT), pace) {
            Added::All { xattrs, .. } => xattrs
                .iter()
                .map(|(name, value)| {
                    let text = |bytes| std::str::from_utf8(bytes).unwrap().to_owned();
                    format!("{} {}", text(name), text(value))
                })
                .collect(),
            Added::Unsteady => vec!["unsteady".to_owned()],
        }
    }

    fn stream(dir: &TempDir, name: &str, content: &[u8]) -> Listed {
        fs::write(dir.path().join(name), content).unwrap();
        let name = OsStr::new(name);
        let opened = Dir::open(dir.path()).unwrap().open_file(name);
        (name.to_owned(), opened)
    }

    fn pace<'p>(progress: &'p Progress, throttle: &'p Throttle) -> Pace<'p> {
        let halt = Halt::default();
        Pace {
            progress,
            throttle,
            halt,
        }
    }

    #[test]
    fn a_stream_that_is_refused_keeps_nothing_from_being_read_beside_it() {
        let dir = TempDir::new().unwrap();
        let (progress, throttle) = (Progress::default(), Throttle::new(0));
        let refused = |kind: io::ErrorKind| Err(io::Error::from(kind));
        let streams = vec![
            ("locked".into(), refused(io::ErrorKind::PermissionDenied)),
            stream(&dir, "read", b"abc"),
            ("gone".into(), refused(io::ErrorKind::NotFound)),
        ];
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            attributes(streams, &pace(&progress, &throttle)),
            [
                "stream.locked unread".to_owned(),
                format!("stream.read 3 B sha256:{sum}"),
            ]
        );
    }

    #[test]
    fn streams_that_all_went_while_they_were_opened_prove_no_single_moment() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("f"), b"").unwrap();
        let (progress, throttle) = (Progress::default(), Throttle::new(0));
        let opened = Dir::open(dir.path()).unwrap();
        let seen = |streams: Vec<Listed>, later: bool| {
            let metadata = opened.metadata_child(OsStr::new("f")).unwrap();
            let mut now = metadata.stat;
            if later {
                now.changed = Timestamp::new(now.changed.secs() + 1, 0);
            }
            let (streams, pace) = (streams.into_iter(), pace(&progress, &throttle));
            let found = of_one_moment(metadata, streams, || Ok(now), None, &pace);
            found.map(|_| ()).map_err(|error| error.kind())
        };
        let gone = || vec![("gone".into(), Err(io::ErrorKind::NotFound.into()))];
        assert_eq!(seen(gone(), true), Err(io::ErrorKind::ResourceBusy));
        assert_eq!(seen(gone(), false), Ok(()));
        assert_eq!(seen(Vec::new(), true), Ok(()), "nothing was listed");
    }

    #[test]
    fn a_stream_beyond_the_limit_is_not_read_and_told_by_its_size() {
        let dir = TempDir::new().unwrap();
        let (progress, throttle) = (Progress::default(), Throttle::new(0));
        let (empty, large) = (stream(&dir, "empty", b""), stream(&dir, "large", b""));
        // Without a block, and not to be read in any reasonable time.
        let sparse = fs::File::options()
            .write(true)
            .open(dir.path().join("large"));
        sparse.unwrap().set_len(1 << 40).unwrap();
        let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            attributes(vec![empty, large], &pace(&progress, &throttle)),
            [
                format!("stream.empty 0 B sha256:{sum}"),
                "stream.large 1099511627776 B unread".to_owned(),
            ]
        );
        assert_eq!(progress.bytes_read.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn streams_are_read_no_faster_than_everything_else() {
        let dir = TempDir::new().unwrap();
        let content = vec![7; 3 * CHUNK + 1];
        let streams = vec![stream(&dir, "large", &content)];
        // The rate counts from the moment at which it is set.
        let began = std::time::Instant::now();
        let (progress, throttle) = (Progress::default(), Throttle::new(10_000_000));
        attributes(streams, &pace(&progress, &throttle));
        let read = progress.bytes_read.load(Ordering::Relaxed);
        assert_eq!(read, content.len() as u64);
        assert!(began.elapsed().as_micros() >= content.len() as u128 / 10 - 1);
    }

    #[test]
    fn a_stop_ends_the_reading_of_a_stream() {
        let dir = TempDir::new().unwrap();
        let (progress, throttle) = (Progress::default(), Throttle::new(0));
        let pace = pace(&progress, &throttle);
        pace.halt.call();
        let streams = vec![stream(&dir, "large", &vec![7; 10 * CHUNK])];
        assert_eq!(attributes(streams, &pace), ["unsteady"]);
        let read = progress.bytes_read.load(Ordering::Relaxed);
        assert!(read <= CHUNK as u64, "{read}");
    }
}
