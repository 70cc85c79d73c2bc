//! Revisions: immutable snapshots of the template, and which of them is current and which is wanted (behaviour §1.6).

use std::collections::BTreeSet;

use crate::names::RevisionName;
use crate::spec::PodTemplate;
use crate::status::PetSetStatus;
use crate::store::Revision;
use crate::time::Timestamp;

/// What is to be done about the revisions of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionPlan {
    /// The revision that the set comes from.
    pub current: RevisionName,
    /// The revision that the set goes to.
    pub update: RevisionName,
    /// To be stored first: a new revision, or a known one with a new number.
    pub put: Option<Revision>,
    /// How many names were found taken, with those of this plan.
    pub collision_count: u32,
}

/// Finds the revision of `template` among `known` (ascending by number), or makes one.
///
/// A template that equals an older revision gives that one a new number (a rollback); templates are compared as the
/// values that were stored, never with what a server made of them (S16).
pub fn decide(
    set: &str,
    template: &PodTemplate,
    known: &[Revision],
    status: &PetSetStatus,
    now: Timestamp,
) -> RevisionPlan {
    let next = known.last().map_or(1, |newest| newest.number + 1);
    let mut collision_count = status.collision_count;
    let same = known.iter().rposition(|revision| revision.template == *template);
    let (update, put) = match same.map(|at| (at + 1 == known.len(), &known[at])) {
        Some((true, newest)) => (newest.name.clone(), None),
        Some((false, older)) => (older.name.clone(), Some(Revision { number: next, ..older.clone() })),
        None => {
            let taken = |name: &RevisionName| known.iter().any(|revision| revision.name == *name);
            let mut name = name_of(set, template, collision_count);
            while taken(&name) {
                collision_count += 1;
                name = name_of(set, template, collision_count);
            }
            let fresh = Revision { name: name.clone(), number: next, created_at: now, template: template.clone() };
            (name, Some(fresh))
        }
    };
    // A current revision that is not stored any more stays the current one: a pet that needs it fails with its name, and
    // does not start on another (S11).
    let current = status.current_revision.clone().unwrap_or_else(|| update.clone());
    RevisionPlan { current, update, put, collision_count }
}

/// Revisions that nobody uses any more, oldest first, beyond the newest `limit` of them; a negative limit keeps all.
pub fn surplus<'a>(
    known: &'a [Revision],
    live: &BTreeSet<&RevisionName>,
    limit: i32,
) -> impl Iterator<Item = &'a RevisionName> {
    let unused: Vec<&RevisionName> =
        known.iter().map(|revision| &revision.name).filter(|name| !live.contains(name)).collect();
    let keep = usize::try_from(limit).unwrap_or(unused.len());
    let drop = unused.len().saturating_sub(keep);
    unused.into_iter().take(drop)
}

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// `<set>-<hash>`; the hash is Kubernetes' (FNV-1 of the template and the collision count, in an alphabet without vowels).
fn name_of(set: &str, template: &PodTemplate, collisions: u32) -> RevisionName {
    let data = serde_json::to_vec(template).expect("a template is made of values that JSON can hold");
    let count = collisions.to_string();
    let hash = data
        .iter()
        .chain(count.as_bytes())
        .fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte));
    let hash: String = hash.to_string().bytes().map(|byte| char::from(ALPHABET[usize::from(byte) % 27])).collect();
    RevisionName::new(format!("{set}-{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str) -> PodTemplate {
        let mut template = PodTemplate::default();
        template.spec.containers.push(crate::spec::Container { image: Some(image.to_owned()), ..Default::default() });
        template
    }

    fn stored(plan: &RevisionPlan, known: &mut Vec<Revision>) {
        if let Some(put) = plan.put.clone() {
            known.retain(|revision| revision.name != put.name);
            known.push(put);
        }
    }

    #[test]
    fn s16_what_is_said_explicitly_makes_another_template_as_in_kubernetes() {
        let template = |reference: &str| -> PodTemplate {
            let text = format!(
                r#"{{"spec": {{"containers": [{{"name": "main", "env": [
                    {{"name": "A", "valueFrom": {{"secretKeyRef": {{"name": "s", "key": "k"{reference}}}}}}}]}}]}}}}"#
            );
            serde_json::from_str(&text).expect("a template")
        };
        let (silent, said) = (template(""), template(r#", "optional": false"#));
        assert_ne!(silent, said);
        assert_ne!(name_of("web", &silent, 0), name_of("web", &said, 0));
    }

    #[test]
    fn l5_a_rollback_renumbers_the_old_revision() {
        let (mut known, status, now) = (Vec::new(), PetSetStatus::default(), Timestamp::default());
        for image in ["a", "b"] {
            let plan = decide("web", &template(image), &known, &status, now);
            stored(&plan, &mut known);
        }
        let back = decide("web", &template("a"), &known, &status, now);
        assert_eq!(back.put.as_ref().map(|revision| revision.number), Some(3));
        assert_eq!(back.update, known[0].name);
        stored(&back, &mut known);
        assert_eq!(decide("web", &template("a"), &known, &status, now).put, None, "nothing new, nothing written");
    }

    #[test]
    fn a_taken_name_counts_as_a_collision() {
        let first = decide("web", &template("a"), &[], &PetSetStatus::default(), Timestamp::default());
        let mut squatter = first.put.expect("a first revision is new");
        squatter.template = template("b");
        let plan = decide("web", &template("a"), &[squatter.clone()], &PetSetStatus::default(), Timestamp::default());
        assert_ne!(plan.update, squatter.name);
        assert_eq!(plan.collision_count, 1);
    }

    #[test]
    fn surplus_keeps_what_is_used_and_the_newest() {
        let known: Vec<Revision> = (1..=5)
            .map(|number| Revision {
                name: RevisionName::new(format!("web-{number}")),
                number,
                created_at: Timestamp::default(),
                template: template(&number.to_string()),
            })
            .collect();
        let live = BTreeSet::from([&known[0].name, &known[4].name]);
        let gone = |limit| surplus(&known, &live, limit).map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(gone(1), ["web-2", "web-3"]);
        assert_eq!(gone(0), ["web-2", "web-3", "web-4"]);
        assert!(gone(-1).is_empty() && gone(3).is_empty());
    }
}
