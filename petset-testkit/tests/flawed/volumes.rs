//! Volumes that are wrong in one way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner,
    WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use petset_core::{Result, SetKey};
use petset_testkit::{FakeVolumes, FakeWorld};

use super::flaw::Flaw;

/// The volumes of a fake, but for one flaw.
#[derive(Debug)]
pub(crate) struct FlawedVolumes {
    flaw: Flaw,
    world: FakeWorld,
    inner: FakeVolumes,
    /// Whether it is a later instance over the same world.
    later: bool,
    /// What was asked for, by the claim's name.
    requests: Mutex<BTreeMap<String, ClaimRequest>>,
}

impl FlawedVolumes {
    pub(crate) fn new(flaw: Flaw, world: &FakeWorld, later: bool) -> Self {
        Self { flaw, world: world.clone(), inner: world.volumes(), later, requests: Mutex::default() }
    }

    /// The life of the claim that has the name of this one.
    async fn namesake(&self, claim: &ClaimRef) -> Result<ClaimRef> {
        let standing = self.inner.list(&claim.set).await?.into_iter().find(|found| found.name == claim.name);
        Ok(standing.map_or_else(|| claim.clone(), |found| found.reference()))
    }

    /// Throws the claim away and makes it anew, as its request was.
    async fn anew(&self, claim: &Claim, change: impl FnOnce(&mut ClaimRequest) + Send) -> Result<Created<Claim>> {
        self.world.remove_claim(&claim.set, &claim.template, claim.ordinal.0);
        let known = self.requests.lock().unwrap_or_else(PoisonError::into_inner).get(&claim.name).cloned();
        let mut request = known.expect("every claim was asked for here");
        change(&mut request);
        self.inner.provision(request).await
    }
}

#[async_trait]
impl VolumeProvisioner for FlawedVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = self.inner.capabilities();
        capabilities.grow &= self.flaw != Flaw::GrowsAllTheSame;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        match self.flaw {
            Flaw::ChecksNoClaims => Vec::new(),
            _ => self.inner.check(template),
        }
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let mut claims = match self.inner.list(set).await {
            Err(_) if self.flaw == Flaw::TakesDamagedClaimsForNone => Vec::new(),
            answer => answer?,
        };
        match self.flaw {
            Flaw::HidesHighClaims => claims.retain(|claim| claim.ordinal.0 < 10),
            Flaw::HidesPendingClaims => claims.retain(|claim| claim.phase != ClaimPhase::Pending),
            Flaw::HidesLostClaims => claims.retain(|claim| claim.phase != ClaimPhase::Lost),
            Flaw::ForgetsClaims if self.later => claims.clear(),
            Flaw::SharesVolumes => {
                for claim in &mut claims {
                    claim.volume = Some("the-only-one".to_owned());
                }
            }
            _ => {}
        }
        Ok(claims)
    }

    async fn provision(&self, mut request: ClaimRequest) -> Result<Created<Claim>> {
        if self.flaw == Flaw::ForgetsOwners {
            request.owner = None;
        }
        let first = |request: &ClaimRequest| {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.entry(request.name.clone()).or_insert_with(|| request.clone());
        };
        first(&request);
        let answer = self.inner.provision(request.clone()).await;
        match (self.flaw, answer) {
            (Flaw::RenamesForeignClaims, Err(error)) if error.is_already_exists() => {
                request.name += "-2";
                self.inner.provision(request).await
            }
            (_, Err(error)) => Err(error),
            (Flaw::PretendsToProvision, Ok(Created::New(claim))) => {
                self.world.remove_claim(&claim.set, &claim.template, claim.ordinal.0);
                Ok(Created::New(claim))
            }
            (Flaw::MakesKnownAnew, Ok(Created::AlreadyThere(claim))) => self.anew(&claim, |_| {}).await,
            (Flaw::ReplacesLost, Ok(Created::AlreadyThere(claim))) if claim.phase == ClaimPhase::Lost => {
                self.anew(&claim, |_| {}).await
            }
            (Flaw::ServesAnything, Ok(Created::New(claim))) if claim.phase == ClaimPhase::Pending => {
                self.world.add_volume("anything", 1 << 40);
                Ok(Created::New(self.world.claim(&claim.set, &claim.template, claim.ordinal.0).unwrap_or(claim)))
            }
            (_, Ok(answer)) => Ok(answer),
        }
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let mut claim = claim.clone();
        if self.flaw == Flaw::ChangesByName {
            claim = self.namesake(&claim).await?;
        }
        let found = self.inner.list(&claim.set).await?.into_iter().find(|found| found.uid == claim.uid);
        if let (Flaw::GrowsByReplacing, Some(found), Some(size)) = (self.flaw, found, &change.storage) {
            let grow = |request: &mut ClaimRequest| {
                request.spec.resources.requests.insert("storage".to_owned(), size.clone());
            };
            return self.anew(&found, grow).await.map(|_| ());
        }
        self.inner.change(&claim, change).await
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let mut claim = claim.clone();
        if self.flaw == Flaw::DeletesClaimsByName {
            claim = self.namesake(&claim).await?;
        }
        let found = self.inner.list(&claim.set).await?.into_iter().find(|found| found.uid == claim.uid);
        if let (Flaw::DeletesClaimsInUse, Some(found)) = (self.flaw, found) {
            self.world.remove_claim(&found.set, &found.template, found.ordinal.0);
            return Ok(Deleted::Started);
        }
        self.inner.delete(&claim).await
    }

    fn watch(&self) -> WatchStream {
        match self.flaw {
            Flaw::TellsNothingOfClaims => futures::stream::pending().boxed(),
            _ => self.inner.watch(),
        }
    }
}
