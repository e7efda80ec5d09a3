//! Entries of a listed directory: `FILE_ID_EXTD_DIR_INFO`, and the older `FILE_ID_BOTH_DIR_INFO` where
//! a system does not know that
//! (<https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_id_extd_dir_info>).

use super::{number, u32_at, u64_at, units};

/// In which of the two forms entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With numbers of 128 bits.
    Extended,
    /// With numbers of 64 bits.
    Both,
}

impl Form {
    /// Says where the name begins, behind everything else.
    fn name(self) -> usize {
        match self {
            Form::Extended => 88,
            Form::Both => 104,
        }
    }
}

/// One entry; times are in units of 100 ns since 1601.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, in 16-bit units.
    pub name: Vec<u16>,
    /// When it was created.
    pub created: u64,
    /// When it was last read.
    pub accessed: u64,
    /// When it was last written.
    pub written: u64,
    /// When anything of it last changed.
    pub changed: u64,
    /// Its length in bytes.
    pub size: u64,
    /// The space it takes in bytes.
    pub allocated: u64,
    /// Its attributes, `FILE_ATTRIBUTE_…`.
    pub attributes: u32,
    /// The tag of its reparse point, if it is one.
    pub reparse_tag: u32,
    /// Its number on the volume.
    pub id: u128,
}

/// The entries in a buffer that the kernel has filled.
///
/// What is cut short or leads out of the buffer is an error, once, and the end.
#[derive(Debug)]
pub struct Entries<'b> {
    rest: Option<&'b [u8]>,
    form: Form,
}

/// The error of entries that no kernel has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system lists the directory in a form that is not known")]
pub struct Malformed;

impl<'b> Entries<'b> {
    /// Returns the entries in this buffer, of which there is at least one.
    pub fn new(buffer: &'b [u8], form: Form) -> Entries<'b> {
        Entries {
            rest: Some(buffer),
            form,
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rest.take()?;
        let Some((entry, step)) = entry(bytes, self.form) else {
            return Some(Err(Malformed));
        };
        match step {
            0 => {}
            // One that overlaps the entry before it could lead round and round.
            step if step < self.form.name() => return Some(Err(Malformed)),
            step => self.rest = Some(bytes.get(step..).unwrap_or_default()),
        }
        Some(Ok(entry))
    }
}

/// Returns the first entry and how far the next one is, 0 for none.
fn entry(bytes: &[u8], form: Form) -> Option<(Entry, usize)> {
    let step = u32_at(bytes, 0)? as usize;
    let attributes = u32_at(bytes, 56)?;
    let name_len = u32_at(bytes, 60)? as usize;
    let is_reparse = attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0;
    let (tag, id) = match form {
        Form::Extended => (
            u32_at(bytes, 68),
            number(bytes, 72).map(u128::from_le_bytes)?,
        ),
        // The size of the extended attributes, but for reparse points (MS-FSCC 2.4.17).
        Form::Both => (u32_at(bytes, 64), u64_at(bytes, 96)?.into()),
    };
    let entry = Entry {
        created: u64_at(bytes, 8)?,
        accessed: u64_at(bytes, 16)?,
        written: u64_at(bytes, 24)?,
        changed: u64_at(bytes, 32)?,
        size: u64_at(bytes, 40)?,
        allocated: u64_at(bytes, 48)?,
        attributes,
        reparse_tag: tag.filter(|_| is_reparse).unwrap_or(0),
        id,
        name: units(bytes, form.name(), name_len)?,
    };
    Some((entry, step))
}

/// `FILE_ATTRIBUTE_REPARSE_POINT`.
const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x400;
