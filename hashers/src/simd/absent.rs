//! Stands for `sha_ni` on CPUs that are no x86-64: never present.

use crate::sha256::BLOCK;

/// Proof that the CPU has SHA-NI, which it has not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Present {}

impl Present {
    /// Returns nothing.
    pub(super) fn detect() -> Option<Self> {
        None
    }

    /// Cannot be called.
    pub(super) fn compress_pair(
        self,
        _left: &mut [u32; 8],
        _left_blocks: &[[u8; BLOCK]],
        _right: &mut [u32; 8],
        _right_blocks: &[[u8; BLOCK]],
    ) {
        match self {}
    }
}
