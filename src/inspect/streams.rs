//! The streams that an object has beside its content, on Windows: what is in each, as an attribute.
//!
//! The value is the size and always the SHA-256, whatever is wanted of the content, so that a change
//! of the policy is none of the stream.

use std::ffi::OsStr;
use std::io;

use waxseal_hashers::{HashType, HashTypes, Hasher, Hex};
use waxseal_platform::bytes::os_to_bytes;
use waxseal_platform::dir::{Dir, Metadata};
use waxseal_platform::file::{File, Streams};
use waxseal_platform::stat::Stat;
use waxseal_platform::xattr::Xattrs;
use waxseal_platform::xattr::decode::STREAM;

use crate::state::escape;

/// How much of a stream is read at once.
const CHUNK: usize = 64 * 1024;

/// Returns the metadata of one moment, with the streams among the attributes.
pub(super) fn metadata_with_streams(dir: &Dir, name: &OsStr) -> io::Result<Metadata> {
    let (mut metadata, streams) = dir.metadata_and_streams(name)?;
    let plain = metadata.xattrs.as_packed().len();
    metadata.xattrs = with_streams(metadata.xattrs, streams)?;
    if metadata.xattrs.as_packed().len() == plain {
        return Ok(metadata);
    }
    let identity = |stat: &Stat| (stat.device, stat.inode, stat.changed);
    match identity(&dir.stat_child(name)?) == identity(&metadata.stat) {
        true => Ok(metadata),
        false => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

/// Returns the attributes with one more for each stream.
pub(super) fn with_streams(xattrs: Xattrs, streams: Streams) -> io::Result<Xattrs> {
    let mut found = Vec::new();
    for (name, opened) in streams {
        let read = opened.and_then(value);
        // One that has gone since it was listed is none any more.
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            continue;
        }
        let value = read.map_err(|error| in_stream(&name, &error))?;
        found.push(([STREAM, os_to_bytes(&name)].concat(), value.into_bytes()));
    }
    if found.is_empty() {
        return Ok(xattrs);
    }
    let others = xattrs.iter();
    found.extend(others.map(|(name, value)| (name.to_vec(), value.to_vec())));
    Ok(Xattrs::from_pairs(found))
}

/// Reads a stream to its end, but not one that grows meanwhile: it might never end.
fn value(mut file: File) -> io::Result<String> {
    let size = file.stat()?.size;
    let mut hasher = Hasher::new(HashTypes::from_iter([HashType::Sha256]));
    let mut buffer = vec![0; CHUNK];
    let mut left = size;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 && left == 0 {
            break;
        }
        left = left
            .checked_sub(read as u64)
            .filter(|_| read > 0)
            .ok_or(io::ErrorKind::ResourceBusy)?;
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    file.finish();
    let digests = hasher.finish();
    let digest = digests.get(HashType::Sha256).unwrap_or_default();
    Ok(format!("{size} B sha256:{}", Hex(digest)))
}

fn in_stream(name: &OsStr, error: &io::Error) -> io::Error {
    let shown = escape::bytes(os_to_bytes(name));
    io::Error::new(error.kind(), format!("its stream {shown}: {error}"))
}
