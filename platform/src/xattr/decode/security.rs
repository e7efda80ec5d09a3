//! Security descriptors of Windows, in the self-relative form that file systems keep
//! (MS-DTYP 2.4.6, <https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/>).

use crate::acl::Sid;

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

/// The error of decoding a descriptor that Windows did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the security descriptor is damaged: {0}")]
pub struct SecurityError(&'static str);

/// `SE_DACL_PRESENT` and `SE_SACL_PRESENT`.
const DACL_PRESENT: u16 = 0x4;
const SACL_PRESENT: u16 = 0x10;
/// `SE_SELF_RELATIVE`: the lists are behind the header, and not elsewhere in memory.
const SELF_RELATIVE: u16 = 0x8000;

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
    if control & SELF_RELATIVE == 0 {
        // Its offsets would be addresses.
        return Err(SecurityError("it is not self-relative"));
    }
    let (offsets, _) = offsets.as_chunks::<4>();
    let at = |index: usize| {
        let offset = offsets.get(index).copied().map(u32::from_le_bytes);
        let offset = offset.filter(|offset| *offset != 0)?;
        Some(value.get(offset as usize..).unwrap_or_default())
    };
    let sid_at = |index| {
        let sid =
            at(index).map(|bytes| Sid::parse(bytes).ok_or(SecurityError("an owner is damaged")));
        sid.transpose()
    };
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
