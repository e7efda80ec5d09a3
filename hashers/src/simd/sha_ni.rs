//! SHA-256 of two messages with the SHA instructions of x86-64, interleaved.
//!
//! The same rounds as in every SHA-NI implementation (Intel, "New Instructions Supporting the
//! Secure Hash Algorithm", 2013), each written for both messages before the next: the two are
//! independent, so the second runs while the first waits for its result. On an
//! AMD EPYC of 2024 (family 26) that gave 1.4 times the throughput of one message at every size
//! from 4 KiB to 1 MiB. Other orders of the instructions and their AVX forms gave the same, so
//! the plainest order was kept.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32,
};

use crate::sha256::BLOCK;

/// Proof that the CPU has SHA-NI and the older instructions used with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present(());

impl Present {
    /// Returns the proof if the CPU has what is needed.
    pub(super) fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        present.then_some(Present(()))
    }

    /// Works equally many blocks into each of two SHA-256 states.
    pub(super) fn compress_pair(
        self,
        left: &mut [u32; 8],
        left_blocks: &[[u8; BLOCK]],
        right: &mut [u32; 8],
        right_blocks: &[[u8; BLOCK]],
    ) {
        // SAFETY: a `Present` exists only where `detect` found sha, ssse3 and sse4.1.
        unsafe { compress_pair(left, left_blocks, right, right_blocks) }
    }
}

/// The state of one message as the instructions want it.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

/// Sixteen words of one message's schedule.
type Words = [__m128i; 4];

/// The round constants, four to a vector (FIPS 180-4, section 4.2.2).
const K: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    ],
    [
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    ],
    [
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    ],
    [
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ],
];

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_pair(
    left: &mut [u32; 8],
    left_blocks: &[[u8; BLOCK]],
    right: &mut [u32; 8],
    right_blocks: &[[u8; BLOCK]],
) {
    let mut one = pack(left);
    let mut other = pack(right);
    for (left_block, right_block) in left_blocks.iter().zip(right_blocks) {
        let (one_before, other_before) = (one, other);
        let mut one_words = load(left_block);
        let mut other_words = load(right_block);
        let [first, rest @ ..] = &K;
        sixteen_rounds(&mut one, &mut other, one_words, other_words, first);
        for constants in rest {
            one_words = next_sixteen(one_words);
            other_words = next_sixteen(other_words);
            sixteen_rounds(&mut one, &mut other, one_words, other_words, constants);
        }
        one = add(one, one_before);
        other = add(other, other_before);
    }
    *left = unpack(one);
    *right = unpack(other);
}

/// Sixteen rounds of both messages.
#[inline]
#[target_feature(enable = "sha,sse2")]
fn sixteen_rounds(
    one: &mut State,
    other: &mut State,
    one_words: Words,
    other_words: Words,
    constants: &[[u32; 4]; 4],
) {
    for ((one_words, other_words), k) in one_words.into_iter().zip(other_words).zip(constants) {
        let k = vector(k);
        let one_low = _mm_add_epi32(one_words, k);
        let other_low = _mm_add_epi32(other_words, k);
        one.cdgh = _mm_sha256rnds2_epu32(one.cdgh, one.abef, one_low);
        other.cdgh = _mm_sha256rnds2_epu32(other.cdgh, other.abef, other_low);
        let one_high = _mm_shuffle_epi32(one_low, 0x0e);
        let other_high = _mm_shuffle_epi32(other_low, 0x0e);
        one.abef = _mm_sha256rnds2_epu32(one.abef, one.cdgh, one_high);
        other.abef = _mm_sha256rnds2_epu32(other.abef, other.cdgh, other_high);
    }
}

/// The sixteen words of the schedule that follow these.
#[inline]
#[target_feature(enable = "sha,ssse3")]
fn next_sixteen([a, b, c, d]: Words) -> Words {
    let e = next_four([a, b, c, d]);
    let f = next_four([b, c, d, e]);
    let g = next_four([c, d, e, f]);
    let h = next_four([d, e, f, g]);
    [e, f, g, h]
}

/// The four words of the schedule that follow these sixteen.
#[inline]
#[target_feature(enable = "sha,ssse3")]
fn next_four([first, second, third, fourth]: Words) -> __m128i {
    let sigma0 = _mm_sha256msg1_epu32(first, second);
    let seven_back = _mm_alignr_epi8(fourth, third, 4);
    _mm_sha256msg2_epu32(_mm_add_epi32(sigma0, seven_back), fourth)
}

/// Reads one block as sixteen big-endian words.
#[inline]
#[target_feature(enable = "ssse3")]
fn load(block: &[u8; BLOCK]) -> Words {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut words = [swap; 4];
    for (vector, bytes) in words.iter_mut().zip(block.as_chunks::<16>().0) {
        let both = u128::from_le_bytes(*bytes);
        let raw = _mm_set_epi64x((both >> 64) as i64, both as i64);
        *vector = _mm_shuffle_epi8(raw, swap);
    }
    words
}

/// Four words as a vector, the first one lowest.
#[inline]
#[target_feature(enable = "sse2")]
fn vector([a, b, c, d]: &[u32; 4]) -> __m128i {
    _mm_set_epi32(*d as i32, *c as i32, *b as i32, *a as i32)
}

/// Adds word by word.
#[inline]
#[target_feature(enable = "sse2")]
fn add(one: State, other: State) -> State {
    State {
        abef: _mm_add_epi32(one.abef, other.abef),
        cdgh: _mm_add_epi32(one.cdgh, other.cdgh),
    }
}

/// Brings the words a to h into the order of the instructions.
#[inline]
#[target_feature(enable = "sse2")]
fn pack([a, b, c, d, e, f, g, h]: &[u32; 8]) -> State {
    State {
        abef: vector(&[*f, *e, *b, *a]),
        cdgh: vector(&[*h, *g, *d, *c]),
    }
}

/// The inverse of `pack`.
#[inline]
#[target_feature(enable = "sse4.1")]
fn unpack(State { abef, cdgh }: State) -> [u32; 8] {
    [
        _mm_extract_epi32::<3>(abef),
        _mm_extract_epi32::<2>(abef),
        _mm_extract_epi32::<3>(cdgh),
        _mm_extract_epi32::<2>(cdgh),
        _mm_extract_epi32::<1>(abef),
        _mm_extract_epi32::<0>(abef),
        _mm_extract_epi32::<1>(cdgh),
        _mm_extract_epi32::<0>(cdgh),
    ]
    .map(|word| word as u32)
}
