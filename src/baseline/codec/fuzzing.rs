//! What must hold of a state in any columns, see `fuzz/`.

use super::*;

/// Puts a state together from any columns and checks that it is taken apart into the same.
///
/// The bytes are the integers in their order, little-endian; a byte that says whether there is a
/// target; target and attributes, each behind its length as two bytes; the digests.
pub fn state_columns(bytes: &[u8]) {
    let Some(columns) = columns(bytes) else {
        return;
    };
    let before = Checksum::of(Table::Trusted).state(Some(&columns)).value();
    let integers = columns.integers;
    let Ok(state) = columns.into_state() else {
        return;
    };
    let again = StateColumns::of(&state);
    let after = Checksum::of(Table::Trusted).state(Some(&again)).value();
    assert_eq!(again.integers, integers);
    assert_eq!(after, before, "target, attributes or digests changed");
}

fn columns(bytes: &[u8]) -> Option<StateColumns<'_>> {
    let (integers, rest) = bytes.split_at_checked(INTEGERS * 8)?;
    let mut numbers = integers.as_chunks().0.iter();
    let mut integers = [0; INTEGERS];
    for integer in &mut integers {
        *integer = i64::from_le_bytes(*numbers.next()?);
    }
    if let [.., birth, NO_BIRTH] = &mut integers {
        // NULL in the store.
        *birth = 0;
    }
    let (&has_target, rest) = rest.split_first()?;
    let (target, rest) = field(rest)?;
    let (xattrs, digests) = field(rest)?;
    Some(StateColumns {
        integers,
        target: (has_target != 0).then_some(target),
        xattrs,
        digests,
    })
}

fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))
}
