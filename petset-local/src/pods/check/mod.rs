//! What of a template cannot be honoured by processes of this machine, by field path.
//!
//! What has no meaning on a single machine is accepted without effect: `imagePullPolicy`, `imagePullSecrets`,
//! `resources.requests`, `nodeSelector`, `affinity`, `tolerations`, `topologySpreadConstraints`, `schedulerName`,
//! `priorityClassName`, `serviceAccountName` and its token, `enableServiceLinks`, `terminationMessagePath` and
//! `terminationMessagePolicy`. Everything else that has no effect here is refused.

mod container;
mod findings;
mod pod;
mod probe;
mod volume;

pub(super) use pod::check;
