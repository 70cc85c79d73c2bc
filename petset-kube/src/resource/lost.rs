//! Claims that somebody gave up.

use std::collections::BTreeMap;

use petset_core::Ordinal;
use petset_core::status::Started;

/// Annotation of a set: the uids of claims that are lost for good, with commas or spaces between. A pet that ran on one of
/// them counts as one that never ran: it starts on the claims of its names that are there, and on new, empty ones where
/// there are none.
///
/// No uid is given twice, so that the annotation says nothing of any later claim and may stay.
pub const LOST_CLAIMS: &str = "petset.rs/lost-claims";

/// What is left of `started` when these annotations of the set are heeded.
pub(super) fn without_lost(started: Started, annotations: Option<&BTreeMap<String, String>>) -> Started {
    let Some(said) = annotations.and_then(|annotations| annotations.get(LOST_CLAIMS)) else { return started };
    let is_lost = |uid: &str| said.split([',', ' ']).any(|lost| lost == uid);
    let forgotten: Vec<Ordinal> =
        started.ordinals().filter(|ordinal| started.claims(*ordinal).any(|(_, uid)| is_lost(uid.as_str()))).collect();
    let mut left = started;
    for ordinal in forgotten {
        left.remove(ordinal);
    }
    left
}

#[cfg(test)]
mod tests {
    use petset_core::ClaimUid;

    use super::*;

    fn left(said: &str) -> Vec<u32> {
        let mut started: Started = [Ordinal(0)].into_iter().collect();
        for (ordinal, data, logs) in [(1, "d1", "l1"), (2, "d2", "l2")] {
            let claims = [("data", data), ("logs", logs)].map(|(template, uid)| (template.into(), ClaimUid::new(uid)));
            started.insert(Ordinal(ordinal), claims);
        }
        let annotations = BTreeMap::from([(LOST_CLAIMS.to_owned(), said.to_owned())]);
        assert_eq!(without_lost(started.clone(), None), started);
        without_lost(started, Some(&annotations)).ordinals().map(|ordinal| ordinal.0).collect()
    }

    #[test]
    fn s7_only_pets_that_ran_on_what_is_lost_are_forgotten() {
        for said in ["", "d", "d3,l", "data", "1", "d1l1"] {
            assert_eq!(left(said), [0, 1, 2], "{said}");
        }
        assert_eq!(left("l1"), [0, 2]);
        assert_eq!(left("d9, l2"), [0, 1]);
        assert_eq!(left("d1,l2"), [0]);
    }
}
