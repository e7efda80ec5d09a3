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
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(xattrs) = Xattrs::from_packed(&bytes) {
            let pairs = xattrs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(Xattrs::from_pairs(pairs), xattrs);
        }
    }
}
