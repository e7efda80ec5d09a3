//! Unix: list the names, then get each value.
//!
//! Both can change between two calls, so a buffer that turned out too small is grown and the call
//! repeated, and a name that vanished is left out. A file system without extended attributes has
//! none.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

use rustix::io::Errno;

/// Enough for the names and values that nearly every file has, so that one call does.
const FIRST_LEN: usize = 1024;

/// What the calls that take a buffer return: what they filled, and the rest.
pub(super) type Filled<'b> = rustix::io::Result<(&'b mut [u8], &'b mut [MaybeUninit<u8>])>;

/// How one operating system is asked.
pub(super) struct Rules {
    /// The error of a name that is there no longer.
    pub(super) vanished: Errno,
    /// The error of a file system that has no extended attributes.
    pub(super) unsupported: Errno,
    /// The most that a list of names or a value can have, or that is read of it.
    pub(super) max_len: usize,
}

/// Returns all names with their values.
pub(super) fn pairs(
    rules: &Rules,
    list: impl Fn(&mut [MaybeUninit<u8>]) -> Filled<'_>,
    get: impl for<'b> Fn(&CStr, &'b mut [MaybeUninit<u8>]) -> Filled<'b>,
) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let names = match fetch(rules.max_len, list) {
        Ok(names) => names,
        Err(errno) if errno == rules.unsupported || errno == Errno::NOSYS => {
            return Ok(Vec::new());
        }
        Err(errno) => return Err(errno.into()),
    };
    let mut pairs = Vec::new();
    for name in names.split_inclusive(|&byte| byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else {
            continue;
        };
        match fetch(rules.max_len, |buf| get(name, buf)) {
            Ok(value) => pairs.push((name.to_bytes().to_vec(), value)),
            Err(errno) if errno == rules.vanished => {}
            Err(Errno::RANGE) => return Err(too_large(name, rules.max_len)),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(pairs)
}

/// Calls with a small buffer, then with the largest there can be.
fn fetch(
    max_len: usize,
    call: impl Fn(&mut [MaybeUninit<u8>]) -> Filled<'_>,
) -> rustix::io::Result<Vec<u8>> {
    let mut small = [MaybeUninit::uninit(); FIRST_LEN];
    match call(&mut small) {
        Ok((filled, _)) => return Ok(filled.to_vec()),
        Err(Errno::RANGE) => {}
        Err(errno) => return Err(errno),
    }
    let mut large = vec![MaybeUninit::uninit(); max_len];
    call(&mut large).map(|(filled, _)| filled.to_vec())
}

fn too_large(name: &CStr, max_len: usize) -> io::Error {
    let message = format!("its attribute {name:?} has more than {max_len} bytes");
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        vanished: Errno::NOENT,
        unsupported: Errno::NOTSUP,
        max_len: 4096,
    };

    /// Fills a buffer as the system does, which refuses one that is too small.
    fn fill<'b>(value: &[u8], buffer: &'b mut [MaybeUninit<u8>]) -> Filled<'b> {
        if value.len() > buffer.len() {
            return Err(Errno::RANGE);
        }
        let (filled, rest) = buffer.split_at_mut(value.len());
        Ok((filled.write_copy_of_slice(value), rest))
    }

    fn read(value: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        pairs(
            &RULES,
            |buffer| fill(b"gone\0here\0", buffer),
            |name, buffer| match name.to_bytes() {
                b"gone" => Err(Errno::NOENT),
                _ => fill(value, buffer),
            },
        )
    }

    #[test]
    fn a_value_is_read_whole_or_told_by_its_name() {
        for size in [0, 1, FIRST_LEN, FIRST_LEN + 1, RULES.max_len] {
            let value = vec![7; size];
            assert_eq!(read(&value).unwrap(), [(b"here".to_vec(), value)]);
        }
        let error = read(&vec![7; RULES.max_len + 1]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("here"), "{error}");
    }
}
