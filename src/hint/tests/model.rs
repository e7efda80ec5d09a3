//! Random histories, beside a model that is too simple to be wrong or to be fast.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One thing that is heard or done.
#[derive(Clone, Debug)]
enum Step {
    Add(PathBuf, Vec<Changes>, bool, Option<&'static str>),
    Moved(Option<PathBuf>, Option<PathBuf>),
    Subtree(PathBuf, Reason),
    Wait(u64),
    Take(usize),
    /// Gives part of what was taken last back.
    Requeue(u64),
}

fn path() -> impl Strategy<Value = PathBuf> {
    vec(prop::sample::select(vec!["a", "b", "ab"]), 1..5)
        .prop_map(|names| sample::path(&format!("/{}", names.join("/"))))
}

fn step() -> impl Strategy<Value = Step> {
    let reasons = vec![
        Reason::Requested,
        Reason::Appeared,
        Reason::Collapsed,
        Reason::LostSync,
    ];
    let changes = vec(prop::sample::select(vec![C, W, S, A, D]), 1..3);
    let actor = prop::sample::select(vec![None, Some("cp"), Some("rm")]);
    prop_oneof![
        8 => (path(), changes, any::<bool>(), actor)
            .prop_map(|(path, changes, dir, actor)| Step::Add(path, changes, dir, actor)),
        4 => (prop::option::weighted(0.9, path()), prop::option::weighted(0.9, path()))
            .prop_map(|(from, to)| Step::Moved(from, to)),
        1 => (path(), prop::sample::select(reasons)).prop_map(|(path, why)| Step::Subtree(path, why)),
        4 => prop::sample::select(vec![1, 20, 100, 250, 900, 3000]).prop_map(Step::Wait),
        2 => prop::sample::select(vec![1, 2, 5, usize::MAX]).prop_map(Step::Take),
        1 => any::<u64>().prop_map(Step::Requeue),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Heard {
    Touched(Changes),
    Left { is_short_lived: bool },
    Arrived { is_new: bool },
}

#[derive(Clone, Debug)]
enum What {
    Hint {
        story: Vec<Heard>,
        actors: Vec<Option<&'static str>>,
        is_directory: bool,
    },
    Subtree {
        reason: Reason,
        absorbed: u64,
    },
}

#[derive(Clone, Debug)]
struct Entry {
    first: u64,
    deadline: u64,
    due: u64,
    what: What,
}

/// The model: a list of entries and a list of pairs that belong together.
#[derive(Default)]
struct Model {
    now: u64,
    entries: BTreeMap<PathBuf, Entry>,
    links: Vec<(PathBuf, PathBuf)>,
    absorbed: u64,
}

fn settles(reason: Reason) -> bool {
    [Reason::Collapsed, Reason::LostSync].contains(&reason)
}

/// What a story comes to.
#[derive(Clone, Copy, Default)]
struct Outcome {
    /// It came, had content and went.
    is_short_lived: bool,
    /// It is there with content that nobody has seen.
    is_new: bool,
    has_left: bool,
}

fn outcome(story: &[Heard]) -> Outcome {
    let mut is_short_lived = false;
    // Since it came: whether there is content in it, and whether it came by its name.
    let mut unseen: Option<(bool, bool)> = None;
    let mut has_left = false;
    for heard in story {
        match *heard {
            Heard::Touched(changes) => {
                let (is_created, is_written) = (changes.contains(C), changes.contains(W));
                if changes.contains(D) {
                    let lost = unseen.is_some_and(|(has_content, by_name)| {
                        has_content || (is_written && !by_name)
                    });
                    is_short_lived |= lost || is_created && is_written;
                    (unseen, has_left) = (None, false);
                } else if is_created {
                    is_short_lived = false;
                    (unseen, has_left) = (Some((is_written, false)), false);
                } else if let Some((has_content, false)) = &mut unseen {
                    *has_content |= is_written;
                }
            }
            Heard::Left {
                is_short_lived: is_lost,
            } => (is_short_lived, unseen, has_left) = (is_lost, None, true),
            Heard::Arrived { is_new } => {
                (is_short_lived, unseen, has_left) = (false, Some((is_new, true)), false);
            }
        }
    }
    Outcome {
        is_short_lived,
        is_new: matches!(unseen, Some((true, _))),
        has_left,
    }
}

fn union(story: &[Heard]) -> Changes {
    story.iter().fold(Changes::NONE, |all, heard| match heard {
        Heard::Touched(changes) => all | *changes,
        _ => all,
    })
}

impl Model {
    /// Returns what the story of a path comes to, as far as it is pending.
    fn outcome(&self, path: &Path) -> Outcome {
        match self.entries.get(path).map(|entry| &entry.what) {
            Some(What::Hint { story, .. }) => outcome(story),
            _ => Outcome::default(),
        }
    }

    fn cover(&self, path: &Path) -> Option<PathBuf> {
        let mut above = path.ancestors();
        let is_subtree = |path: &&Path| {
            let entry = self.entries.get(*path);
            entry.is_some_and(|entry| matches!(entry.what, What::Subtree { .. }))
        };
        above.find(is_subtree).map(Path::to_owned)
    }

    fn quiet(&self, deadline: u64) -> u64 {
        (self.now + 250).min(deadline)
    }

    fn put_off(&mut self, path: &Path) {
        let now = self.now;
        let entry = self.entries.get_mut(path).unwrap();
        if matches!(entry.what, What::Subtree { reason, .. } if settles(reason)) {
            entry.due = (now + 250).min(entry.deadline);
        }
    }

    fn absorb(&mut self, cover: &Path, hints: u64) {
        let entry = self.entries.get_mut(cover).unwrap();
        let What::Subtree { absorbed, .. } = &mut entry.what else {
            panic!()
        };
        *absorbed += hints;
    }

    fn hear(
        &mut self,
        path: &Path,
        heard: Heard,
        is_directory: bool,
        actor: Option<&'static str>,
    ) -> PathBuf {
        if let Some(cover) = self.cover(path) {
            self.absorbed += 1;
            self.absorb(&cover, 1);
            self.put_off(&cover);
            return cover;
        }
        let now = self.now;
        let entry = self
            .entries
            .entry(path.to_owned())
            .or_insert_with(|| Entry {
                first: now,
                deadline: now + 2000,
                due: 0,
                what: What::Hint {
                    story: Vec::new(),
                    actors: Vec::new(),
                    is_directory,
                },
            });
        let What::Hint {
            story,
            actors,
            is_directory: known,
        } = &mut entry.what
        else {
            panic!()
        };
        story.push(heard);
        actors.push(actor);
        *known = is_directory;
        let is_created = |heard: &Heard| match heard {
            Heard::Touched(changes) => changes
                .contains(D)
                .then_some(false)
                .or(changes.contains(C).then_some(true)),
            Heard::Left { .. } | Heard::Arrived { .. } => Some(false),
        };
        let is_gone = |heard: &Heard| match heard {
            Heard::Touched(changes) => changes
                .contains(D)
                .then_some(true)
                .or(changes.contains(C).then_some(false)),
            Heard::Left { .. } => Some(true),
            Heard::Arrived { .. } => Some(false),
        };
        let gone = story.iter().rev().find_map(is_gone).unwrap_or(false);
        // A new file that was closed waits for its name.
        let is_new = matches!(heard, Heard::Touched(changes) if changes.contains(S))
            && story.iter().rev().find_map(is_created) == Some(true);
        let at_once = matches!(heard, Heard::Touched(changes)
            if changes.contains(S) || is_directory && changes.contains(C));
        entry.due = if is_new {
            (now + 5).min(entry.deadline)
        } else if at_once && !gone {
            now
        } else {
            (now + 250).min(entry.deadline)
        };
        path.to_owned()
    }

    fn link(&mut self, left: &Path, right: &Path) {
        if left != right {
            self.links.push((left.to_owned(), right.to_owned()));
        }
    }

    fn doubt(&mut self, path: &Path, why: Reason) -> PathBuf {
        if let Some(cover) = self.cover(path) {
            if cover == path {
                let What::Subtree { reason, .. } = &mut self.entries.get_mut(path).unwrap().what
                else {
                    panic!()
                };
                *reason = why.max(*reason);
            }
            self.put_off(&cover);
            return cover;
        }
        let (mut first, mut deadline, mut absorbed) = (self.now, self.now + 2000, 0);
        let all = std::mem::take(&mut self.entries);
        for (below, entry) in all {
            if !below.starts_with(path) {
                self.entries.insert(below, entry);
                continue;
            }
            first = first.min(entry.first);
            deadline = deadline.min(entry.deadline);
            match entry.what {
                What::Subtree { absorbed: more, .. } => absorbed += more,
                What::Hint { .. } => {
                    absorbed += 1;
                    self.absorbed += 1;
                }
            }
        }
        for (left, right) in &mut self.links {
            for end in [left, right] {
                if end.starts_with(path) {
                    *end = path.to_owned();
                }
            }
        }
        self.links.retain(|(left, right)| left != right);
        let due = self.quiet(deadline);
        let what = What::Subtree {
            reason: why,
            absorbed,
        };
        self.entries.insert(
            path.to_owned(),
            Entry {
                first,
                deadline,
                due,
                what,
            },
        );
        path.to_owned()
    }

    fn subtree(&mut self, path: &Path, why: Reason) {
        if self.doubt(path, why) == path && !settles(why) {
            self.entries.get_mut(path).unwrap().due = self.now;
        }
    }

    /// Returns all that is linked to a path, with itself.
    fn group(&self, path: &Path) -> BTreeSet<PathBuf> {
        let mut group = BTreeSet::from([path.to_owned()]);
        loop {
            let before = group.len();
            for (left, right) in &self.links {
                if group.contains(left) || group.contains(right) {
                    group.extend([left.clone(), right.clone()]);
                }
            }
            if group.len() == before {
                return group;
            }
        }
    }

    fn remove(&mut self, path: &Path) -> Entry {
        self.links
            .retain(|(left, right)| left != path && right != path);
        self.entries.remove(path).unwrap()
    }

    fn requeue(&mut self, path: &Path, old: Entry) {
        let (now, first) = (self.now, old.first);
        match old.what {
            What::Subtree { reason, absorbed } => {
                let cover = self.doubt(path, reason);
                self.absorb(&cover, absorbed);
                let entry = self.entries.get_mut(&cover).unwrap();
                entry.first = entry.first.min(first);
            }
            What::Hint {
                mut story,
                mut actors,
                is_directory,
            } => {
                if let Some(cover) = self.cover(path) {
                    self.absorbed += 1;
                    self.absorb(&cover, 1);
                    self.put_off(&cover);
                    let entry = self.entries.get_mut(&cover).unwrap();
                    entry.first = entry.first.min(first);
                } else if let Some(entry) = self.entries.get_mut(path) {
                    let What::Hint {
                        story: later,
                        actors: more,
                        ..
                    } = &mut entry.what
                    else {
                        panic!()
                    };
                    story.append(later);
                    actors.append(more);
                    (*later, *more) = (story, actors);
                    entry.first = entry.first.min(first);
                } else {
                    let what = What::Hint {
                        story,
                        actors,
                        is_directory,
                    };
                    let (deadline, due) = (now + 2000, now + 250);
                    self.entries.insert(
                        path.to_owned(),
                        Entry {
                            first,
                            deadline,
                            due,
                            what,
                        },
                    );
                }
            }
        }
    }
}

/// A collection and the model of it.
struct Both {
    desk: Desk,
    model: Model,
    taken: BTreeMap<PathBuf, Entry>,
    work: Work<&'static str>,
}

impl Both {
    fn new(limit: usize) -> Both {
        let mut desk = Desk::new(limit);
        let work = desk.take();
        Both {
            desk,
            work,
            model: Model::default(),
            taken: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: Step) {
        let at = self.desk.at(self.desk.now);
        match step {
            Step::Add(path, changes, is_directory, actor) => {
                let changes = changes
                    .into_iter()
                    .fold(Changes::NONE, |all, one| all | one);
                self.desk
                    .pending
                    .add(&path, changes, is_directory, actor, at);
                self.model
                    .hear(&path, Heard::Touched(changes), is_directory, actor);
            }
            Step::Moved(from, to) => {
                let (from, to) = (from.as_deref(), to.as_deref());
                self.desk.pending.moved(from, to, false, Some("mv"), at);
                let was = from.map(|from| self.model.outcome(from));
                let there = to.map(|to| self.model.outcome(to)).unwrap_or_default();
                let is_new = was.is_none_or(|was| match was.has_left {
                    true => was.is_short_lived || there.is_new,
                    false => was.is_new,
                });
                let left = Heard::Left {
                    is_short_lived: is_new && to.is_none(),
                };
                let arrived = Heard::Arrived { is_new };
                let from = from.map(|from| self.model.hear(from, left, false, Some("mv")));
                let to = to.map(|to| self.model.hear(to, arrived, false, Some("mv")));
                if let (Some(from), Some(to)) = (from, to) {
                    self.model.link(&from, &to);
                }
            }
            Step::Subtree(path, reason) => {
                self.desk.pending.subtree(&path, reason, at);
                self.model.subtree(&path, reason);
            }
            Step::Wait(millis) => {
                self.desk.wait(millis);
                self.model.now += millis;
            }
            Step::Take(max) => self.take(max),
            Step::Requeue(which) => self.requeue(which),
        }
        let pending = &self.desk.pending;
        assert_eq!(pending.len(), self.model.entries.len());
        assert_eq!(pending.counts().absorbed, self.model.absorbed);
        let subtrees = self.model.entries.values();
        let subtrees = subtrees
            .filter(|entry| matches!(entry.what, What::Subtree { .. }))
            .count();
        assert_eq!(pending.counts().subtrees, subtrees);
        let due = self.model.entries.values().map(|entry| entry.due).min();
        let due = due.map(|due| due.saturating_sub(self.model.now));
        assert_eq!(self.desk.due_in(), due);
    }

    fn take(&mut self, max: usize) {
        let now = self.model.now;
        let work = self.desk.take_up_to(max);
        let names: Vec<&PathBuf> = work
            .hints
            .iter()
            .map(|hint| &hint.path)
            .chain(work.subtrees.iter().map(|subtree| &subtree.path))
            .collect();
        let all: BTreeSet<PathBuf> = names.iter().copied().cloned().collect();
        assert_eq!(names.len(), all.len(), "something was taken twice");

        let mut groups = BTreeSet::new();
        let mut latest = 0;
        for path in &all {
            let group = self.model.group(path);
            assert!(
                group.is_subset(&all),
                "{path:?} came without what it is linked to"
            );
            let due = group
                .iter()
                .map(|path| self.model.entries[path].due)
                .min()
                .unwrap();
            assert!(due <= now, "{path:?} came before its time");
            latest = latest.max(due);
            groups.insert(group);
        }
        let largest = groups.iter().map(BTreeSet::len).max().unwrap_or(0);
        assert!(
            names.len() < max.saturating_add(largest).max(1),
            "too many came"
        );
        for (path, entry) in &self.model.entries {
            if !all.contains(path) && entry.due <= now {
                assert!(names.len() >= max, "{path:?} did not come");
                assert!(
                    latest <= entry.due,
                    "{path:?} was due earlier than others that came"
                );
            }
        }
        self.compare(&work);
        self.taken = all
            .into_iter()
            .map(|path| (path.clone(), self.model.remove(&path)))
            .collect();
        self.work = work;
    }

    /// Compares what came with what the model knows of it.
    fn compare(&self, work: &Work<&'static str>) {
        let mut numbers: BTreeMap<BTreeSet<PathBuf>, Option<u64>> = BTreeMap::new();
        let mut number = |path: &Path, number: Option<u64>| {
            let group = self.model.group(path);
            assert_eq!(number.is_some(), group.len() > 1);
            assert_eq!(*numbers.entry(group).or_insert(number), number);
        };
        for hint in &work.hints {
            number(&hint.path, hint.group);
            let entry = &self.model.entries[&hint.path];
            let What::Hint {
                story,
                actors,
                is_directory,
            } = &entry.what
            else {
                panic!()
            };
            assert_eq!(hint.changes, union(story));
            let expected = outcome(story);
            assert_eq!(hint.is_short_lived(), expected.is_short_lived, "{story:?}");
            assert_eq!(hint.was_written_anew(), expected.is_new, "{story:?}");
            assert_eq!(hint.is_directory, *is_directory);
            assert_eq!(hint.first, self.desk.at(entry.first));
            let named: BTreeSet<_> = actors.iter().flatten().collect();
            assert_eq!(hint.actors.iter().collect::<BTreeSet<_>>(), named);
            assert_eq!(hint.actors.has_unnamed(), actors.contains(&None));
        }
        for subtree in &work.subtrees {
            number(&subtree.path, subtree.group);
            let entry = &self.model.entries[&subtree.path];
            let What::Subtree { reason, absorbed } = entry.what else {
                panic!()
            };
            assert_eq!((subtree.reason, subtree.absorbed), (reason, absorbed));
            assert_eq!(subtree.first, self.desk.at(entry.first));
        }
    }

    /// Gives back what the bits choose of what was taken last.
    fn requeue(&mut self, which: u64) {
        let at = self.desk.at(self.desk.now);
        let empty = Work {
            hints: Vec::new(),
            subtrees: Vec::new(),
        };
        let mut work = std::mem::replace(&mut self.work, empty);
        let taken = std::mem::take(&mut self.taken);
        let mut bit = (0..64).cycle();
        let mut chosen = || bit.next().is_some_and(|bit| which >> bit & 1 == 1);
        work.hints.retain(|_| chosen());
        work.subtrees.retain(|_| chosen());

        let mut groups: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        let subtrees = work
            .subtrees
            .iter()
            .map(|subtree| (&subtree.path, subtree.group));
        let hints = work.hints.iter().map(|hint| (&hint.path, hint.group));
        for (path, group) in subtrees.chain(hints) {
            self.model.requeue(path, taken[path].clone());
            if let Some(group) = group {
                groups.entry(group).or_default().push(path.clone());
            }
        }
        for group in groups.values() {
            let places = group
                .iter()
                .map(|path| self.model.cover(path).unwrap_or(path.clone()));
            let places: Vec<PathBuf> = places.collect();
            for place in &places {
                self.model.link(&places[0], place);
            }
        }
        self.desk.pending.requeue(work, at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn it_does_what_the_model_does(steps in vec(step(), 1..60)) {
        let mut both = Both::new(10_000);
        for step in steps {
            both.step(step);
        }
        both.step(Step::Wait(2000));
        both.step(Step::Take(usize::MAX));
        prop_assert!(both.desk.pending.is_empty());
    }

    #[test]
    fn within_any_limit_nothing_is_lost_and_nothing_held(
        limit in 1_usize..12,
        steps in vec(step(), 1..80),
    ) {
        let mut ledger = Ledger { desk: Desk::new(limit), owed: BTreeMap::new(), links: Vec::new() };
        for step in steps {
            ledger.step(step);
            prop_assert!(ledger.desk.pending.len() <= limit);
        }
        ledger.step(Step::Wait(2000));
        ledger.step(Step::Take(usize::MAX));
        prop_assert_eq!(ledger.owed.len(), 0);
        prop_assert!(ledger.desk.pending.is_empty());
        prop_assert_eq!(ledger.desk.pending.tree.nodes(), 1);
    }
}

/// What went in and has not come out.
struct Ledger {
    desk: Desk,
    /// Each path, whether it stands for all below it, and by when it must come out.
    owed: BTreeMap<PathBuf, u64>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Ledger {
    fn owe(&mut self, path: &Path) {
        let deadline = self.desk.now + 2000;
        self.owed.entry(path.to_owned()).or_insert(deadline);
    }

    fn step(&mut self, step: Step) {
        let at = self.desk.at(self.desk.now);
        match step {
            Step::Add(path, changes, is_directory, actor) => {
                let changes = changes
                    .into_iter()
                    .fold(Changes::NONE, |all, one| all | one);
                self.desk
                    .pending
                    .add(&path, changes, is_directory, actor, at);
                self.owe(&path);
            }
            Step::Moved(from, to) => {
                self.desk
                    .pending
                    .moved(from.as_deref(), to.as_deref(), false, None, at);
                from.iter().chain(&to).for_each(|path| self.owe(path));
                self.links.extend(from.zip(to));
            }
            Step::Subtree(path, reason) => {
                self.desk.pending.subtree(&path, reason, at);
                self.owe(&path);
            }
            Step::Wait(millis) => {
                self.desk.wait(millis);
            }
            Step::Take(max) => self.take(max),
            Step::Requeue(_) => {}
        }
    }

    fn take(&mut self, max: usize) {
        let work = self.desk.take_up_to(max);
        let came = |path: &Path| {
            work.hints.iter().any(|hint| hint.path == path)
                || work
                    .subtrees
                    .iter()
                    .any(|subtree| path.starts_with(&subtree.path))
        };
        for (from, to) in &self.links {
            assert_eq!(came(from), came(to), "{from:?} and {to:?} came apart");
        }
        self.links.retain(|(from, _)| !came(from));
        self.owed.retain(|path, _| !came(path));
        let held = self
            .owed
            .values()
            .any(|deadline| *deadline <= self.desk.now);
        assert!(!held || work.hints.len() + work.subtrees.len() >= max);
    }
}
