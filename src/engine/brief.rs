//! What came and went between two looks: nothing is there to be looked at, and the kernel named it.

use std::time::Instant;

use waxseal_platform::stat::Kind;

use super::retold::retold;
use super::step::Step;
use crate::baseline::Batch;
use crate::change::{Action, Actions};
use crate::event::{Event, FoundBy, SHORT_LIVED};
use crate::scan::{Context, ScanError, append};

/// Journals what came and went between two looks.
pub(super) fn tell_brief(
    batch: &mut Batch<'_>,
    context: &Context<'_>,
    step: &Step<'_>,
    foreign: Instant,
) -> Result<u64, ScanError> {
    let told = retold(step, context.reader, foreign)?;
    let mut events = 0;
    for index in step.brief.iter().filter(|index| !told.contains(index)) {
        let Some(wish) = step.wishes.get(*index) else {
            continue;
        };
        let Some(rule) = context.policy.decide(&wish.path, Kind::File).watched() else {
            continue;
        };
        let actors = wish.actors();
        for action in [Action::Created, Action::Deleted] {
            let event = Event {
                kind: Some(Kind::File),
                rule: Some(rule),
                actors: &actors,
                backend: wish.circumstances(&actors).backend,
                tags: &[SHORT_LIVED],
                ..Event::new(&wish.path, Actions::just(action), FoundBy::Watch)
            };
            append(batch, context.writer, &event)?;
            events += 1;
        }
    }
    Ok(events)
}
