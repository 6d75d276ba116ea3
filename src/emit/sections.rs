//! Which findings stand where, and how many. Counted once here, so that two formats cannot disagree.

use std::collections::BTreeMap;

use scan_contract::{AccessKind, ScopeState, SystemId};

use crate::exceptions::ExceptionState;
use crate::findings::{Change, Finding, FindingState, Severity};
use crate::report::{GapFact, Report, ScopeFact, SystemFact};

/// Where a finding of [`Report::findings`] is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Open and due: residual access.
    Residual,
    /// Open, and the agreed time has not passed.
    WithinTime,
    /// Covered by an exception.
    Suppressed,
    /// Not certain whose it is.
    Ambiguous,
    /// Closed; normally listed in [`Report::closed`].
    Closed,
}

/// Where a finding belongs.
pub fn section(finding: &Finding) -> Section {
    match finding.state {
        FindingState::Suppressed => Section::Suppressed,
        FindingState::Ambiguous => Section::Ambiguous,
        FindingState::Closed => Section::Closed,
        FindingState::Observed | FindingState::Confirmed | FindingState::Unverified | FindingState::Closing => {
            if finding.due {
                Section::Residual
            } else {
                Section::WithinTime
            }
        }
    }
}

/// Findings of one section, in order.
pub fn of(report: &Report, wanted: Section) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(move |finding| section(finding) == wanted)
}

/// Figures of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Residual findings by severity, in the order of [`Severity::ALL`].
    pub residual: [u64; 5],
    /// Residual findings that stood in the run before.
    pub known: u64,
    /// Residual findings this run saw first, or again after closing.
    pub new: u64,
    /// Residual findings whose scope could not be read.
    pub unverified: u64,
    /// Residual findings used after the end.
    pub used_after_end: u64,
    /// Within the agreed time.
    pub within_time: u64,
    /// Covered by an exception.
    pub suppressed: u64,
    /// Findings whose person is not certain, and grants with several candidates.
    pub ambiguous: u64,
    /// Those of them that may belong to somebody who left.
    pub ambiguous_may_be_leaver: u64,
    /// Closed by this run.
    pub closed: u64,
    /// Grants with no owner.
    pub unattributed: u64,
    /// Remnants.
    pub remnants: u64,
    /// Paid seats.
    pub licenses: u64,
    /// Complete scopes.
    pub complete_scopes: u64,
    /// Declared scopes.
    pub declared_scopes: u64,
    /// Known apps that no system reads.
    pub apps_not_connected: u64,
    /// Exceptions in force.
    pub exceptions_active: u64,
    /// Exceptions that fail a check.
    pub exceptions_invalid: u64,
}

impl Counts {
    /// Counts once.
    pub fn of(report: &Report) -> Self {
        let mut counts = Self::default();
        for finding in &report.findings {
            counts.take(finding);
        }
        let may_be_leaver = report.ambiguous.iter().filter(|grant| grant.may_be_leaver).count();
        counts.ambiguous += report.ambiguous.len() as u64;
        counts.ambiguous_may_be_leaver += may_be_leaver as u64;
        counts.closed = report.closed.len() as u64;
        counts.unattributed = report.unattributed_total;
        counts.remnants = report.remnants.len() as u64;
        counts.licenses = report.licenses.len() as u64;
        (counts.complete_scopes, counts.declared_scopes) = report.coverage();
        counts.apps_not_connected = report.known_apps.iter().filter(|app| app.connected_as.is_none()).count() as u64;
        let exceptions = |state| report.exceptions.iter().filter(|exception| exception.state == state).count() as u64;
        counts.exceptions_active = exceptions(ExceptionState::Active);
        counts.exceptions_invalid = exceptions(ExceptionState::Invalid);
        counts
    }

    fn take(&mut self, finding: &Finding) {
        match section(finding) {
            Section::Residual => {
                self.residual[severity_index(finding.severity)] += 1;
                match finding.change {
                    Change::New | Change::Reopened => self.new += 1,
                    Change::Unchanged | Change::Updated | Change::Closed | Change::Rehired | Change::Planted => {
                        self.known += 1;
                    }
                }
                self.unverified += u64::from(finding.state == FindingState::Unverified);
                self.used_after_end += u64::from(finding.used_after_end == crate::findings::UsedAfterEnd::After);
            }
            Section::WithinTime => self.within_time += 1,
            Section::Suppressed => self.suppressed += 1,
            // A finding exists only for somebody who left.
            Section::Ambiguous => {
                self.ambiguous += 1;
                self.ambiguous_may_be_leaver += 1;
            }
            Section::Closed => {}
        }
    }

    /// Residual findings of every severity.
    pub fn residual_total(&self) -> u64 {
        self.residual.iter().sum()
    }
}

/// Position of a severity in [`Severity::ALL`].
pub fn severity_index(severity: Severity) -> usize {
    Severity::ALL.iter().position(|candidate| *candidate == severity).unwrap_or(Severity::ALL.len() - 1)
}

/// Scopes that are not complete, in order, with the system they belong to.
pub fn incomplete(report: &Report) -> impl Iterator<Item = (&SystemFact, &ScopeFact)> {
    report
        .systems
        .iter()
        .flat_map(|system| system.scopes.iter().map(move |scope| (system, scope)))
        .filter(|(_, scope)| scope.state != ScopeState::Complete)
}

/// A scope that is not complete, with the follow-ups of its kind that have the very same gaps.
#[derive(Debug)]
pub struct Incomplete<'a> {
    /// Its system.
    pub system: &'a SystemFact,
    /// The first of them.
    pub scope: &'a ScopeFact,
    /// How many more there are.
    pub others: usize,
}

impl Incomplete<'_> {
    /// What is read beside the name: how many more.
    pub fn others(&self) -> String {
        match self.others {
            0 => String::new(),
            1 => String::from(" and 1 more of its kind"),
            others => format!(" and {others} more of its kind"),
        }
    }
}

/// Scopes that are not complete. One refused right touches a follow-up of everybody who was asked about: told once, and
/// counted. The formats for programs list each.
pub fn incomplete_together(report: &Report) -> Vec<Incomplete<'_>> {
    let mut together: Vec<Incomplete<'_>> = Vec::new();
    for (system, scope) in incomplete(report) {
        let stem = follow_up_of(scope);
        let same = together.iter_mut().rev().find(|known| {
            stem.is_some()
                && known.system.id == system.id
                && follow_up_of(known.scope) == stem
                && known.scope.state == scope.state
                && known.scope.gaps == scope.gaps
        });
        match same {
            Some(known) => known.others += 1,
            None => together.push(Incomplete { system, scope, others: 0 }),
        }
    }
    together
}

/// `<container>/<kind>` of a follow-up scope; `None` for any other.
fn follow_up_of(scope: &ScopeFact) -> Option<&str> {
    let name = scope.name.as_str();
    let starts = name.match_indices(scope.kind.as_str()).map(|(position, _)| position);
    let mut ends = starts
        .filter(|start| *start == 0 || name[..*start].ends_with('/'))
        .map(|start| start + scope.kind.len())
        .filter(|end| name[*end..].starts_with('/'));
    ends.next().map(|end| &name[..end])
}

/// Every gap, in order: those of scopes that are not complete, and those a complete scope still lists.
pub fn gaps(report: &Report) -> impl Iterator<Item = (&SystemFact, &ScopeFact, Option<&GapFact>)> {
    report.systems.iter().flat_map(|system| {
        system.scopes.iter().flat_map(move |scope| {
            // A scope that is not complete is a gap even if no cause was written down.
            let bare = (scope.state != ScopeState::Complete && scope.gaps.is_empty()).then_some((system, scope, None));
            bare.into_iter().chain(scope.gaps.iter().map(move |gap| (system, scope, Some(gap))))
        })
    })
}

/// Known apps that no system reads.
pub fn apps_not_connected(report: &Report) -> impl Iterator<Item = &crate::report::KnownApp> {
    report.known_apps.iter().filter(|app| app.connected_as.is_none())
}

/// Grants without an owner, counted by system and kind among those listed.
pub fn unattributed_by_kind(report: &Report) -> BTreeMap<(SystemId, AccessKind), u64> {
    let mut counts = BTreeMap::new();
    for grant in &report.unattributed {
        *counts.entry((grant.system.clone(), grant.kind)).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use scan_contract::Cause;

    use super::*;
    use crate::emit::sample;

    fn follow_up(user: &str, right: &str) -> ScopeFact {
        let mut scope = sample::rich().systems.swap_remove(0).scopes.swap_remove(0);
        scope.name = format!("111122223333/iam.ssh-public-keys/{user}").into();
        scope.kind = String::from("iam.ssh-public-keys");
        scope.state = ScopeState::Denied;
        scope.gaps = vec![GapFact { part: None, cause: Cause::Denied { permission: String::from(right) }, count: 1 }];
        scope
    }

    #[test]
    fn one_refused_right_is_told_once_for_all_it_touches_and_another_one_by_itself() {
        let mut report = sample::rich();
        report.systems.truncate(1);
        let mut whole = follow_up("x", "iam:ListSSHPublicKeys");
        whole.name = "111122223333/iam.ssh-public-keys".into();
        report.systems[0].scopes = vec![
            whole,
            follow_up("ana", "iam:ListSSHPublicKeys"),
            follow_up("ben", "iam:ListSSHPublicKeys"),
            follow_up("cem", "iam:GetSSHPublicKey"),
            follow_up("dua", "iam:ListSSHPublicKeys"),
        ];
        let told: Vec<String> = incomplete_together(&report)
            .iter()
            .map(|one| format!("{}{}", one.scope.name.as_str().rsplit('/').next().unwrap_or("?"), one.others()))
            .collect();
        assert_eq!(told, ["iam.ssh-public-keys", "ana and 2 more of its kind", "cem"]);
        assert_eq!(incomplete(&report).count(), 5, "formats for programs list each");
    }
}
