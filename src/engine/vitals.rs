//! How the watch is doing: [`Vitals`], counted by every thread, read by `status`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// Latencies up to 2^n microseconds, n from 0; the last holds everything above.
const BUCKETS: usize = 28;

/// Counts since the start of the watch.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Events journalled.
    pub events: AtomicU64,
    /// Rounds written.
    pub rounds: AtomicU64,
    /// Messages of the coordinator that the writer has dealt with.
    pub(super) messages: AtomicU64,
    /// Paths looked at.
    pub looks: AtomicU64,
    /// Notices journalled.
    pub notices: AtomicU64,
    /// Surveys made.
    pub surveys: AtomicU64,
    /// Why the store cannot be written at the moment.
    trouble: Mutex<Option<String>>,
    /// How long events took from the first hint to the disk, by powers of two microseconds.
    latency: [AtomicU64; BUCKETS],
}

impl Vitals {
    /// Shows why the store cannot be written, or that it can.
    pub(super) fn show_trouble(&self, reason: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Returns why the store cannot be written, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts one event that took so long from its first hint to the disk.
    pub(super) fn count_latency(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        let last = BUCKETS - 1;
        if let Some(count) = self.latency.get(bucket.min(last)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns all of it as an object.
    pub(super) fn object(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let millis = |share| self.latency(share).map(|took| took.as_secs_f64() * 1e3);
        json!({
            "events": count(&self.events),
            "rounds": count(&self.rounds),
            "looks": count(&self.looks),
            "notices": count(&self.notices),
            "surveys": count(&self.surveys),
            "latency_ms": { "p50": millis(0.5), "p99": millis(0.99) },
        })
    }

    /// Returns the latency that this share of events, from 0 to 1, stayed below; at most twice the
    /// true one.
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let counts: Vec<u64> = self
            .latency
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect();
        let total: u64 = counts.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut sum = 0;
        for (bucket, count) in counts.iter().enumerate() {
            sum += count;
            if sum >= wanted && sum > 0 {
                return Some(Duration::from_micros(1 << bucket));
            }
        }
        None
    }
}
