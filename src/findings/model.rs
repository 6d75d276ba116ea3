//! The finding and its vocabularies. Outputs convert by hand from these types; they are never serialised outward.

use std::fmt;
use std::sync::Arc;

use scan_contract::{
    AccessKind, Fact, GrantId, Instant, Moment, Privilege, Relation, ScopeName, Status, Subtype, SystemId,
};
use serde::{Deserialize, Serialize};

use crate::roster::{AccessEnd, PersonId, RoleTier};

macro_rules! finding_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order used for output.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in outputs and metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value written as `word`.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

finding_words! {
    /// How bad it is. Ordered from worst to least, so that sorting puts the worst first.
    Severity {
        /// Act now.
        Critical = "critical",
        /// Act today.
        High = "high",
        /// Act this week.
        Medium = "medium",
        /// Act when there is time.
        Low = "low",
        /// For the record.
        Info = "info",
    }
}

impl Severity {
    /// Position in [`Severity::ALL`]: 0 is critical.
    pub fn position(self) -> usize {
        self as usize
    }
}

finding_words! {
    /// How sure the match to the person is.
    Confidence {
        /// An immutable identifier on both sides.
        High = "high",
        /// Two agreeing attributes.
        Medium = "medium",
        /// Less; reported, never ticketed.
        Low = "low",
    }
}

finding_words! {
    /// Where a finding is in its life. Open means any of the first four.
    FindingState {
        /// Seen once.
        Observed = "observed",
        /// Seen twice, or once in a file that describes a time after the end plus the settle time.
        Confirmed = "confirmed",
        /// Was open; its scope could not be read this time.
        Unverified = "unverified",
        /// Absent once in a complete read.
        Closing = "closing",
        /// Absent twice, or shown as ended in a complete read.
        Closed = "closed",
        /// Covered by an exception in force.
        Suppressed = "suppressed",
        /// Not certain whose it is.
        Ambiguous = "ambiguous",
    }
}

impl FindingState {
    /// Whether it counts as open.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Observed | Self::Confirmed | Self::Unverified | Self::Closing)
    }
}

finding_words! {
    /// Whether the grant can be used.
    Usability {
        /// By the leaver, as it stands.
        UsableNow = "usable_now",
        /// After one more step of theirs, such as accepting an invitation.
        UsableIf = "usable_if",
        /// Not by itself: a factor, a known secret, a copy of a key, an ownership.
        Indirect = "indirect",
        /// Switched off; somebody can switch it on again. A remnant.
        Dormant = "dormant",
        /// Cannot come back. A remnant.
        Inert = "inert",
        /// Not known; scored as usable now.
        Unknown = "unknown",
    }
}

impl Usability {
    /// Whether it is a remnant: listed and counted, but no residual access.
    pub fn is_remnant(self) -> bool {
        matches!(self, Self::Dormant | Self::Inert)
    }
}

finding_words! {
    /// Whether it was used after the end.
    UsedAfterEnd {
        /// Certainly after.
        After = "after",
        /// Certainly before.
        Before = "before",
        /// The time is too coarse to tell; said so, and not flagged.
        Undecided = "undecided",
        /// The source does not say.
        NotKnown = "not_known",
        /// The source says that it was never used.
        Never = "never",
    }
}

finding_words! {
    /// What a finding is about.
    Class {
        /// Residual access.
        Residual = "residual",
        /// A paid seat: cost, never residual access.
        License = "license",
        /// A grant that is switched off or cannot come back.
        Remnant = "remnant",
    }
}

/// What is added to the remedy of somebody whose data is under legal hold. Tickets, which many can read, say only what to
/// do and not why.
pub const LEGAL_HOLD_REMARK: &str =
    " Data of this person is under legal hold: disable and keep, do not delete, and note the hold.";

/// Identity of a finding: `ra1:` and 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// Prefix of fingerprints of this recipe.
pub const FINGERPRINT_PREFIX: &str = "ra1:";

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(FINGERPRINT_PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("{text:?} is not a fingerprint: expected {FINGERPRINT_PREFIX} and 32 lower-case hex digits");
        let digits = text.strip_prefix(FINGERPRINT_PREFIX).ok_or_else(wrong)?;
        if digits.len() != 32 || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        let mut bytes = [0_u8; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// One rule that holds for a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// Rule id, forever.
    pub rule: Arc<str>,
    /// Rule version.
    pub version: u32,
}

/// A rule that could not be decided, and the fact that was hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUndecided {
    /// Rule id.
    pub rule: Arc<str>,
    /// Which fact, such as `access.created_at`.
    pub fact: String,
}

/// How a grant was tied to a person, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchFacts {
    /// Method in one word, such as `employee_id`, `work_email`, `parent`, `graph`, `reviewed_link`.
    pub method: String,
    /// Evidence, one sentence each, in order. Private aliases appear as `(personal address)`.
    pub evidence: Vec<String>,
    /// The chain across systems, from the grant to the roster; empty where the match is direct.
    pub chain: Vec<String>,
}

/// One residual access, licence or remnant: person, system, concrete grant.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Identity over all runs.
    pub fingerprint: Fingerprint,
    /// Where it is in its life.
    pub state: FindingState,
    /// Residual, licence or remnant.
    pub class: Class,
    /// The rule with the highest weight; the first of `rules`.
    pub rule: Arc<str>,
    /// All rules that hold.
    pub rules: Vec<RuleHit>,
    /// Rules that could not be decided.
    pub undecided: Vec<RuleUndecided>,
    /// How bad.
    pub severity: Severity,
    /// Every step that led to the severity.
    pub severity_reasons: Vec<String>,
    /// How sure the match is.
    pub confidence: Confidence,
    /// Whose.
    pub person_id: PersonId,
    /// Which stint ended.
    pub stint: u32,
    /// Tier of the person in that stint.
    pub role_tier: Option<RoleTier>,
    /// Configured system.
    pub system: SystemId,
    /// Scope it was read in.
    pub scope: ScopeName,
    /// What sort of access.
    pub access_kind: AccessKind,
    /// What it is beyond its kind.
    pub subtype: Option<Subtype>,
    /// The provider's immutable id. Not a secret; masked only where persons are pseudonymised and in tickets.
    pub grant_id: GrantId,
    /// Text for people; hostile.
    pub grant_display: Option<String>,
    /// What it opens; hostile.
    pub target: Option<String>,
    /// How the person relates to it.
    pub relation: Relation,
    /// The grant's own switch.
    pub status: Status,
    /// How far it reaches.
    pub privilege: Privilege,
    /// Whether it can be used.
    pub usability: Usability,
    /// When access should have ended.
    pub access_end: AccessEnd,
    /// End plus the agreed time.
    pub due_at: Instant,
    /// Whether `due_at` has passed.
    pub due: bool,
    /// Policy rule that set `due_at`.
    pub due_rule: Arc<str>,
    /// When the grant was made.
    pub created_at: Fact<Moment>,
    /// When it was last used.
    pub last_used_at: Fact<Moment>,
    /// When it ends by itself.
    pub expires_at: Fact<Moment>,
    /// Latest instant an unlistable session can still be alive.
    pub live_until: Option<Instant>,
    /// Used after the end?
    pub used_after_end: UsedAfterEnd,
    /// First run that saw it.
    pub first_seen_at: Instant,
    /// Last run that read the object itself.
    pub last_seen_at: Instant,
    /// Last time its scope was read completely.
    pub last_complete_read_at: Option<Instant>,
    /// `last_seen_at` minus the end of access, in seconds; never below zero.
    pub exposure_seconds: i64,
    /// How it was matched.
    pub matched: MatchFacts,
    /// What to do, in the right order.
    pub remediation: String,
    /// Control ids, such as `NIST-800-53r5:PS-4`.
    pub controls: Vec<Arc<str>>,
    /// Exception that covers it, in `Suppressed`, or that has lapsed.
    pub exception_id: Option<Arc<str>>,
    /// End of that exception.
    pub exception_expires_at: Option<Instant>,
    /// Ticket address.
    pub ticket: Option<String>,
    /// Team that can act.
    pub owner_team: Option<Arc<str>>,
    /// Where the truth is kept if not in the system.
    pub managed_by: Option<String>,
    /// Remarks: disabled not removed, key id not in the documents, sessions counted.
    pub notes: Vec<String>,
    /// Where it was seen.
    pub evidence: Vec<String>,
    /// What changed in this run, for outputs that tell new from known.
    pub change: Change,
    /// For closed findings: time from the end of access to the reads that bound the revocation.
    pub revoked_between: Option<(Instant, Instant)>,
}

finding_words! {
    /// What this run did to a finding.
    Change {
        /// First seen now.
        New = "new",
        /// Seen before, as it was.
        Unchanged = "unchanged",
        /// Severity, privilege, use or state changed.
        Updated = "updated",
        /// Was closed and is back.
        Reopened = "reopened",
        /// Closed now.
        Closed = "closed",
        /// Ended by an explicit rehire.
        Rehired = "rehired",
        /// Ended because the configuration says that the grant was planted.
        Planted = "planted",
    }
}
