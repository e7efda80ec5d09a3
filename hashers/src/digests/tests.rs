//! The set as a map, its stored form, and everything a damaged stored form can be.

use proptest::prelude::*;

use super::*;

fn digest(hash_type: HashType, fill: u8) -> Digest {
    Digest::new(hash_type, &vec![fill; hash_type.digest_len()]).unwrap()
}

fn set(entries: &[(HashType, u8)]) -> Digests {
    entries
        .iter()
        .map(|&(hash_type, fill)| digest(hash_type, fill))
        .collect()
}

#[test]
fn the_empty_set_has_no_bytes() {
    assert!(Digests::new().is_empty());
    assert_eq!(Digests::new().as_packed(), b"");
    assert_eq!(Digests::from_packed(b""), Ok(Digests::new()));
    assert_eq!(Digests::new().packed.capacity(), 0);
}

#[test]
fn order_of_insertion_does_not_matter_and_the_last_one_counts() {
    let one = set(&[
        (HashType::Xxh64, 1),
        (HashType::Md5, 2),
        (HashType::Sha256, 3),
    ]);
    let two = set(&[
        (HashType::Sha256, 9),
        (HashType::Md5, 2),
        (HashType::Sha256, 3),
        (HashType::Xxh64, 1),
    ]);
    assert_eq!(one, two);
    assert_eq!(one.get(HashType::Sha256), Some([3; 32].as_slice()));
    assert_eq!(one.get(HashType::Sha1), None);
    assert_eq!(one.types().to_string(), "md5,sha256,xxh64");
}

#[test]
fn the_stored_form_never_changes() {
    let packed = set(&[(HashType::Xxh64, 0xab), (HashType::Md5, 0x01)]);
    let expected = [&[5, 16][..], &[0x01; 16], &[17, 8], &[0xab; 8]].concat();
    assert_eq!(packed.as_packed(), expected);
}

#[test]
fn merge_prefers_the_other_and_retain_drops() {
    let mut digests = set(&[(HashType::Md5, 1), (HashType::Sha256, 1)]);
    digests.merge(&set(&[(HashType::Sha256, 2), (HashType::Xxh64, 2)]));
    let merged = [
        (HashType::Md5, 1),
        (HashType::Sha256, 2),
        (HashType::Xxh64, 2),
    ];
    assert_eq!(digests, set(&merged));
    digests.retain("sha1,sha256,xxh64".parse().unwrap());
    assert_eq!(digests, set(&merged[1..]));
    digests.retain(HashTypes::empty());
    assert!(digests.is_empty());
}

#[test]
fn damage_is_named() {
    let good = set(&[(HashType::Md5, 1), (HashType::Xxh64, 2)]);
    let packed = good.as_packed();
    for end in [1, 2, 17, 19, 27] {
        let error = Digests::from_packed(&packed[..end]).unwrap_err();
        assert_eq!(error, PackedError::End, "{end}");
    }
    let mut newer = packed.to_vec();
    newer[18] = 99;
    assert_eq!(
        Digests::from_packed(&newer),
        Err(PackedError::Tag { tag: 99 })
    );
    let mut longer = packed.to_vec();
    longer[1] = 17;
    let (hash_type, length) = (HashType::Md5, 17);
    let expected = PackedError::Length { hash_type, length };
    assert_eq!(Digests::from_packed(&longer), Err(expected));
    let twice = packed[..18].repeat(2);
    assert_eq!(
        Digests::from_packed(&twice),
        Err(PackedError::Order { hash_type })
    );
    let swapped = [&packed[18..], &packed[..18]].concat();
    assert_eq!(
        Digests::from_packed(&swapped),
        Err(PackedError::Order { hash_type })
    );
}

proptest! {
    #[test]
    fn behaves_like_a_sorted_map(entries in prop::collection::vec((0..17usize, any::<u8>()), 0..40)) {
        let mut model = std::collections::BTreeMap::new();
        let mut digests = Digests::new();
        for (index, fill) in entries {
            let hash_type = HashType::ALL[index];
            model.insert(hash_type, vec![fill; hash_type.digest_len()]);
            digests.insert(digest(hash_type, fill));
        }
        prop_assert!(digests.iter().eq(model.iter().map(|(one, bytes)| (*one, bytes.as_slice()))));
        prop_assert_eq!(Digests::from_packed(digests.as_packed()), Ok(digests));
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(0..40u8, 0..100)) {
        if let Ok(digests) = Digests::from_packed(&bytes) {
            prop_assert_eq!(digests.as_packed(), &bytes);
        }
    }
}
