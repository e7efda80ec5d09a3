//! What the end of a read means. Pure.

use std::io;

use crate::watch::LostReason;

/// `ERROR_ACCESS_DENIED`.
const ACCESS_DENIED: i32 = 5;
/// `ERROR_OPERATION_ABORTED`.
const ABORTED: i32 = 995;
/// `ERROR_NOTIFY_ENUM_DIR`.
const ENUM_DIR: i32 = 1022;
/// `STATUS_NOTIFY_CLEANUP`: the handle was closed. A success, as systems see it.
const CLEANUP: u32 = 0x10b;
/// `STATUS_DELETE_PENDING`.
const DELETE_PENDING: u32 = 0xc000_0056;

/// How a read ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With records of so many bytes.
    Records(usize),
    /// The system had more records than room, and dropped them all.
    Overflow,
    /// It was called off.
    Cancelled,
    /// The directory cannot be watched any longer.
    Lost(LostReason),
}

/// Reads the status of a read, how many bytes it brought, and its error.
pub(super) fn outcome(status: u32, bytes: usize, error: Option<io::Error>) -> Outcome {
    match (error, bytes) {
        (Some(error), _) => failed(status, &error),
        (None, 0) if status == CLEANUP => Outcome::Cancelled,
        // With or without `STATUS_NOTIFY_ENUM_DIR`, which is a success, too.
        (None, 0) => Outcome::Overflow,
        (None, bytes) => Outcome::Records(bytes),
    }
}

fn failed(status: u32, error: &io::Error) -> Outcome {
    match error.raw_os_error() {
        Some(ABORTED) => Outcome::Cancelled,
        Some(ENUM_DIR) => Outcome::Overflow,
        Some(ACCESS_DENIED) if status == DELETE_PENDING => Outcome::Lost(LostReason::Error(
            "the watched directory was deleted".to_owned(),
        )),
        _ => Outcome::Lost(ended(error)),
    }
}

/// Returns why a watch ended when the system will not go on with it.
pub(super) fn ended(error: &io::Error) -> LostReason {
    LostReason::Error(format!(
        "the directory was deleted, its volume removed, or it cannot be watched any longer: {error}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_meaning() {
        let error = |number| Some(io::Error::from_raw_os_error(number));
        for (status, bytes, error, expected) in [
            (0, 24, None, Outcome::Records(24)),
            (0, 0, None, Outcome::Overflow),
            (0x10c, 0, None, Outcome::Overflow),
            (0x10c, 0, error(ENUM_DIR), Outcome::Overflow),
            (0x10b, 0, None, Outcome::Cancelled),
            (0xc000_0120, 0, error(ABORTED), Outcome::Cancelled),
        ] {
            assert_eq!(
                outcome(status, bytes, error),
                expected,
                "{status:#x} {bytes}"
            );
        }
    }

    #[test]
    fn a_directory_that_is_gone_is_lost_with_a_reason() {
        let deleted = outcome(
            DELETE_PENDING,
            0,
            Some(io::Error::from_raw_os_error(ACCESS_DENIED)),
        );
        let Outcome::Lost(reason) = deleted else {
            panic!("{deleted:?}");
        };
        assert!(reason.to_string().contains("was deleted"), "{reason}");
        // The device is not ready.
        let removed = outcome(0xc000_00a3, 0, Some(io::Error::from_raw_os_error(21)));
        let Outcome::Lost(reason) = removed else {
            panic!("{removed:?}");
        };
        assert!(reason.to_string().contains("volume removed"), "{reason}");
    }
}
