//! Broken promises. Each shows that an invariant can fail, and that somebody would see it.

use holdover::findings::{Change, FindingState};
use holdover::report::{ExitCode, Report};
use holdover::store::{LedgerEvent, RunChanges};

use crate::canary::Secrets;

/// Somebody who breaks a promise that the design rests on, or a product that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// All keep their word.
    Nobody,
    /// Invariant 1: the system leaves out a user and says that this was all.
    System,
    /// 2: the run says that all is well, whatever it saw.
    SaysClean,
    /// 2: an output failed, and the run does not say so.
    HidesOutput,
    /// 3: what was not read is closed.
    ClosesOnGap,
    /// 4: the tracker shows a new ticket later than it says, so that a second one is made.
    Tracker,
    /// 4: tickets are sent although a hold is on.
    SendsWhileHeld,
    /// 5: a change of state is committed, and the ledger does not tell it.
    LedgerLacks,
    /// 6: a secret gets into a report.
    Leaks,
    /// 7: what is open is forgotten at the end.
    Forgets,
}

impl Lie {
    /// Each lie with a part of what the checks must say of it.
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::System, "its scope complete, and not open"),
        (Self::SaysClean, "clean with"),
        (Self::HidesOutput, "could not be written"),
        (Self::ClosesOnGap, "closed without proof"),
        (Self::Tracker, "stands on 2 tickets"),
        (Self::SendsWhileHeld, "although a hold is on"),
        (Self::LedgerLacks, "the ledger says"),
        (Self::Leaks, "a planted secret stands in"),
        (Self::Forgets, "after the faults stopped"),
    ];

    pub(crate) fn before_commit(self, changes: &mut RunChanges) {
        if self == Self::LedgerLacks {
            let state = |event: &LedgerEvent| matches!(event, LedgerEvent::State { .. });
            if let Some(at) = changes.ledger.iter().rposition(state) {
                changes.ledger.remove(at);
            }
        }
    }

    pub(crate) fn about_report(self, report: &mut Report, secrets: &Secrets) {
        match self {
            Self::SaysClean => report.run.exit_code = ExitCode::Clean,
            Self::HidesOutput => {
                report.run.flags.store_failed = false;
                report.run.exit_code = holdover::run::picture::exit_code(&report.run.flags, false);
            }
            Self::ClosesOnGap => {
                let frozen = report.findings.iter().position(|finding| finding.state == FindingState::Unverified);
                if let Some(at) = frozen {
                    let mut finding = report.findings.remove(at);
                    (finding.state, finding.change) = (FindingState::Closed, Change::Closed);
                    report.closed.push(finding);
                }
            }
            Self::Leaks => {
                if let Some(notice) = report.notices.first_mut() {
                    notice.says.push_str(&secrets.export);
                }
            }
            Self::Forgets => report.findings.clear(),
            Self::Nobody | Self::System | Self::Tracker | Self::SendsWhileHeld | Self::LedgerLacks => {}
        }
    }
}
