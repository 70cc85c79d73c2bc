//! Requests, in a few bytes each.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Kind {
    /// Nothing: the end of a list.
    #[default]
    Nothing,
    /// Make an orphan the set's.
    Adopt,
    /// Make a pod nobody's.
    Release,
    /// Make an empty claim.
    Provision,
    /// Make a claim the set's.
    Own,
    /// Make a claim nobody's.
    Disown,
    /// Delete a claim.
    DeleteClaim,
    /// Create a pod.
    Create,
    /// End a pod.
    Delete,
    /// Forget the set.
    RemoveSet,
}

impl Kind {
    /// Whether two are requests of one sort to the engine, which makes those side by side that follow each other.
    pub fn is_like(self, other: Self) -> bool {
        let owns = |kind| matches!(kind, Self::Own | Self::Disown);
        self == other || owns(self) && owns(other)
    }

    /// Whether the engine begins with one, and goes on with more when that one was done.
    pub fn starts_slowly(self) -> bool {
        matches!(self, Self::Create | Self::Provision)
    }
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Act {
    /// What it asks for.
    pub kind: Kind,
    /// The pet.
    pub pet: u8,
    /// The revision of a creation.
    pub revision: u8,
    /// The life of the set that asks.
    pub life: u8,
    /// It holds only while its pod is as it was seen.
    pub as_seen: bool,
    /// The incarnation that it names is no more, or not as it was seen.
    pub void: bool,
    /// The set lets go of a pod that no budget binds.
    pub frees: bool,
}

/// A short list of requests, without holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Acts<const N: usize>(pub [Act; N]);

impl<const N: usize> Default for Acts<N> {
    fn default() -> Self {
        Self([Act::default(); N])
    }
}

impl<const N: usize> Acts<N> {
    /// The requests.
    pub fn iter(&self) -> impl Iterator<Item = Act> + '_ {
        self.0.iter().copied().take_while(|act| act.kind != Kind::Nothing)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0[0].kind == Kind::Nothing
    }

    /// Adds one at the end; false when there is no room.
    pub fn push(&mut self, act: Act) -> bool {
        let at = self.len();
        if at < N {
            self.0[at] = act;
        }
        at < N
    }

    /// Keeps those that `keep` says to.
    pub fn retain(&mut self, keep: impl Fn(Act) -> bool) {
        let mut kept = Self::default();
        for act in self.iter().filter(|act| keep(*act)) {
            kept.push(act);
        }
        *self = kept;
    }

    /// Takes one out.
    pub fn take(&mut self, at: usize) -> Act {
        let act = self.0[at];
        self.0.copy_within(at + 1.., at);
        self.0[N - 1] = Act::default();
        act
    }
}

impl<const N: usize> FromIterator<Act> for Acts<N> {
    fn from_iter<I: IntoIterator<Item = Act>>(acts: I) -> Self {
        let mut list = Self::default();
        for act in acts {
            assert!(list.push(act), "a plan has at most {N} actions");
        }
        list
    }
}
