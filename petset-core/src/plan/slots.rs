//! Step 1: who stands where. One walk over the pods counts all that the other steps ask for, so that at goal each of
//! them is done at once.

use std::time::Duration;

use super::view::{Desired, Observed, Ownership, PodView};
use crate::backend::PodPhase;
use crate::names::Ordinal;
use crate::time::Timestamp;

/// The pods by where they stand.
#[derive(Debug)]
pub(super) struct Slots<'a> {
    /// Pods of wanted ordinals, ascending.
    pub(super) in_range: &'a [PodView],
    /// Pods above the range, ascending.
    pub(super) above: &'a [PodView],
    /// Pods below the range, ascending.
    pub(super) below: &'a [PodView],
    /// What the walk counted.
    pub(super) census: Census,
    first: u32,
    wanted: u32,
    deleting: bool,
    now: Timestamp,
    min_ready: Duration,
}

/// Counts over the pods in range, but where said otherwise.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Ours, not ending, and available.
    pub(super) available: u32,
    /// Ours, not ending, at or above the partition, and not on the update revision.
    pub(super) outdated: u32,
    /// Ours, and ended by themselves or of unknown state.
    pub(super) ended_or_unknown: u32,
    /// Anything about ownership that needs a step, in range or condemned.
    pub(super) unsettled: u32,
    /// The lowest pet, in range or condemned, that says `initialized: "false"`.
    pub(super) uninitialized: Option<Ordinal>,
    /// When the next ready pet becomes available.
    pub(super) next_available: Option<Timestamp>,
    /// Everything that names depend on, in range or condemned.
    pub(super) names: u64,
}

impl<'a> Slots<'a> {
    pub(super) fn new(desired: &Desired<'_>, observed: &Observed<'a>) -> Self {
        let pods = observed.pods;
        let first = desired.start.0;
        // Ordinals that cannot be written are nobody's.
        let wanted = desired.wanted().min((u32::MAX - first).saturating_add(1));
        let from = pods.partition_point(|pod| pod.ordinal.0 < first);
        let to = if wanted == 0 {
            from
        } else {
            pods.partition_point(|pod| pod.ordinal.0 <= first.saturating_add(wanted - 1))
        };
        let mut slots = Self {
            in_range: &pods[from..to],
            above: &pods[to..],
            below: &pods[..from],
            census: Census::default(),
            first,
            wanted,
            deleting: desired.deletion.is_some(),
            now: observed.now,
            min_ready: desired.min_ready,
        };
        slots.count(desired, observed);
        slots
    }

    fn count(&mut self, desired: &Desired<'_>, observed: &Observed<'_>) {
        let mut census = Census { names: observed.names_seed, ..Census::default() };
        for pod in observed.pods {
            census.names = mix(census.names, names_of(pod));
            if pod.owner != Ownership::Ours || !pod.selected {
                census.unsettled += 1;
            }
            if !pod.initialized && pod.is_ours() && census.uninitialized.is_none() {
                census.uninitialized = Some(pod.ordinal);
            }
        }
        let partition = desired.partition();
        for pod in self.in_range.iter().filter(|pod| pod.is_ours()) {
            if pod.has_ended() || pod.phase == PodPhase::Unknown {
                census.ended_or_unknown += 1;
            }
            if pod.terminating {
                continue;
            }
            if pod.is_available(self.now, self.min_ready) {
                census.available += 1;
            } else if let (Some(since), PodPhase::Running) = (pod.ready_since, pod.phase) {
                let at = since.after(self.min_ready);
                census.next_available = Some(census.next_available.map_or(at, |other| other.min(at)));
            }
            if pod.ordinal.0 - self.first >= partition && pod.revision.as_ref() != Some(desired.update) {
                census.outdated += 1;
            }
        }
        self.census = census;
    }

    /// Whether the pod counts as available and stays.
    pub(super) fn is_available(&self, pod: &PodView) -> bool {
        pod.is_ours() && !pod.terminating && pod.is_available(self.now, self.min_ready)
    }

    /// When a ready pod counts as available.
    pub(super) fn available_at(&self, pod: &PodView) -> Option<Timestamp> {
        Some(pod.ready_since?.after(self.min_ready))
    }

    /// Whether every wanted pet is available.
    pub(super) fn all_available(&self) -> bool {
        self.census.available == self.wanted
    }

    /// How many wanted pets have no pod.
    pub(super) fn missing(&self) -> u32 {
        self.wanted - u32::try_from(self.in_range.len()).unwrap_or(self.wanted)
    }

    /// The lowest wanted pet without a pod.
    pub(super) fn first_missing(&self) -> Option<Ordinal> {
        self.wanted().find(|(_, pod)| pod.is_none()).map(|(ordinal, _)| ordinal)
    }

    /// Every wanted ordinal, ascending, with its pod.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (Ordinal, Option<&'a PodView>)> + '_ {
        let mut pods = self.in_range.iter().peekable();
        (0..self.wanted).map_while(move |index| {
            let ordinal = Ordinal(self.first.checked_add(index)?);
            Some((ordinal, pods.next_if(|pod| pod.ordinal == ordinal)))
        })
    }

    /// Condemned pods that are ours, from the highest ordinal down. A set that is being deleted releases nothing, so its
    /// pods are all that name it as their owner, selected or not.
    pub(super) fn condemned(&self) -> impl Iterator<Item = &'a PodView> + use<'a> {
        let deleting = self.deleting;
        let goes = move |pod: &&PodView| pod.is_ours() || deleting && pod.owner == Ownership::Ours;
        self.above.iter().rev().chain(self.below.iter().rev()).filter(goes)
    }

    /// The pod of an ordinal, wherever it stands.
    pub(super) fn pod(&self, ordinal: Ordinal) -> Option<&'a PodView> {
        [self.below, self.in_range, self.above].into_iter().find_map(|pods| {
            let at = pods.binary_search_by_key(&ordinal, |pod| pod.ordinal).ok()?;
            Some(&pods[at])
        })
    }
}

fn names_of(pod: &PodView) -> u64 {
    let Some(address) = pod.address.filter(|_| pod.is_ours()) else { return 0 };
    let address = match address {
        std::net::IpAddr::V4(v4) => u64::from(v4.to_bits()),
        std::net::IpAddr::V6(v6) => v6.segments().into_iter().fold(0, |bits, segment| mix(bits, u64::from(segment))),
    };
    let named = pod.is_ready() && !pod.terminating;
    mix(address, u64::from(pod.ordinal.0) << 1 | u64::from(named))
}

/// A cheap, fixed mixing of two numbers (the finalizer of `SplitMix64`), the same in every process.
pub(super) fn mix(left: u64, right: u64) -> u64 {
    let mut bits = left.rotate_left(5) ^ right.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ (bits >> 27)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::names::PodUid;

    fn named(ordinal: u32, address: IpAddr, ready: bool) -> u64 {
        names_of(&PodView {
            ordinal: Ordinal(ordinal),
            uid: PodUid::new("uid"),
            version: crate::names::Version::new("1"),
            owner: Ownership::Ours,
            selected: true,
            revision: None,
            phase: PodPhase::Running,
            ready_since: ready.then(Timestamp::default),
            terminating: false,
            initialized: true,
            address: Some(address),
            trouble: None,
        })
    }

    #[test]
    fn whatever_names_are_published_from_makes_a_difference() {
        let addresses = (1..=4).flat_map(|last| {
            [
                IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
                IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into())),
            ]
        });
        let all: Vec<u64> = addresses
            .flat_map(|address| {
                (0..64).flat_map(move |ordinal| [true, false].map(|ready| named(ordinal, address, ready)))
            })
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn mixing_is_the_same_everywhere() {
        assert_eq!(mix(0, 1), 0x6f68_2616_bae3_641a);
        assert_eq!(mix(1, 0), 0xeb08_edbe_fd81_0353);
        assert_eq!(mix(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210), 0x781c_3867_52c4_561d);
    }
}
