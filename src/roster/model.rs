//! People, stints and ends as the rest of the program sees them.

use std::fmt;
use std::sync::Arc;

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

/// Immutable id of a person in the roster. Text: leading zeros stay.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(Arc<str>);

impl PersonId {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PersonId({:?})", &self.0)
    }
}

/// Position of a person in [`Roster::people`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonIndex(pub u32);

macro_rules! roster_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// Every word, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word used in files and outputs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value written as `word`.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

roster_words! {
    /// Sort of employment.
    EmploymentType {
        /// On the payroll.
        Employee = "employee",
        /// Paid by invoice.
        Contractor = "contractor",
        /// In training.
        Intern = "intern",
        /// For a limited time.
        Temporary = "temporary",
        /// Staff of a supplier.
        Vendor = "vendor",
        /// Anything else.
        Other = "other",
    }
}

roster_words! {
    /// The source's own word for the present state. Informative: intervals decide.
    EmploymentStatus {
        /// Not started.
        Pending = "pending",
        /// Working.
        Active = "active",
        /// On leave, employed.
        Leave = "leave",
        /// Suspended, employed.
        Suspended = "suspended",
        /// Employed, released from work.
        GardenLeave = "garden_leave",
        /// Ended.
        Ended = "ended",
    }
}

roster_words! {
    /// How somebody left. Shown to few.
    TerminationType {
        /// Resigned.
        Voluntary = "voluntary",
        /// Dismissed.
        Involuntary = "involuntary",
        /// The contract ran out.
        EndOfContract = "end_of_contract",
        /// Retired.
        Retirement = "retirement",
        /// Died: neutral wording, and no incident without a human.
        Death = "death",
        /// Moved to another employment.
        Transfer = "transfer",
        /// Not known.
        Unknown = "unknown",
    }
}

roster_words! {
    /// How fast access has to end.
    Urgency {
        /// By the agreed stages.
        Standard = "standard",
        /// At once.
        Immediate = "immediate",
    }
}

roster_words! {
    /// How much a role can give away.
    RoleTier {
        /// Can give others access.
        Tier0 = "tier0",
        /// Production.
        Tier1 = "tier1",
        /// Internal.
        Tier2 = "tier2",
        /// The rest.
        Tier3 = "tier3",
    }
}

roster_words! {
    /// Which day governs the end of access.
    EndBasis {
        /// The earlier of the last day worked and the end date (default).
        EarliestOfLastDayWorkedAndEndDate = "earliest_of_last_day_worked_and_end_date",
        /// The end date.
        EndDate = "end_date",
        /// The last day worked.
        LastDayWorked = "last_day_worked",
    }
}

roster_words! {
    /// What an employment on leave means for access.
    LeavePolicy {
        /// Access stays (default).
        KeepAccess = "keep_access",
        /// Access is suspended while on leave.
        SuspendAccess = "suspend_access",
    }
}

/// From where the end of access was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndSource {
    /// The row gives the instant itself (`access_end_at`).
    AccessEndAt,
    /// First instant after the last day worked.
    LastDayWorked,
    /// First instant after the end date.
    EndDate,
    /// Missing from a feed that lists only active people: ended at some moment between two files.
    PresumedFromAbsence,
}

/// The end of access of one stint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEnd {
    /// The instant used for due times and exposure.
    pub at: Instant,
    /// Earliest instant it can be; equal to `at` where the zone is the worker's own.
    pub earliest: Instant,
    /// Latest instant it can be: with a default zone, the end of that day at UTC-12 (`Etc/GMT+12`).
    pub latest: Instant,
    /// Which field it came from.
    pub source: EndSource,
    /// Time zone used, from the tz database; `UTC` for an instant given as such.
    pub zone: Arc<str>,
    /// Whether the zone is only the source's default, so that the end is an interval.
    pub zone_is_default: bool,
    /// When this end first stood in an accepted roster: exposure is also counted from here.
    pub known_at: Option<Instant>,
}

impl AccessEnd {
    /// Whether the end is known as one instant.
    pub fn is_exact(&self) -> bool {
        self.earliest == self.latest
    }
}

/// One spell of employment: the half-open interval `[start, end)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stint {
    /// 1, 2, ... in order of start.
    pub number: u32,
    /// First instant of the start date in the worker's zone.
    pub start: Instant,
    /// End of access; `None` is open.
    pub end: Option<AccessEnd>,
    /// Sort of employment.
    pub employment_type: EmploymentType,
    /// The source's own word.
    pub status: Option<EmploymentStatus>,
    /// How it ended.
    pub termination_type: Option<TerminationType>,
    /// How fast access has to end.
    pub urgency: Urgency,
    /// How much the role can give away.
    pub role_tier: Option<RoleTier>,
    /// Tag of a common departure; confidential until disclosed.
    pub batch: Option<Arc<str>>,
    /// Manager at the end.
    pub manager: Option<PersonId>,
    /// Department.
    pub department: Option<Arc<str>>,
    /// Data must be kept; see the wording of remedies.
    pub legal_hold: bool,
    /// Source the row came from.
    pub source: Arc<str>,
}

/// A person with every stint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Immutable id.
    pub id: PersonId,
    /// Stints in order of start. Adjoining ones (no gap) are one continuous employment for access.
    pub stints: Vec<Stint>,
    /// Name for people; never used to decide.
    pub display_name: Option<Box<str>>,
    /// Why nobody may be judged by these rows (conflicting rows, one id given to two people).
    pub not_judged: Option<Box<str>>,
}

/// Where a person stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Has not started yet.
    NotStarted,
    /// In employment. `stint` is the one in force.
    Employed {
        /// The stint in force.
        stint: &'a Stint,
    },
    /// Employed, but the leave policy suspends access. `end` says since when, as far as known.
    Suspended {
        /// The stint in force.
        stint: &'a Stint,
    },
    /// No stint contains the instant, and one has ended.
    Left {
        /// The last stint that ended.
        stint: &'a Stint,
        /// Its end.
        end: &'a AccessEnd,
    },
    /// The rows contradict each other; nobody is judged by them.
    NotJudged {
        /// Why.
        reason: &'a str,
    },
}

impl Person {
    /// Where the person stands at `now`. An end known as an interval counts as passed at its nominal instant `at`.
    pub fn standing(&self, now: Instant, leave: LeavePolicy) -> Standing<'_> {
        if let Some(reason) = &self.not_judged {
            return Standing::NotJudged { reason };
        }
        let ended = |stint: &&Stint| stint.end.as_ref().is_some_and(|end| end.at <= now);
        if let Some(stint) = self.stints.iter().rev().find(|stint| stint.start <= now && !ended(stint)) {
            return if stint.status == Some(EmploymentStatus::Leave) && leave == LeavePolicy::SuspendAccess {
                Standing::Suspended { stint }
            } else {
                Standing::Employed { stint }
            };
        }
        let last = self
            .stints
            .iter()
            .filter_map(|stint| stint.end.as_ref().map(|end| (stint, end)))
            .filter(|(_, end)| end.at <= now)
            .max_by_key(|(stint, end)| (end.at, stint.number));
        match last {
            Some((stint, end)) => Standing::Left { stint, end },
            None => Standing::NotStarted,
        }
    }

    /// Whether the person leaves within `days` after `now`: follow-up reads start before the end (settled interest).
    pub fn leaves_within(&self, now: Instant, days: i64) -> bool {
        let horizon = now + chrono::TimeDelta::days(days);
        self.stints.last().and_then(|stint| stint.end.as_ref()).is_some_and(|end| end.at > now && end.at <= horizon)
    }

    /// End of the last stint that ended before `stint` began with a gap between: a rehire.
    pub fn gap_before(&self, stint: &Stint) -> Option<&AccessEnd> {
        self.stints
            .iter()
            .filter(|earlier| earlier.number < stint.number)
            .filter_map(|earlier| earlier.end.as_ref())
            .filter(|end| end.at < stint.start)
            .max_by_key(|end| end.at)
            .filter(|end| {
                // Another stint that bridges the gap makes it continuous.
                !self.stints.iter().any(|other| {
                    other.number != stint.number
                        && other.start <= end.at
                        && other.end.as_ref().is_none_or(|other_end| other_end.at >= stint.start)
                })
            })
    }
}

/// What an alias or roster column identifies a person by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// `person_id` or `source_record_id`, compared with an `employee_id`.
    EmployeeNumber,
    /// A mail address, current or earlier.
    Email,
    /// A login; bound to one system.
    Username,
    /// An immutable id; bound to one system.
    ProviderId,
    /// SHA-256 fingerprint of a public key.
    SshFingerprint,
}

/// One identifier of one person, inside its window. Handed out one by one; the roster need not keep them as objects.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Whose.
    pub person: PersonIndex,
    /// What sort.
    pub kind: ClaimKind,
    /// System it is bound to, for usernames and provider ids.
    pub system: Option<&'a str>,
    /// Value as written.
    pub value: &'a str,
    /// First instant it belonged to the person; `None` is unbounded.
    pub from: Option<Instant>,
    /// First instant it no longer did; `None` is unbounded.
    pub until: Option<Instant>,
    /// Private: used for matching, never printed.
    pub personal: bool,
    /// Whether this is the `person_id` itself (employee numbers are compared with it first).
    pub primary: bool,
}

/// A link somebody reviewed: this grant, login or provider id is this person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedLink {
    /// Whose.
    pub person_id: PersonId,
    /// In which system.
    pub system: String,
    /// Kind, where the link is about one grant.
    pub kind: Option<scan_contract::AccessKind>,
    /// Grant id, or the account's provider id.
    pub grant_id: Option<String>,
    /// Login instead of a grant id.
    pub login: Option<String>,
    /// Who reviewed it.
    pub reviewer: String,
    /// When.
    pub date: chrono::NaiveDate,
    /// Why it is so.
    pub reason: String,
}

/// SHA-256 over the roster's files, in lower-case hex; what `roster accept` names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RosterDigest(pub String);

impl fmt::Display for RosterDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a roster may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterState {
    /// The newest roster passed every gate or was accepted by name.
    Accepted,
    /// The newest roster failed a gate; the last accepted one is in force.
    Held,
    /// No roster is in force.
    None,
}
