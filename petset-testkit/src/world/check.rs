//! The safety promises, checked at every effect. It reads effects and nothing else of the world, so that a mistake in
//! the fake does not hide one in the code under test.

use std::collections::{BTreeMap, BTreeSet};

use petset_core::backend::{ClaimRef, PodRef};
use petset_core::{Ordinal, PodUid, SetKey};

use super::effect::Effect;

/// How many effects before a broken promise are told.
const STORY_LINES: usize = 30;

/// A promise that the world watches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// S1: no identity has two incarnations.
    AtMostOne,
    /// S3: nobody asks for an end without grace.
    NoForce,
    /// S6: no claim is deleted. Permit it where the set's policy says `Delete`.
    ClaimsAreKept,
    /// S6: no claim is deleted before its pod is gone; also where the policy says `Delete`.
    ClaimsOutliveTheirPod,
}

#[derive(Debug, Default)]
pub(super) struct Checker {
    permitted: BTreeSet<Check>,
    /// Incarnations that may run.
    running: BTreeMap<SetKey, BTreeMap<Ordinal, BTreeSet<PodUid>>>,
    broken: Vec<String>,
}

impl Checker {
    pub(super) fn permit(&mut self, check: Check) {
        self.permitted.insert(check);
    }

    pub(super) fn broken(&self) -> &[String] {
        &self.broken
    }

    pub(super) fn take_broken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.broken)
    }

    /// Takes note of the newest effect of the journal. `Err` tells the story of a broken promise.
    pub(super) fn observe(&mut self, journal: &[Effect]) -> Result<(), String> {
        let Some(effect) = journal.last() else { return Ok(()) };
        let Some((check, what)) = self.broken_by(effect) else { return Ok(()) };
        if self.permitted.contains(&check) {
            return Ok(());
        }
        let story = tell(&what, effect.set(), journal);
        self.broken.push(story.clone());
        Err(story)
    }

    fn broken_by(&mut self, effect: &Effect) -> Option<(Check, String)> {
        match effect {
            Effect::PodCreated { pod, .. } => {
                let running = self.running_as(pod);
                let before = running.first().cloned();
                running.insert(pod.uid.clone());
                let what = format!("S1: {} of {} has a second incarnation, {}", pod.name(), pod.set.namespace, pod.uid);
                before.map(|before| (Check::AtMostOne, format!("{what}, while {before} may run")))
            }
            Effect::PodEnded { pod } => {
                let pods = self.running.get_mut(&pod.set)?;
                let running = pods.get_mut(&pod.ordinal)?;
                running.remove(&pod.uid);
                if running.is_empty() {
                    pods.remove(&pod.ordinal);
                }
                None
            }
            Effect::PodDeletionStarted { pod, grace_seconds: 0 } => {
                Some((Check::NoForce, format!("S3: {} ({}) was asked to end without grace", pod.name(), pod.uid)))
            }
            Effect::ClaimDeletionStarted { claim } => Some(match self.user_of(claim) {
                Some(user) if !self.permitted.contains(&Check::ClaimsOutliveTheirPod) => (
                    Check::ClaimsOutliveTheirPod,
                    format!("S6: deletion of claim {} was asked for while pod {user} may use it", claim.name),
                ),
                _ => (
                    Check::ClaimsAreKept,
                    format!("S6: deletion of claim {} was asked for, and no policy permits it", claim.name),
                ),
            }),
            Effect::PodDeletionStarted { .. }
            | Effect::PodUpdated { .. }
            | Effect::ClaimCreated { .. }
            | Effect::ClaimChanged { .. }
            | Effect::ClaimEnded { .. }
            | Effect::NamesPublished { .. }
            | Effect::NamesWithdrawn { .. } => None,
        }
    }

    fn running_as(&mut self, pod: &PodRef) -> &mut BTreeSet<PodUid> {
        self.running.entry(pod.set.clone()).or_default().entry(pod.ordinal).or_default()
    }

    fn user_of(&self, claim: &ClaimRef) -> Option<&PodUid> {
        let (_, ordinal) = claim.set.identity_of_claim(&claim.name)?;
        self.running.get(&claim.set)?.get(&ordinal)?.first()
    }
}

fn tell(what: &str, set: &SetKey, journal: &[Effect]) -> String {
    let of_set: Vec<&Effect> = journal.iter().filter(|effect| effect.set() == set).collect();
    let told = of_set.len().min(STORY_LINES);
    let mut story = format!("{what}\nthe last {told} of {} effects on {set}:", of_set.len());
    for effect in &of_set[of_set.len() - told..] {
        story.push_str("\n  ");
        story.push_str(&effect.to_string());
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fake's names forbid it, so that no test of the fake can show it.
    #[test]
    fn s1_a_second_incarnation_is_told() {
        let set = SetKey::new("default", "web");
        let pod = |uid: &str| PodRef { set: set.clone(), ordinal: Ordinal(0), uid: PodUid::from(uid) };
        let created = |uid: &str| Effect::PodCreated { pod: pod(uid), revision: None };
        let mut checker = Checker::default();
        let mut journal = Vec::new();
        for effect in [created("a"), Effect::PodEnded { pod: pod("a") }, created("b")] {
            journal.push(effect);
            assert_eq!(checker.observe(&journal), Ok(()));
        }
        journal.push(created("c"));
        let story = checker.observe(&journal).expect_err("two incarnations");
        assert!(story.starts_with("S1: web-0 of default has a second incarnation, c, while b may run"), "{story}");
        assert_eq!(story.lines().count(), 6, "{story}");
        assert_eq!(checker.take_broken(), [story]);
    }
}
