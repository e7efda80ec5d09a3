//! Linux file capabilities as stored in `security.capability` (`include/uapi/linux/capability.h`):
//! revision and effective bit, then permitted and inheritable sets in 32-bit halves, in revision 3
//! the user namespace's root, all little-endian. The text is libcap's, which `getcap` prints.

use std::fmt::Write;

/// The error of decoding file capabilities that the kernel did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// The value has the wrong length for its revision.
    #[error("the capability value has the wrong length {0}")]
    Length(usize),
    /// The revision is none of 1, 2 and 3.
    #[error("unknown capability revision {0:#x}")]
    Revision(u32),
}

const REVISION_MASK: u32 = 0xff00_0000;
const EFFECTIVE: u32 = 1;

/// The names by number, up to Linux 6.18.
const NAMES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// The capabilities of one file.
struct Sets {
    effective: bool,
    permitted: u64,
    inheritable: u64,
    /// The user who is root in the namespace where the capabilities count; 0 counts everywhere.
    root: u32,
}

/// Returns file capabilities as `getcap -n` prints them, such as `cap_net_raw=ep` or
/// `cap_net_raw=ep [rootid=1000]`.
pub fn capability(value: &[u8]) -> Result<String, CapabilityError> {
    let sets = parse(value)?;
    let mut text = text(&sets);
    if sets.root != 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " [rootid={}]", sets.root);
    }
    Ok(text)
}

fn parse(value: &[u8]) -> Result<Sets, CapabilityError> {
    let wrong_length = || CapabilityError::Length(value.len());
    let (words, rest) = value.as_chunks::<4>();
    let (header, words) = words.split_first().ok_or_else(wrong_length)?;
    let header = u32::from_le_bytes(*header);
    let mut numbers = words.iter().map(|word| u32::from_le_bytes(*word));
    let mut number = || numbers.next().unwrap_or_default();
    let (expected, pairs) = match header & REVISION_MASK {
        0x0100_0000 => (2, 1),
        0x0200_0000 => (4, 2),
        0x0300_0000 => (5, 2),
        revision => return Err(CapabilityError::Revision(revision)),
    };
    if words.len() != expected || !rest.is_empty() {
        return Err(wrong_length());
    }
    let (mut permitted, mut inheritable) = (0, 0);
    for half in 0..pairs {
        permitted |= u64::from(number()) << (32 * half);
        inheritable |= u64::from(number()) << (32 * half);
    }
    let root = number();
    Ok(Sets {
        effective: header & EFFECTIVE != 0,
        permitted,
        inheritable,
        root,
    })
}

/// The letters of one capability: `e`, `i`, `p` as bits 4, 2 and 1.
fn letters_of(sets: &Sets, number: usize) -> usize {
    let permitted = (sets.permitted >> number & 1) as usize;
    let inheritable = (sets.inheritable >> number & 1) as usize;
    let effective = usize::from(sets.effective) & (permitted | inheritable);
    effective << 2 | inheritable << 1 | permitted
}

/// Writes the sets as libcap does: the most common combination as the ground, then what differs.
fn text(sets: &Sets) -> String {
    let with = |letters: usize| {
        let numbers = 0..NAMES.len();
        numbers.filter(move |&number| letters_of(sets, number) == letters)
    };
    // Of equally common ones libcap takes the last in this order.
    let ground = (0..8)
        .rev()
        .max_by_key(|&letters| with(letters).count())
        .unwrap_or_default();
    let mut text = format!("={}", letters(ground));
    for state in (0..8).rev().filter(|&state| state != ground) {
        let names: Vec<&str> = with(state).filter_map(|n| NAMES.get(n).copied()).collect();
        if names.is_empty() {
            continue;
        }
        let is_first = text == "=";
        let (more, less) = (state & !ground, ground & !state);
        let operator = if is_first { "=" } else { "+" };
        if is_first {
            text.clear();
        } else {
            text.push(' ');
        }
        text += &names.join(",");
        if more != 0 {
            text += &format!("{operator}{}", letters(more));
        }
        if less != 0 {
            text += &format!("-{}", letters(less));
        }
    }
    text + &unnamed(sets)
}

/// Writes capabilities of a later kernel, which have a number only.
fn unnamed(sets: &Sets) -> String {
    let mut text = String::new();
    for state in (1..8).rev() {
        let with_state = (NAMES.len()..64).filter(|&number| letters_of(sets, number) == state);
        let numbers: Vec<String> = with_state.map(|number| number.to_string()).collect();
        if !numbers.is_empty() {
            text += &format!(" {}+{}", numbers.join(","), letters(state));
        }
    }
    text
}

fn letters(state: usize) -> String {
    let letter = |bit, letter| (state & bit != 0).then_some(letter);
    [letter(4, 'e'), letter(2, 'i'), letter(1, 'p')]
        .into_iter()
        .flatten()
        .collect()
}
