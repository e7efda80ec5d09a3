//! What is due by the clock: scheduled scans, and looks at what tells of no changes by itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};
use waxseal_platform::place;

use super::EngineError;
use super::surveying::{Cause, Order};
use crate::baseline::Reader;
use crate::config::Settings;
use crate::schedule::Timetable;

/// How long a computed start is believed: the clock may be set, and the zone's rules with it.
const BELIEVED: Duration = Duration::from_secs(60);

/// One kind of scan that starts by itself.
struct Plan {
    /// Where the store keeps when it last started.
    key: &'static str,
    /// Whether it reads every file.
    full: bool,
    timetable: Option<Timetable>,
    last: Option<Timestamp>,
    next: Option<Timestamp>,
}

/// When surveys are made without anybody asking.
pub(super) struct Schedules {
    /// The scan that reads everything first: it does what the other one does.
    plans: [Plan; 2],
    /// When the next starts were computed; `None` if by another clock.
    computed: Option<Instant>,
    poll_interval: Duration,
    next_poll: Instant,
}

/// What is due now.
#[derive(Default)]
pub(super) struct Due {
    /// The survey of what is polled.
    pub(super) poll: Option<Order>,
    /// The scheduled scan.
    pub(super) scan: Option<Order>,
    /// What the store is to remember, by key.
    pub(super) started: Vec<(&'static str, String)>,
}

impl Schedules {
    /// Returns what is due by these settings.
    pub(super) fn new(settings: &Settings, reader: &Reader) -> Result<Schedules, EngineError> {
        let plan = |key, full, schedule: &Option<_>| {
            let timetable = schedule.as_ref().map(Timetable::new).transpose()?;
            let spread = |timetable: Timetable| {
                timetable.spread(settings.schedule_max_delay, reader.store_id())
            };
            // A start that cannot be read is one that is not known.
            let last = reader.meta(key)?.and_then(|text| text.parse().ok());
            Ok::<_, EngineError>(Plan {
                key,
                full,
                timetable: timetable.map(spread),
                last,
                next: None,
            })
        };
        let mut schedules = Schedules {
            plans: [
                plan("last_full_scan", true, &settings.full_schedule)?,
                plan("last_scan", false, &settings.schedule)?,
            ],
            computed: Some(Instant::now()),
            poll_interval: settings.poll_interval,
            next_poll: Instant::now() + settings.poll_interval,
        };
        schedules.compute();
        Ok(schedules)
    }

    /// Says until when nothing is due, if nobody sets the clock; scans only where one may start.
    pub(super) fn next(&self, may_scan: bool) -> Instant {
        let now = Timestamp::now();
        let plans = self.plans.iter().filter(|_| may_scan);
        let starts = plans.filter_map(|plan| plan.next);
        let waits = starts.map(|start| Duration::try_from(now.until(start).ok()?).ok());
        // What lies in the past is due now.
        let wait = waits.map(Option::unwrap_or_default).min();
        let scan = wait.and_then(|wait| Instant::now().checked_add(wait));
        scan.map_or(self.next_poll, |scan| scan.min(self.next_poll))
    }

    /// Takes note that the clock was set: the next starts are computed anew.
    pub(super) fn clock_was_set(&mut self) {
        // Not at once: a start that the clock was set past is due, also if no earlier one is known.
        self.computed = None;
    }

    /// Returns what is due; a scan only where one may start.
    pub(super) fn due(
        &mut self,
        now: Instant,
        polled: impl FnOnce() -> Vec<PathBuf>,
        may_scan: bool,
    ) -> Due {
        let mut due = Due::default();
        if now >= self.next_poll {
            self.next_poll = now + self.poll_interval;
            due.poll = Some(polled())
                .filter(|paths| !paths.is_empty())
                .map(|paths| Order {
                    paths,
                    full: false,
                    cause: Cause::Polled,
                });
        }
        let time = Timestamp::now();
        for plan in self.plans.iter_mut().filter(|_| may_scan) {
            if plan.next.is_none_or(|next| next > time) {
                continue;
            }
            plan.last = Some(time);
            due.started.push((plan.key, time.to_string()));
            due.scan.get_or_insert_with(|| Order {
                paths: vec![place::top().to_owned()],
                full: plan.full,
                cause: Cause::Scheduled,
            });
        }
        let is_believed = |computed| now.saturating_duration_since(computed) < BELIEVED;
        if !due.started.is_empty() || !self.computed.is_some_and(is_believed) {
            self.computed = Some(now);
            self.compute();
        }
        due
    }

    /// Returns when each kind of scan started last by itself, and when it will next.
    pub(super) fn object(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let plan = |plan: &Plan| {
            let times = json!({ "last": time(plan.last), "next": time(plan.next) });
            (plan.key.replacen("last_", "", 1), times)
        };
        Value::Object(self.plans.iter().map(plan).collect())
    }

    fn compute(&mut self) {
        let now = Zoned::now();
        for plan in &mut self.plans {
            let timetable = plan.timetable.as_ref();
            plan.next = timetable.and_then(|timetable| timetable.next_after(plan.last, &now));
        }
    }
}
