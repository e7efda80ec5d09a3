//! When scans start by themselves: [`Schedule`], as written in `schedule = ".."` and
//! `full_schedule = ".."`. That `"off"` is no schedule at all is read by `settings`.
//!
//! Only the meaning of the text is settled here. When the next start is, and what a change of the
//! clock does to it, is for whoever runs the schedule.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// When scans start by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Once a day at this local time: `daily at 02:30`.
    Daily {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// Again and again after this time, whole minutes: `every 6h`.
    Every(Duration),
    /// Five fields as in a crontab: `30 2 * * 1-5`.
    Cron(String),
}

/// Why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "bad schedule {0:?}: write \"daily at 02:30\", \"every 6h\" (m, h or d), \
     the five fields of a crontab: \"30 2 * * 1-5\", or \"off\""
)]
pub struct BadSchedule(String);

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Schedule, BadSchedule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let read = match words.as_slice() {
            ["daily", "at", time] => daily(time),
            ["every", span] => every(span),
            [minute, hour, day, month, weekday] => {
                let fields = [
                    (*minute, &MINUTE),
                    (*hour, &HOUR),
                    (*day, &DAY),
                    (*month, &MONTH),
                ];
                let all = fields.into_iter().chain([(*weekday, &WEEKDAY)]);
                let valid = all.into_iter().all(|(text, field)| field.accepts(text));
                valid.then(|| Schedule::Cron(words.join(" ")))
            }
            _ => None,
        };
        read.ok_or_else(|| BadSchedule(text.to_owned()))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Daily { hour, minute } => write!(f, "daily at {hour:02}:{minute:02}"),
            Schedule::Every(span) => {
                let minutes = span.as_secs() / 60;
                match (minutes % (24 * 60), minutes % 60) {
                    (0, _) => write!(f, "every {}d", minutes / (24 * 60)),
                    (_, 0) => write!(f, "every {}h", minutes / 60),
                    _ => write!(f, "every {minutes}m"),
                }
            }
            Schedule::Cron(fields) => f.write_str(fields),
        }
    }
}

fn daily(time: &str) -> Option<Schedule> {
    let (hour, minute) = time.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(Schedule::Daily { hour, minute })
}

fn every(span: &str) -> Option<Schedule> {
    let unit = span.chars().last()?;
    let number: u32 = span.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    (number > 0).then(|| Schedule::Every(Duration::from_secs(u64::from(number) * seconds)))
}

/// What one field of a crontab may hold.
struct Field {
    from: u32,
    to: u32,
    /// Names for the values from `from` on.
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    from: 0,
    to: 59,
    names: &[],
};
const HOUR: Field = Field {
    from: 0,
    to: 23,
    names: &[],
};
const DAY: Field = Field {
    from: 1,
    to: 31,
    names: &[],
};
const MONTH: Field = Field {
    from: 1,
    to: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAY: Field = Field {
    from: 0,
    to: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Field {
    /// Tells whether the text is a list of `*`, `5`, `1-5`, each with an optional `/2`.
    fn accepts(&self, text: &str) -> bool {
        text.split(',').all(|item| {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (item, None),
            };
            let step_ok = step.is_none_or(|step| step.parse().is_ok_and(|step: u32| step > 0));
            step_ok && (range == "*" || self.is_range(range))
        })
    }

    fn is_range(&self, text: &str) -> bool {
        match text.split_once('-') {
            None => self.value(text).is_some(),
            Some((from, to)) => {
                let ends = self.value(from).zip(self.value(to));
                ends.is_some_and(|(from, to)| from <= to)
            }
        }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = (self.from..).zip(self.names);
        let by_name = named
            .into_iter()
            .find(|(_, name)| text.eq_ignore_ascii_case(name));
        let value = by_name
            .map(|(value, _)| value)
            .or_else(|| text.parse().ok())?;
        (self.from..=self.to).contains(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_shown() {
        let hours = |hours: u64| Schedule::Every(Duration::from_secs(hours * 3600));
        let table = [
            (
                "daily at 02:30",
                Schedule::Daily {
                    hour: 2,
                    minute: 30,
                },
            ),
            ("every 6h", hours(6)),
            ("every 2d", hours(48)),
            ("every 90m", Schedule::Every(Duration::from_secs(90 * 60))),
            ("30 2 * * 1-5", Schedule::Cron("30 2 * * 1-5".into())),
            (
                "*/15 0,12 1-31/2 jan-MAR Sun",
                Schedule::Cron("*/15 0,12 1-31/2 jan-MAR Sun".into()),
            ),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        let wrong = [
            "",
            "daily",
            "daily at 24:00",
            "daily at 2:30",
            "daily at +1:30",
            "every 0h",
            "every 6",
            "every h",
            "every 6w",
            "every 6é",
            "60 * * * *",
            "* * * *",
            "* * * * * *",
            "* * 0 * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "* * * foo *",
            "1, * * * *",
            "@daily",
        ];
        for text in wrong {
            let message = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(message.contains("daily at 02:30"), "{text}: {message}");
        }
    }
}
