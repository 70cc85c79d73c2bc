//! [`Side`]: one of the two worlds, and how it is told and heard.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRequest, ConfigBundle, Created, DeleteOptions, DnsSettings, NameResolver,
    PetName, Pod, PodBackend, PodChange, PodRequest, RecordSet, ServiceName, ServicePortName, VolumeProvisioner,
};
use petset_core::spec::{ClaimSpec, PodTemplate, Quantity};
use petset_core::{ClaimUid, Ordinal, PodUid, Result, RevisionName, SetKey, SetUid, Version};

use super::story::{ClaimEdit, PodEdit, Program, SERVICES, SETS, Seen, Step, Which};

/// How often a request with the newest version is repeated when the pod changed by itself meanwhile.
const RACES: u32 = 20;

/// One of the two worlds.
pub(crate) struct Side {
    pub(crate) pods: Arc<dyn PodBackend>,
    pub(crate) volumes: Arc<dyn VolumeProvisioner>,
    pub(crate) names: Arc<dyn NameResolver>,
    pub(crate) template: fn(Program) -> PodTemplate,
    namespace: String,
    /// Every uid by what it is of, in the order in which they came.
    uids: BTreeMap<String, Vec<String>>,
    old_versions: BTreeMap<PodUid, Version>,
}

impl Side {
    pub(crate) fn new(
        pods: Arc<dyn PodBackend>,
        volumes: Arc<dyn VolumeProvisioner>,
        names: Arc<dyn NameResolver>,
        template: fn(Program) -> PodTemplate,
        namespace: String,
    ) -> Self {
        Self { pods, volumes, names, template, namespace, uids: BTreeMap::new(), old_versions: BTreeMap::new() }
    }

    pub(crate) fn key(&self, set: &str) -> SetKey {
        SetKey::new(self.namespace.as_str(), set)
    }

    /// Takes a step; says what was answered, without what only this world can know.
    pub(crate) async fn take(&mut self, step: &Step) -> String {
        match step {
            Step::Create { set, ordinal, owner, program, claims, life } => {
                let mut request = self.pod_request(set, *ordinal, owner, *program, claims);
                if let Some(life) = life {
                    for template in claims {
                        let claim = self.claim_of(set, *ordinal, template, *life).await;
                        request.claim_uids.insert((*template).to_owned(), claim.uid);
                    }
                }
                let answer = self.pods.create(request).await;
                self.told(answer, |side, created| match created {
                    Created::New(pod) => format!("new {}", side.pod(&pod, false)),
                    Created::AlreadyThere(pod) => format!("there {}", side.pod(&pod, false)),
                })
            }
            Step::Delete { set, ordinal, which, seen, grace } => {
                self.on_pod(set, *ordinal, *which, *seen, async |side, pod, version| {
                    let options = DeleteOptions { grace_seconds: *grace, version };
                    side.pods.delete(&pod.reference(), options).await.map(|deleted| format!("{deleted:?}"))
                })
                .await
            }
            Step::Update { set, ordinal, which, seen, change } => {
                self.on_pod(set, *ordinal, *which, *seen, async |side, pod, version| {
                    let change = PodChange { version, ..pod_change(*change) };
                    side.pods.update(&pod.reference(), change).await.map(|()| "updated".to_owned())
                })
                .await
            }
            Step::Provision { set, ordinal, template, mebibytes, pooled } => {
                let answer = self.volumes.provision(self.claim_request(set, *ordinal, template, *mebibytes, *pooled));
                let answer = answer.await;
                self.told(answer, |side, created| match created {
                    Created::New(claim) => format!("new {}", side.claim(&claim)),
                    Created::AlreadyThere(claim) => format!("there {}", side.claim(&claim)),
                })
            }
            Step::ChangeClaim { set, ordinal, template, which, change } => {
                let change = match change {
                    ClaimEdit::Own(owner) => {
                        ClaimChange { owner: Some(owner.map(SetUid::from)), ..ClaimChange::default() }
                    }
                    ClaimEdit::Resize(mebibytes) => {
                        ClaimChange { storage: Some(size(*mebibytes)), ..ClaimChange::default() }
                    }
                };
                let claim = self.claim_of(set, *ordinal, template, *which).await;
                let answer = self.volumes.change(&claim.reference(), change).await;
                self.told(answer, |_, ()| "changed".to_owned())
            }
            Step::DeleteClaim { set, ordinal, template, which } => {
                let claim = self.claim_of(set, *ordinal, template, *which).await;
                let answer = self.volumes.delete(&claim.reference()).await;
                self.told(answer, |_, deleted| format!("{deleted:?}"))
            }
            Step::Publish { set, governing, service, not_ready, pets } => {
                let records = records(&self.namespace, set, *governing, *service, *not_ready, pets);
                let answer = self.names.publish(&self.key(set), &records).await;
                self.told(answer, |_, published| format!("{published:?}"))
            }
            Step::Withdraw { set } => {
                let answer = self.names.withdraw(&self.key(set)).await;
                self.told(answer, |_, ()| "withdrawn".to_owned())
            }
        }
    }

    /// Everything that can be read, without what only this world can know.
    pub(crate) async fn look(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        for set in SETS {
            let key = self.key(set);
            match self.pods.list(&key).await {
                Ok(pods) => seen.extend(pods.iter().map(|pod| self.pod(pod, true)).collect::<Vec<_>>()),
                Err(error) => seen.push(format!("pods of {set}: {:?}", error.kind())),
            }
            match self.volumes.list(&key).await {
                Ok(claims) => seen.extend(claims.iter().map(|claim| self.claim(claim)).collect::<Vec<_>>()),
                Err(error) => seen.push(format!("claims of {set}: {:?}", error.kind())),
            }
        }
        seen.sort();
        for name in self.questions() {
            let answer = self.names.resolve(&name).await;
            let answer = answer.map_or_else(|error| format!("{:?}", error.kind()), |answer| format!("{answer:?}"));
            seen.push(format!("{name} is {answer}").replace(&self.namespace, "NAMESPACE"));
        }
        seen
    }

    fn questions(&self) -> Vec<String> {
        let mut names = Vec::new();
        for service in SERVICES {
            let service = format!("{service}.{}.svc.cluster.local", self.namespace);
            names.extend([format!("y-0.{service}"), format!("y-1.{service}"), format!("X-Y-0.{service}.")]);
            names.extend([format!("_http._tcp.{service}"), format!("_none._tcp.{service}"), service]);
        }
        for (set, ordinal) in SETS.into_iter().flat_map(|set| [(set, 0), (set, 1)]) {
            let [a, b, c, d] = address(&self.namespace, set, ordinal).octets();
            names.push(format!("{d}.{c}.{b}.{a}.in-addr.arpa"));
        }
        names
    }

    fn told<T>(&mut self, answer: Result<T>, tell: impl FnOnce(&mut Self, T) -> String) -> String {
        match answer {
            Ok(answer) => tell(self, answer),
            Err(error) => format!("error {:?}", error.kind()),
        }
    }

    async fn on_pod(
        &mut self,
        set: &str,
        ordinal: u32,
        which: Which,
        seen: Seen,
        ask: impl AsyncFn(&Self, &Pod, Option<Version>) -> Result<String>,
    ) -> String {
        for race in 0.. {
            let pod = self.pod_of(set, ordinal, which).await;
            let version = match seen {
                Seen::Any => None,
                Seen::Current => Some(pod.version.clone()),
                Seen::Old => Some(self.old_versions.get(&pod.uid).cloned().unwrap_or_else(|| Version::from("none"))),
            };
            let answer = ask(self, &pod, version).await;
            let raced = matches!(seen, Seen::Current) && answer.as_ref().is_err_and(petset_core::Error::is_conflict);
            if raced && race < RACES {
                continue;
            }
            if answer.is_ok() && self.pod_of(set, ordinal, Which::Current).await.version != pod.version {
                self.old_versions.insert(pod.uid.clone(), pod.version.clone());
            }
            return self.told(answer, |_, answer| answer);
        }
        unreachable!("races end")
    }

    /// The pod that a request names; one that was never there when nothing else fits.
    async fn pod_of(&self, set: &str, ordinal: u32, which: Which) -> Pod {
        let key = self.key(set);
        let pods = self.pods.list(&key).await.unwrap_or_default();
        let current = pods.into_iter().find(|pod| pod.ordinal == Ordinal(ordinal));
        let known = self.uids.get(&key.pod_name(Ordinal(ordinal)));
        let former = known.and_then(|known| {
            known.iter().rev().find(|uid| current.as_ref().is_none_or(|current| current.uid.as_str() != uid.as_str()))
        });
        let absent = |uid: &str| Pod {
            set: key.clone(),
            ordinal: Ordinal(ordinal),
            uid: PodUid::from(uid),
            version: Version::from("absent"),
            owner: None,
            revision: None,
            labels: Arc::default(),
            annotations: Arc::default(),
            created_at: petset_core::Timestamp::from_micros(0),
            terminating: false,
            status: petset_core::backend::PodStatus::default(),
        };
        match (which, current, former) {
            (Which::Current, Some(current), _) => current,
            (Which::Current | Which::Former, _, Some(former)) => absent(former),
            (Which::Current | Which::Former | Which::Stranger, _, _) => absent("stranger"),
        }
    }

    async fn claim_of(&self, set: &str, ordinal: u32, template: &str, which: Which) -> Claim {
        let key = self.key(set);
        let name = key.claim_name(template, Ordinal(ordinal));
        let claims = self.volumes.list(&key).await.unwrap_or_default();
        let current = claims.into_iter().find(|claim| claim.name == name);
        let known = self.uids.get(&format!("{set} {name}"));
        let former = known.and_then(|known| {
            known.iter().rev().find(|uid| current.as_ref().is_none_or(|current| current.uid.as_str() != uid.as_str()))
        });
        let absent = |uid: &str| Claim {
            set: key.clone(),
            template: template.to_owned(),
            ordinal: Ordinal(ordinal),
            name: name.clone(),
            uid: ClaimUid::from(uid),
            owner: None,
            phase: ClaimPhase::Pending,
            volume: None,
            capacity_bytes: None,
            storage_class: None,
            message: None,
        };
        match (which, current, former) {
            (Which::Current, Some(current), _) => current,
            (Which::Current | Which::Former, _, Some(former)) => absent(former),
            (Which::Current | Which::Former | Which::Stranger, _, _) => absent("stranger"),
        }
    }

    /// The how many-th of its name it is.
    fn nth(&mut self, of: String, uid: &str) -> usize {
        let known = self.uids.entry(of).or_default();
        known.iter().position(|known| known == uid).unwrap_or_else(|| {
            known.push(uid.to_owned());
            known.len() - 1
        })
    }

    fn pod(&mut self, pod: &Pod, with_status: bool) -> String {
        let nth = self.nth(pod.name(), pod.uid.as_str());
        let Pod { set, ordinal, owner, revision, labels, annotations, terminating, status, .. } = pod;
        let mut told = format!("pod {} {ordinal} #{nth} {owner:?} {revision:?} {labels:?} {annotations:?}", set.name);
        if *terminating {
            told.push_str(" terminating");
        }
        if with_status {
            let ready = status.ready_since.is_some();
            let has_address = !ready || !status.addresses.is_empty();
            // Writing to a string cannot fail.
            let _ = write!(told, " {:?} ready: {ready}, addressed: {has_address}", status.phase);
        }
        told
    }

    fn claim(&mut self, claim: &Claim) -> String {
        let nth = self.nth(format!("{} {}", claim.set.name, claim.name), claim.uid.as_str());
        let Claim { set, template, ordinal, name, owner, phase, volume, capacity_bytes, message, .. } = claim;
        let explained = *phase != ClaimPhase::Pending || message.is_some();
        let bound = volume.is_some();
        format!(
            "claim {} {template} {ordinal} {name} #{nth} {owner:?} {phase:?} bound: {bound}, {capacity_bytes:?}, \
             explained: {explained}",
            set.name
        )
    }

    fn pod_request(&self, set: &str, ordinal: u32, owner: &str, program: Program, claims: &[&str]) -> PodRequest {
        let (set, ordinal) = (self.key(set), Ordinal(ordinal));
        let mut template = (self.template)(program);
        template.metadata.annotations.insert("note".to_owned(), "kept".to_owned());
        let claims = claims.iter().map(|template| ((*template).to_owned(), set.claim_name(template, ordinal)));
        PodRequest {
            owner: SetUid::from(owner),
            ordinal,
            revision: RevisionName::new(format!("{}-1", set.name)),
            template: Arc::new(template),
            labels: BTreeMap::from([("app".to_owned(), set.name.to_string())]),
            claims: claims.collect(),
            claim_uids: [].into(),
            config: Arc::new(ConfigBundle::default()),
            dns: DnsSettings { domain: "cluster.local".to_owned(), ..DnsSettings::default() },
            set,
        }
    }

    fn claim_request(&self, set: &str, ordinal: u32, template: &str, mebibytes: u64, pooled: bool) -> ClaimRequest {
        let (set, ordinal) = (self.key(set), Ordinal(ordinal));
        let mut spec = ClaimSpec { access_modes: vec!["ReadWriteOnce".to_owned()], ..ClaimSpec::default() };
        spec.storage_class_name = pooled.then(String::new);
        spec.resources.requests.insert("storage".to_owned(), size(mebibytes));
        ClaimRequest {
            template: template.to_owned(),
            ordinal,
            name: set.claim_name(template, ordinal),
            owner: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            spec,
            set,
        }
    }
}

fn size(mebibytes: u64) -> Quantity {
    Quantity::from(format!("{mebibytes}Mi").as_str())
}

fn pod_change(edit: PodEdit) -> PodChange {
    let mut change = PodChange::default();
    match edit {
        PodEdit::Nothing => {}
        PodEdit::SetLabel(value) => {
            change.labels.insert("mark".to_owned(), Some(value.to_owned()));
        }
        PodEdit::RemoveLabel => {
            change.labels.insert("mark".to_owned(), None);
        }
        PodEdit::Annotate(value) => {
            change.annotations.insert("mark".to_owned(), Some(value.to_owned()));
        }
        PodEdit::Own(owner) => change.owner = Some(owner.map(SetUid::from)),
    }
    change
}

/// An address that no other story has: stories share the names of one node, and addresses are told by their names.
fn address(namespace: &str, set: &str, ordinal: u32) -> Ipv4Addr {
    let number: String =
        namespace.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let number: u16 = number.parse().expect("a story has a number");
    let [high, low] = number.to_be_bytes();
    let which = SETS.iter().position(|known| *known == set).and_then(|which| u8::try_from(which).ok()).unwrap_or(9);
    let ordinal = u8::try_from(ordinal).expect("a story has few pets");
    Ipv4Addr::new(127, 100 + high, low, 16 * which + ordinal + 1)
}

fn records(
    namespace: &str,
    set: &str,
    governing: Option<&str>,
    service: bool,
    publish_not_ready: bool,
    pets: &[(u32, bool)],
) -> RecordSet {
    let port = ServicePortName { name: "http".to_owned(), protocol: "tcp".to_owned(), port: 80 };
    let named = |name: &str, publish_not_ready| ServiceName {
        name: name.to_owned(),
        publish_not_ready,
        ports: vec![port.clone()],
    };
    let pet = |(ordinal, ready): &(u32, bool)| PetName {
        ordinal: Ordinal(*ordinal),
        hostname: format!("{set}-{ordinal}"),
        address: IpAddr::V4(address(namespace, set, *ordinal)),
        ready: *ready,
    };
    RecordSet {
        governing: governing.map(|name| named(name, publish_not_ready)),
        services: service.then(|| named(SERVICES[1], false)).into_iter().collect(),
        pets: pets.iter().map(pet).collect(),
    }
}
