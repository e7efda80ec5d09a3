//! Who we are: the token of this process.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle as _, OwnedHandle};
use std::ptr::null;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, HANDLE};
use windows_sys::Win32::Security::{
    CheckTokenMembership, CreateWellKnownSid, GetTokenInformation, LookupAccountSidW,
    TOKEN_ACCESS_MASK, TOKEN_QUERY, TokenUser, WinBuiltinAdministratorsSid,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{code_of, owned, succeeded};
use crate::acl::Sid;

/// More than a `TOKEN_USER` with the longest SID: a pointer, a number, 68 bytes.
const ROOM: usize = 128;

/// Room for a `TOKEN_USER`, at an address where one may lie.
#[repr(C, align(8))]
struct Buffer([u8; ROOM]);

/// Returns the user we act as; it never changes while we run.
pub(crate) fn user() -> io::Result<&'static Sid> {
    static USER: OnceLock<Sid> = OnceLock::new();
    if let Some(known) = USER.get() {
        return Ok(known);
    }
    let found = ask()?;
    Ok(USER.get_or_init(|| found))
}

/// Opens the token of this process with these rights.
pub(crate) fn own_token(access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: it returns a number that stands for this process.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the handle is that number, and the result goes to a place of our own.
    succeeded(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
    owned(token)
}

fn ask() -> io::Result<Sid> {
    let token = own_token(TOKEN_QUERY)?;
    let mut buffer = Buffer([0; ROOM]);
    let mut length = 0;
    // SAFETY: the token is open, and the call writes no more than the room there is.
    succeeded(unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            (&raw mut buffer).cast::<c_void>(),
            ROOM as u32,
            &raw mut length,
        )
    })?;
    // It begins with a pointer to the SID, which lies behind it.
    let (pointer, _) = buffer
        .0
        .split_first_chunk()
        .unwrap_or((&[0; size_of::<usize>()], &[]));
    let offset = usize::from_ne_bytes(*pointer).wrapping_sub((&raw const buffer).addr());
    let sid = buffer.0.get(offset..).and_then(Sid::parse);
    sid.ok_or_else(|| io::Error::other("the system named no user of this process"))
}

/// Says whether the group of administrators counts for us: not without elevation.
pub(crate) fn is_administrator() -> io::Result<bool> {
    let mut sid = [0_u8; 68];
    let mut length = sid.len() as u32;
    // SAFETY: the call writes no more than the room there is, which is that of any SID.
    succeeded(unsafe {
        CreateWellKnownSid(
            WinBuiltinAdministratorsSid,
            std::ptr::null_mut(),
            sid.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    let mut is_member = 0;
    // SAFETY: no token stands for that of this thread; the SID is whole.
    succeeded(unsafe {
        CheckTokenMembership(
            std::ptr::null_mut(),
            sid.as_mut_ptr().cast(),
            &raw mut is_member,
        )
    })?;
    Ok(is_member != 0)
}

/// Returns the account of an identity as `DOMAIN\name`, where it has one. It may ask the network.
pub(crate) fn account_name(sid: &Sid) -> Option<String> {
    let mut name = vec![0_u16; 256];
    let mut domain = vec![0_u16; 256];
    loop {
        let (mut name_room, mut domain_room) = (name.len() as u32, domain.len() as u32);
        let mut kind = 0;
        // SAFETY: the SID is whole; the call writes no more than the rooms there are.
        let found = unsafe {
            LookupAccountSidW(
                null(),
                sid.as_bytes().as_ptr().cast_mut().cast(),
                name.as_mut_ptr(),
                &raw mut name_room,
                domain.as_mut_ptr(),
                &raw mut domain_room,
                &raw mut kind,
            )
        };
        match succeeded(found) {
            Ok(()) => {
                let text = |units: &[u16]| super::path_of(units).into_os_string().into_string();
                let (name, domain) = (text(&name).ok()?, text(&domain).ok()?);
                return Some(match domain.is_empty() {
                    true => name,
                    false => format!("{domain}\\{name}"),
                });
            }
            Err(error) if is_short(&error) && name_room as usize > name.len().min(domain.len()) => {
                name.resize(name_room as usize, 0);
                domain.resize(domain_room.max(name_room) as usize, 0);
            }
            Err(_) => return None,
        }
    }
}

fn is_short(error: &io::Error) -> bool {
    code_of(error) == ERROR_INSUFFICIENT_BUFFER
}
