use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn pair(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}

#[test]
fn pairs_are_ordered_and_found() {
    let xattrs = Xattrs::from_pairs(vec![
        pair("user.b", "2"),
        pair("user.a", ""),
        pair("user.b", "3"),
    ]);
    let expected: [(&[u8], &[u8]); 2] = [(b"user.a", b""), (b"user.b", b"2")];
    assert!(xattrs.iter().eq(expected));
    assert_eq!(xattrs.get(b"user.b"), Some(&b"2"[..]));
    assert_eq!(xattrs.get(b"user"), None);
    assert_eq!(Xattrs::from_packed(xattrs.as_packed()), Ok(xattrs));
}

#[test]
fn an_empty_set_takes_no_memory() {
    assert_eq!(Xattrs::new().packed.capacity(), 0);
    assert_eq!(Xattrs::from_pairs(Vec::new()).packed.capacity(), 0);
    assert_eq!(Xattrs::from_packed(b"").unwrap().packed.capacity(), 0);
}

#[test]
fn damaged_bytes_are_refused() {
    let whole = Xattrs::from_pairs(vec![pair("user.a", "value")]);
    for cut in 1..whole.as_packed().len() {
        assert!(Xattrs::from_packed(&whole.as_packed()[..cut]).is_err());
    }
    let twice = [whole.as_packed(), whole.as_packed()].concat();
    assert_eq!(
        Xattrs::from_packed(&twice),
        Err(PackedError("names out of order"))
    );
}

/// One of few, so that two sets have some in common.
type Name = u8;

proptest! {
    #[test]
    fn any_set_survives_storing(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
        let xattrs = Xattrs::from_pairs(pairs.clone());
        prop_assert_eq!(&Xattrs::from_packed(xattrs.as_packed()).unwrap(), &xattrs);
        let mut names: Vec<_> = pairs.into_iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        prop_assert!(xattrs.iter().map(|(name, _)| name).eq(names.iter().map(Vec::as_slice)));
    }

    #[test]
    fn two_sets_are_gone_through_side_by_side(
        one: Vec<(Name, Vec<u8>)>, other: Vec<(Name, Vec<u8>)>,
    ) {
        let set = |pairs: &[(Name, Vec<u8>)]| {
            let pairs = pairs.iter().map(|(name, value)| (vec![name % 8], value.clone()));
            Xattrs::from_pairs(pairs.collect())
        };
        let (one, other) = (set(&one), set(&other));
        let names: BTreeSet<&[u8]> = one.iter().chain(other.iter()).map(|(name, _)| name).collect();
        let sought = names.iter().map(|name| (*name, one.get(name), other.get(name)));
        prop_assert!(one.beside(&other).eq(sought));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(xattrs) = Xattrs::from_packed(&bytes) {
            let pairs = xattrs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(Xattrs::from_pairs(pairs), xattrs);
        }
    }
}
