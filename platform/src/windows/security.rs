//! Access lists: [`Private`] gives one, [`descriptor_of`] reads one.

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetKernelObjectSecurity, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES,
};

use super::{account_name, is_administrator, succeeded, user, wide};
use crate::acl::{ADMINISTRATORS, Descriptor, EVERYBODY, Intruder, SYSTEM, Sid};

/// The access list of what only the system, administrators and, if we are none, we may use; nothing is inherited
/// from above.
pub(crate) struct Private {
    pub(crate) attributes: SECURITY_ATTRIBUTES,
}

impl Private {
    /// For a directory: what is made in it gets the same list.
    pub(crate) fn for_dir() -> io::Result<Private> {
        Private::with_flags("OICI")
    }

    /// For anything else.
    pub(crate) fn for_object() -> io::Result<Private> {
        Private::with_flags("")
    }

    fn with_flags(flags: &str) -> io::Result<Private> {
        // What an administrator makes is that of all of them and of nobody else: who is one today
        // may be none tomorrow, and the service is the system itself.
        if is_administrator()? {
            let list = format!("O:BAD:P(A;{flags};GA;;;SY)(A;{flags};GA;;;BA)");
            return Private::parse(&list);
        }
        let user = user()?;
        Private::parse(&format!(
            "O:{user}D:P(A;{flags};GA;;;SY)(A;{flags};GA;;;BA)(A;{flags};GA;;;{user})"
        ))
    }

    /// Reads a list in the language of security descriptors.
    pub(crate) fn parse(list: &str) -> io::Result<Private> {
        let text = wide(OsStr::new(list))?;
        let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
        // SAFETY: the text ends with a NUL, and the result goes to a place of our own.
        succeeded(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        })?;
        Ok(Private {
            attributes: SECURITY_ATTRIBUTES {
                nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
                lpSecurityDescriptor: descriptor,
                bInheritHandle: 0,
            },
        })
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // SAFETY: the descriptor came from the call that says to free it so, and is freed once.
        unsafe { LocalFree(self.attributes.lpSecurityDescriptor) };
    }
}

/// Reads who owns an open object and who may reach it; the handle needs `READ_CONTROL`.
pub(crate) fn descriptor_of(handle: &impl AsRawHandle) -> io::Result<Descriptor> {
    let mut buffer = vec![0_u8; 1024];
    loop {
        let mut length = 0;
        // SAFETY: the handle is open, and the call writes no more than the room there is.
        let read = succeeded(unsafe {
            GetKernelObjectSecurity(
                handle.as_raw_handle(),
                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                buffer.as_mut_ptr().cast(),
                buffer.len() as u32,
                &raw mut length,
            )
        });
        match read {
            Ok(()) => break,
            Err(_) if length as usize > buffer.len() => buffer.resize(length as usize, 0),
            Err(error) => return Err(error),
        }
    }
    Descriptor::parse(&buffer).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the access list is not understood",
        )
    })
}

/// Says what somebody else may do to a file or directory, who that is, and how to change it.
pub(crate) fn explain(path: &Path, intruder: &Intruder) -> (&'static str, String, String) {
    let shown = path.display();
    let us = user().map_or_else(|_| ADMINISTRATORS.to_owned(), Sid::to_string);
    // The root of a drive is everybody's: who closed it would lock them all out.
    let is_root = path.parent().is_none();
    let run = |command: String| match is_root {
        true => "name a directory of its own".to_owned(),
        false => format!("run: {command}"),
    };
    let close = |who: &str| {
        let inherited = if path.is_dir() { "(OI)(CI)" } else { "" };
        run(format!(
            "icacls \"{shown}\" /inheritance:r /remove:g *{who} /grant:r \
             *{SYSTEM}:{inherited}F *{ADMINISTRATORS}:{inherited}F *{us}:{inherited}F"
        ))
    };
    match intruder {
        Intruder::Owner(owner) => {
            let who = owner.as_ref().map_or_else(|| "nobody".to_owned(), named);
            (
                "belongs to",
                who,
                run(format!("icacls \"{shown}\" /setowner *{us}")),
            )
        }
        Intruder::Everybody => {
            let who = "everybody, it has no access list".to_owned();
            ("can be written by", who, close(EVERYBODY))
        }
        Intruder::Writer(who) => ("can be written by", named(who), close(&who.to_string())),
        Intruder::Reader(who) => ("can be read by", named(who), close(&who.to_string())),
    }
}

/// Names somebody for people: `Everyone (S-1-1-0)`.
fn named(sid: &Sid) -> String {
    match account_name(sid) {
        Some(name) => format!("{name} ({sid})"),
        None => sid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_close_or_own_a_whole_drive() {
        let somebody = || user().unwrap().clone();
        let intruders = [
            Intruder::Everybody,
            Intruder::Owner(None),
            Intruder::Writer(somebody()),
            Intruder::Reader(somebody()),
        ];
        for intruder in intruders {
            for root in [r"C:\", r"\\?\C:\"] {
                let (_, _, next) = explain(Path::new(root), &intruder);
                assert_eq!(next, "name a directory of its own", "{root}");
            }
            let (_, _, next) = explain(Path::new(r"C:\state"), &intruder);
            assert!(next.starts_with("run: icacls \"C:\\state\" /"), "{next}");
        }
    }
}
