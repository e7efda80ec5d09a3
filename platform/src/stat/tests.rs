use std::time::{Duration, UNIX_EPOCH};

use super::*;

#[test]
fn kinds_round_trip_by_code_and_name() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert_eq!(Kind::from_code(0), None);
    let error = "door".parse::<Kind>().unwrap_err().to_string();
    assert!(
        error.starts_with("unknown file kind \"door\": use one of file, dir"),
        "{error}"
    );
}

#[test]
fn device_numbers_keep_both_halves() {
    let packed = device(0x123_4567, u32::MAX);
    assert_eq!((major(packed), minor(packed)), (0x123_4567, u32::MAX));
}

#[test]
fn flags_have_names_in_bit_order() {
    let flags = InodeFlags::CASE_FOLD
        .union(InodeFlags::IMMUTABLE)
        .union(InodeFlags::NO_ATIME);
    assert_eq!(flags.names(), ["immutable", "no_atime", "case_fold"]);
    assert_eq!(InodeFlags::from_bits(flags.bits()), flags);
    assert_eq!(
        flags.intersection(InodeFlags::LISTED),
        InodeFlags::IMMUTABLE
    );
    assert!(flags.contains(InodeFlags::IMMUTABLE) && !flags.contains(InodeFlags::SYNC));
    assert!(InodeFlags::from_bits(1 << 63).names().is_empty());
}

#[test]
fn times_before_1970_and_after_2262_are_plain_numbers() {
    let before = Timestamp::from(UNIX_EPOCH - Duration::new(1, 250_000_000));
    assert_eq!((before.secs(), before.nanos()), (-2, 750_000_000));
    assert_eq!(
        Timestamp::from(UNIX_EPOCH - Duration::from_secs(5)),
        Timestamp::new(-5, 0)
    );
    assert_eq!(
        Timestamp::from_windows(0),
        Timestamp::new(-11_644_473_600, 0)
    );
    // 2000-01-01 00:00:00.0000001, as `w32tm /ntte` shows it.
    assert_eq!(
        Timestamp::from_windows(125_911_584_000_000_001),
        Timestamp::new(946_684_800, 100)
    );
    let late = Timestamp::new(15_032_385_535, 999_999_999);
    assert!(late > Timestamp::now() && before < Timestamp::default());
    assert_eq!(
        Timestamp::new(1, 1_500_000_000),
        Timestamp::new(2, 500_000_000)
    );
    assert_eq!(Timestamp::new(i64::MAX, u32::MAX).secs(), i64::MAX);
}
