//! A limit on bytes read per second: [`Throttle`].
//!
//! One bucket for all threads of a run. It delays readers; it never skips anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Halt;

/// How long a wait goes on before it is looked whether to end.
const SLICE: Duration = Duration::from_millis(100);

/// Keeps a run below a rate of bytes per second.
#[derive(Debug)]
pub struct Throttle {
    /// Bytes per second; 0 is unlimited.
    rate: u64,
    spent: AtomicU64,
    start: Instant,
}

impl Throttle {
    /// Returns a throttle for this many bytes per second; 0 is unlimited.
    pub fn new(bytes_per_second: u64) -> Throttle {
        Throttle {
            rate: bytes_per_second,
            spent: AtomicU64::new(0),
            start: Instant::now(),
        }
    }

    /// Takes note of bytes read, and waits when the run is ahead of its rate, unless it is called
    /// off.
    pub fn spend(&self, bytes: u64, halt: &Halt) {
        if self.rate == 0 {
            return;
        }
        let spent = self.spent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let due = self.due(spent);
        while let Some(ahead) = due.checked_sub(self.start.elapsed())
            && !halt.is_called()
        {
            thread::sleep(ahead.min(SLICE));
        }
    }

    /// Returns the time that reading so many bytes should take at least.
    fn due(&self, spent: u64) -> Duration {
        Duration::from_secs_f64(spent as f64 / self.rate as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_their_time() {
        let throttle = Throttle::new(1000);
        assert_eq!(throttle.due(500), Duration::from_millis(500));
        assert_eq!(throttle.due(0), Duration::ZERO);
    }

    #[test]
    fn a_run_is_no_faster_than_its_rate() {
        let throttle = Throttle::new(1_000_000);
        throttle.spend(20_000, &Halt::default());
        assert!(throttle.start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_run_that_is_called_off_waits_for_nothing() {
        let throttle = Throttle::new(1);
        let halt = Halt::default();
        halt.call();
        // At this rate it would wait for weeks.
        throttle.spend(10_000_000, &halt);
    }
}
