//! What a rule allows.

/// One word of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    /// Nothing, whatever else is said.
    Deny,
    /// Make.
    Create,
    /// Read.
    Read,
    /// Change, and everything that is posted.
    Update,
    /// Change in part.
    Patch,
    /// Delete.
    Delete,
    /// List names.
    List,
    /// List names at every depth (OpenBao).
    Scan,
    /// Paths that are protected beyond policies.
    Sudo,
}

impl Capability {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Deny, "deny"),
        (Self::Create, "create"),
        (Self::Read, "read"),
        (Self::Update, "update"),
        (Self::Patch, "patch"),
        (Self::Delete, "delete"),
        (Self::List, "list"),
        (Self::Scan, "scan"),
        (Self::Sudo, "sudo"),
    ];

    /// The capability written as `word`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(capability, _)| *capability)
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Capabilities(u16);

impl Capabilities {
    /// None.
    pub(crate) const NONE: Self = Self(0);

    /// The same and one more.
    #[must_use]
    pub(crate) fn with(self, capability: Capability) -> Self {
        Self(self.0 | capability.bit())
    }

    /// Both sets; `deny` on either side leaves nothing but itself.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        if self.has(Capability::Deny) || other.has(Capability::Deny) {
            return Self::NONE.with(Capability::Deny);
        }
        Self(self.0 | other.0)
    }

    /// Whether it is among them. Nothing is where `deny` is.
    pub(crate) fn has(self, capability: Capability) -> bool {
        let denied = self.0 & Capability::Deny.bit() != 0;
        self.0 & capability.bit() != 0 && (!denied || capability == Capability::Deny)
    }

    /// Whether one of `capabilities` is among them.
    pub(crate) fn has_any(self, capabilities: &[Capability]) -> bool {
        capabilities.iter().any(|capability| self.has(*capability))
    }

    /// Whether anything is allowed at all.
    pub(crate) fn allows_something(self) -> bool {
        self.0 & Capability::Deny.bit() == 0 && self.0 != 0
    }

    /// The words, in a fixed order.
    pub(crate) fn words(self) -> Vec<&'static str> {
        Capability::ALL.iter().filter(|(capability, _)| self.has(*capability)).map(|(_, word)| *word).collect()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::NONE, Self::with)
    }
}
