//! Linux file capabilities.

/// The error of decoding file capabilities that the kernel did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// The value has the wrong length for its revision.
    #[error("the capability value has the wrong length {0}")]
    Length(usize),
    /// The revision is none of 1, 2 and 3.
    #[error("unknown capability revision {0:#x}")]
    Revision(u32),
}

/// Returns file capabilities as `getcap` prints them, such as `cap_net_raw=ep`.
pub fn capability(value: &[u8]) -> Result<String, CapabilityError> {
    Err(CapabilityError::Length(value.len()))
}
