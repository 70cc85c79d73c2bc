//! [`Workload`]: what the pods of a backend are made of.

use petset_core::spec::{ClaimSpec, ClaimTemplate, PodTemplate, Quantity};

/// What the pods and claims of a backend are made of. Cases that need what is `None` are skipped.
///
/// Templates that use a volume mount the claim template [`CLAIM`](Self::CLAIM).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Workload {
    /// Becomes ready, and ends when it is asked to.
    pub ready: Option<PodTemplate>,
    /// Starts, and never becomes ready; ends when it is asked to.
    pub never_ready: Option<PodTemplate>,
    /// Ends by itself at once, without error.
    pub ends: Option<PodTemplate>,
    /// Ends by itself at once, with an error.
    pub fails: Option<PodTemplate>,
    /// Becomes ready, and ignores the stop signal until it is ended hard.
    pub stubborn: Option<PodTemplate>,
    /// Writes a file into its volume and becomes ready.
    pub writer: Option<PodTemplate>,
    /// Becomes ready when that file is in its volume, and not before.
    pub reader: Option<PodTemplate>,
    /// Becomes ready; asked to end, it writes that file and ends.
    pub last_words: Option<PodTemplate>,
    /// What `check` refuses, and the paths that it must name.
    pub refused_pods: Vec<(PodTemplate, Vec<String>)>,
    /// What a claim asks for when it is to be bound.
    pub claim: ClaimSpec,
    /// A larger size for that claim.
    pub larger: Option<Quantity>,
    /// What a claim asks for that no pre-made volume can serve.
    pub unmatched: Option<ClaimSpec>,
    /// What `check` refuses of claim templates, and the paths that it must name.
    pub refused_claims: Vec<(ClaimTemplate, Vec<String>)>,
}

impl Workload {
    /// The name of the claim template that the templates mount.
    pub const CLAIM: &'static str = "data";

    /// Claims of 1Mi of the default class that can grow to 2Mi, and no templates yet.
    pub fn new() -> Self {
        let mut claim = ClaimSpec { access_modes: vec!["ReadWriteOnce".to_owned()], ..ClaimSpec::default() };
        claim.resources.requests.insert("storage".to_owned(), "1Mi".into());
        Self { claim, larger: Some("2Mi".into()), ..Self::default() }
    }
}
