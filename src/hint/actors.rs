//! Who caused what is told by one hint: [`Actors`].

/// The different actors behind a hint, in the order in which they were heard of: a bounded set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actors<A> {
    first: Option<A>,
    /// Empty nearly always, and then no allocation.
    others: Box<[A]>,
    has_unnamed: bool,
    has_more: bool,
}

/// How many different actors one hint names. More are only said to be: a file that five programs
/// write within two seconds has no author that a person could be shown.
const MOST: usize = 4;

impl<A: Clone + PartialEq> Actors<A> {
    /// Returns the actors of one signal; `None` if the operating system did not name one.
    pub fn of(actor: Option<A>) -> Actors<A> {
        Actors {
            has_unnamed: actor.is_none(),
            first: actor,
            others: Box::default(),
            has_more: false,
        }
    }

    /// Returns those who are named.
    pub fn iter(&self) -> impl Iterator<Item = &A> {
        self.first.iter().chain(&self.others)
    }

    /// Says whether something was caused by somebody whom the operating system did not name.
    pub fn has_unnamed(&self) -> bool {
        self.has_unnamed
    }

    /// Says whether there were more actors than are named here.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Adds the actor of a further signal.
    pub(super) fn add(&mut self, actor: Option<A>) {
        let Some(actor) = actor else {
            self.has_unnamed = true;
            return;
        };
        if self.iter().any(|known| *known == actor) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(actor);
        } else if 1 + self.others.len() < MOST {
            let others = std::mem::take(&mut self.others);
            self.others = others.into_iter().chain([actor]).collect();
        } else {
            self.has_more = true;
        }
    }

    /// Adds the actors of a later hint.
    pub(super) fn append(&mut self, later: Actors<A>) {
        self.has_unnamed |= later.has_unnamed;
        self.has_more |= later.has_more;
        for actor in later.first.into_iter().chain(later.others) {
            self.add(Some(actor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::tests::single;

    fn heard(actors: &[Option<u32>]) -> Actors<u32> {
        let mut heard = actors.iter().copied();
        let mut all = Actors::of(heard.next().flatten());
        heard.for_each(|actor| all.add(actor));
        all
    }

    #[test]
    fn one_actor_stays_one_however_often_it_is_heard() {
        let actors = heard(&[Some(7), Some(7), Some(7)]);
        assert_eq!(single(&actors), Some(&7));
        assert_eq!(actors.iter().count(), 1);
    }

    #[test]
    fn nobody_is_blamed_for_what_an_unnamed_one_may_have_done() {
        for actors in [heard(&[Some(7), None]), heard(&[None, Some(7)])] {
            assert_eq!(single(&actors), None);
            assert!(actors.has_unnamed());
            assert!(actors.iter().eq(&[7]));
        }
        assert_eq!(single(&heard(&[None])), None);
    }

    #[test]
    fn four_are_named_and_more_are_said_to_be() {
        let four = heard(&[Some(1), Some(2), Some(3), Some(4), Some(2)]);
        assert!(four.iter().eq(&[1, 2, 3, 4]) && !four.has_more());
        let five = heard(&[Some(1), Some(2), Some(3), Some(4), Some(5), Some(1)]);
        assert!(five.iter().eq(&[1, 2, 3, 4]) && five.has_more());
        assert_eq!((single(&four), single(&five)), (None, None));
    }

    #[test]
    fn the_actors_of_two_hints_are_joined_in_order() {
        let mut actors = heard(&[Some(3), Some(1)]);
        actors.append(heard(&[None, Some(1), Some(2)]));
        assert!(actors.iter().eq(&[3, 1, 2]));
        assert!(actors.has_unnamed() && !actors.has_more());
    }
}
