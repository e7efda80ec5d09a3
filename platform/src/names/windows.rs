//! Windows: names of accounts, which a domain may have to be asked for, and descriptors in SDDL.

use std::ptr;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, LABEL_SECURITY_INFORMATION,
    OWNER_SECURITY_INFORMATION, SACL_SECURITY_INFORMATION,
};

use crate::acl::Sid;
use crate::windows::account_name;
use crate::xattr::decode::security_descriptor;

/// Owners are not numbers here.
pub(super) fn user(_uid: u32) -> Option<String> {
    None
}

/// Groups are not numbers here.
pub(super) fn group(_gid: u32) -> Option<String> {
    None
}

pub(super) fn account(sid: &Sid) -> Option<String> {
    account_name(sid)
}

pub(super) fn descriptor_text(descriptor: &[u8]) -> Option<String> {
    // Whatever the system makes of it, it is not asked about bytes that are none.
    security_descriptor(descriptor).ok()?;
    let parts = OWNER_SECURITY_INFORMATION
        | GROUP_SECURITY_INFORMATION
        | DACL_SECURITY_INFORMATION
        | SACL_SECURITY_INFORMATION
        | LABEL_SECURITY_INFORMATION;
    // Aligned as the structures in it are.
    let mut aligned = vec![0_u64; descriptor.len().div_ceil(8)];
    let bytes = aligned.as_mut_ptr().cast::<u8>();
    // SAFETY: both are live and apart, and the target is at least as long.
    unsafe { ptr::copy_nonoverlapping(descriptor.as_ptr(), bytes, descriptor.len()) };
    let mut text = ptr::null_mut();
    let mut len = 0;
    // SAFETY: the descriptor was checked above, and `text` is a buffer of the system's afterwards.
    let done = unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            bytes.cast(),
            SDDL_REVISION_1,
            parts,
            &raw mut text,
            &raw mut len,
        )
    };
    if done == 0 {
        return None;
    }
    // SAFETY: the system says that so many units are there.
    let units = unsafe { std::slice::from_raw_parts(text, len as usize) };
    let shown = String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or(&[]));
    // SAFETY: the buffer is the system's, as its documentation wants it, and not used any more.
    unsafe { LocalFree(text.cast()) };
    Some(shown)
}
