//! [`Manifest`]: sets and what stands beside them, complete and checked.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::str::FromStr;

use super::document::{self, Content};
use super::{
    DocumentRef, MAX_MANIFEST_BYTES, ManifestError, ManifestViolation, Violation, across, alpha, default, parse,
    unknown, validate,
};
use crate::error::{Error, ErrorKind, Result};
use crate::spec::{ConfigObject, PetSet};

/// Sets, and the services, config maps and secrets beside them.
///
/// ```
/// use petset_core::manifest::Manifest;
/// let manifest = Manifest::parse("
/// apiVersion: petset.rs/v1
/// kind: PetSet
/// metadata: {name: web}
/// spec:
///   replicas: 2
///   serviceName: nginx
///   template:
///     metadata: {labels: {app: nginx}}
///     spec:
///       containers: [{name: nginx, image: nginx}]
/// ")?;
/// assert_eq!(manifest.sets[0].key().to_string(), "default/web");
///
/// let error = Manifest::parse("{apiVersion: petset.rs/v1, kind: PetSet, metadata: {name: ../x}, spec: {replica: 3}}");
/// assert_eq!(error.unwrap_err().violations[0].violation.path, "spec.replica");
/// # Ok::<(), petset_core::manifest::ManifestError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// The sets.
    pub sets: Vec<PetSet>,
    /// Services, config maps and secrets.
    pub objects: Vec<ConfigObject>,
}

impl Manifest {
    /// Reads, completes and checks the manifest in a file.
    ///
    /// # Errors
    /// When the file cannot be read, and with kind `Invalid` and one line per violation when it can; both name the file.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unreadable = |error: io::Error| {
            let kinds = [
                (io::ErrorKind::NotFound, ErrorKind::NotFound),
                (io::ErrorKind::PermissionDenied, ErrorKind::Forbidden),
                (io::ErrorKind::InvalidData, ErrorKind::Invalid),
            ];
            let kind = kinds.into_iter().find(|(io, _)| *io == error.kind()).map(|(_, kind)| kind);
            Error::new(kind.unwrap_or(ErrorKind::Unavailable), "read the manifest")
                .with_context("file", path.display())
                .with_source(error)
        };
        let mut text = String::new();
        // One byte more than is allowed shows that there is more, without reading all of it.
        let limit = MAX_MANIFEST_BYTES as u64 + 1;
        let file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let checked = if bytes >= limit {
            Err(parse::too_large(usize::try_from(bytes).unwrap_or(usize::MAX)))
        } else {
            file.take(limit).read_to_string(&mut text).map_err(unreadable)?;
            Self::parse(&text)
        };
        checked.map_err(|error| Error::from(error).with_context("file", path.display()))
    }

    /// Reads, completes and checks a manifest: YAML or JSON, any number of documents, lists included.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let (mut sets, mut objects, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for (index, document) in parse::documents(text)?.into_iter().enumerate() {
            let (reference, content, wrong) = document::read(index + 1, document);
            found.extend(reference.holds(wrong));
            match content {
                Some(Content::Set(set)) => sets.push((reference, *set)),
                Some(Content::Object(object)) => objects.push((reference, *object)),
                None => {}
            }
        }
        found.extend(across::check(&references(&sets), &references(&objects)));
        ManifestError::unless_empty(found)?;
        Ok(Self {
            sets: sets.into_iter().map(|(_, set)| set).collect(),
            objects: objects.into_iter().map(|(_, object)| object).collect(),
        })
    }

    /// Checks everything again, for a manifest that was made or changed in Rust. What is not said counts as defaulted.
    pub fn check(&self) -> Result<(), ManifestError> {
        let complete = self.clone().complete();
        let (sets, objects) = complete.documents();
        let mut found = Vec::new();
        for (document, set) in &sets {
            found.extend(document.holds(validate::set(set)));
        }
        for (document, object) in &objects {
            found.extend(document.holds(validate::object(object)));
        }
        found.extend(across::check(&sets, &objects));
        ManifestError::unless_empty(found)
    }

    /// What is allowed and yet rarely meant: a governing service that is missing or not headless, a field of the pod
    /// template that nobody knows but that resembles a known one, an unlimited history.
    pub fn warnings(&self) -> Vec<ManifestViolation> {
        let (sets, _) = self.documents();
        sets.iter().flat_map(|(document, set)| document.holds(self.warnings_of(set)).collect::<Vec<_>>()).collect()
    }

    fn warnings_of(&self, set: &PetSet) -> Vec<Violation> {
        let mut warnings = unknown::slips_in_pod("spec.template.spec", &set.spec.template.spec);
        let (path, name) = ("spec.serviceName", set.spec.service_name.as_str());
        let service = self.objects.iter().find_map(|object| match object {
            ConfigObject::Service(service)
                if service.metadata.name == name && service.metadata.namespace == set.metadata.namespace =>
            {
                Some(service)
            }
            ConfigObject::Service(_) | ConfigObject::ConfigMap(_) | ConfigObject::Secret(_) => None,
        });
        match service {
            _ if name.is_empty() => {
                warnings.push(Violation::missing(path, "without it, pets have no names of their own"));
            }
            None => warnings.push(Violation::new(path, name, "this manifest holds no such Service")),
            Some(service) if !service.is_headless() => {
                warnings.push(Violation::new(path, name, "this Service is not headless: it lacks `clusterIP: None`"));
            }
            Some(_) => {}
        }
        if let Some(limit) = set.spec.revision_history_limit.filter(|limit| *limit < 0) {
            let problem = "a negative value keeps every revision for ever; a value >= 0 is recommended";
            warnings.push(Violation::new("spec.revisionHistoryLimit", limit, problem));
        }
        warnings
    }

    fn complete(mut self) -> Self {
        for set in &mut self.sets {
            alpha::storage_classes(set);
            default::set(set);
        }
        self.objects.iter_mut().for_each(default::object);
        self
    }

    #[expect(clippy::type_complexity, reason = "two lists of one shape, used at two places")]
    fn documents(&self) -> (Vec<(DocumentRef, &PetSet)>, Vec<(DocumentRef, &ConfigObject)>) {
        let reference = |kind: String, name: &str| DocumentRef { index: None, kind, name: name.to_owned() };
        let sets = self.sets.iter().map(|set| (reference("PetSet".to_owned(), &set.metadata.name), set));
        let objects = self
            .objects
            .iter()
            .map(|object| (reference(format!("{:?}", object.kind()), &object.metadata().name), object));
        (sets.collect(), objects.collect())
    }
}

fn references<T>(items: &[(DocumentRef, T)]) -> Vec<(DocumentRef, &T)> {
    items.iter().map(|(document, item)| (document.clone(), item)).collect()
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<PetSet> for Manifest {
    type Error = ManifestError;

    /// Completes and checks a set that was made in Rust.
    fn try_from(set: PetSet) -> Result<Self, Self::Error> {
        let manifest = Self { sets: vec![set], objects: Vec::new() }.complete();
        manifest.check()?;
        Ok(manifest)
    }
}
