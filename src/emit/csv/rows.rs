//! One row, by the names of the columns.

use scan_contract::{AccessKind, Fact, Instant, Moment};

use super::COLUMNS;
use super::cell::Cell;
use crate::emit::context::Places;
use crate::emit::{Persons, words};
use crate::findings::Finding;
use crate::report::{
    AmbiguousGrant, Contradiction, GapFact, KnownApp, RosterFacts, ScopeFact, SystemFact, UnattributedGrant,
};
use crate::roster::RosterState;

/// A row: cells that are not set are empty.
pub(super) struct Row {
    cells: [Cell; COLUMNS.len()],
}

impl Row {
    fn new(record: &str, run: &str) -> Self {
        let mut row = Self { cells: std::array::from_fn(|_| Cell::Empty) };
        row.set("record", Cell::text(record));
        row.set("run_id", Cell::text(run));
        row
    }

    /// Sets a column by name. A name that is no column would be a silent loss, so a test walks every row kind.
    fn set(&mut self, column: &str, cell: Cell) {
        let index = COLUMNS.iter().position(|candidate| *candidate == column);
        debug_assert!(index.is_some(), "{column} is no column");
        if let Some(index) = index {
            self.cells[index] = cell;
        }
    }

    pub(super) fn cells(self) -> [Cell; COLUMNS.len()] {
        self.cells
    }

    fn place(&mut self, system: &str, scope: &str, kind: Option<AccessKind>) {
        self.set("system", Cell::text(system));
        self.set("scope", Cell::text(scope));
        self.set("access_kind", Cell::optional(kind.map(AccessKind::as_str)));
    }

    pub(super) fn finding(record: &str, run: &str, finding: &Finding, persons: &Persons<'_>, places: &Places) -> Self {
        let mut row = Self::new(record, run);
        row.place(finding.system.as_str(), finding.scope.as_str(), Some(finding.access_kind));
        row.set("fingerprint", Cell::text(finding.fingerprint.to_string()));
        row.set("state", Cell::text(finding.state.as_str()));
        row.set("class", Cell::text(finding.class.as_str()));
        row.set("change", Cell::text(finding.change.as_str()));
        row.set("severity", Cell::text(finding.severity.as_str()));
        row.set("confidence", Cell::text(finding.confidence.as_str()));
        row.set("rule", Cell::text(finding.rule.as_ref()));
        row.set("grant_id", Cell::text(finding.grant_id.as_str()));
        row.set("grant_display", Cell::optional(finding.grant_display.as_deref()));
        row.set("target", Cell::optional(finding.target.as_deref()));
        row.set("privilege", Cell::text(finding.privilege.as_str()));
        row.set("usability", Cell::text(finding.usability.as_str()));
        row.set("person_id", Cell::text(finding.person_id.as_str()));
        row.set("person_name", Cell::optional(persons.name(&finding.person_id)));
        row.set("stint", Cell::Number(i64::from(finding.stint)));
        row.finding_times(finding);
        row.finding_reasons(finding);
        row.set("remediation_url", Cell::optional(places.rule_page(&finding.rule)));
        row
    }

    fn finding_times(&mut self, finding: &Finding) {
        self.set("access_end_at", time(finding.access_end.at));
        self.set("due_at", time(finding.due_at));
        self.set("due", Cell::Truth(finding.due));
        self.set("first_seen_at", time(finding.first_seen_at));
        self.set("last_seen_at", time(finding.last_seen_at));
        self.set("last_complete_read_at", finding.last_complete_read_at.map_or(Cell::Empty, time));
        self.set("created_at", moment(&finding.created_at));
        self.set("expires_at", moment(&finding.expires_at));
        self.set("last_used_at", moment(&finding.last_used_at));
        if let Fact::Known(used) = &finding.last_used_at {
            self.set("last_used_precision_seconds", Cell::Number(i64::from(used.precision_seconds)));
        }
        self.set("used_after_end", Cell::text(finding.used_after_end.as_str()));
        self.set("exposure_seconds", Cell::Number(finding.exposure_seconds));
        self.set("exception_expires_at", finding.exception_expires_at.map_or(Cell::Empty, time));
    }

    fn finding_reasons(&mut self, finding: &Finding) {
        let rules: Vec<&str> = finding.rules.iter().map(|hit| hit.rule.as_ref()).collect();
        let controls: Vec<&str> = finding.controls.iter().map(AsRef::as_ref).collect();
        self.set("rules", Cell::text(rules.join(" ")));
        self.set("controls", Cell::text(controls.join(" ")));
        self.set("match", Cell::text(finding.matched.method.as_str()));
        self.set("exception_id", Cell::optional(finding.exception_id.as_deref()));
        self.set("ticket", Cell::optional(finding.ticket.as_deref()));
        self.set("owner_team", Cell::optional(finding.owner_team.as_deref()));
        self.set("help", Cell::text(finding.remediation.as_str()));
        let mut message = finding.severity_reasons.join("; ");
        for note in &finding.notes {
            message.push_str("; ");
            message.push_str(note);
        }
        self.set("message", Cell::text(message));
    }

    /// The ticket says done, the system says no.
    pub(super) fn contradiction(run: &str, one: &Contradiction, persons: &Persons<'_>) -> Self {
        let mut row = Self::new("contradiction", run);
        row.place(one.system.as_str(), "", Some(one.access_kind));
        row.set("fingerprint", Cell::text(one.fingerprint.to_string()));
        row.set("state", Cell::text(one.ticket_says.as_str()));
        row.set("severity", Cell::text(one.severity.as_str()));
        row.set("person_id", Cell::text(one.person_id.as_str()));
        row.set("person_name", Cell::optional(persons.name(&one.person_id)));
        row.set("grant_id", Cell::text(one.grant_id.as_str()));
        row.set("last_seen_at", time(one.last_seen_at));
        row.set("ticket", Cell::optional(one.ticket.as_deref()));
        row.set("owner_team", Cell::optional(one.owner_team.as_deref()));
        row.set("message", Cell::text(words::contradiction(one)));
        row
    }

    pub(super) fn gap(run: &str, system: &SystemFact, scope: &ScopeFact, gap: Option<&GapFact>) -> Self {
        let mut row = Self::new("gap", run);
        row.place(system.id.as_str(), scope.name.as_str(), None);
        row.set("state", Cell::text(scope.state.as_str()));
        row.set("owner_team", Cell::optional(system.owner_team.as_deref()));
        row.set("last_complete_read_at", scope.last_complete_at.map_or(Cell::Empty, time));
        match gap {
            Some(gap) => {
                row.set("part", Cell::optional(gap.part.as_deref()));
                row.set("count", Cell::count(gap.count));
                row.set("code", Cell::text(gap.cause.code()));
                row.set("message", Cell::text(gap.cause.to_string()));
                row.set("help", Cell::text(gap.cause.help()));
            }
            None => row
                .set("message", Cell::text(format!("{}: no cause was written down", words::scope_state(scope.state)))),
        }
        row
    }

    /// A roster that is not accepted is a gap over everything.
    pub(super) fn roster(run: &str, roster: &RosterFacts) -> Option<Self> {
        if roster.state == RosterState::Accepted {
            return None;
        }
        let mut row = Self::new("gap", run);
        row.set("scope", Cell::text("roster"));
        row.set("state", Cell::text(words::roster_state(roster.state)));
        let gates: Vec<String> =
            roster.gates.iter().filter(|gate| gate.holds).map(|gate| format!("{}: {}", gate.gate, gate.says)).collect();
        row.set("message", Cell::text(gates.join("; ")));
        row.set("help", Cell::text("see `holdover roster validate`; accept it by digest if it is right"));
        Some(row)
    }

    pub(super) fn app(run: &str, app: &KnownApp) -> Self {
        let mut row = Self::new("gap", run);
        row.set("scope", Cell::text(app.name.as_str()));
        row.set("state", Cell::text("not_attempted"));
        row.set("message", Cell::text("known app that no configured system reads"));
        row.set("help", Cell::text("connect it, or import its export"));
        row.set("owner_team", Cell::optional(app.owner.as_deref()));
        row
    }

    pub(super) fn ambiguous(run: &str, grant: &AmbiguousGrant) -> Self {
        let mut row = Self::new("ambiguous", run);
        row.place(grant.system.as_str(), grant.scope.as_str(), Some(grant.kind));
        row.set("state", Cell::text("ambiguous"));
        row.set("grant_id", Cell::text(grant.grant_id.as_str()));
        row.set("grant_display", Cell::optional(grant.grant_display.as_deref()));
        let may = if grant.may_be_leaver { "may belong to somebody who left" } else { "nobody among them left" };
        row.set("message", Cell::text(format!("{}; {may}", grant.reason)));
        let candidates: Vec<&str> = grant.candidates.iter().map(|(person, _)| person.as_str()).collect();
        row.set("candidates", Cell::text(candidates.join(" ")));
        row
    }

    pub(super) fn unattributed(run: &str, grant: &UnattributedGrant) -> Self {
        let mut row = Self::new("unattributed", run);
        row.place(grant.system.as_str(), grant.scope.as_str(), Some(grant.kind));
        row.set("grant_id", Cell::text(grant.grant_id.as_str()));
        row.set("grant_display", Cell::optional(grant.grant_display.as_deref()));
        row.set("first_seen_at", time(grant.first_seen_at));
        row.set("owner_team", Cell::optional(grant.owner_team.as_deref()));
        row.set("message", Cell::text(grant.reason.as_str()));
        row
    }

    pub(super) fn unattributed_rest(run: &str, rest: u64) -> Self {
        let mut row = Self::new("unattributed", run);
        row.set("count", Cell::count(rest));
        row.set("message", Cell::text("more grants without an owner, not listed"));
        row
    }
}

fn time(at: Instant) -> Cell {
    Cell::text(words::exact(at))
}

fn moment(fact: &Fact<Moment>) -> Cell {
    match fact {
        Fact::Known(moment) => time(moment.at),
        Fact::None | Fact::Hidden(_) => Cell::Empty,
    }
}
