//! Spans of time as people write them: `"60s"`, `"15m"`, `"6h"`, `"7d"`, `"0"`.

use std::time::Duration;

/// The units, largest first.
const UNITS: [(&str, u64); 4] = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60), ("s", 1)];

/// Why a text is not a span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "bad duration {0:?}: write a whole number and a unit, s, m, h or d, such as \"60s\" or \"7d\""
)]
pub struct BadSpan(String);

/// Reads a span of time; `"0"` needs no unit.
pub fn parse_span(text: &str) -> Result<Duration, BadSpan> {
    read(text.trim()).ok_or_else(|| BadSpan(text.to_owned()))
}

fn read(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let with_unit = |(unit, secs)| text.strip_suffix(unit).map(|number: &str| (number, secs));
    let (number, secs) = UNITS.into_iter().find_map(with_unit)?;
    let number = number.trim_end();
    // `parse` would take a sign as well.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = number.parse().ok()?;
    Some(Duration::from_secs(u64::from(number) * secs))
}

/// Writes whole seconds so that [`parse_span`] reads the same span back.
pub fn show_span(span: Duration) -> String {
    let secs = span.as_secs();
    let even = UNITS
        .into_iter()
        .find(|(_, unit)| secs > 0 && secs.is_multiple_of(*unit));
    match even {
        Some((unit, factor)) => format!("{}{unit}", secs / factor),
        None => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        let table = [
            ("0", 0, "0"),
            ("0s", 0, "0"),
            ("1s", 1, "1s"),
            ("90s", 90, "90s"),
            ("120s", 120, "2m"),
            ("15m", 900, "15m"),
            ("6h", 21_600, "6h"),
            ("48h", 172_800, "2d"),
            (" 7 d ", 604_800, "7d"),
            ("4294967295d", 4_294_967_295 * 86_400, "4294967295d"),
        ];
        for (text, secs, shown) in table {
            let span = Duration::from_secs(secs);
            assert_eq!(parse_span(text), Ok(span), "{text}");
            assert_eq!(show_span(span), shown);
        }
    }

    #[test]
    fn what_is_no_span_is_refused_with_an_example() {
        for text in [
            "",
            "60",
            "s",
            "-1s",
            "+1s",
            "1.5h",
            "1w",
            "1 s m",
            "4294967296d",
            "1é",
            "ten s",
        ] {
            let message = parse_span(text).unwrap_err().to_string();
            assert!(
                message.contains("\"7d\"") && message.contains(&format!("{text:?}")),
                "{message}"
            );
        }
    }
}
