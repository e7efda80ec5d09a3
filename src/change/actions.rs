//! What happened to a path, in the words of `event.action`: [`Action`] and sets of them.
//!
//! The names are Auditbeat's, so that its dashboards and detection rules work unchanged.

use std::fmt;

use super::Field;

/// One value of `event.action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The path had no state and is now present.
    Created,
    /// The same object now stands under another path.
    Moved,
    /// The content, or the kind of object, differs.
    Updated,
    /// Any other counted property differs.
    AttributesModified,
    /// The path was present and is now absent.
    Deleted,
    /// The path joined the first baseline.
    InitialScan,
}

impl Action {
    /// Every action, in the order in which reports count them.
    pub const ALL: [Action; 6] = [
        Action::Created,
        Action::Moved,
        Action::Updated,
        Action::AttributesModified,
        Action::Deleted,
        Action::InitialScan,
    ];

    /// Returns the value of `event.action`.
    pub fn name(self) -> &'static str {
        match self {
            Action::Created => "created",
            Action::Moved => "moved",
            Action::Updated => "updated",
            Action::AttributesModified => "attributes_modified",
            Action::Deleted => "deleted",
            Action::InitialScan => "initial_scan",
        }
    }

    /// Returns the value of ECS `event.type` that goes with this action.
    pub fn event_type(self) -> &'static str {
        match self {
            Action::Created => "creation",
            Action::Moved | Action::Updated | Action::AttributesModified => "change",
            Action::Deleted => "deletion",
            Action::InitialScan => "info",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The actions of one event; the first says most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions(Vec<Action>);

impl Actions {
    /// Returns the set of just this action.
    pub fn just(action: Action) -> Actions {
        Actions(vec![action])
    }

    /// Returns the actions of a path that came and went between two looks.
    pub fn came_and_went() -> Actions {
        Actions(vec![Action::Created, Action::Deleted])
    }

    /// Returns the actions that these differences amount to; none for none.
    pub fn of(fields: &[Field]) -> Option<Actions> {
        let is_content = |field: &Field| matches!(field, Field::Hash(_) | Field::Type);
        let mut actions = Vec::new();
        if fields.iter().any(is_content) {
            actions.push(Action::Updated);
        }
        if fields.iter().any(|field| !is_content(field)) {
            actions.push(Action::AttributesModified);
        }
        (!actions.is_empty()).then_some(Actions(actions))
    }

    /// Returns the actions of a move during which these fields changed too, of the object or of
    /// what is at the new path.
    pub fn moved(fields: &[Field]) -> Actions {
        let mut actions = vec![Action::Moved];
        actions.extend(Actions::of(fields).into_iter().flat_map(|more| more.0));
        Actions(actions)
    }

    /// Returns the action that says most: the one under which a report counts the event.
    pub fn first(&self) -> Action {
        // Never empty: every constructor puts an action in.
        self.0.first().copied().unwrap_or(Action::Updated)
    }

    /// Returns all actions in order.
    pub fn iter(&self) -> impl Iterator<Item = Action> + '_ {
        self.0.iter().copied()
    }
}
