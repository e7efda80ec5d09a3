//! SHA-256 and SHA-224 (FIPS 180-4) over the block functions of the `sha2` crate.
//!
//! The streaming part is our own because two messages can then share one pass of the CPU (see
//! [`Sha256::update_pair`]), which the `sha2` types do not let through. The block function for
//! a single message is theirs.
//!
//! Invariant: `pending` holds the last `length % 64` bytes, everything before them is in
//! `state`.

use sha2::block_api::compress256;

use crate::simd::Platform;

/// The bytes of one block.
pub(crate) const BLOCK: usize = 64;

/// One SHA-256 or SHA-224 computation.
pub(crate) struct Sha256 {
    state: [u32; 8],
    pending: [u8; BLOCK],
    length: u64,
    initial: &'static [u32; 8],
}

impl Sha256 {
    /// Starts SHA-256 (FIPS 180-4, section 5.3.3).
    pub(crate) fn new256() -> Self {
        Self::new(&[
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ])
    }

    /// Starts SHA-224 (FIPS 180-4, section 5.3.2).
    pub(crate) fn new224() -> Self {
        Self::new(&[
            0xc105_9ed8,
            0x367c_d507,
            0x3070_dd17,
            0xf70e_5939,
            0xffc0_0b31,
            0x6858_1511,
            0x64f9_8fa7,
            0xbefa_4fa4,
        ])
    }

    fn new(initial: &'static [u32; 8]) -> Self {
        Sha256 {
            state: *initial,
            pending: [0; BLOCK],
            length: 0,
            initial,
        }
    }

    /// Takes the next bytes of the message.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let bytes = self.complete_block(bytes);
        let (blocks, tail) = bytes.as_chunks();
        self.compress(blocks);
        self.keep(tail);
    }

    /// Takes the next bytes of two messages, the same as an `update` of each.
    ///
    /// Where the CPU gains by it, the blocks both have are worked off side by side.
    pub(crate) fn update_pair(
        left: &mut Self,
        left_bytes: &[u8],
        right: &mut Self,
        right_bytes: &[u8],
    ) {
        let (left_blocks, left_tail) = left.complete_block(left_bytes).as_chunks();
        let (right_blocks, right_tail) = right.complete_block(right_bytes).as_chunks();
        let both = left_blocks.len().min(right_blocks.len());
        let (left_both, left_more) = left_blocks.split_at(both);
        let (right_both, right_more) = right_blocks.split_at(both);
        Platform::detect().compress_pair(&mut left.state, left_both, &mut right.state, right_both);
        left.count(left_both);
        right.count(right_both);
        left.compress(left_more);
        right.compress(right_more);
        left.keep(left_tail);
        right.keep(right_tail);
    }

    /// Ends the message, returns its digest (SHA-224: the first 28 bytes) and starts afresh.
    pub(crate) fn finish_reset(&mut self) -> [u8; 32] {
        let bits = self.length.wrapping_mul(8);
        let filled = self.filled();
        let mut padded = [[0; BLOCK]; 2];
        let flat = padded.as_flattened_mut();
        // One more block when the end mark and the length do not fit behind the pending bytes.
        let end = if filled < BLOCK - 8 { BLOCK } else { 2 * BLOCK };
        for (place, byte) in flat
            .iter_mut()
            .zip(self.pending.iter().take(filled).chain(&[0x80]))
        {
            *place = *byte;
        }
        for (place, byte) in flat.iter_mut().take(end).rev().zip(bits.to_le_bytes()) {
            *place = byte;
        }
        compress256(&mut self.state, padded.split_at(end / BLOCK).0);
        let mut digest = [0; 32];
        for (place, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *place = word.to_be_bytes();
        }
        self.state = *self.initial;
        self.length = 0;
        digest
    }

    /// The number of bytes in `pending`.
    fn filled(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }

    /// Fills up a started block and returns the bytes after it; no block is started afterwards
    /// unless the bytes did not suffice, in which case none are left.
    fn complete_block<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let filled = self.filled();
        if filled == 0 {
            return bytes;
        }
        let missing = bytes.len().min(BLOCK - filled);
        let (head, rest) = bytes.split_at(missing);
        self.keep(head);
        if self.filled() == 0 {
            compress256(&mut self.state, &[self.pending]);
        }
        rest
    }

    /// Works off whole blocks; no block may be started.
    fn compress(&mut self, blocks: &[[u8; BLOCK]]) {
        compress256(&mut self.state, blocks);
        self.count(blocks);
    }

    /// Counts blocks that are in the state now.
    fn count(&mut self, blocks: &[[u8; BLOCK]]) {
        self.length = self.length.wrapping_add(blocks.as_flattened().len() as u64);
    }

    /// Appends to the pending block, which has room for these bytes.
    fn keep(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        if let Some(room) = self.pending.get_mut(filled..filled + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.length = self.length.wrapping_add(bytes.len() as u64);
    }
}
