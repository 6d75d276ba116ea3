//! The verdicts that follow from the truth.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{AccessKind, Instant, Relation, Status};

use super::World;
use super::grants::{Fault, Form, Grant, LeadsTo, System};
use super::judge::{Case, finding_id};

/// The list of a report a verdict stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Open and due.
    Residual,
    /// Open, within the agreed time.
    WithinTime,
    /// Covered by an exception.
    Suppressed,
    /// Switched off, or cannot come back.
    Remnant,
    /// A paid seat.
    License,
}

/// One grant that has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedGrant {
    /// Whose.
    pub person: String,
    /// Where.
    pub system: String,
    /// What.
    pub kind: AccessKind,
    /// Which.
    pub grant_id: String,
    /// In which list.
    pub list: List,
    /// How the person relates to it.
    pub relation: Relation,
    /// Word of usability.
    pub usability: &'static str,
    /// Word of use after the end.
    pub used_after_end: &'static str,
    /// When access ended.
    pub access_end_at: Instant,
    /// When it was due.
    pub due_at: Instant,
    /// Exception that covers it or has lapsed.
    pub exception: Option<String>,
    /// Rules that have to be among those it cites.
    pub cites: Vec<&'static str>,
}

/// A grant of one of several people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedAmbiguous {
    /// Where.
    pub system: String,
    /// What.
    pub kind: AccessKind,
    /// Which.
    pub grant_id: String,
    /// Whose it may be.
    pub candidates: BTreeSet<String>,
}

/// A scope that has to be whole, or has to be told as not whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedScope {
    /// Where.
    pub system: String,
    /// Which.
    pub scope: String,
    /// Word of the state.
    pub state: &'static str,
}

/// What a scan has to say.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Grants of leavers and of people who came back.
    pub grants: Vec<ExpectedGrant>,
    /// Grants of one of several.
    pub ambiguous: BTreeSet<ExpectedAmbiguous>,
    /// Grants of nobody: system, kind, id.
    pub unattributed: BTreeSet<(String, AccessKind, String)>,
    /// Scopes.
    pub scopes: BTreeSet<ExpectedScope>,
    /// Exceptions and their states.
    pub exceptions: BTreeMap<String, &'static str>,
    /// Apps that are not connected.
    pub not_connected: BTreeSet<String>,
    /// Planted leavers that have to be found: system, kind, id.
    pub sentinels: BTreeSet<(String, AccessKind, String)>,
    /// Exit code of a run with `fail_on: info`.
    pub exit_code: u8,
}

impl Expected {
    /// How many grants a list has.
    pub fn count(&self, list: List) -> usize {
        self.grants.iter().filter(|grant| grant.list == list).count()
    }
}

impl World {
    /// Derives every verdict from the truth.
    pub fn expected(&self) -> Expected {
        let mut expected = Expected::default();
        for system in &self.systems {
            let seen = system.seen();
            let accounts: BTreeMap<&str, Status> = seen
                .iter()
                .filter(|grant| grant.access.kind == AccessKind::Account)
                .map(|grant| (grant.access.grant_id.as_str(), grant.access.status))
                .collect();
            for grant in &seen {
                self.of_grant(system, grant, &accounts, &mut expected);
            }
            expected.scopes.extend(scopes(system));
        }
        expected.grants.sort_by(|left, right| {
            (left.list, &left.system, &left.person, left.kind, &left.grant_id).cmp(&(
                right.list,
                &right.system,
                &right.person,
                right.kind,
                &right.grant_id,
            ))
        });
        // Records of one finding (sessions of one client) are one line; the worse record speaks.
        expected.grants.dedup_by(|left, right| {
            (left.list, &left.system, &left.person, left.kind, &left.grant_id)
                == (right.list, &right.system, &right.person, right.kind, &right.grant_id)
        });
        expected.exceptions =
            self.exceptions.iter().map(|exception| (exception.id.clone(), exception.planned.as_str())).collect();
        expected.not_connected =
            self.known_apps.iter().filter(|(_, _, system)| system.is_none()).map(|(name, ..)| name.clone()).collect();
        expected.sentinels = self
            .sentinels
            .iter()
            .map(|planted| (planted.system.clone(), planted.kind, planted.grant_id.clone()))
            .collect();
        let gaps = !expected.not_connected.is_empty()
            || expected.scopes.iter().any(|scope| scope.state != "complete")
            || expected.ambiguous.iter().any(|grant| grant.candidates.iter().any(|id| self.has_left(id)));
        expected.exit_code = match (gaps, expected.count(List::Residual) > 0) {
            (false, false) => 0,
            (false, true) => 1,
            (true, false) => 3,
            (true, true) => 4,
        };
        expected
    }

    fn has_left(&self, id: &str) -> bool {
        self.leavers().any(|person| person.id == id)
    }

    fn of_grant(&self, system: &System, grant: &Grant, accounts: &BTreeMap<&str, Status>, expected: &mut Expected) {
        let access = &grant.access;
        let ties = match &grant.leads_to {
            LeadsTo::People(ties) => ties,
            LeadsTo::OneOf(candidates) => {
                expected.ambiguous.insert(ExpectedAmbiguous {
                    system: system.id.clone(),
                    kind: access.kind,
                    grant_id: access.grant_id.as_str().to_owned(),
                    candidates: candidates.iter().cloned().collect(),
                });
                return;
            }
            LeadsTo::Nobody => {
                let id = access.grant_id.as_str().to_owned();
                expected.unattributed.insert((system.id.clone(), access.kind, id));
                return;
            }
        };
        let mut relations: BTreeMap<&str, Vec<Relation>> = BTreeMap::new();
        for (person, relation) in ties {
            relations.entry(person).or_default().push(*relation);
        }
        let account = access.parent.as_ref().and_then(|parent| accounts.get(parent.as_str()).copied());
        for (id, mut relations) in relations {
            let Some(person) = self.person(id) else { continue };
            relations.sort_by_key(|relation| Relation::ALL.iter().position(|known| known == relation));
            let case = Case { world: self, system, grant, account, person, relations };
            let planted = self.sentinels.iter().any(|sentinel| {
                sentinel.person == id
                    && sentinel.system == system.id
                    && sentinel.kind == access.kind
                    && sentinel.grant_id == finding_id(grant)
            });
            if planted {
                continue;
            }
            if case.is_undecided() {
                expected.ambiguous.insert(ExpectedAmbiguous {
                    system: system.id.clone(),
                    kind: access.kind,
                    grant_id: access.grant_id.as_str().to_owned(),
                    candidates: BTreeSet::from([id.to_owned()]),
                });
            }
            expected.grants.extend(case.verdict());
        }
    }
}

/// States of a system's scopes.
fn scopes(system: &System) -> Vec<ExpectedScope> {
    let row =
        |scope: &str, state: &'static str| ExpectedScope { system: system.id.clone(), scope: scope.to_owned(), state };
    match &system.form {
        Form::Native(_) | Form::Table(_) => {
            system.scopes.iter().map(|scope| row(scope, import_state(system, scope))).collect()
        }
        Form::Aws(account) => {
            let told = if account.has_report { "complete" } else { "not_attempted" };
            let details = ["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles"];
            let report = ["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"];
            // No document of the vendor's shows these.
            let never = ["iam.ssh-public-keys", "iam.service-specific-credentials", "sso.account-assignments"];
            let all = details.map(|scope| (scope, "complete")).into_iter();
            let all = all.chain(report.map(|scope| (scope, told))).chain(never.map(|scope| (scope, "not_attempted")));
            all.map(|(scope, state)| row(&format!("{}/{scope}", account.account), state)).collect()
        }
        Form::Ssh(fleet) => {
            let mut rows = vec![row("hosts", if fleet.missing.is_empty() { "complete" } else { "partial" })];
            let scopes = ["accounts", "authorized-keys", "principals", "trusted-cas", "sudo", "sessions"];
            for host in &fleet.missing {
                rows.extend(scopes.iter().map(|scope| row(&format!("{host}/{scope}"), "not_attempted")));
            }
            for host in &fleet.hosts {
                let denied = host.accounts.iter().any(|account| account.denied);
                for scope in scopes {
                    let state = if denied && scope == "authorized-keys" { "partial" } else { "complete" };
                    rows.push(row(&format!("{}/{scope}", host.name), state));
                }
            }
            rows
        }
    }
}

fn import_state(system: &System, scope: &str) -> &'static str {
    // An unknown status word makes its scope partial, however few the rows.
    let unknown_word = matches!(system.form, Form::Table(_))
        && system.grants.iter().any(|grant| grant.access.status_text.is_some() && grant.access.scope.as_str() == scope);
    let mut state = if unknown_word { "partial" } else { "complete" };
    for fault in &system.faults {
        state = match fault {
            Fault::CutAfter(_) | Fault::NotProven | Fault::Stale => "partial",
            Fault::Refused { scope: name, .. } if name == scope => "denied",
            Fault::Excluded { scope: name, .. } | Fault::NotInFile(name) if name == scope => "not_attempted",
            Fault::Refused { .. } | Fault::Excluded { .. } | Fault::NotInFile(_) => continue,
        };
    }
    state
}
