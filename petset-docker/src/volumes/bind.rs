//! Finding or making the volume of a claim.

use std::collections::HashMap;

use petset_core::backend::{Claim, ClaimRequest, Created};
use petset_core::spec::Quantity;
use petset_core::{Error, ErrorKind, Result};

use super::core::Core;
use super::engine::{self, Listed, Wanted};
use super::mark::{self, Mark};
use super::name;
use super::options::StorageClass;
use super::pool::Taken;
use super::record::{Binding, ClaimRecord, Identity};
use crate::labels;

impl Core {
    pub(super) async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        name::check_request(&request)?;
        if bytes_of(request.spec.storage()).is_none() {
            return Err(Error::new(ErrorKind::Invalid, "claim a volume")
                .with_context("claim", &request.name)
                .with_message("spec.resources.requests.storage is no amount above zero"));
        }
        let turn = self.state().turn(&request.set.namespace, &request.name);
        let _turn = turn.await;
        self.state().readable(&request.set)?;
        let known = self.state().named(&request.set.namespace, &request.name).cloned();
        let Some(claim) = known else { return self.first(ClaimRecord::new(request)).await };
        let Identity { set, template, ordinal, name } = &claim.identity;
        if (set, template, ordinal, name) != (&request.set, &request.template, &request.ordinal, &request.name) {
            return Err(foreign(&request.name, &format!("a claim of another identity, of set {set}")));
        }
        if claim.binding.is_none() && !claim.deleting {
            return self.again(claim).await.map(Created::AlreadyThere);
        }
        self.observe(&claim).await.map(Created::AlreadyThere)
    }

    async fn first(&self, mut claim: ClaimRecord) -> Result<Created<Claim>> {
        let uid = claim.uid.clone();
        let found = self.bind(&mut claim, true).await?;
        let seen = self.observe_with(&claim, found).await?;
        // A volume of an older life was found: an interrupted try's, or one whose record was lost.
        let is_new = claim.uid == uid;
        self.save(claim).await?;
        Ok(if is_new { Created::New(seen) } else { Created::AlreadyThere(seen) })
    }

    /// Tries a pending claim again: the pool or the classes may have changed.
    async fn again(&self, mut claim: ClaimRecord) -> Result<Claim> {
        let before = claim.message.clone();
        let found = self.bind(&mut claim, false).await?;
        let seen = self.observe_with(&claim, found).await?;
        if claim.binding.is_some() || claim.message != before {
            self.save(claim).await?;
        }
        Ok(seen)
    }

    /// Every pending claim is tried again.
    pub(super) async fn bind_pending(&self) {
        let is_pending = |claim: &&ClaimRecord| claim.binding.is_none() && !claim.deleting;
        let pending: Vec<ClaimRecord> = self.state().all().filter(is_pending).cloned().collect();
        for claim in pending {
            let Identity { set, name, .. } = claim.identity.clone();
            let turn = self.state().turn(&set.namespace, &name);
            let _turn = turn.await;
            if self.state().get(&set, &name) != Some(&claim) {
                continue;
            }
            if let Err(error) = self.again(claim).await {
                tracing::warn!(%set, claim = name, error = %error.chain(), "a pending claim cannot be tried again");
            }
        }
    }

    /// Gives `claim` its volume, or the message why there is none. A claim that is `new` takes over the life that an
    /// interrupted try wrote on a volume. Answers the volume where one of a class was made.
    async fn bind(&self, claim: &mut ClaimRecord, new: bool) -> Result<Option<Listed>> {
        let wanted = bytes_of(claim.spec.storage()).unwrap_or(u64::MAX);
        let class = claim.spec.storage_class_name.clone().unwrap_or_else(|| self.options.default_class.clone());
        let problems = match self.take(claim, &class, wanted, new).await? {
            Taken::To(binding) => {
                (claim.binding, claim.message) = (Some(binding), None);
                return Ok(None);
            }
            Taken::None(problems) => problems,
        };
        let only_pool = class.is_empty() || claim.spec.selector.is_some() || claim.spec.volume_name.is_some();
        if let Some(how) = self.options.classes.get(&class).filter(|_| !only_pool) {
            let (binding, found) = self.make(&class, how, claim, wanted, new).await?;
            (claim.binding, claim.message) = (Some(binding), None);
            return Ok(Some(found));
        }
        claim.message = Some(self.nothing_fits(&class, only_pool, claim, wanted, &problems));
        Ok(None)
    }

    fn nothing_fits(&self, class: &str, pool: bool, claim: &ClaimRecord, wanted: u64, problems: &[String]) -> String {
        if !pool {
            let known: Vec<&str> = self.options.classes.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return format!("no storage class {class}, and no pre-made volume of it fits; the classes are {known}");
        }
        let named = claim.spec.volume_name.as_ref().map(|name| format!(" named {name}")).unwrap_or_default();
        let modes = claim.spec.access_modes.join(", ");
        let message = format!(
            "no free pre-made volume{named} of class `{class}` has {wanted} bytes, the modes {modes} and the selected labels"
        );
        std::iter::once(&message).chain(problems).map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    /// Makes a volume of a class, or takes the one that an interrupted try of the same claim left.
    async fn make(
        &self,
        class: &str,
        how: &StorageClass,
        claim: &mut ClaimRecord,
        wanted: u64,
        new: bool,
    ) -> Result<(Binding, Listed)> {
        let volume = labels::claim_volume(&claim.identity.set.namespace, &claim.identity.name);
        // The engine will tell of it as of any other.
        self.state().made.insert(volume.clone());
        let found = engine::make(
            &self.client,
            Wanted {
                name: volume.clone(),
                driver: how.driver().to_owned(),
                options: how.options_for(&claim.identity, wanted),
                labels: mark::of_claim(claim, class, wanted, self.client.node()),
            },
        )
        .await?;
        match Mark::read(&found.labels) {
            Some(mark) if mark == Mark::of(claim) => {
                let binding = Binding { volume, class: class.to_owned(), capacity_bytes: wanted, pooled: None };
                Ok((binding, Listed::one(found)))
            }
            Some(_) if !self.is_own(&found.labels) => {
                Err(of_another_node(&claim.identity.name, &volume, &found.labels))
            }
            Some(mark) if mark.identity == claim.identity && new => match mark::claim_of(&volume, &found.labels) {
                Some(ClaimRecord { uid, owner, binding: Some(binding), .. }) => {
                    (claim.uid, claim.owner) = (uid, owner);
                    Ok((binding, Listed::one(found)))
                }
                _ => Err(foreign(&claim.identity.name, &format!("a claim whose volume {volume} has broken labels"))),
            },
            _ => {
                Err(foreign(&claim.identity.name, &format!("a volume {volume} of the engine that is not the claim's")))
            }
        }
    }
}

fn bytes_of(storage: Option<&Quantity>) -> Option<u64> {
    storage.and_then(Quantity::bytes).filter(|bytes| *bytes > 0)
}

/// The error for a claim whose volume another node has.
pub(super) fn of_another_node(claim: &str, volume: &str, labels: &HashMap<String, String>) -> Error {
    let node = mark::node_of(labels).unwrap_or_default();
    foreign(
        claim,
        &format!(
            "a volume {volume} of another node of this engine, {node}: open that one; or, if its directory was lost and \
             no process will ever open it again, take its volumes over with NodeBuilder::take_over(\"{node}\")"
        ),
    )
}

fn foreign(claim: &str, whose: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, "claim a volume")
        .with_context("claim", claim)
        .with_message(format!("the name is that of {whose}"))
}
