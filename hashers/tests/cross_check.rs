//! Random messages in random pieces, by every way into the hasher, against other authors' code.

use proptest::prelude::*;
use waxseal_hashers::{Digest, Digests, HashType, HashTypes, Hasher};

use crate::reference;

/// Large enough that `update_parallel` really starts threads.
const LARGE: usize = 150_000;

/// A message that looks random and costs proptest one number instead of one per byte.
fn message(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64* (Vigna 2016)
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn expected(types: HashTypes, message: &[u8]) -> Digests {
    types
        .iter()
        .map(|one| Digest::new(one, &reference::digest(one, message)).unwrap())
        .collect()
}

/// Cuts a message at these places, in per mille of its length; gives at least one piece.
fn pieces<'m>(message: &'m [u8], cuts: &[usize]) -> Vec<&'m [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| message.len() * cut / 1000).collect();
    places.sort_unstable();
    let mut rest = message;
    let mut start = 0;
    let mut all = Vec::new();
    for place in places {
        let (piece, after) = rest.split_at(place - start);
        all.push(piece);
        rest = after;
        start = place;
    }
    all.push(rest);
    all
}

fn any_types() -> impl Strategy<Value = HashTypes> {
    prop::sample::subsequence(HashType::ALL.to_vec(), 0..=17)
        .prop_map(|types| types.into_iter().collect())
}

/// Mostly short, with block borders of every type well covered.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..300usize, 0..5_000usize, Just(32 * 1024), 0..70_000usize];
    (any::<u64>(), length).prop_map(|(seed, length)| message(seed, length))
}

fn any_cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..=1000usize, 0..8)
}

#[test]
fn every_length_up_to_two_of_the_largest_blocks() {
    let mut hasher = Hasher::new(HashTypes::all());
    for length in 0..300 {
        let message = message(length as u64, length);
        hasher.update(&message);
        assert_eq!(
            hasher.finish_reset(),
            expected(HashTypes::all(), &message),
            "{length}"
        );
    }
}

#[test]
fn threads_do_not_change_the_digests() {
    let large = message(1, LARGE);
    let expected = expected(HashTypes::all(), &large);
    for threads in [0, 1, 2, 3, 17, 100] {
        let mut hasher = Hasher::new(HashTypes::all());
        hasher.update_parallel(&large, threads);
        assert_eq!(hasher.finish(), expected, "{threads} threads");
    }
}

#[test]
fn no_types_no_digests() {
    let mut hasher = Hasher::new(HashTypes::empty());
    hasher.update(b"abc");
    hasher.update_parallel(&message(1, LARGE), 4);
    assert!(hasher.types().is_empty());
    assert!(hasher.finish().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pieces_do_not_change_the_digests(types in any_types(), message in any_message(), cuts in any_cuts()) {
        let mut hasher = Hasher::new(types);
        for piece in pieces(&message, &cuts) {
            hasher.update(piece);
        }
        prop_assert_eq!(hasher.types(), types);
        prop_assert_eq!(hasher.finish(), expected(types, &message));
    }

    #[test]
    fn a_pair_is_two_single_messages(
        left_types in any_types(),
        right_types in any_types(),
        left in any_message(),
        right in any_message(),
        cuts in any_cuts(),
        used_before in any::<bool>(),
    ) {
        // In both, so that the pair really runs side by side.
        let sha256 = HashTypes::single(HashType::Sha256);
        let (left_types, right_types) = (left_types.union(sha256), right_types.union(sha256));
        let mut one = Hasher::new(left_types);
        let mut other = Hasher::new(right_types);
        if used_before {
            one.update(&right);
            one.finish_reset();
        }
        for (left_piece, right_piece) in pieces(&left, &cuts).into_iter().zip(pieces(&right, &cuts)) {
            Hasher::update_pair(&mut one, left_piece, &mut other, right_piece);
        }
        prop_assert_eq!(one.finish(), expected(left_types, &left));
        prop_assert_eq!(other.finish(), expected(right_types, &right));
    }
}

proptest! {
    // Few, because each hashes megabytes without optimisation.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn threads_and_pieces_together(types in any_types(), seed in any::<u64>(), cuts in any_cuts(), threads in 0..6usize) {
        let message = message(seed, 2 * LARGE);
        let mut hasher = Hasher::new(types);
        for piece in pieces(&message, &cuts) {
            hasher.update_parallel(piece, threads);
        }
        prop_assert_eq!(hasher.finish(), expected(types, &message));
    }
}
