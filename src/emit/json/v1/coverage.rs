//! Systems, scopes and gaps in JSON v1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::time::Time;
use super::words::{AccessKind, Mend, ScopeState};
use crate::report;

/// One configured system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Configured id.
    pub id: String,
    /// Connector.
    pub connector: String,
    /// Digest of how it was configured when it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// Objects that belonged to nobody when all systems were last read together: with more of them now, whose they are may
    /// stand in a system that was not read since. 0 where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattributed_together: Option<u64>,
    /// Provider word for metrics.
    pub provider: String,
    /// Tier.
    pub tier: String,
    /// Team that can act.
    pub owner_team: Option<String>,
    /// Scopes, sorted by name.
    pub scopes: Vec<Scope>,
    /// Whether every walk of the scanner came to its own end.
    pub ran_to_end: bool,
    /// Seconds it took.
    pub duration_seconds: f64,
    /// Share of the people on the roster who have an identity there, 0 to 1.
    pub matched_person_ratio: f64,
    /// Last attempt.
    pub last_attempt_at: Time,
    /// Last run to the end.
    pub last_success_at: Option<Time>,
    /// Last read without any gap.
    pub last_complete_at: Option<Time>,
    /// Notices of the reader.
    pub notices: Vec<String>,
    /// What no reading of this platform can show.
    pub impossible: Vec<Impossible>,
    /// What reading it cost; absent for files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// What the system says of the credential it was read with; absent where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

/// What a system says of the credential it was read with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// When it ends by itself; `null` where that is not known.
    pub ends_at: Option<Time>,
    /// Rights it has beyond need; `null` where that is not known.
    pub excess_permissions: Option<u64>,
}

/// What reading a live system cost in this run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Effort {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Of these, repeats.
    pub retries: u64,
    /// Requests without a usable answer.
    pub failures: u64,
    /// Answers that told us to wait.
    pub throttled: u64,
    /// Seconds spent waiting for limits, summed over requests that waited side by side.
    pub waited_seconds: f64,
    /// Bytes received, after decompression.
    pub received: u64,
}

/// How far one scope was read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Name inside the system.
    pub name: String,
    /// Scope kind.
    pub kind: String,
    /// One of six.
    pub state: ScopeState,
    /// Whether the configuration leaves it out on purpose.
    pub excluded: bool,
    /// Distinct objects read.
    pub objects: u64,
    /// The same by kind.
    pub objects_by_kind: Vec<ObjectsByKind>,
    /// Objects that came more than once.
    pub duplicates: u64,
    /// Objects that belong to nobody known.
    pub unattributed: u64,
    /// Instant its data describes.
    pub as_of: Option<Time>,
    /// How its end was proven.
    pub proof: Option<String>,
    /// Digest of the source.
    pub sha256: Option<String>,
    /// Last complete read, this run included.
    pub last_complete_at: Option<Time>,
    /// What was not read.
    pub gaps: Vec<Gap>,
}

/// Objects of one kind.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ObjectsByKind {
    /// Kind.
    pub access_kind: AccessKind,
    /// How many.
    pub objects: u64,
}

/// Something that could not be read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Part concerned; `null` is the whole scope. Foreign text.
    pub part: Option<String>,
    /// Why, in fields.
    pub cause: Cause,
    /// How often it was met in this scope.
    pub count: u64,
    /// Stable code of the cause; not read back.
    #[serde(default)]
    pub code: String,
    /// The cause in one sentence; not read back.
    #[serde(default)]
    pub says: String,
    /// What to do; not read back.
    #[serde(default)]
    pub help: String,
    /// Who can mend it; not read back.
    #[serde(default)]
    pub mend: Option<Mend>,
}

/// A cell of the observability ledger.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Impossible {
    /// What cannot be known.
    pub what: String,
    /// Kinds concerned.
    pub kinds: Vec<AccessKind>,
    /// What to do instead.
    pub instead: String,
}

/// A system that exists, connected or not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnownApp {
    /// Name as listed.
    pub name: String,
    /// Owner.
    pub owner: Option<String>,
    /// Configured system that reads it; `null` is a gap.
    pub connected_as: Option<String>,
}

impl From<&report::GapFact> for Gap {
    fn from(gap: &report::GapFact) -> Self {
        Self {
            part: gap.part.clone(),
            cause: (&gap.cause).into(),
            count: gap.count,
            code: gap.cause.code().to_owned(),
            says: gap.cause.to_string(),
            help: gap.cause.help().to_owned(),
            mend: Some(gap.mend().into()),
        }
    }
}

impl From<Gap> for report::GapFact {
    fn from(gap: Gap) -> Self {
        Self { part: gap.part, cause: gap.cause.into(), count: gap.count }
    }
}

impl From<&report::ScopeFact> for Scope {
    fn from(scope: &report::ScopeFact) -> Self {
        Self {
            name: scope.name.to_string(),
            kind: scope.kind.clone(),
            state: scope.state.into(),
            excluded: scope.excluded,
            objects: scope.objects,
            objects_by_kind: scope
                .objects_by_kind
                .iter()
                .map(|(kind, objects)| ObjectsByKind { access_kind: (*kind).into(), objects: *objects })
                .collect(),
            duplicates: scope.duplicates,
            unattributed: scope.unattributed,
            as_of: scope.as_of.map(Time),
            proof: scope.proof.clone(),
            sha256: scope.sha256.clone(),
            last_complete_at: scope.last_complete_at.map(Time),
            gaps: scope.gaps.iter().map(Into::into).collect(),
        }
    }
}

impl From<Scope> for report::ScopeFact {
    fn from(scope: Scope) -> Self {
        Self {
            name: scope.name.into(),
            kind: scope.kind,
            state: scope.state.into(),
            excluded: scope.excluded,
            objects: scope.objects,
            objects_by_kind: scope
                .objects_by_kind
                .into_iter()
                .map(|entry| (entry.access_kind.into(), entry.objects))
                .collect(),
            duplicates: scope.duplicates,
            unattributed: scope.unattributed,
            as_of: scope.as_of.map(Into::into),
            proof: scope.proof,
            sha256: scope.sha256,
            last_complete_at: scope.last_complete_at.map(Into::into),
            gaps: scope.gaps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&report::SystemFact> for System {
    fn from(system: &report::SystemFact) -> Self {
        Self {
            id: system.id.to_string(),
            connector: system.connector.clone(),
            configuration: system.configuration.clone(),
            unattributed_together: system.unattributed_together,
            provider: system.provider.clone(),
            tier: system.tier.clone(),
            owner_team: system.owner_team.clone(),
            scopes: system.scopes.iter().map(Into::into).collect(),
            ran_to_end: system.ran_to_end,
            duration_seconds: system.duration_seconds,
            matched_person_ratio: system.matched_person_ratio,
            last_attempt_at: system.last_attempt_at.into(),
            last_success_at: system.last_success_at.map(Time),
            last_complete_at: system.last_complete_at.map(Time),
            notices: system.notices.clone(),
            impossible: system.impossible.iter().map(Into::into).collect(),
            effort: system.effort.map(Into::into),
            credential: system.credential.map(Into::into),
        }
    }
}

impl From<System> for report::SystemFact {
    fn from(system: System) -> Self {
        Self {
            id: system.id.into(),
            connector: system.connector,
            configuration: system.configuration,
            unattributed_together: system.unattributed_together,
            provider: system.provider,
            tier: system.tier,
            owner_team: system.owner_team,
            scopes: system.scopes.into_iter().map(Into::into).collect(),
            ran_to_end: system.ran_to_end,
            duration_seconds: system.duration_seconds,
            matched_person_ratio: system.matched_person_ratio,
            last_attempt_at: system.last_attempt_at.into(),
            last_success_at: system.last_success_at.map(Into::into),
            last_complete_at: system.last_complete_at.map(Into::into),
            notices: system.notices,
            impossible: system.impossible.into_iter().map(Into::into).collect(),
            effort: system.effort.map(Into::into),
            credential: system.credential.map(Into::into),
        }
    }
}

impl From<report::EffortFact> for Effort {
    fn from(effort: report::EffortFact) -> Self {
        let report::EffortFact { requests, retries, failures, throttled, waited_seconds, received } = effort;
        Self { requests, retries, failures, throttled, waited_seconds, received }
    }
}

impl From<Effort> for report::EffortFact {
    fn from(effort: Effort) -> Self {
        let Effort { requests, retries, failures, throttled, waited_seconds, received } = effort;
        Self { requests, retries, failures, throttled, waited_seconds, received }
    }
}

impl From<report::CredentialFact> for Credential {
    fn from(credential: report::CredentialFact) -> Self {
        let report::CredentialFact { ends_at, excess_permissions } = credential;
        Self { ends_at: ends_at.map(Time), excess_permissions }
    }
}

impl From<Credential> for report::CredentialFact {
    fn from(credential: Credential) -> Self {
        let Credential { ends_at, excess_permissions } = credential;
        Self { ends_at: ends_at.map(Into::into), excess_permissions }
    }
}

impl From<&report::ImpossibleFact> for Impossible {
    fn from(cell: &report::ImpossibleFact) -> Self {
        Self {
            what: cell.what.clone(),
            kinds: cell.kinds.iter().map(|kind| (*kind).into()).collect(),
            instead: cell.instead.clone(),
        }
    }
}

impl From<Impossible> for report::ImpossibleFact {
    fn from(cell: Impossible) -> Self {
        Self { what: cell.what, kinds: cell.kinds.into_iter().map(Into::into).collect(), instead: cell.instead }
    }
}

impl From<&report::KnownApp> for KnownApp {
    fn from(app: &report::KnownApp) -> Self {
        Self {
            name: app.name.clone(),
            owner: app.owner.clone(),
            connected_as: app.connected_as.as_ref().map(ToString::to_string),
        }
    }
}

impl From<KnownApp> for report::KnownApp {
    fn from(app: KnownApp) -> Self {
        Self { name: app.name, owner: app.owner, connected_as: app.connected_as.map(Into::into) }
    }
}
