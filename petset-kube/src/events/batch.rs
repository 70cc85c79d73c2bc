//! What is to be told, by set and reason, until its time has come.

use std::collections::BTreeMap;
use std::time::Duration;

use petset_core::engine::{Event, EventReason};
use petset_core::{SetKey, SetUid, Timestamp};
use tokio::time::Instant;

use super::allowance::Allowance;
use super::note::Note;

/// What happens within so long is told together.
const WINDOW: Duration = Duration::from_secs(1);
/// What goes on is told after so many times as long each time, but not after longer than this. Warnings are not kept so
/// long.
const LONGER: u32 = 4;
const LONGEST_WINDOW: Duration = Duration::from_secs(16);
/// What is told again within so long is counted in the Event that is there; a set of which nothing is told for so long is
/// forgotten, and so is what could not be written for so long.
const REMEMBERED: Duration = Duration::from_secs(600);

/// A life of a set; `None` where the set could not be read.
type Life = (SetKey, Option<SetUid>);

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct Batches {
    lives: BTreeMap<Life, Told>,
}

/// What was told of one life, and what is to be.
#[derive(Debug)]
struct Told {
    normal: Allowance,
    warning: Allowance,
    touched: Instant,
    /// In boxes: a node of such a map has room for eleven values, and of most sets two or three things are told.
    groups: BTreeMap<Reason, Box<Group>>,
}

/// Whether it is a warning, and its reason.
type Reason = (bool, String);

#[derive(Debug, Default)]
struct Group {
    /// Not told yet.
    new: Option<News>,
    /// What was told last, and how long that was kept before.
    told: Option<(Instant, Duration)>,
    /// The Event that was written last, and when.
    last: Option<(Instant, Written)>,
}

/// What is not told yet.
#[derive(Debug)]
struct News {
    batch: Batch,
    /// When it is to be told, or to be tried again, and for how long it is kept until then.
    at: Instant,
    window: Duration,
}

/// One Event to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) set: SetKey,
    pub(super) uid: Option<SetUid>,
    pub(super) warning: bool,
    pub(super) reason: String,
    pub(super) note: Note,
    /// How often it happened.
    pub(super) count: u32,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    /// When it was told first.
    pub(super) told: Instant,
    /// The Event that says the same, and how often it had happened then.
    pub(super) again: Option<Written>,
}

/// An Event that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) note: Note,
    pub(super) count: u32,
}

impl Batches {
    /// Takes in what was told. That a set is no more is not: its Events go with it.
    pub(super) fn add(&mut self, event: Event, now: Instant) {
        let Event { set, uid, ordinal: _, reason, warning, message, at } = event;
        if reason == EventReason::Deleted {
            return;
        }
        let told = self.lives.entry((set.clone(), uid.clone())).or_insert_with(|| Told {
            normal: Allowance::full(),
            warning: Allowance::full(),
            touched: now,
            groups: BTreeMap::new(),
        });
        told.touched = now;
        let reason = format!("{reason:?}");
        let group = told.groups.entry((warning, reason.clone())).or_default();
        let window = group.window(warning, now);
        let News { batch, .. } = group.new.get_or_insert_with(|| {
            let note = Note::default();
            let batch =
                Batch { set, uid, warning, reason, note, count: 0, first_at: at, last_at: at, told: now, again: None };
            News { batch, at: now + window, window }
        });
        batch.note.add(&message);
        batch.count = batch.count.saturating_add(1);
        batch.last_at = at;
    }

    /// When there is something to write.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let groups = self.lives.values().flat_map(|told| told.groups.iter().map(move |group| (told, group)));
        groups.filter_map(|(told, ((warning, _), group))| Some(due(told, *warning, group.new.as_ref()?.at, now))).min()
    }

    /// What is to be written now; `hurry` does not wait for more of the same.
    pub(super) fn take(&mut self, now: Instant, hurry: bool) -> Option<Batch> {
        self.lives.retain(|_, told| told.touched + REMEMBERED > now || told.has_news());
        for told in self.lives.values_mut() {
            for ((warning, _), group) in &mut told.groups {
                let Some(News { at, .. }) = &group.new else { continue };
                let allowance = if *warning { &mut told.warning } else { &mut told.normal };
                if (hurry || *at <= now) && allowance.take(now) {
                    let News { batch, at: _, window } = group.new.take()?;
                    group.told = Some((now, window));
                    let last = group.last.as_ref().filter(|(at, _)| *at + REMEMBERED > now);
                    let again = last.map(|(_, written)| written).filter(|written| written.note == batch.note).cloned();
                    return Some(Batch { again, ..batch });
                }
            }
        }
        None
    }

    /// This was not written, and may be later, unless nobody could write it for too long.
    pub(super) fn put_back(&mut self, batch: Batch, now: Instant) {
        if batch.told + REMEMBERED <= now {
            return;
        }
        let Some(told) = self.lives.get_mut(&(batch.set.clone(), batch.uid.clone())) else { return };
        let Some(group) = told.groups.get_mut(&(batch.warning, batch.reason.clone())) else { return };
        let mut batch = Batch { again: None, ..batch };
        if let Some(News { batch: newer, .. }) = group.new.take() {
            batch.note.add(&newer.note.finish());
            batch.count = batch.count.saturating_add(newer.count);
            batch.last_at = newer.last_at;
        }
        group.new = Some(News { batch, at: now + WINDOW, window: WINDOW });
    }

    /// This was written.
    pub(super) fn written(&mut self, batch: &Batch, written: Written, now: Instant) {
        let Some(told) = self.lives.get_mut(&(batch.set.clone(), batch.uid.clone())) else { return };
        if let Some(group) = told.groups.get_mut(&(batch.warning, batch.reason.clone())) {
            group.last = Some((now, written));
        }
    }
}

impl Told {
    fn has_news(&self) -> bool {
        self.groups.values().any(|group| group.new.is_some())
    }
}

impl Group {
    /// How long what happens now may be kept, for more of its kind.
    fn window(&self, warning: bool, now: Instant) -> Duration {
        match self.told {
            Some((at, window)) if !warning && now < at + window * LONGER => (window * LONGER).min(LONGEST_WINDOW),
            Some(_) | None => WINDOW,
        }
    }
}

fn due(told: &Told, warning: bool, at: Instant, now: Instant) -> Instant {
    let allowance = if warning { &told.warning } else { &told.normal };
    at.max(allowance.next(now))
}

#[cfg(test)]
mod tests {
    use petset_core::Ordinal;

    use super::*;

    fn event(ordinal: u32, reason: EventReason, message: &str) -> Event {
        Event {
            set: SetKey::new("default", "web"),
            uid: Some(SetUid::new("life")),
            ordinal: Some(Ordinal(ordinal)),
            reason,
            warning: reason == EventReason::FailedCreate,
            message: message.to_owned(),
            at: Timestamp::from_micros(i64::from(ordinal)),
        }
    }

    fn written(batch: &Batch) -> Written {
        let count = batch.count + batch.again.as_ref().map_or(0, |again| again.count);
        Written { name: "web.1".to_owned(), note: batch.note.clone(), count }
    }

    #[test]
    fn what_happens_together_is_told_together() {
        let (mut batches, start) = (Batches::default(), Instant::now());
        for ordinal in 0..3 {
            batches.add(event(ordinal, EventReason::SuccessfulCreate, &format!("create pod {ordinal}")), start);
        }
        batches.add(event(7, EventReason::FailedCreate, "no"), start);
        assert_eq!(batches.take(start, false), None);
        assert_eq!(batches.due(start), Some(start + WINDOW));
        let now = start + WINDOW;
        let first = batches.take(now, false).expect("it is due");
        assert_eq!((first.note.finish().as_str(), first.count), ("create pod 0; create pod 1; create pod 2", 3));
        assert!(batches.take(now, false).is_some_and(|second| second.warning));
        assert_eq!((batches.take(now, false), batches.due(now)), (None, None));
    }

    #[test]
    fn what_goes_on_is_told_less_and_less_often() {
        let (mut batches, start) = (Batches::default(), Instant::now());
        let told: Vec<u64> = (0..60)
            .filter(|second| {
                let now = start + Duration::from_secs(*second);
                let told = batches.take(now, false).is_some();
                batches.add(event(0, EventReason::SuccessfulCreate, &format!("create pod {second}")), now);
                told
            })
            .collect();
        assert_eq!(told, [1, 5, 21, 37, 53]);
        let later = start + Duration::from_secs(200);
        assert!(batches.take(later, false).is_some(), "the last of it");
        let again = later + LONGEST_WINDOW * LONGER;
        batches.add(event(0, EventReason::SuccessfulCreate, "create pod 0"), again);
        assert_eq!(batches.due(again), Some(again + WINDOW), "it began anew");
    }

    #[test]
    fn the_same_again_is_counted_in_the_event_that_is_there() {
        let (mut batches, start) = (Batches::default(), Instant::now());
        batches.add(event(0, EventReason::FailedCreate, "no"), start);
        let first = batches.take(start, true).expect("in a hurry");
        batches.written(&first, written(&first), start);
        batches.add(event(0, EventReason::FailedCreate, "no"), start);
        let second = batches.take(start, true).expect("in a hurry");
        assert_eq!(second.again.as_ref().map(|again| again.count), Some(1));
        batches.written(&second, written(&second), start);
        batches.add(event(0, EventReason::FailedCreate, "never"), start);
        assert_eq!(batches.take(start, true).expect("in a hurry").again, None, "it says something else");
    }

    #[test]
    fn what_could_not_be_written_comes_again_later_with_what_came_meanwhile() {
        let (mut batches, start) = (Batches::default(), Instant::now());
        batches.add(event(0, EventReason::FailedCreate, "no"), start);
        let first = batches.take(start, true).expect("in a hurry");
        for message in ["no", "never"] {
            batches.add(event(1, EventReason::FailedCreate, message), start);
        }
        batches.put_back(first, start);
        assert_eq!(batches.due(start), Some(start + WINDOW));
        let both = batches.take(start + WINDOW, false).expect("it is due");
        assert_eq!((both.count, both.note.finish().as_str()), (3, "no; no; never"));
        assert!(both.last_at > both.first_at);
    }

    #[test]
    fn s18_what_can_not_be_written_is_given_up_and_its_set_forgotten() {
        let (mut batches, start) = (Batches::default(), Instant::now());
        batches.add(event(0, EventReason::FailedCreate, "no"), start);
        let (mut now, mut tries) = (start, 0);
        while let Some(due) = batches.due(now) {
            now = now.max(due);
            if let Some(batch) = batches.take(now, false) {
                tries += 1;
                assert!(tries < 100, "it is tried for ever");
                batches.put_back(batch, now);
            }
        }
        assert!(now >= start + REMEMBERED, "it was given up too soon");
        assert_eq!((batches.take(now + REMEMBERED, false), batches.lives.len()), (None, 0));
    }

    #[test]
    fn s18_a_flood_is_few_events_and_little_memory() {
        let mut batches = Batches::default();
        let (start, mut writes, mut told) = (Instant::now(), 0, 0);
        for second in 0..600_u32 {
            let now = start + Duration::from_secs(u64::from(second));
            for turn in 0..100 {
                let message = format!("failure {second} {turn}");
                batches.add(event(second, EventReason::FailedCreate, &message), now);
            }
            while let Some(batch) = batches.take(now, false) {
                writes += 1;
                told += batch.count;
            }
        }
        assert!((25..=25 + 10).contains(&writes), "{writes}");
        assert_eq!(batches.lives.len(), 1);
        let end = start + Duration::from_secs(3600);
        told += batches.take(end, false).map_or(0, |batch| batch.count);
        assert_eq!(told, 60_000, "each is counted");
        assert_eq!((batches.take(end, false), batches.lives.len()), (None, 0), "nothing was told for long");
    }
}
