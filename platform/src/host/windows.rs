//! Windows: the registry, the kernel and the token of this process.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::ptr::null_mut;
use std::time::Duration;

use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_NOEXPAND, RRF_RT_REG_EXPAND_SZ, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY,
    RegGetValueW,
};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW, GetSystemWindowsDirectoryW,
    GetTickCount64, OSVERSIONINFOW,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::User;
use crate::acl::Sid;
use crate::windows::{account_name, is_administrator, succeeded, user, wide};

/// The C library and sockets have limits of their own, handles have none that could be raised.
const NO_LIMIT: u64 = u64::MAX;

pub(super) fn hostname() -> String {
    let mut room = [0_u16; 256];
    let mut length = room.len() as u32;
    // SAFETY: the call writes no more than the room there is.
    let found = unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            room.as_mut_ptr(),
            &raw mut length,
        )
    };
    match found {
        0 => String::new(),
        _ => text(&room),
    }
}

pub(super) fn machine_id() -> Option<String> {
    let key = r"SOFTWARE\Microsoft\Cryptography";
    let id = registry(key, "MachineGuid", RRF_RT_REG_SZ)?;
    (!id.is_empty()).then_some(id)
}

pub(super) fn kernel_release() -> String {
    let mut version = OSVERSIONINFOW {
        dwOSVersionInfoSize: size_of::<OSVERSIONINFOW>() as u32,
        ..OSVERSIONINFOW::default()
    };
    // SAFETY: the structure says how large it is. Other than its namesakes this call always tells
    // the truth, whatever the program's manifest says.
    match unsafe { RtlGetVersion(&raw mut version) } {
        0 => format!(
            "{}.{}.{}",
            version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber
        ),
        _ => String::new(),
    }
}

pub(super) fn resident_memory() -> Option<u64> {
    let mut found = MaybeUninit::<PROCESS_MEMORY_COUNTERS>::zeroed();
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: it returns a number that stands for this process.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the handle is that number, and the structure has the size that is told.
    let told = unsafe { K32GetProcessMemoryInfo(process, found.as_mut_ptr(), size) };
    succeeded(told).ok()?;
    // SAFETY: zeros are valid for a structure of numbers, and the call has filled it in.
    let found = unsafe { found.assume_init() };
    u64::try_from(found.WorkingSetSize).ok()
}

pub(super) fn since_boot() -> Option<Duration> {
    // In steps of some 16 ms. Sleep counts, other than with `QueryUnbiasedInterruptTime`.
    // SAFETY: the call takes nothing and returns a number.
    Some(Duration::from_millis(unsafe { GetTickCount64() }))
}

pub(super) fn is_privileged() -> bool {
    is_administrator().unwrap_or(false)
}

pub(super) fn default_state_dir() -> Option<PathBuf> {
    base_directory()
}

pub(super) fn default_config_file() -> Option<PathBuf> {
    base_directory().map(|dir| dir.join("waxseal.toml"))
}

/// Returns `C:\ProgramData\waxseal` for administrators, else the same below the user's own
/// directory.
fn base_directory() -> Option<PathBuf> {
    let above = match is_privileged() {
        // Not from the environment: an elevated program has variables that its user chose.
        true => program_data()?,
        false => PathBuf::from(env::var_os("LOCALAPPDATA")?),
    };
    above.is_absolute().then(|| above.join("waxseal"))
}

/// Returns the directory for data of programs, from where Windows keeps it.
fn program_data() -> Option<PathBuf> {
    let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    let kind = RRF_RT_REG_EXPAND_SZ | RRF_RT_REG_SZ | RRF_NOEXPAND;
    let path = registry(key, "ProgramData", kind)?;
    let mut windows = [0_u16; 300];
    // SAFETY: the call writes no more than the room there is.
    let length = unsafe { GetSystemWindowsDirectoryW(windows.as_mut_ptr(), windows.len() as u32) };
    let windows = text(windows.get(..length as usize)?);
    // The variable of that name may not be believed.
    let path = path.replace("%SystemDrive%", windows.get(..2)?);
    (!path.contains('%')).then(|| path.into())
}

/// Returns a text of the machine's registry.
fn registry(key: &str, name: &str, kinds: u32) -> Option<String> {
    let (key, name) = (wide(OsStr::new(key)).ok()?, wide(OsStr::new(name)).ok()?);
    let mut room = [0_u16; 512];
    let mut bytes = size_of_val(&room) as u32;
    // SAFETY: both names end with a NUL; the call writes no more than the room there is.
    let status = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            kinds | RRF_SUBKEY_WOW6464KEY,
            null_mut(),
            room.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    (status == 0).then(|| text(&room))
}

pub(super) fn raise_open_file_limit() -> io::Result<u64> {
    Ok(NO_LIMIT)
}

pub(super) fn current_user() -> User {
    let sid = user().ok();
    User {
        id: sid.map(Sid::to_string).unwrap_or_default(),
        name: sid.and_then(account_name),
    }
}

pub(super) fn login_user() -> Option<User> {
    None
}

fn text(units: &[u16]) -> String {
    let length = units.iter().position(|&unit| unit == 0);
    let units = units.get(..length.unwrap_or(units.len())).unwrap_or(units);
    let text = OsString::from_wide(units).into_string();
    text.unwrap_or_else(|odd| odd.to_string_lossy().into_owned())
}
