//! Records as the kernel writes them: the other direction, for tests and fuzz targets only.

use super::*;

/// Writes a record as the kernel does.
pub(super) fn encode(record: &Record<'_>) -> Vec<u8> {
    let mut pieces = Vec::new();
    for (kind, entry) in [
        (OLD_DFID_NAME, record.old),
        (NEW_DFID_NAME, record.new),
        (DFID_NAME, record.entry),
    ] {
        if let Some(Entry { dir, name }) = entry {
            let mut body = encode_handle(dir);
            body.extend(name);
            body.push(0);
            push_piece(&mut pieces, kind, &body);
        }
    }
    if let Some(object) = record.object {
        push_piece(&mut pieces, FID, &encode_handle(object));
    }
    if let Some(pidfd) = record.pidfd {
        push_piece(&mut pieces, PIDFD, &pidfd.to_ne_bytes());
    }
    if let Some((error, count)) = record.error {
        let body = [error.to_ne_bytes(), count.to_ne_bytes()].concat();
        push_piece(&mut pieces, ERROR, &body);
    }
    let event_len = (METADATA + pieces.len()) as u32;
    let mut bytes = event_len.to_ne_bytes().to_vec();
    bytes.extend([VERSION, 0]);
    bytes.extend((METADATA as u16).to_ne_bytes());
    bytes.extend(record.mask.to_ne_bytes());
    bytes.extend(record.fd.unwrap_or(-1).to_ne_bytes());
    bytes.extend(record.pid.to_ne_bytes());
    bytes.extend(pieces);
    bytes
}

fn encode_handle(handle: HandleRef<'_>) -> Vec<u8> {
    let mut bytes = (handle.fsid as u32).to_ne_bytes().to_vec();
    bytes.extend(((handle.fsid >> 32) as u32).to_ne_bytes());
    bytes.extend((handle.bytes.len() as u32).to_ne_bytes());
    bytes.extend(handle.kind.to_ne_bytes());
    bytes.extend(handle.bytes);
    bytes
}

/// Adds a piece, padded to four bytes.
pub(super) fn push_piece(pieces: &mut Vec<u8>, kind: u8, body: &[u8]) {
    let len = (PIECE_HEADER + body.len()).next_multiple_of(4);
    pieces.extend([kind, 0]);
    pieces.extend((len as u16).to_ne_bytes());
    pieces.extend(body);
    pieces.resize(pieces.len().next_multiple_of(4), 0);
}
