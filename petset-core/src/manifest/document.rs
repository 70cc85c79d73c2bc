//! One document: which kind it is, what it says, and everything that is wrong with it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::typed::Typed;
use super::{DocumentRef, Violation, alpha, default, path, typed, unknown, validate};
use crate::spec::{ConfigMap, ConfigObject, PetSet, Secret, Service, Verbatim};

const ACCEPTED: &str = "accepted are PetSet (petset.rs/v1, apps/v1alpha1), StatefulSet (apps/v1, apps/v1beta2, \
    apps/v1beta1), Service, ConfigMap, Secret and List (v1)";

/// What a document holds.
pub(super) enum Content {
    Set(Box<PetSet>),
    Object(Box<ConfigObject>),
}

/// How a set's own version of the format differs from today's.
struct Flavour {
    alpha: bool,
    selector_required: bool,
}

/// Reads one document; `Err` when not even its kind is known.
pub(super) fn read(index: usize, document: Value) -> (DocumentRef, Option<Content>, Vec<Violation>) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api, kind) = (text(document.get("apiVersion")), text(document.get("kind")));
    let name = text(document.get("metadata").and_then(|metadata| metadata.get("name")));
    let reference = DocumentRef { index: Some(index), kind: kind.clone(), name };
    let Value::Object(mut fields) = document else {
        let problem = "must be a mapping with `apiVersion`, `kind` and `metadata`";
        return (reference, None, vec![Violation::new("(document)", typed::shown(&document), problem)]);
    };
    let (content, found) = match (api.as_str(), kind.as_str()) {
        ("petset.rs/v1", "PetSet") | ("apps/v1beta1" | "apps/v1beta2", "StatefulSet") => {
            set(&fields, &Flavour { alpha: false, selector_required: false })
        }
        ("apps/v1", "StatefulSet") => set(&fields, &Flavour { alpha: false, selector_required: true }),
        ("apps/v1alpha1", "PetSet") => set(&fields, &Flavour { alpha: true, selector_required: false }),
        ("v1", "Service") => object::<Service>(fields, ConfigObject::Service),
        ("v1", "ConfigMap") => object::<ConfigMap>(fields, ConfigObject::ConfigMap),
        ("v1", "Secret") => secret(fields),
        _ => return (reference, None, vec![foreign(&mut fields, &api, &kind)]),
    };
    (reference, Some(content), found)
}

fn foreign(fields: &mut Verbatim, api: &str, kind: &str) -> Violation {
    let known = ["PetSet", "StatefulSet", "Service", "ConfigMap", "Secret"];
    let known_kind = known.contains(&kind);
    let (at, other) = if known_kind { ("apiVersion", api) } else { ("kind", kind) };
    match fields.remove(at) {
        None => Violation::missing(at, format!("required; {ACCEPTED}")),
        Some(Value::String(_)) if known_kind => Violation::new(at, other, format!("unknown version; {ACCEPTED}")),
        Some(Value::String(_)) => match unknown::meant(kind, &known) {
            Some(meant) => Violation::new(at, other, format!("unknown kind; did you mean `{meant}`? {ACCEPTED}")),
            None => Violation::new(at, other, format!("unknown kind; {ACCEPTED}")),
        },
        Some(misfit) => Violation::new(at, typed::shown(&misfit), "must be a text"),
    }
}

fn set(fields: &Verbatim, flavour: &Flavour) -> (Content, Vec<Violation>) {
    let Flavour { alpha, selector_required } = flavour;
    let said = |key: &str| fields.get(key).cloned();
    let body = [("metadata", said("metadata")), ("spec", said("spec"))];
    let body: Verbatim = body.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let Typed { value: mut set, aside, mut found } = typed::read::<PetSet>(Value::Object(body));
    unknown::top_level(fields, &["apiVersion", "kind", "metadata", "spec", "status"], &mut found);
    let mut wrong = Vec::new();
    if *selector_required && set.spec.selector.is_none() {
        wrong.push(Violation::missing("spec.selector", "required"));
    }
    if *alpha {
        alpha::upgrade(&mut set);
    }
    alpha::storage_classes(&mut set);
    default::set(&mut set);
    wrong.extend(validate::set(&set));
    found.extend(wrong.into_iter().filter(|violation| !follows_from(violation, &aside)));
    (Content::Set(Box::new(set)), found)
}

fn object<T>(mut fields: Verbatim, wrap: impl Fn(T) -> ConfigObject) -> (Content, Vec<Violation>)
where
    T: DeserializeOwned + Serialize + Default,
{
    for key in ["apiVersion", "kind", "status"] {
        fields.remove(key);
    }
    let Typed { value, aside, mut found } = typed::read::<T>(Value::Object(fields));
    let mut object = wrap(value);
    default::object(&mut object);
    found.extend(validate::object(&object).into_iter().filter(|violation| !follows_from(violation, &aside)));
    (Content::Object(Box::new(object)), found)
}

/// A secret's values are shown to nobody, not even in an error.
fn secret(fields: Verbatim) -> (Content, Vec<Violation>) {
    let (content, mut found) = object::<Secret>(fields, ConfigObject::Secret);
    for violation in &mut found {
        if ["data", "stringData"].iter().any(|data| path::is_at_or_below(&violation.path, data)) {
            violation.value = None;
        }
    }
    (content, found)
}

/// Whether something is only wrong because a value of the wrong type was set aside there.
fn follows_from(violation: &Violation, aside: &[String]) -> bool {
    let labels = violation.path.ends_with("metadata.labels");
    aside.iter().any(|aside| {
        path::is_at_or_below(&violation.path, aside) || (labels && path::is_at_or_below(aside, &violation.path))
    })
}
