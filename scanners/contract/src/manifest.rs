//! What a connector reads, what it needs, and what it can never see. Pure data, from each scanner's `manifest.yaml`.

use serde::Deserialize;

use crate::access::AccessKind;

/// A connector's own description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Connector id as written in the configuration, such as `ssh`.
    pub connector: String,
    /// One sentence for people.
    pub title: String,
    /// Provider word for metrics (`holdover_system_info`), such as `aws`.
    pub provider: String,
    /// Whether it talks to a live system; file readers do not, and allow a chosen clock.
    pub live: bool,
    /// Kinds that end with the account they hang from, where the system itself then refuses them.
    pub dies_with_account: Vec<AccessKind>,
    /// The scope kinds it can read.
    pub scopes: Vec<ScopeKind>,
    /// What no reading of this platform can show, printed in every report.
    pub impossible: Vec<ImpossibleCell>,
}

/// One kind of scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeKind {
    /// Noun in the vendor's words, such as `iam.access-keys`.
    pub kind: String,
    /// What is read.
    pub title: String,
    /// Access kinds that come out of it.
    pub yields: Vec<AccessKind>,
    /// What must be readable: document, file, permission.
    pub needs: Vec<String>,
    /// How the end is proven.
    pub proof: String,
    /// How old or coarse the data can be.
    pub lag: String,
    /// What this scope does not show.
    pub cannot_see: Vec<String>,
    /// Whether it is offered for one holder at a time, as `<kind>/<holder>`, and read only where that holder matters.
    /// A finding of an earlier run in such a scope has it read again, whoever its holder is by now.
    #[serde(default)]
    pub follow_up: bool,
}

impl ScopeKind {
    /// Whether `name` is a follow-up scope of this kind: `<kind>/<holder>`, alone or below a container.
    pub fn is_follow_up(&self, name: &str) -> bool {
        let below = |name: &str| name.strip_prefix(self.kind.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.follow_up && (below(name) || name.match_indices('/').any(|(position, _)| below(&name[position + 1..])))
    }
}

/// A cell of the observability ledger: something the platform lets nobody know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpossibleCell {
    /// What cannot be listed.
    pub what: String,
    /// Access kinds it concerns.
    pub kinds: Vec<AccessKind>,
    /// What can be proven instead, or how to check by hand.
    pub instead: String,
}

impl Manifest {
    /// Reads an embedded `manifest.yaml`. An error is a defect of the scanner crate.
    pub fn parse(yaml: &str) -> Result<Self, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
    }
}
