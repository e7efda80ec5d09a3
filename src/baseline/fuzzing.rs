//! What must hold of the bytes of a store, see `fuzz/`.

use waxseal_hashers::hex;

use super::chain::parse_chain;
use super::file_sum::FileSum;

pub use super::codec::fuzzing::state_columns;

/// Reads the texts beside and in the store, and checks that none but what is written is accepted.
pub fn texts(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Some(sum) = FileSum::parse(text) {
        assert_eq!(sum.text(), text);
    }
    if let Some(chain) = parse_chain(text) {
        assert_eq!(hex(&chain), text);
    }
}
