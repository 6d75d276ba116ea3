//! Where a finding is in its life, in the words of the schema.

use crate::emit::words;
use crate::findings::{Change, Finding, FindingState};

/// Activity, status and code of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) activity_id: u8,
    pub(super) activity: &'static str,
    pub(super) status_id: u8,
    pub(super) status: &'static str,
    pub(super) code: &'static str,
    pub(super) is_alert: bool,
}

const CREATE: (u8, &str) = (1, "Create");
const UPDATE: (u8, &str) = (2, "Update");
const CLOSE: (u8, &str) = (3, "Close");
const NEW: (u8, &str) = (1, "New");
const IN_PROGRESS: (u8, &str) = (2, "In Progress");
const SUPPRESSED: (u8, &str) = (3, "Suppressed");
const RESOLVED: (u8, &str) = (4, "Resolved");
const ARCHIVED: (u8, &str) = (5, "Archived");

impl Life {
    pub(super) fn of(finding: &Finding) -> Self {
        let worked_on = if finding.ticket.is_some() { IN_PROGRESS } else { NEW };
        let first = if finding.change == Change::New { CREATE } else { UPDATE };
        let life = match (finding.state, finding.change) {
            (FindingState::Closed, Change::Rehired) => Self::new(CLOSE, ARCHIVED, "REHIRED", false),
            (FindingState::Closed, Change::Planted) => Self::new(CLOSE, ARCHIVED, "PLANTED", false),
            (FindingState::Closed, _) => Self::new(CLOSE, RESOLVED, "CLOSED", false),
            (FindingState::Suppressed, _) => Self::new(UPDATE, SUPPRESSED, "SUPPRESSED", false),
            (FindingState::Ambiguous, _) => Self::new(first, NEW, "AMBIGUOUS", false),
            (FindingState::Unverified, _) => Self::new(UPDATE, worked_on, "UNVERIFIED", true),
            (FindingState::Closing, _) => Self::new(UPDATE, IN_PROGRESS, "CLOSING", true),
            (FindingState::Observed, Change::Reopened) => Self::new(UPDATE, NEW, "REOPENED", false),
            (FindingState::Confirmed, Change::Reopened) => Self::new(UPDATE, NEW, "REOPENED", true),
            (FindingState::Observed, _) => Self::new(CREATE, NEW, "OBSERVED", false),
            (FindingState::Confirmed, Change::New) => Self::new(CREATE, NEW, "OPEN", true),
            (FindingState::Confirmed, _) => Self::new(UPDATE, worked_on, "OPEN", true),
        };
        // What is within the agreed time is nobody's alarm, however it was seen last.
        Self { is_alert: life.is_alert && finding.due, ..life }
    }

    /// A grant that may belong to somebody who left. The report does not remember it, so each run creates it anew.
    pub(super) fn unassigned() -> Self {
        Self::new(CREATE, NEW, "AMBIGUOUS", false)
    }

    fn new(activity: (u8, &'static str), status: (u8, &'static str), code: &'static str, is_alert: bool) -> Self {
        Self { activity_id: activity.0, activity: activity.1, status_id: status.0, status: status.1, code, is_alert }
    }
}

/// One sentence without a person in it.
pub(super) fn sentence(finding: &Finding) -> String {
    let after = words::after_the_end(finding);
    let until = if finding.state.is_open() && !finding.due {
        format!(", within the agreed time until {}", words::seconds(finding.due_at))
    } else {
        String::new()
    };
    match finding.state {
        FindingState::Closed => words::how_closed(finding).to_owned(),
        FindingState::Suppressed => format!(
            "still there {after}, under exception {}",
            finding.exception_id.as_deref().unwrap_or("that is not named")
        ),
        FindingState::Unverified => format!("last seen {after}{until}; its scope could not be read in this run"),
        FindingState::Closing => format!("absent once, last seen {after}{until}"),
        FindingState::Ambiguous => format!("still there {after}; whose it is, is not certain"),
        FindingState::Observed | FindingState::Confirmed if !finding.due => format!("still there{until}"),
        FindingState::Observed | FindingState::Confirmed => format!("still there {after}"),
    }
}
