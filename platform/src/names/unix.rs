//! Unix: `getpwuid_r` and `getgrgid_r`, the only way that also asks NSS (LDAP, SSSD, …).

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use crate::acl::Sid;

/// Enough for most entries; grown when the C library says so.
const FIRST_LEN: usize = 1024;
/// A group with very many members may need this; beyond, the entry is not believed.
const MAX_LEN: usize = 16 * 1024 * 1024;

pub(super) fn user(uid: u32) -> Option<String> {
    look_up(|buf, len| {
        // SAFETY: all-zero bytes are a valid `passwd`: null pointers and numbers.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: `buf` is valid for `len` bytes, the other pointers are to locals.
        let code = unsafe { libc::getpwuid_r(uid, &mut entry, buf, len, &mut found) };
        (code, (!found.is_null()).then_some(entry.pw_name))
    })
}

pub(super) fn account(_sid: &Sid) -> Option<String> {
    None
}

pub(super) fn descriptor_text(_descriptor: &[u8]) -> Option<String> {
    None
}

pub(super) fn group(gid: u32) -> Option<String> {
    look_up(|buf, len| {
        // SAFETY: all-zero bytes are a valid `group`: null pointers and numbers.
        let mut entry: libc::group = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: `buf` is valid for `len` bytes, the other pointers are to locals.
        let code = unsafe { libc::getgrgid_r(gid, &mut entry, buf, len, &mut found) };
        (code, (!found.is_null()).then_some(entry.gr_name))
    })
}

/// Calls with a growing buffer until the entry fits; `call` returns the error number and, when
/// there is an entry, a pointer to its name inside the buffer.
fn look_up(call: impl Fn(*mut c_char, usize) -> (c_int, Option<*mut c_char>)) -> Option<String> {
    let mut buf: Vec<c_char> = vec![0; FIRST_LEN];
    loop {
        match call(buf.as_mut_ptr(), buf.len()) {
            (0, Some(name)) if !name.is_null() => {
                // SAFETY: the C library wrote a NUL-terminated name into `buf`, which still lives.
                let name = unsafe { CStr::from_ptr(name) };
                return Some(name.to_string_lossy().into_owned());
            }
            (libc::EINTR, _) => {}
            (libc::ERANGE, _) if buf.len() < MAX_LEN => buf.resize(buf.len() * 4, 0),
            _ => return None,
        }
    }
}
