//! Security descriptors of Windows, in the self-relative form that file systems keep
//! (MS-DTYP 2.4.6, <https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/>).

use std::fmt;

/// Who owns a file and who may do what with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityDescriptor<'d> {
    /// The owner.
    pub owner: Option<Sid>,
    /// The group.
    pub group: Option<Sid>,
    /// The bits that say how the lists came about, and whether there are any.
    pub control: u16,
    /// Who may do what; what is not there lets everybody do everything.
    pub dacl: Option<&'d [u8]>,
    /// What is audited, and the integrity level.
    pub sacl: Option<&'d [u8]>,
}

/// The name of a user, a group or a machine as Windows keeps it; displayed as `S-1-5-32-544`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

/// The error of decoding a descriptor that Windows did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the security descriptor is damaged: {0}")]
pub struct SecurityError(&'static str);

/// `SE_DACL_PRESENT` and `SE_SACL_PRESENT`.
const DACL_PRESENT: u16 = 0x4;
const SACL_PRESENT: u16 = 0x10;

/// Decodes the value of [`super::NTFS_SECURITY`].
pub fn security_descriptor(value: &[u8]) -> Result<SecurityDescriptor<'_>, SecurityError> {
    let (header, _) = value
        .split_first_chunk::<20>()
        .ok_or(SecurityError("it is cut short"))?;
    let [revision, _, control @ ..] = header;
    let (control, offsets) = control
        .split_first_chunk::<2>()
        .ok_or(SecurityError("it is cut short"))?;
    if *revision != 1 {
        return Err(SecurityError("its revision is unknown"));
    }
    let control = u16::from_le_bytes(*control);
    let (offsets, _) = offsets.as_chunks::<4>();
    let at = |index: usize| {
        let offset = offsets.get(index).copied().map(u32::from_le_bytes);
        let offset = offset.filter(|offset| *offset != 0)?;
        Some(value.get(offset as usize..).unwrap_or_default())
    };
    let sid_at = |index| at(index).map(Sid::decode).transpose();
    let list_at = |index, bit| match control & bit {
        0 => Ok(None),
        _ => at(index).map(list).transpose(),
    };
    Ok(SecurityDescriptor {
        owner: sid_at(0)?,
        group: sid_at(1)?,
        control,
        sacl: list_at(2, SACL_PRESENT)?,
        dacl: list_at(3, DACL_PRESENT)?,
    })
}

/// Cuts an access list to its length.
fn list(bytes: &[u8]) -> Result<&[u8], SecurityError> {
    let len = bytes.get(2..).and_then(|bytes| bytes.first_chunk());
    let len = len.copied().map(u16::from_le_bytes).map(usize::from);
    len.and_then(|len| bytes.get(..len))
        .filter(|list| list.len() >= 8)
        .ok_or(SecurityError("an access list is cut short"))
}

impl Sid {
    /// Decodes the form in which Windows keeps it; bytes after it are none of its business.
    pub fn decode(bytes: &[u8]) -> Result<Sid, SecurityError> {
        let cut_short = SecurityError("an owner is cut short");
        let (head, parts) = bytes.split_first_chunk::<8>().ok_or(cut_short.clone())?;
        let [revision, count, a, b, c, d, e, f] = *head;
        if revision != 1 || count > 15 {
            return Err(SecurityError("an owner is in an unknown form"));
        }
        let (parts, _) = parts.as_chunks::<4>();
        let parts = parts.get(..usize::from(count)).ok_or(cut_short)?;
        Ok(Sid {
            authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            parts: parts.iter().copied().map(u32::from_le_bytes).collect(),
        })
    }

    /// Returns the form in which Windows keeps it.
    pub fn encode(&self) -> Vec<u8> {
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        let mut bytes = vec![1, self.parts.len() as u8];
        bytes.extend(authority);
        let parts = self.parts.iter().flat_map(|part| part.to_le_bytes());
        bytes.extend(parts);
        bytes
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority {
            // As Windows prints it: what does not fit into 32 bits in hexadecimal.
            authority if authority >> 32 != 0 => write!(f, "S-1-{authority:#014x}")?,
            authority => write!(f, "S-1-{authority}")?,
        }
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}
