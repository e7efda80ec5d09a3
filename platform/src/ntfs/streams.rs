//! The streams of a file: `FILE_STREAM_INFO`
//! (<https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_stream_info>).

use super::{u32_at, units};

/// Where the name begins.
const NAME: usize = 24;

/// The content of the file itself, which is listed, too; not for a directory.
const CONTENT: &str = "::$DATA";

/// The end of the name of every other stream that holds bytes.
const DATA: &str = ":$DATA";

/// Returns the names of the streams in a list, but for the one that is the content of the file, each
/// without its colons and type; `None` for a list that no kernel has written.
pub fn stream_names(list: &[u8]) -> Option<Vec<Vec<u16>>> {
    let is = |name: &[u16], text: &str| name.iter().copied().eq(text.encode_utf16());
    let mut names = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let step = u32_at(rest, 0)? as usize;
        let name = units(rest, NAME, u32_at(rest, 4)? as usize)?;
        if !name.is_empty() && !is(&name, CONTENT) {
            let end = name.len().checked_sub(DATA.len())?;
            let (name, kind) = name.split_at(end);
            let (colon, name) = name.split_first()?;
            if *colon != u16::from(b':') || !is(kind, DATA) || name.is_empty() {
                return None;
            }
            names.push(name.to_vec());
        }
        rest = match step {
            0 => &[],
            1..NAME => return None,
            step => rest.get(step..)?,
        };
    }
    Some(names)
}
