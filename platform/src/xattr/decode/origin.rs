//! Where a file was downloaded from: `com.apple.metadata:kMDItemWhereFroms`.
//!
//! macOS writes a binary property list with an array of texts: mostly the address of the file and
//! that of the page that led to it. Whoever may write to the file may write anything, so only that
//! is read and nothing is followed deeper: in such a list a few hundred bytes can stand for
//! gigabytes, which a general reader makes of them.

use std::str;

/// More than any browser writes, of the value as of what it stands for.
const MAX_LEN: usize = 64 * 1024;

const MAGIC: &[u8] = b"bplist00";
const TRAILER_LEN: usize = 32;

/// The kinds of objects, in the upper half of their first byte.
const INTEGER: u8 = 0x1;
const ASCII: u8 = 0x5;
const UTF_16: u8 = 0x6;
const ARRAY: u8 = 0xa;
/// A length that does not fit into the lower half; an integer follows.
const LONG: u8 = 0xf;

/// Why a value is not the origin of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is larger than any origin, or stands for something that is.
    #[error("an origin of more than {MAX_LEN} bytes")]
    TooLarge,
    /// It is no binary property list, or a damaged one.
    #[error("not a binary property list, or a damaged one")]
    Damaged,
    /// It is a property list of something else.
    #[error("the property list is not an array of texts")]
    NotTexts,
}

/// Returns the addresses that a value names, in its order.
pub fn where_froms(value: &[u8]) -> Result<Vec<String>, OriginError> {
    if value.len() > MAX_LEN {
        return Err(OriginError::TooLarge);
    }
    let list = List::read(value).ok_or(OriginError::Damaged)?;
    let top = list.object(list.top).ok_or(OriginError::Damaged)?;
    if top.kind != ARRAY {
        return Err(OriginError::NotTexts);
    }
    let references = top.take(list.reference_len).ok_or(OriginError::Damaged)?;
    let mut left = MAX_LEN;
    let mut texts = Vec::new();
    for reference in references.chunks_exact(list.reference_len) {
        let object = number(reference).and_then(|index| list.object(index));
        let text = object.ok_or(OriginError::Damaged)?.text()?;
        left = left
            .checked_sub(text.len() + size_of::<String>())
            .ok_or(OriginError::TooLarge)?;
        texts.push(text);
    }
    Ok(texts)
}

/// A binary property list: objects, and a table of where each begins.
struct List<'v> {
    objects: &'v [u8],
    offsets: &'v [u8],
    offset_len: usize,
    reference_len: usize,
    top: usize,
}

/// One object.
struct Object<'v> {
    kind: u8,
    /// How many bytes, characters or references it has.
    len: usize,
    /// What follows its head, to the end of all objects.
    rest: &'v [u8],
}

impl<'v> List<'v> {
    fn read(value: &'v [u8]) -> Option<List<'v>> {
        value.strip_prefix(MAGIC)?;
        let (body, trailer) = value.split_at_checked(value.len().checked_sub(TRAILER_LEN)?)?;
        let (objects, offsets) = body.split_at_checked(number(trailer.get(24..32)?)?)?;
        let sizes = |at: usize| {
            let size = usize::from(*trailer.get(at)?);
            (1..=8).contains(&size).then_some(size)
        };
        Some(List {
            objects,
            offsets,
            offset_len: sizes(6)?,
            reference_len: sizes(7)?,
            top: number(trailer.get(16..24)?)?,
        })
    }

    fn object(&self, index: usize) -> Option<Object<'v>> {
        let at = index.checked_mul(self.offset_len)?;
        let offset = number(self.offsets.get(at..at.checked_add(self.offset_len)?)?)?;
        let (&head, rest) = self.objects.get(offset..)?.split_first()?;
        let (kind, len) = (head >> 4, head & 0xf);
        if len != LONG {
            return Some(Object {
                kind,
                len: usize::from(len),
                rest,
            });
        }
        let (&head, rest) = rest.split_first()?;
        let size = 1_usize.checked_shl(u32::from(head & 0xf))?;
        if head >> 4 != INTEGER || size > 8 {
            return None;
        }
        let (len, rest) = rest.split_at_checked(size)?;
        let len = number(len)?;
        Some(Object { kind, len, rest })
    }
}

impl<'v> Object<'v> {
    /// Returns what it has, each of so many bytes.
    fn take(&self, each: usize) -> Option<&'v [u8]> {
        self.rest.get(..self.len.checked_mul(each)?)
    }

    fn text(&self) -> Result<String, OriginError> {
        let text = match self.kind {
            ASCII => self.take(1).and_then(|bytes| str::from_utf8(bytes).ok()),
            UTF_16 => return self.wide_text().ok_or(OriginError::Damaged),
            _ => return Err(OriginError::NotTexts),
        };
        text.map(str::to_owned).ok_or(OriginError::Damaged)
    }

    fn wide_text(&self) -> Option<String> {
        let (units, _) = self.take(2)?.as_chunks();
        let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
        char::decode_utf16(units).collect::<Result<_, _>>().ok()
    }
}

/// Reads a number of at most eight bytes, the highest first.
fn number(bytes: &[u8]) -> Option<usize> {
    let number = bytes
        .iter()
        .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    usize::try_from(number).ok()
}
