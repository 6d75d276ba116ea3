//! What a tracker can do, and how each call can fail.

use std::time::Duration;

use async_trait::async_trait;
use scan_contract::{Cause, Instant};

use super::text::Text;
use crate::findings::{Fingerprint, Severity};

/// Our own name for one ticket or alert, kept in a machine-readable field of the tracker: at most 40 of `a-z0-9-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey(String);

impl TicketKey {
    /// A key of this text; `None` if it is empty, longer than 40 bytes, or holds another character.
    pub fn new(text: &str) -> Option<Self> {
        let tame = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=40).contains(&text.len()) && text.bytes().all(tame)).then(|| Self(String::from(text)))
    }

    /// The label of one finding: `ra1-` and its 32 digits, since a colon is not allowed everywhere.
    pub fn of_finding(fingerprint: &Fingerprint) -> Self {
        Self(fingerprint.to_string().replace(':', "-"))
    }

    /// A key that this room made or kept: of our own alphabet and short enough by construction.
    pub(super) fn of_label(text: &str) -> Self {
        debug_assert!(Self::new(text).is_some(), "{text} is no key");
        Self(text.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TicketKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The tracker's own id of a ticket. Hostile text: encoded wherever it is put into a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteId(pub String);

/// How a ticket stands in the tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Somebody may still work on it.
    Open,
    /// It is closed there.
    Done {
        /// Whether it says that nothing will be done ("won't do", "not planned").
        refused: bool,
        /// The tracker's word for it, hostile.
        word: String,
        /// When, where the tracker says so.
        at: Option<Instant>,
    },
}

/// A ticket as the tracker shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Id.
    pub id: RemoteId,
    /// Address for people, of the tracker's own origin.
    pub url: Option<String>,
    /// Which of the keys that were looked for it carries.
    pub keys: Vec<TicketKey>,
    /// How it stands.
    pub standing: Standing,
}

/// What a point read showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighted {
    /// There it is.
    Found(Remote),
    /// It is not there, or not for us: deleted, moved, or not visible (TKT-4).
    Missing {
        /// What the tracker answered, in our words.
        why: String,
    },
}

/// A ticket to be made or revised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Our key.
    pub key: TicketKey,
    /// Findings it holds, worst first. Their labels ([`TicketKey::of_finding`]) are attached where the tracker can hold
    /// them; all of them stand in the text in any case.
    pub findings: Vec<Fingerprint>,
    /// One line, without markup; values in it have been made inert. Fitted to [`Limits::title`] by the tracker.
    pub title: String,
    /// Text.
    pub body: Text,
    /// Worst severity of what is open.
    pub severity: Severity,
    /// When it should be done.
    pub due_at: Option<Instant>,
    /// Team that can act.
    pub owner: Option<String>,
}

/// Limits of a tracker (TKT-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a title.
    pub title: usize,
    /// Bytes of a rendered text.
    pub body: usize,
    /// Findings whose labels fit on one ticket; those beyond stand in the text alone.
    pub finding_labels: usize,
}

/// Why a call to a tracker did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackerError {
    /// The tracker understood and refused it. Not repeated unchanged (TKT-8).
    Rejected {
        /// Status and field names; never a body.
        reason: String,
    },
    /// Surely not done. Tried again in a later run.
    NotDone(Cause),
    /// It may have been done: the answer was lost. Look before it is sent again (TKT-2).
    MayHaveHappened(Cause),
}

/// A system that keeps tickets.
#[async_trait]
pub trait Tracker: Send + Sync {
    /// Limits.
    fn limits(&self) -> Limits;

    /// Time after which a ticket that was made is surely found by [`Tracker::find`].
    fn look_up_lag(&self) -> Duration;

    /// Tickets in any state that carry one of these keys, read to the last page. An answer that may hide some (rights, a
    /// filter that the tracker may have dropped) is an error, never an empty list.
    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError>;

    /// Makes a ticket. The caller has looked for it.
    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError>;

    /// One ticket by its id.
    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError>;

    /// Sets title, text, labels, priority and due time to the draft's; leaves what people added elsewhere.
    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError>;

    /// Adds a comment.
    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError>;

    /// Opens a closed ticket again, with a comment. The state comes first; a comment that is lost after it is no error.
    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError>;

    /// Closes a ticket as done, with a comment that names the proof, which stands in its text as well. As in
    /// [`Tracker::reopen`], a comment that is lost after the state was changed is no error.
    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError>;

    /// Asks who we are and whether the place for tickets is there and ours to write to, without writing anything.
    async fn check(&self) -> Result<String, TrackerError>;
}

/// One thing to be told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Our key; the same key is the same alert for as long as it lasts.
    pub key: TicketKey,
    /// One line without markup, inert.
    pub title: String,
    /// Text.
    pub body: Text,
    /// Severity.
    pub severity: Severity,
    /// Configured system, or `all`.
    pub system: String,
    /// Since when.
    pub began_at: Instant,
    /// Which telling of this key it is: another one after each that was taken, the same when one is repeated because its
    /// answer was lost. For comparison alone.
    pub episode: String,
}

/// Whether sending the same alert twice is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// The receiver merges by key.
    Harmless,
    /// It would be shown twice: our own record decides, and what may have been sent is not sent again by itself.
    Doubles,
}

/// A system that tells people and keeps no tickets.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Whether sending twice is harmless.
    fn resend(&self) -> Resend;

    /// Whether what is still firing has to be sent again in every run (Alertmanager forgets).
    fn needs_reminding(&self) -> bool {
        false
    }

    /// Whether it takes several alerts in one request. Where it does not, each is told by a call of its own, so that the
    /// refusal of one says nothing of the others.
    fn takes_lists(&self) -> bool {
        true
    }

    /// Tells of these alerts, all of them or none where the receiver takes lists.
    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError>;

    /// Tells that they are over.
    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError>;

    /// Asks whether the receiver is there, without telling anybody anything, as far as it lets us.
    async fn check(&self) -> Result<String, TrackerError>;
}

/// One configured place to send to.
pub enum Channel {
    /// It keeps tickets.
    Tracker(Box<dyn Tracker>),
    /// It tells people.
    Sink(Box<dyn Sink>),
}
