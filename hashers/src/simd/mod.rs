//! Two SHA-256 messages side by side, where the CPU has instructions for it.
//!
//! One SHA-256 message is a chain: each instruction waits for the one before, and a CPU with
//! SHA-NI is idle between them. The blocks of a second, independent message fill
//! the gaps. `sha_ni` does that on x86-64; everywhere else, and on CPUs without SHA-NI, the
//! messages go one after the other.
//!
//! The only module of the crate with unsafe code, and only for calling and reading: the
//! arithmetic is safe.

#![allow(unsafe_code)]

#[cfg(not(target_arch = "x86_64"))]
#[path = "absent.rs"]
mod sha_ni;
#[cfg(target_arch = "x86_64")]
mod sha_ni;

use sha2::block_api::compress256;

use crate::sha256::BLOCK;

/// What this CPU can do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Platform {
    /// Nothing beyond the block function for one message.
    Portable,
    /// SHA-NI: two messages at once.
    ShaNi(sha_ni::Present),
}

impl Platform {
    /// Asks the CPU; cheap, because the answer is remembered by the standard library.
    pub(crate) fn detect() -> Self {
        sha_ni::Present::detect().map_or(Platform::Portable, Platform::ShaNi)
    }

    /// Works equally many blocks into each of two SHA-256 states.
    pub(crate) fn compress_pair(
        self,
        left: &mut [u32; 8],
        left_blocks: &[[u8; BLOCK]],
        right: &mut [u32; 8],
        right_blocks: &[[u8; BLOCK]],
    ) {
        debug_assert_eq!(left_blocks.len(), right_blocks.len());
        match self {
            Platform::Portable => {
                compress256(left, left_blocks);
                compress256(right, right_blocks);
            }
            Platform::ShaNi(present) => {
                present.compress_pair(left, left_blocks, right, right_blocks);
            }
        }
    }
}

#[cfg(test)]
mod tests;
