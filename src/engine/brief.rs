//! What came and went between two looks: nothing is there to be looked at, and the kernel named it.

use waxseal_platform::stat::Kind;

use super::step::Step;
use crate::baseline::Batch;
use crate::change::{Action, Actions};
use crate::event::{Event, FoundBy, SHORT_LIVED, Writer};
use crate::policy::Policy;
use crate::scan::{ScanError, append};

/// Journals what came and went between two looks.
pub(super) fn tell_brief(
    batch: &mut Batch<'_>,
    writer: &Writer,
    policy: &Policy,
    step: &Step<'_>,
) -> Result<u64, ScanError> {
    let mut events = 0;
    for index in &step.brief {
        let Some(wish) = step.wishes.get(*index) else {
            continue;
        };
        let Some(rule) = policy.decide(&wish.path, Kind::File).watched() else {
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
            append(batch, writer, &event)?;
            events += 1;
        }
    }
    Ok(events)
}
