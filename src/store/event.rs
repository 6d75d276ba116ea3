//! What the ledger tells, before it is chained.

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

/// One line of the ledger, before it is chained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A run began.
    RunStarted {
        /// Run id.
        run: String,
        /// Configuration digest.
        config: String,
    },
    /// A run ended.
    RunEnded {
        /// Run id.
        run: String,
        /// Exit code.
        exit_code: u8,
        /// Complete and declared scopes.
        complete: u64,
        /// Declared scopes.
        declared: u64,
    },
    /// A run was found dead.
    RunInterrupted {
        /// Run id.
        run: String,
    },
    /// How a scope ended.
    Coverage {
        /// Run id.
        run: String,
        /// System.
        system: String,
        /// Scope.
        scope: String,
        /// State.
        state: String,
        /// Distinct objects.
        objects: u64,
    },
    /// A roster was accepted or held.
    Roster {
        /// Run id or command.
        by: String,
        /// Digest.
        digest: String,
        /// `accepted`, `held`, `surge`, `surge_accepted`.
        decision: String,
    },
    /// A finding changed its state.
    State {
        /// Run id.
        run: String,
        /// Fingerprint.
        fingerprint: String,
        /// State before; `None` for a new one.
        from: Option<String>,
        /// State now.
        to: String,
        /// Why, in one sentence of ours.
        why: String,
    },
    /// Use after the end was recorded as handled.
    Acknowledged {
        /// Fingerprint.
        fingerprint: String,
        /// Reference.
        reference: String,
    },
    /// An operator accepted a drop.
    DropAccepted {
        /// System and scope.
        scope: String,
        /// Run whose figure is accepted.
        run: String,
    },
    /// The breaker kept the tickets of a run back.
    TicketsHeld {
        /// Run id.
        run: String,
        /// Why.
        why: String,
    },
    /// An operator released the tickets of a run.
    TicketsReleased {
        /// Run id.
        run: String,
        /// Who.
        by: String,
    },
    /// A tracker was asked to do something, and answered or did not.
    Ticket {
        /// Tracker.
        tracker: String,
        /// Our key of the ticket.
        ticket: String,
        /// What it was asked.
        operation: String,
        /// What came of it, in our words.
        outcome: String,
        /// The finding, where the line is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
    },
    /// An operator accepted a store that does not fit its exported ledger and checkpoint (STO-6).
    HistoryAccepted {
        /// Who.
        by: String,
        /// Serial in the store at that time.
        serial: u64,
        /// What did not fit.
        detail: String,
    },
}

impl LedgerEvent {
    /// The finding it is about, in text form.
    pub fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::State { fingerprint, .. } | Self::Acknowledged { fingerprint, .. } => Some(fingerprint),
            Self::Ticket { fingerprint, .. } => fingerprint.as_deref(),
            Self::RunStarted { .. }
            | Self::RunEnded { .. }
            | Self::RunInterrupted { .. }
            | Self::Coverage { .. }
            | Self::Roster { .. }
            | Self::DropAccepted { .. }
            | Self::TicketsHeld { .. }
            | Self::TicketsReleased { .. }
            | Self::HistoryAccepted { .. } => None,
        }
    }
}

/// One line of the ledger that concerns a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryLine {
    /// Its number in the ledger.
    pub sequence: u64,
    /// When it was written.
    pub at: Instant,
    /// What happened.
    pub event: LedgerEvent,
}

impl std::fmt::Display for HistoryLine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}  #{}  ", self.at.format("%Y-%m-%dT%H:%M:%SZ"), self.sequence)?;
        match &self.event {
            LedgerEvent::State { run, from, to, why, .. } => match from {
                Some(from) => write!(formatter, "{from} -> {to}: {why} ({run})"),
                None => write!(formatter, "{to}: {why} ({run})"),
            },
            LedgerEvent::Ticket { tracker, ticket, operation, outcome, .. } => {
                write!(formatter, "ticket {ticket} at {tracker}: {operation}, {outcome}")
            }
            LedgerEvent::Acknowledged { reference, .. } => write!(formatter, "use after the end handled: {reference}"),
            other => write!(formatter, "{other:?}"),
        }
    }
}
