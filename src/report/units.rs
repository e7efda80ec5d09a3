//! Numbers for people: sizes, counts, durations.

use std::time::Duration;

const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Returns a size as `12 B` or `3.4 MiB`.
pub fn bytes(size: u64) -> String {
    let mut value = size as f64;
    let mut unit = "B";
    for larger in UNITS {
        // 1023.96 would print as 1024.0.
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{size} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// Returns a count with its noun, such as `1 path` or `3 paths`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Returns a duration as `0.04 s` or `3.2 s` or `12 min 5 s`.
pub fn seconds(duration: Duration) -> String {
    let secs = duration.as_secs_f64();
    match duration.as_secs() {
        0 => format!("{secs:.2} s"),
        1..120 => format!("{secs:.1} s"),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_and_the_largest_fitting_unit() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (7_301_444_403, "6.8 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (size, text) in table {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(count(1, "path"), "1 path");
        assert_eq!(count(0, "difference"), "0 differences");
        assert_eq!(seconds(Duration::from_millis(43)), "0.04 s");
        assert_eq!(seconds(Duration::from_millis(3210)), "3.2 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 5 s");
    }
}
