//! File systems that come and go: the table of mounts, and what changed in it.
//!
//! Another file system at a path means other directories there, which nobody covers yet. A queue
//! of its own tells of it with [`super::Signal::Lost`], and everything that was covered there is
//! forgotten first. The table is text (`/proc/PID/mountinfo`, see `proc_pid_mountinfo(5)`); reading
//! it is pure.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::Mounts;

#[cfg(fuzzing)]
mod fuzzing;
#[cfg(test)]
mod tests;

#[cfg(fuzzing)]
pub use fuzzing::mount_table;

use std::collections::BTreeSet;

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mount {
    /// Where it is.
    point: Vec<u8>,
    /// A number that is used again when it is gone.
    id: u64,
    /// The device, as two numbers.
    device: Vec<u8>,
    /// Which of its directories is seen there.
    root: Vec<u8>,
}

/// What is in `after` but not in `before`, and the other way round.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    mounted: Vec<Mount>,
    unmounted: Vec<Mount>,
}

fn difference(before: &BTreeSet<Mount>, after: &BTreeSet<Mount>) -> Difference {
    Difference {
        mounted: after.difference(before).cloned().collect(),
        unmounted: before.difference(after).cloned().collect(),
    }
}

/// Reads a table of mounts; `None` when a line is not what it must be.
fn parse(text: &[u8]) -> Option<BTreeSet<Mount>> {
    let lines = text.split(|&byte| byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(mount).collect()
}

/// Reads a line: number, parent, device, root, mount point, and more that does not matter here.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let _parent = fields.next()?;
    let device = fields.next()?.to_vec();
    let root = unescaped(fields.next()?);
    let point = unescaped(fields.next()?);
    point.starts_with(b"/").then_some(Mount {
        point,
        id,
        device,
        root,
    })
}

/// Replaces the octal escapes for space, tab, newline and backslash.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = after.split_at_checked(3).filter(|_| byte == b'\\');
        let escape = escape.and_then(|(digits, after)| Some((octal(digits)?, after)));
        let (byte, after) = escape.unwrap_or((byte, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn octal(digits: &[u8]) -> Option<u8> {
    let text = str::from_utf8(digits).ok()?;
    let is_octal = digits.iter().all(|digit| (b'0'..=b'7').contains(digit));
    u8::from_str_radix(text, 8).ok().filter(|_| is_octal)
}
