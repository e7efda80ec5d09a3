//! Before a policy is served: the scan that finds what changed meanwhile, and its announcement.
//!
//! A first policy is scanned as a whole. A later one only where it decides otherwise than the one
//! before: everything else has been watched all the time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use waxseal_platform::dir::Dir;
use waxseal_platform::place;

use super::{Engine, EngineError, Mandate};
use crate::event::{Notice, NoticeAction};
use crate::inspect::Progress;
use crate::scan::{self, Coverage, Plan, Recorder, Survey, covered};

/// What the start scan was about.
pub(super) struct Started {
    /// Whether a policy was served before.
    pub(super) is_reload: bool,
    /// How many places were looked at because the policy decides otherwise about them.
    pub(super) places: usize,
}

impl Engine {
    /// Scans what is in question, covering each directory before it is listed.
    pub(super) fn scan(
        &mut self,
        mandate: &Mandate,
        observe: &mut dyn FnMut(&Progress),
    ) -> Result<Started, EngineError> {
        let places = self.places_in_question(mandate)?;
        let started = Started {
            is_reload: self.served.is_some(),
            places: places.len(),
        };
        if places.is_empty() {
            return Ok(started);
        }
        let reader = self.baseline.reader()?;
        let coverage = Coverage::new(reader.scopes()?, &mandate.policy)?;
        let lifeline = &self.lifeline;
        let enter = |path: &Path, opened: Result<&Dir, &io::Error>| lifeline.cover(path, opened);
        let mut plan = Plan::new(&mandate.policy, &places, mandate.threads);
        plan.rate = mandate.settings.scan_rate_per_sec;
        plan.enter = Some(&enter);
        plan.halt = self.inbox.start_halt.clone();
        plan.keep_out_of(reader.state_dir());
        plan.add_known_roots(&reader)?;
        // What the policy has not covered yet is to join, not to be told as created.
        let is_new = coverage.is_empty() || coverage.is_outdated_for(place::top());
        let is_wanted = mandate.settings.scan_at_start || started.is_reload || is_new;
        plan.only_names = !is_wanted;
        let start = self.inbox.show_start(false);
        let job = Survey {
            plan: &plan,
            coverage: &coverage,
            progress: &start.progress,
        };
        let new_reader = || reader.another();
        if !is_wanted {
            // Only to cover the directories. What changed meanwhile is found by the next scan.
            scan::survey(&job, &new_reader, &mut |_| Ok(()), observe)?;
            return Ok(started);
        }
        let mut recorder =
            Recorder::new(&mut self.baseline, &plan, &coverage, &self.writer, false)?;
        let take = &mut |batch| recorder.take(batch);
        scan::survey(&job, &new_reader, take, observe)?;
        recorder.totals(&start.progress);
        // The sinks deliver what it finds.
        recorder.finish(&mut |_| Ok(()))?;
        if started.is_reload {
            self.conclude_reload(mandate)?;
        }
        Ok(started)
    }

    /// Returns where this policy may decide otherwise than what was scanned or watched before.
    ///
    /// It is remembered until all of it was scanned: what is forgotten here is covered by that scan
    /// only, and the scan may be called off.
    fn places_in_question(&mut self, mandate: &Mandate) -> Result<Vec<PathBuf>, EngineError> {
        let everything = || vec![place::top().to_owned()];
        let new = match &self.served {
            _ if self.lifeline.follow(&mandate.backends)? => everything(),
            None => everything(),
            Some(served) => {
                let places = mandate.policy.spec().places_changed_since(served.spec());
                places.iter().for_each(|place| self.lifeline.forget(place));
                places
            }
        };
        self.in_question.extend(new);
        self.in_question.sort();
        self.in_question
            .dedup_by(|place, above| place.starts_with(above));
        Ok(self.in_question.clone())
    }

    /// Records that the whole policy is covered: the rest of it was watched all the time.
    fn conclude_reload(&mut self, mandate: &Mandate) -> Result<(), EngineError> {
        let scope = covered(place::top().to_owned(), &mandate.policy)?;
        let mut batch = self.baseline.batch()?;
        batch.put_scope(&scope)?;
        Ok(batch.commit()?)
    }

    /// Journals that the watch is on, and by what.
    pub(super) fn announce(
        &mut self,
        started: &Started,
        mistake: Option<&String>,
    ) -> Result<(), EngineError> {
        let used = |(kind, directories): (String, u64)| match directories {
            1 => format!("1 directory by {kind}"),
            number => format!("{number} directories by {kind}"),
        };
        let by = self.lifeline.health().into_iter();
        let by = by.filter(|health| health.unusable.is_none() && health.directories > 0);
        let by: Vec<String> = by
            .map(|health| used((health.kind.to_string(), health.directories)))
            .collect();
        let mut message = match by.as_slice() {
            [] => "watching; nothing tells of changes here, so everything is polled".to_owned(),
            by => format!("watching {}", by.join(", ")),
        };
        if started.is_reload {
            message += match started.places {
                0 => "; the policy is as before",
                _ => "; what the policy decides otherwise was looked at again",
            };
        }
        let mut notices = Vec::new();
        if let Some(mistake) = mistake {
            let message = format!("the configuration before stays in force: {mistake}");
            notices.push(Notice::now(NoticeAction::ReloadFailed, message));
        }
        match (started.is_reload, mistake) {
            (true, Some(_)) => {}
            (true, None) => notices.push(Notice::now(NoticeAction::Reloaded, message)),
            (false, _) => notices.push(Notice::now(NoticeAction::Started, message)),
        }
        notices.extend(self.lifeline.take_news());
        let mut batch = self.baseline.batch()?;
        for notice in &notices {
            batch.append_event(notice.at, |id| self.writer.notice(notice, id))?;
        }
        batch.commit()?;
        let told = notices.len() as u64;
        self.vitals.notices.fetch_add(told, Ordering::Relaxed);
        Ok(())
    }
}
