//! What only shows when several objects stand side by side.

use std::collections::BTreeMap;

use super::{DocumentRef, ManifestViolation, Violation};
use crate::spec::{ConfigObject, PetSet};

/// The name of a claim that both sets would call their own, if there is one: claim `c` of set `a-b` and claim `c-a` of
/// set `b` are both `c-a-b-0` (kubernetes#41153). Sets of different namespaces, or of one key, never collide.
///
/// Any two sets that collide for one ordinal collide for every ordinal that both have; which ones they have changes with
/// every scaling, so it makes no difference here.
pub fn claim_names_collide(a: &PetSet, b: &PetSet) -> Option<String> {
    let (first, second) = (a.key(), b.key());
    if first.namespace != second.namespace || first.name == second.name {
        return None;
    }
    let ordinal = a.spec.start().max(b.spec.start());
    let names = |set: &PetSet| -> Vec<String> {
        let key = set.key();
        let templates = set.spec.volume_claim_templates.iter();
        templates.map(|template| key.claim_name(&template.metadata.name, ordinal)).collect()
    };
    let taken = names(b);
    names(a).into_iter().find(|name| taken.contains(name))
}

/// Objects of one kind, namespace and name, and sets whose claims would be called alike.
pub(super) fn check(
    sets: &[(DocumentRef, &PetSet)],
    objects: &[(DocumentRef, &ConfigObject)],
) -> Vec<ManifestViolation> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<(String, &str, &str), &DocumentRef> = BTreeMap::new();
    let metadata = sets
        .iter()
        .map(|(document, set)| (document, "Set".to_owned(), &set.metadata))
        .chain(objects.iter().map(|(document, object)| (document, format!("{:?}", object.kind()), object.metadata())));
    for (document, kind, metadata) in metadata {
        let id = (kind, metadata.namespace.as_str(), metadata.name.as_str());
        if let Some(first) = seen.insert(id, document) {
            let problem = format!("is declared twice, here and in {first}");
            found.extend(document.holds(vec![Violation::new("metadata.name", &metadata.name, problem)]));
        }
    }
    // Ordinals make no difference, so that one name per template is enough.
    let mut claims: BTreeMap<(&str, String), (&DocumentRef, &PetSet)> = BTreeMap::new();
    for (document, set) in sets {
        let PetSet { metadata, spec } = set;
        for template in &spec.volume_claim_templates {
            let name = format!("{}-{}", template.metadata.name, metadata.name);
            let (other_document, other) = claims.entry((&metadata.namespace, name)).or_insert((document, set));
            if let Some(claim) = claim_names_collide(set, other) {
                let problem = format!("would be the name of a claim of this set and of {other_document}");
                found.extend(document.holds(vec![Violation::new("spec.volumeClaimTemplates", claim, problem)]));
            }
        }
    }
    found
}
