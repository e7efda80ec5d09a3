//! Sizes as people write them: `"100 MiB"`, `"1.5GiB"`, `"10kb"`, `"0"`.

/// The units, smallest first; matched without regard to case.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("kib", 1 << 10),
    ("mb", 1000 * 1000),
    ("mib", 1 << 20),
    ("gb", 1000 * 1000 * 1000),
    ("gib", 1 << 30),
    ("tb", 1000 * 1000 * 1000 * 1000),
    ("tib", 1 << 40),
];

/// Why a text is not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "bad size {0:?}: write a number of bytes, or a number with B, kB, MB, GB, TB (powers of 1000) \
     or KiB, MiB, GiB, TiB (powers of 1024), such as \"100 MiB\"; \"0\" means no limit"
)]
pub struct BadSize(String);

/// Reads a size in bytes; a fraction of a byte is dropped.
pub fn parse_size(text: &str) -> Result<u64, BadSize> {
    read(text.trim()).ok_or_else(|| BadSize(text.to_owned()))
}

fn read(text: &str) -> Option<u64> {
    let is_number = |char: char| char.is_ascii_digit() || char == '.';
    let (number, unit) = match text.find(|char| !is_number(char)) {
        Some(end) => text.split_at_checked(end)?,
        None => (text, ""),
    };
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;

    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Nine digits resolve a byte in a gigabyte, and keep the product below small.
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let digits = u32::try_from(fraction.len()).ok()?;
    let fraction = u128::from(fraction.parse::<u64>().ok()?);
    let part = u64::try_from(fraction * u128::from(factor) / 10_u128.pow(digits)).ok()?;
    whole.checked_mul(factor)?.checked_add(part)
}

/// Writes a size so that [`parse_size`] reads the same number back.
pub fn show_size(bytes: u64) -> String {
    let binary = [
        ("TiB", 1_u64 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    let even = binary
        .into_iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    match even {
        Some((unit, factor)) => format!("{} {unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let table = [
            ("0", 0),
            ("17", 17),
            ("17 b", 17),
            ("10kb", 10_000),
            ("100 MiB", 100 << 20),
            ("1.5GiB", 3 << 29),
            ("0.5 kib", 512),
            (" 2 TB ", 2_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, expected) in table {
            assert_eq!(parse_size(text), Ok(expected), "{text}");
            assert_eq!(parse_size(&show_size(expected)), Ok(expected), "{text}");
        }
        assert_eq!(show_size(100 << 20), "100 MiB");
    }

    #[test]
    fn what_is_no_size_is_refused() {
        let wrong = [
            "",
            "MiB",
            "-1",
            "1k",
            "1 MiB/s",
            "1.2.3",
            "1.",
            "ten",
            "18446744073709551616",
            "99999999 TiB",
            "1é",
        ];
        for text in wrong {
            let message = parse_size(text).unwrap_err().to_string();
            assert!(
                message.contains("GiB") && message.contains(&format!("{text:?}")),
                "{message}"
            );
        }
    }
}
