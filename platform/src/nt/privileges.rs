//! The privileges of an administrator that reading everything takes, enabled once.

use std::os::windows::io::AsRawHandle as _;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GetLastError};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LookupPrivilegeValueW, SE_BACKUP_NAME, SE_PRIVILEGE_ENABLED,
    SE_SECURITY_NAME, TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::core::PCWSTR;

use crate::windows::own_token;

/// Enables what it can, the first time: to read what access lists forbid, as backup programs do, and
/// to see what is audited. Says whether the second is there.
pub(super) fn may_audit() -> bool {
    static MAY_AUDIT: OnceLock<bool> = OnceLock::new();
    *MAY_AUDIT.get_or_init(|| {
        // Without it, what may not be read is told as such.
        enable(SE_BACKUP_NAME);
        enable(SE_SECURITY_NAME)
    })
}

/// Enables one privilege; says whether this process has it.
fn enable(name: PCWSTR) -> bool {
    let Ok(token) = own_token(TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY) else {
        return false;
    };
    let mut privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        ..Default::default()
    };
    let [privilege] = &mut privileges.Privileges;
    privilege.Attributes = SE_PRIVILEGE_ENABLED;
    let id = &raw mut privilege.Luid;
    // SAFETY: `name` is a constant that ends in NUL, `id` a live number.
    if unsafe { LookupPrivilegeValueW(ptr::null(), name, id) } == 0 {
        return false;
    }
    let (handle, new) = (token.as_raw_handle(), &raw const privileges);
    // SAFETY: the token is open, `new` is live, and what was enabled before is not asked for.
    let done =
        unsafe { AdjustTokenPrivileges(handle, 0, new, 0, ptr::null_mut(), ptr::null_mut()) };
    // It succeeds as well when nothing was enabled, and only tells so.
    // SAFETY: the function reads a number of this thread.
    done != 0 && unsafe { GetLastError() } == ERROR_SUCCESS
}
