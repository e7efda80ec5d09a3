//! The loop of one sink: pages, retries, health, where it starts, and at least once in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::baseline::{Baseline, Reader};
use crate::config::{Settings, StdoutForm};
use crate::report::Style;
use crate::sink::{Delivery, Start, Step, configured};

/// A store with a journal.
struct Journal {
    _dir: TempDir,
    store: Baseline,
    reader: Reader,
}

impl Journal {
    fn new() -> Journal {
        let dir = TempDir::new().unwrap();
        let store = Baseline::open(&dir.path().join("state")).unwrap();
        let reader = store.reader().unwrap();
        Journal {
            _dir: dir,
            store,
            reader,
        }
    }

    fn append(&mut self, count: usize, body: &str) {
        let mut batch = self.store.batch().unwrap();
        for _ in 0..count {
            let at = Timestamp::new(1, 0);
            batch.append_event(at, |_| body.to_owned()).unwrap();
        }
        batch.commit().unwrap();
    }

    fn store_cursor(&mut self, sink: &str, seq: u64) {
        let mut batch = self.store.batch().unwrap();
        batch.put_cursor(sink, seq).unwrap();
        batch.commit().unwrap();
    }
}

/// What a sink of the model does with its next events; it takes them all when nothing is planned.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Take,
    /// Puts so many of them away, then fails.
    FailAfter(usize),
}

/// A sink that puts away as planned, and says so to the test.
#[derive(Clone, Default)]
struct Model {
    plans: Arc<Mutex<VecDeque<Plan>>>,
    received: Arc<Mutex<Vec<u64>>>,
}

impl Sink for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn deliver(&mut self, events: &[StoredEvent]) -> Result<(), SinkError> {
        let plan = self.plans.lock().unwrap().pop_front();
        let taken = match plan.unwrap_or(Plan::Take) {
            Plan::Take => events.len(),
            Plan::FailAfter(count) => count.min(events.len()),
        };
        let seqs = events.iter().take(taken).map(|event| event.seq);
        self.received.lock().unwrap().extend(seqs);
        match plan {
            Some(Plan::FailAfter(_)) => Err(SinkError::Stdout(io::Error::other("planned"))),
            _ => Ok(()),
        }
    }
}

impl Model {
    fn plan(&self, plan: Plan) {
        self.plans.lock().unwrap().push_back(plan);
    }

    fn received(&self) -> Vec<u64> {
        self.received.lock().unwrap().clone()
    }

    fn delivery(&self, cursor: u64) -> Delivery {
        Delivery::new(Box::new(self.clone()), cursor)
    }
}

#[test]
fn pages_are_bounded_by_count_and_by_bytes() {
    let mut journal = Journal::new();
    let (model, now) = (Model::default(), Instant::now());
    let mut delivery = model.delivery(0);
    assert!(matches!(delivery.step(&journal.reader, now), Step::Idle));
    journal.append(1500, "{}");
    journal.append(5, &"y".repeat(600 << 10));
    assert_eq!(delivery.health().cursor, 0);
    let mut pages = Vec::new();
    while let Step::Delivered { up_to, events } = delivery.step(&journal.reader, now) {
        pages.push((up_to, events));
    }
    assert_eq!(pages, [(1000, 1000), (1502, 502), (1504, 2), (1505, 1)]);
    assert!(model.received().into_iter().eq(1..=1505));
    assert_eq!(delivery.health().cursor, 1505);
}

#[test]
fn a_sink_that_fails_is_tried_again_later_and_later() {
    let mut journal = Journal::new();
    journal.append(2, "{}");
    let model = Model::default();
    let mut delivery = model.delivery(0);
    let start = Instant::now();
    let mut now = start;
    for (attempt, secs) in (1..).zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        model.plan(Plan::FailAfter(1));
        let Step::Failed { error, retry_at } = delivery.step(&journal.reader, now) else {
            panic!("attempt {attempt} did not fail");
        };
        assert!(error.to_string().contains("planned"), "{error}");
        assert_eq!(
            retry_at - now,
            Duration::from_secs(secs),
            "attempt {attempt}"
        );
        let failing = delivery.health().failing.unwrap();
        assert_eq!((failing.since, failing.attempts), (start, attempt));
        assert_eq!(failing.retry_at, retry_at);
        let early = delivery.step(&journal.reader, retry_at - Duration::from_millis(1));
        assert!(matches!(early, Step::Waiting { retry_at: at } if at == retry_at));
        now = retry_at;
    }
    assert_eq!(delivery.health().cursor, 0);
    let Step::Delivered {
        up_to: 2,
        events: 2,
    } = delivery.step(&journal.reader, now)
    else {
        panic!("it goes on");
    };
    assert_eq!(delivery.health().failing, None);
    assert_eq!(model.received(), [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
}

#[test]
fn a_new_sink_starts_where_the_journal_ends_and_then_misses_nothing() {
    let mut journal = Journal::new();
    let day_one = Start::of("file", &journal.reader).unwrap();
    assert_eq!((day_one.cursor, day_one.is_new), (0, true));
    journal.store_cursor("file", day_one.cursor);
    journal.append(7, "{}");
    let added_later = Start::of("stdout", &journal.reader).unwrap();
    assert_eq!((added_later.cursor, added_later.is_new), (7, true));
    let known = Start::of("file", &journal.reader).unwrap();
    assert_eq!((known.cursor, known.is_new), (0, false));
}

#[test]
fn the_configured_sinks_are_made() {
    let names = |settings: &Settings| -> Vec<String> {
        let sinks = configured(settings, Style::PLAIN);
        sinks.iter().map(|sink| sink.name().to_owned()).collect()
    };
    let mut settings = Settings::default();
    assert_eq!(names(&settings), ["stdout"]);
    settings.file = Some(FileOutput::new("/nowhere/events".into()));
    assert_eq!(names(&settings), ["stdout", "file"]);
    settings.stdout = None;
    assert_eq!(names(&settings), ["file"]);
    settings.stdout = Some(StdoutForm::Ndjson);
    settings.file = None;
    assert_eq!(names(&settings), ["stdout"]);
}

#[derive(Clone, Debug)]
enum Action {
    Append(usize),
    Step(Option<usize>),
    Wait(u64),
    /// The process ends before or after the cursor of the last step was stored.
    Crash {
        is_stored: bool,
    },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (1_usize..40).prop_map(Action::Append),
        proptest::option::of(0_usize..50).prop_map(Action::Step),
        (0_u64..70).prop_map(Action::Wait),
        any::<bool>().prop_map(|is_stored| Action::Crash { is_stored }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_arrives_in_order_whatever_fails(actions in vec(action(), 1..40)) {
        let mut journal = Journal::new();
        let model = Model::default();
        let mut now = Instant::now();
        let mut delivery = model.delivery(0);
        let mut told = 0;
        for action in actions {
            match action {
                Action::Append(count) => journal.append(count, "{}"),
                Action::Step(failure) => {
                    model.plans.lock().unwrap().clear();
                    if let Some(count) = failure {
                        model.plan(Plan::FailAfter(count));
                    }
                    if let Step::Delivered { up_to, .. } = delivery.step(&journal.reader, now) {
                        prop_assert!(up_to > told);
                        told = up_to;
                    }
                }
                Action::Wait(secs) => now += Duration::from_secs(secs),
                Action::Crash { is_stored } => {
                    if is_stored {
                        journal.store_cursor("model", told);
                    }
                    let stored = journal.reader.cursor("model").unwrap();
                    told = stored.unwrap_or(0);
                    delivery = model.delivery(told);
                }
            }
        }
        model.plans.lock().unwrap().clear();
        now += Duration::from_secs(60);
        while !matches!(delivery.step(&journal.reader, now), Step::Idle) {}

        let received = model.received();
        let mut highest = 0;
        for seq in received {
            prop_assert!(seq <= highest + 1, "{} after {}", seq, highest);
            highest = highest.max(seq);
        }
        prop_assert_eq!(highest, journal.reader.journal_end().unwrap());
    }
}
