//! Where a file was downloaded from: `com.apple.metadata:kMDItemWhereFroms`.
//!
//! macOS writes a property list, binary as a rule, with an array of texts: mostly the address of
//! the file and that of the page that led to it. Whoever may write to the file may write anything.

use std::io::Cursor;

use plist::Value;

/// More than any browser writes; a larger value is not looked at.
const MAX_LEN: usize = 1024 * 1024;

/// Why a value is not the origin of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is larger than any origin.
    #[error("an origin of {0} bytes is too large")]
    TooLarge(usize),
    /// It is no property list.
    #[error("not a property list: {0}")]
    NotAPropertyList(String),
    /// It is a property list of something else.
    #[error("the property list is not an array of texts")]
    NotTexts,
}

/// Returns the addresses that a value names, in its order.
pub fn where_froms(value: &[u8]) -> Result<Vec<String>, OriginError> {
    if value.len() > MAX_LEN {
        return Err(OriginError::TooLarge(value.len()));
    }
    let list = Value::from_reader(Cursor::new(value))
        .map_err(|error| OriginError::NotAPropertyList(error.to_string()))?;
    let items = list.into_array().ok_or(OriginError::NotTexts)?;
    items
        .into_iter()
        .map(|item| item.into_string().ok_or(OriginError::NotTexts))
        .collect()
}
