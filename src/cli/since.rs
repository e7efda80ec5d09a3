//! Points in time as people type them, for `--since`.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Zoned};
use waxseal_platform::stat::Timestamp;

/// Reads a time, a date, or how long ago: `2026-11-23T08:00:00Z`, `2026-11-23`, `2 days`.
///
/// A date without a time zone is one of this machine's.
pub(super) fn parse(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    let unusable = |reason: String| {
        format!(
            "{reason}; use a time such as 2026-11-23T08:00:00Z, a date such as 2026-11-23, or how long ago, such as 90m or \"2 days\""
        )
    };
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp(instant));
    }
    let civil = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(DateTime::from));
    if let Ok(civil) = civil {
        let zoned = civil.to_zoned(now.time_zone().clone());
        return zoned
            .map(|zoned| timestamp(zoned.timestamp()))
            .map_err(|e| unusable(e.to_string()));
    }
    let span: Span = text
        .strip_suffix("ago")
        .unwrap_or(text)
        .trim()
        .parse()
        .map_err(|_| unusable("neither a time nor how long ago".to_owned()))?;
    let earlier = now
        .checked_sub(span.abs())
        .map_err(|error| unusable(error.to_string()))?;
    Ok(timestamp(earlier.timestamp()))
}

fn timestamp(instant: jiff::Timestamp) -> Timestamp {
    let nanos = instant.as_nanosecond();
    let secs = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0);
    Timestamp::new(secs, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<i64, String> {
        let now: Zoned = "2026-11-23T08:00:00+01:00[+01:00]".parse().unwrap();
        parse(text, &now).map(Timestamp::secs)
    }

    #[test]
    fn times_dates_and_spans_are_understood() {
        let now = 1_795_417_200;
        assert_eq!(read("2026-11-23T07:00:00Z"), Ok(now));
        assert_eq!(read("2026-11-23T08:00"), Ok(now));
        assert_eq!(read("2026-11-23 08:00:00"), Ok(now));
        assert_eq!(read("2026-11-23"), Ok(now - 8 * 3600));
        assert_eq!(read("1h"), Ok(now - 3600));
        assert_eq!(read("90m ago"), Ok(now - 90 * 60));
        assert_eq!(read("2 days"), Ok(now - 2 * 86_400));
        assert_eq!(read("1960-01-01T00:00:00.5Z"), Ok(-315_619_200));
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for wrong in ["", "yesterday", "2026-13-01", "5"] {
            let message = read(wrong).unwrap_err();
            assert!(message.contains("2 days"), "{wrong}: {message}");
        }
    }
}
