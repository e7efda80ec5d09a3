//! Every digest of `vectors.txt`, through a fresh hasher and through one that is used again.

use std::collections::BTreeMap;

use waxseal_hashers::{HashType, HashTypes, Hasher, hex};

struct Vector {
    hash_type: HashType,
    input_as_written: String,
    input: Vec<u8>,
    digest: String,
}

fn vectors() -> Vec<Vector> {
    include_str!("vectors.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (hash_type, rest) = line.split_once(' ').unwrap();
            let (input, digest) = rest.rsplit_once(' ').unwrap();
            Vector {
                hash_type: hash_type.parse().unwrap(),
                input_as_written: input.to_owned(),
                input: read_input(input),
                digest: digest.to_owned(),
            }
        })
        .collect()
}

fn read_input(written: &str) -> Vec<u8> {
    if let Some(text) = written.strip_prefix('"') {
        return text.strip_suffix('"').unwrap().as_bytes().to_vec();
    }
    let (kind, count) = written.split_once(':').unwrap();
    let count = count.parse().unwrap();
    match kind {
        "repeat-a" => vec![b'a'; count],
        "ramp" => (0..=250).cycle().take(count).collect(),
        "xxhash" => std::iter::successors(Some(2_654_435_761_u64), |last| {
            Some(last.wrapping_mul(11_400_714_785_074_694_797))
        })
        .map(|word| word.to_be_bytes()[0])
        .take(count)
        .collect(),
        _ => panic!("unknown kind of input {written}"),
    }
}

#[test]
fn every_vector_holds() {
    let mut used_again: BTreeMap<HashType, Hasher> = BTreeMap::new();
    for vector in vectors() {
        let hash_type = vector.hash_type;
        let mut fresh = Hasher::new(HashTypes::single(hash_type));
        fresh.update(&vector.input);
        let shown = format!("{hash_type} of {}", vector.input_as_written);
        let digest = hex(fresh.finish().get(hash_type).unwrap());
        assert_eq!(digest, vector.digest, "{shown}");

        let again = used_again
            .entry(hash_type)
            .or_insert_with(|| Hasher::new(HashTypes::single(hash_type)));
        again.update(&vector.input);
        let digest = hex(again.finish_reset().get(hash_type).unwrap());
        assert_eq!(digest, vector.digest, "{shown}, hasher used again");
    }
}

#[test]
fn every_type_has_an_empty_a_short_and_some_longer_inputs() {
    for hash_type in HashType::ALL {
        let lengths: Vec<usize> = vectors()
            .iter()
            .filter(|vector| vector.hash_type == hash_type)
            .map(|vector| vector.input.len())
            .collect();
        assert!(lengths.contains(&0), "{hash_type}: no empty input");
        assert!(lengths.contains(&3), "{hash_type}: no short input");
        let longer = lengths.iter().filter(|length| **length > 30).count();
        assert!(
            longer >= 7,
            "{hash_type}: {longer} inputs around block borders"
        );
    }
}
