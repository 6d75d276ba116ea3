//! What is kept about tickets: wishes that a run left, tickets that were made, and which finding stands on which.
//!
//! A run writes its wishes in the transaction of the state change (TKT-1). What a tracker is asked to do is written
//! down before it is asked, and what came of it in one transaction with the wishes that it fulfils, so that a program
//! killed between any two steps neither forgets a ticket nor makes a second one.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use super::{LedgerEvent, StoreError};
use crate::findings::wish::Happening;
use crate::findings::{Fingerprint, Memory, Severity};

/// What a ticket may say of a person beyond the finding.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WishAbout {
    /// Announced batch the person left with. Nothing is sent before it is disclosed, and then only on a person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// From when the batch may be named; `None` means that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosed_at: Option<Instant>,
    /// Name, where the configuration shows names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Its number; zero until it is stored.
    pub number: u64,
    /// Run that wishes it.
    pub run: String,
    /// When.
    pub at: Instant,
    /// Finding.
    pub fingerprint: Fingerprint,
    /// What happened to it.
    pub happening: Happening,
    /// About the person.
    pub about: WishAbout,
}

/// Why the roster keeps new tickets back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterHold {
    /// The newest roster is held, or none is in force.
    Held,
    /// Many newly terminated people wait for an operator's word.
    Surge,
    /// No operator has accepted a roster of this state directory yet.
    Baseline,
}

/// What the breaker said about the tickets of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// They may be sent.
    Passed {
        /// Tickets it asked for.
        tickets: u64,
    },
    /// They wait for an operator.
    Held {
        /// Tickets it asked for.
        tickets: u64,
        /// Findings on them.
        findings: u64,
        /// Why, in one sentence.
        why: String,
    },
}

/// One run, as the breaker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRun {
    /// Run id.
    pub run: String,
    /// When it was committed.
    pub at: Instant,
    /// Whether its roster keeps new tickets back.
    pub hold: Option<RosterHold>,
    /// Digest of its roster: accepting it lifts a surge or a baseline.
    pub roster_digest: Option<String>,
    /// Word of the breaker, once it was asked.
    pub verdict: Option<Verdict>,
    /// Operator's word, and whose.
    pub released: Option<(Instant, String)>,
}

impl TicketRun {
    /// Whether its tickets wait for an operator.
    pub fn is_held(&self) -> bool {
        self.released.is_none() && matches!(self.verdict, Some(Verdict::Held { .. }))
    }
}

/// Runs whose tickets wait for an operator: held, and something of them is left to send. A tracker that is new in the
/// configuration asks in the name of the newest run, without a wish of it, so a held newest run waits in any case.
pub(crate) fn held_runs(runs: &[TicketRun], wishes: &[Wish]) -> Vec<TicketRun> {
    let newest = runs.last().map(|run| run.run.as_str());
    let asks: BTreeSet<&str> =
        wishes.iter().filter(|wish| wish.happening.opens()).map(|wish| wish.run.as_str()).collect();
    let waits =
        |run: &&TicketRun| run.is_held() && (asks.contains(run.run.as_str()) || newest == Some(run.run.as_str()));
    runs.iter().filter(waits).cloned().collect()
}

macro_rules! stored_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in outputs, metrics and the store.
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

stored_words! {
    /// What a ticket is for.
    Unit {
        /// One person and one team.
        PersonOwner = "person_owner",
        /// One finding.
        Finding = "finding",
        /// One system.
        System = "system",
        /// One team of a batch.
        BatchTeam = "batch_team",
        /// A whole batch: names its children, holds no finding.
        BatchParent = "batch_parent",
        /// What is above the caps in one system; holds no finding.
        Digest = "digest",
    }
}

stored_words! {
    /// Where a ticket stands, by our own record.
    TicketState {
        /// Written down; nobody knows yet whether the tracker has it.
        Intended = "intended",
        /// The tracker refused to make it.
        Rejected = "rejected",
        /// Open.
        Open = "open",
        /// Closed, with proof.
        Resolved = "resolved",
        /// Closed by a person who says that nothing will be done.
        Refused = "refused",
        /// Closed by a person twice while access remained.
        Disputed = "disputed",
        /// Deleted, moved out of sight, or not ours to see.
        Missing = "missing",
    }
}

impl TicketState {
    /// Whether lines can be added to it.
    pub fn takes_lines(self) -> bool {
        matches!(self, Self::Intended | Self::Rejected | Self::Open)
    }
}

stored_words! {
    /// What a tracker was asked to do.
    Operation {
        /// Make a ticket.
        Create = "create",
        /// Set its text, labels and priority.
        Revise = "revise",
        /// Add a comment.
        Comment = "comment",
        /// Open it again.
        Reopen = "reopen",
        /// Close it.
        Resolve = "resolve",
    }
}

stored_words! {
    /// What came of it.
    Outcome {
        /// Done.
        Ok = "ok",
        /// Not done, or nobody knows.
        Failed = "failed",
    }
}

stored_words! {
    /// What a ticket says of one finding.
    LineStatus {
        /// Access is there.
        Open = "open",
        /// It could not be looked at.
        Unverified = "unverified",
        /// Proven gone.
        Closed = "closed",
        /// An exception covers it.
        Suppressed = "suppressed",
    }
}

impl LineStatus {
    /// Whether nothing is left to do for it.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Closed | Self::Suppressed)
    }
}

/// One finding on a ticket, as the ticket tells it. One ticket a finding and tracker, for ever (TKT-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketLine {
    /// Tracker.
    pub tracker: String,
    /// Finding.
    pub fingerprint: Fingerprint,
    /// Key of its ticket.
    pub ticket: String,
    /// What the ticket says.
    pub status: LineStatus,
    /// Severity that the ticket says.
    pub severity: Severity,
    /// Whether the ticket says that it was used after the end.
    pub used: bool,
    /// Sentence beside a line that is done: both looks, or the exception.
    pub remark: Option<String>,
    /// Last wish that is told with it.
    pub through: u64,
    /// About the person.
    pub about: WishAbout,
}

/// A close that was not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedByHand {
    /// When, by the tracker's word; else when we saw it first.
    pub at: Instant,
    /// The tracker's word for it, hostile.
    pub word: String,
    /// Whether it says that nothing will be done.
    pub refused: bool,
}

/// A step that was begun and whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// What.
    pub operation: Operation,
    /// When it was last tried.
    pub at: Instant,
}

/// A refusal that is not repeated unchanged (TKT-8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Status and field names.
    pub reason: String,
    /// SHA-256 of what was refused, lower-case hex.
    pub digest: String,
}

/// A ticket, or a lasting alert, as we know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Tracker.
    #[serde(skip)]
    pub tracker: String,
    /// Our key.
    #[serde(skip)]
    pub key: String,
    /// What it is for.
    pub unit: Unit,
    /// Stable name of what it is for, over all its generations.
    pub group: String,
    /// 0 for the first ticket of its group, 1 for the one after, ...
    pub generation: u32,
    /// Person, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Team that can act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// System, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Batch, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Where it stands.
    pub state: TicketState,
    /// The tracker's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Address for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Run in which it was first written down.
    pub run: String,
    /// When.
    pub intended_at: Instant,
    /// When the tracker had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Instant>,
    /// When it was closed with proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Instant>,
    /// A close that was not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ClosedByHand>,
    /// How often we opened it again after that.
    #[serde(default)]
    pub reopened_by_us: u32,
    /// Worst severity it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Address of the ticket before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Run in which a comment was last added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commented_in: Option<String>,
    /// Figure that a digest or a parent tells.
    #[serde(default)]
    pub count: u64,
    /// Whether its text has to be set again.
    #[serde(default)]
    pub stale: bool,
    /// A step whose end is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// A refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// Tries in a row that surely did nothing.
    #[serde(default)]
    pub attempts: u32,
    /// Not tried again before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Instant>,
}

/// Everything that is known when tickets are planned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketBook {
    /// Tickets, by tracker and key.
    pub tickets: Vec<Ticket>,
    /// Lines, by tracker and fingerprint.
    pub lines: Vec<TicketLine>,
    /// Wishes, oldest first.
    pub wishes: Vec<Wish>,
    /// Runs, oldest first; a few hundred at most.
    pub runs: Vec<TicketRun>,
    /// Findings that are not closed, and closed ones whose line does not say so yet.
    pub memories: BTreeMap<Fingerprint, Memory>,
    /// Open findings in all.
    pub open_findings: u64,
    /// Whether an operator accepted the roster of the last run.
    pub roster_released: bool,
}

impl TicketBook {
    /// Runs whose tickets wait for an operator, oldest first.
    pub fn held_runs(&self) -> Vec<TicketRun> {
        held_runs(&self.runs, &self.wishes)
    }
}

/// One step of sending, committed as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketChanges {
    /// Tickets as they are now.
    pub tickets: Vec<Ticket>,
    /// Lines as they are now.
    pub lines: Vec<TicketLine>,
    /// Wishes of findings that were confirmed before anybody asked for tickets.
    pub wishes: Vec<Wish>,
    /// Wishes that are fulfilled everywhere.
    pub done: Vec<u64>,
    /// Words of the breaker, by run id.
    pub verdicts: Vec<(String, Verdict)>,
    /// Steps for the counters.
    pub operations: Vec<(String, Operation, Outcome)>,
    /// Addresses to be remembered with findings.
    pub addresses: Vec<(Fingerprint, Option<String>)>,
    /// Ledger, in order.
    pub ledger: Vec<LedgerEvent>,
}

/// A ticket that says that all is done while nobody proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketStanding {
    /// Finding.
    pub fingerprint: Fingerprint,
    /// Tracker.
    pub tracker: String,
    /// Address.
    pub url: Option<String>,
    /// Where it stands.
    pub state: TicketState,
    /// The close, where it was one.
    pub by_hand: Option<ClosedByHand>,
}

/// Steps by tracker, operation and outcome, over all time.
pub type OperationCounts = BTreeMap<(String, Operation, Outcome), u64>;

/// Figures of one tracker for metrics. A plain picture: counting is the work of the tickets room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketFigures {
    /// Tracker.
    pub tracker: String,
    /// Open tickets.
    pub open: u64,
    /// Findings whose ticket has something to tell that may be told and was not told yet.
    pub pending: u64,
    /// Findings that wait for a word: kept back by the breaker, an undisclosed batch or the roster.
    pub held: u64,
    /// Findings whose ticket says done while access was seen since.
    pub contradictions: u64,
    /// Tickets closed by hand twice while access remained.
    pub disputed: u64,
    /// Steps over all time.
    pub operations: BTreeMap<(Operation, Outcome), u64>,
}

/// What is kept about tickets. Beside [`super::Store`]; one writer.
pub trait Outbox {
    /// Everything that is known when tickets are planned.
    fn ticket_book(&self) -> Result<TicketBook, StoreError>;

    /// Commits one step of sending; all or nothing.
    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError>;

    /// Records an operator's word that the tickets of a run may be sent, also in the ledger. A run that is not known is
    /// `Missing`.
    fn release_tickets(&mut self, run_id: &str, at: Instant, by: &str) -> Result<(), StoreError>;

    /// Runs whose tickets wait for an operator, oldest first.
    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError>;

    /// Findings whose ticket is closed, refused, disputed or missing, and not by our proof.
    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError>;

    /// Findings that stand on a ticket as not done, or that a wish is about. A confirmed finding that is not among them
    /// was never wished for: tickets were not configured then, or the store is older than tickets.
    fn ticket_known(&self) -> Result<BTreeSet<Fingerprint>, StoreError>;

    /// Steps over all time.
    fn ticket_operations(&self) -> Result<OperationCounts, StoreError>;
}
