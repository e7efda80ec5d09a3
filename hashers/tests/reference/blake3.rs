//! BLAKE3 as its paper's section 2 writes it down: the whole tree, one node after the other.

const IV: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const ORDER: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

pub(super) fn digest(message: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(&node(message, 0, ROOT).map(u32::to_le_bytes).concat());
    digest
}

/// The chaining value of the subtree over these bytes, the first of which is in chunk `first`.
fn node(bytes: &[u8], first: u64, root: u32) -> [u32; 8] {
    if bytes.len() <= 1024 {
        return chunk(bytes, first, root);
    }
    // The left subtree is the largest full one that leaves something for the right.
    let chunks = bytes.len().div_ceil(1024);
    let left_chunks = chunks.next_power_of_two() / 2;
    let (left, right) = bytes.split_at(left_chunks * 1024);
    let left = node(left, first, 0);
    let right = node(right, first + left_chunks as u64, 0);
    let mut words = [0; 16];
    words.copy_from_slice(&[left, right].concat());
    compress(IV, words, 0, 64, PARENT | root)
}

fn chunk(bytes: &[u8], counter: u64, root: u32) -> [u32; 8] {
    let mut blocks: Vec<&[u8]> = bytes.chunks(64).collect();
    if blocks.is_empty() {
        blocks.push(&[]);
    }
    let last = blocks.len() - 1;
    blocks
        .iter()
        .enumerate()
        .fold(IV, |value, (position, block)| {
            let mut padded = [0; 64];
            padded[..block.len()].copy_from_slice(block);
            let mut words = [0; 16];
            for (word, four) in words.iter_mut().zip(padded.chunks(4)) {
                *word = u32::from_le_bytes(four.try_into().unwrap());
            }
            let start = if position == 0 { CHUNK_START } else { 0 };
            let end = if position == last {
                CHUNK_END | root
            } else {
                0
            };
            compress(value, words, counter, block.len() as u32, start | end)
        })
}

fn compress(
    value: [u32; 8],
    mut words: [u32; 16],
    counter: u64,
    length: u32,
    flags: u32,
) -> [u32; 8] {
    let mut v = [0; 16];
    v[..8].copy_from_slice(&value);
    v[8..12].copy_from_slice(&IV[..4]);
    v[12..].copy_from_slice(&[counter as u32, (counter >> 32) as u32, length, flags]);
    for _ in 0..7 {
        for (i, [a, b, c, d]) in [
            [0, 4, 8, 12],
            [1, 5, 9, 13],
            [2, 6, 10, 14],
            [3, 7, 11, 15],
            [0, 5, 10, 15],
            [1, 6, 11, 12],
            [2, 7, 8, 13],
            [3, 4, 9, 14],
        ]
        .into_iter()
        .enumerate()
        {
            for (word, turn_d, turn_b) in [(words[2 * i], 16, 12), (words[2 * i + 1], 8, 7)] {
                v[a] = v[a].wrapping_add(v[b]).wrapping_add(word);
                v[d] = (v[d] ^ v[a]).rotate_right(turn_d);
                v[c] = v[c].wrapping_add(v[d]);
                v[b] = (v[b] ^ v[c]).rotate_right(turn_b);
            }
        }
        words = ORDER.map(|from| words[from]);
    }
    let mut next = [0; 8];
    for (i, word) in next.iter_mut().enumerate() {
        *word = v[i] ^ v[i + 8];
    }
    next
}
