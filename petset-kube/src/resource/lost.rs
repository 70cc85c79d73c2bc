//! Claims that somebody gave up.

use std::collections::BTreeMap;

use petset_core::status::Started;
use petset_core::{ClaimUid, Ordinal};

/// Annotation of a set: the uids of claims that are lost for good, with commas or spaces between. Once such claims are gone,
/// and each claim of the pet that is gone is named, a pet that ran on them counts as one that never ran: it starts on the
/// claims of its names that are there, and on new, empty ones where there are none.
///
/// No uid is given twice, so that the annotation says nothing of any later claim and may stay.
pub const LOST_CLAIMS: &str = "petset.rs/lost-claims";

/// Which of the claims that pets ran on these annotations of the set give up: pet, template, uid.
pub(crate) fn given_up<'a>(
    started: &'a Started,
    annotations: Option<&BTreeMap<String, String>>,
) -> Vec<(Ordinal, &'a str, &'a ClaimUid)> {
    let Some(said) = annotations.and_then(|annotations| annotations.get(LOST_CLAIMS)) else { return Vec::new() };
    let is_lost = |uid: &ClaimUid| said.split([',', ' ']).any(|lost| lost == uid.as_str());
    let of = |ordinal| started.claims(ordinal).map(move |(template, uid)| (ordinal, template, uid));
    started.ordinals().flat_map(of).filter(|(_, _, uid)| is_lost(uid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(said: &str) -> Vec<String> {
        let mut started: Started = [Ordinal(0)].into_iter().collect();
        for (ordinal, data, logs) in [(1, "d1", "l1"), (2, "d2", "l2")] {
            let claims = [("data", data), ("logs", logs)].map(|(template, uid)| (template.into(), ClaimUid::new(uid)));
            started.insert(Ordinal(ordinal), claims);
        }
        let annotations = BTreeMap::from([(LOST_CLAIMS.to_owned(), said.to_owned())]);
        assert_eq!(given_up(&started, None), []);
        let lost = given_up(&started, Some(&annotations)).into_iter();
        lost.map(|(ordinal, template, uid)| format!("{template}-{ordinal} {uid}")).collect()
    }

    #[test]
    fn s7_only_what_is_named_by_its_uid_is_given_up() {
        for said in ["", "d", "d3,l", "data", "1", "d1l1"] {
            assert!(lost(said).is_empty(), "{said}");
        }
        assert_eq!(lost("l1"), ["logs-1 l1"]);
        assert_eq!(lost("d9, l2"), ["logs-2 l2"]);
        assert_eq!(lost("l2,d1"), ["data-1 d1", "logs-2 l2"]);
    }
}
