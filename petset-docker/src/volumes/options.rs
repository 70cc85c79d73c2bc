//! Which classes and which pre-made volumes there are.

use std::collections::BTreeMap;

use petset_core::{Error, ErrorKind, Result};

use super::name;
use super::record::Identity;

/// The class that is always there: the engine's own disk.
pub(super) const BUILT_IN: &str = "local";
/// What may stand in the options of a class.
const PLACEHOLDERS: [&str; 5] = ["namespace", "set", "ordinal", "claim", "bytes"];

/// How the volumes of a storage class are made.
///
/// In the options `${namespace}`, `${set}`, `${ordinal}`, `${claim}` and `${bytes}` stand for those of the claim. A class
/// that says `${bytes}` makes volumes of a fixed size, which cannot grow; the volumes of others are as large as what they
/// lie on, and a claim's size is what its pet has been promised of it.
///
/// ```
/// use petset_docker::volumes::StorageClass;
/// // Directories of an NFS export, which must exist: /exports/default/data-mysql-0 and so on.
/// let nfs = StorageClass::new("local")
///     .option("type", "nfs")
///     .option("o", "addr=10.0.0.7,rw,nfsvers=4")
///     .option("device", ":/exports/${namespace}/${claim}");
/// // Memory, and no more than was claimed.
/// let memory = StorageClass::new("local")
///     .option("type", "tmpfs")
///     .option("device", "tmpfs")
///     .option("o", "size=${bytes}");
/// assert_ne!(nfs, memory);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageClass {
    driver: String,
    options: BTreeMap<String, String>,
}

impl StorageClass {
    /// Volumes of this driver, `local` or a plugin's, without options.
    pub fn new(driver: impl Into<String>) -> Self {
        Self { driver: driver.into(), options: BTreeMap::new() }
    }

    /// With one more option for the driver.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    pub(super) fn driver(&self) -> &str {
        &self.driver
    }

    /// Whether the engine's driver keeps a volume from being larger than what was claimed.
    pub(super) fn is_fixed(&self) -> bool {
        self.options.values().any(|value| value.contains("${bytes}"))
    }

    /// The options for one claim.
    pub(super) fn options_for(&self, identity: &Identity, bytes: u64) -> BTreeMap<String, String> {
        let Identity { set, template: _, ordinal, name } = identity;
        let values = [&*set.namespace, &*set.name, &ordinal.to_string(), name, &bytes.to_string()].map(str::to_owned);
        let fill = |text: &String| {
            PLACEHOLDERS
                .iter()
                .zip(&values)
                .fold(text.clone(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
        };
        self.options.iter().map(|(name, value)| (name.clone(), fill(value))).collect()
    }

    fn check(&self) -> Result<(), String> {
        for value in self.options.values() {
            for rest in value.split("${").skip(1) {
                let name = rest.split_once('}').map_or(rest, |(name, _)| name);
                if !PLACEHOLDERS.contains(&name) {
                    return Err(format!("`${{{name}}}` stands for nothing; there are {}", PLACEHOLDERS.join(", ")));
                }
            }
        }
        let is_memory = self.options.get("type").is_some_and(|kind| kind == "tmpfs");
        let is_shared = |device: &String| !(device.contains("${claim}") && device.contains("${namespace}"));
        if self.driver == BUILT_IN && !is_memory && self.options.get("device").is_some_and(is_shared) {
            return Err("every claim would lie in one place: say ${namespace} and ${claim} in the option device".into());
        }
        Ok(())
    }
}

/// A volume of the engine that was made by hand, for one claim for life.
///
/// Give it labels or options of its own: a volume of the same name that has them not is another one, and a claim whose
/// volume became another one is lost instead of empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticVolume {
    /// The volume's name on the engine.
    pub name: String,
    /// How much it holds.
    pub capacity_bytes: u64,
    /// How it may be used; a claim fits when all its modes are among these.
    pub access_modes: Vec<String>,
    /// Labels that claims may select.
    pub labels: BTreeMap<String, String>,
    /// The class that claims must name; empty for those that name the empty class.
    pub storage_class: String,
}

impl StaticVolume {
    /// A volume of the empty class, for one pet to read and write.
    pub fn new(name: impl Into<String>, capacity_bytes: u64) -> Self {
        Self {
            name: name.into(),
            capacity_bytes,
            access_modes: vec!["ReadWriteOnce".to_owned()],
            labels: BTreeMap::new(),
            storage_class: String::new(),
        }
    }
}

/// Where volumes come from.
#[derive(Debug, Clone)]
pub(crate) struct VolumeOptions {
    /// Further classes; `local` is always there.
    pub(crate) classes: BTreeMap<String, StorageClass>,
    /// The class of claims that name none.
    pub(crate) default_class: String,
    /// Pre-made volumes.
    pub(crate) pool: Vec<StaticVolume>,
}

impl Default for VolumeOptions {
    fn default() -> Self {
        Self { classes: BTreeMap::new(), default_class: BUILT_IN.to_owned(), pool: Vec::new() }
    }
}

impl VolumeOptions {
    /// The same with the built-in class, or what contradicts itself.
    pub(super) fn complete(mut self) -> Result<Self> {
        let invalid = |message: String| Error::new(ErrorKind::Invalid, "open volumes").with_message(message);
        for (name, class) in &self.classes {
            name::check("storage class", name)?;
            if name == BUILT_IN {
                return Err(invalid("the class `local` is built in".to_owned()));
            }
            class.check().map_err(|problem| invalid(problem).with_context("storage class", name))?;
        }
        self.classes.insert(BUILT_IN.to_owned(), StorageClass::new(BUILT_IN));
        if !self.classes.contains_key(&self.default_class) {
            return Err(invalid("the default class is none of the classes".to_owned())
                .with_context("storage class", &self.default_class));
        }
        for (index, volume) in self.pool.iter().enumerate() {
            name::check_volume(&volume.name)?;
            if self.pool[..index].iter().any(|other| other.name == volume.name) {
                return Err(invalid("two volumes have this name".to_owned()).with_context("volume", &volume.name));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use petset_core::{Ordinal, SetKey};

    use super::*;

    fn refusal(class: StorageClass) -> String {
        let options = VolumeOptions { classes: [("x".to_owned(), class)].into(), ..VolumeOptions::default() };
        options.complete().expect_err("refused").to_string()
    }

    #[test]
    fn a_class_fills_in_the_claim() {
        let class =
            StorageClass::new("local").option("device", ":/e/${namespace}/${claim}").option("o", "size=${bytes}");
        assert!(class.check().is_ok() && class.is_fixed());
        let set = SetKey::new("default", "web");
        let identity =
            Identity { name: set.claim_name("www", Ordinal(1)), set, template: "www".into(), ordinal: Ordinal(1) };
        let filled = class.options_for(&identity, 5);
        assert_eq!(filled["device"], ":/e/default/www-web-1");
        assert_eq!(filled["o"], "size=5");
    }

    #[test]
    fn s5_a_class_never_puts_two_claims_in_one_place() {
        for device in [":/exports", ":/exports/${claim}", ":/exports/${set}"] {
            let class = StorageClass::new("local").option("type", "nfs").option("device", device);
            assert!(refusal(class).contains("one place"), "{device}");
        }
        assert!(refusal(StorageClass::new("plugin").option("o", "${size}")).contains("stands for nothing"));
    }
}
