//! The verdict: leavers by system, flags, and the exit code.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scan_contract::{Instant, ScopeState, SystemId};

use super::follow::About;
use super::judgement::NOT_LISTED;
use crate::config::PersonDisplay;
use crate::findings::{Finding, FindingState, Severity};
use crate::report::{AmbiguousGrant, CellVerdict, ExitCode, Flags, KnownApp, LeaverVerdict, SystemFact};
use crate::roster::{LeavePolicy, Person, PersonIndex, Standing};

/// What flags are made from.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// Findings of any open state.
    pub findings: &'a [Finding],
    /// Grants that could not be told.
    pub ambiguous: &'a [AmbiguousGrant],
    /// Systems.
    pub systems: &'a [SystemFact],
    /// Known apps.
    pub known_apps: &'a [KnownApp],
    /// Severity from which residual counts.
    pub fail_on: Severity,
}

impl Verdict<'_> {
    /// Adds what these facts say to `flags`.
    pub fn flag(&self, flags: &mut Flags) {
        flags.residual |= self
            .findings
            .iter()
            .any(|finding| finding.state.is_open() && finding.due && finding.severity <= self.fail_on);
        let gap =
            self.systems.iter().flat_map(|system| &system.scopes).any(|scope| scope.state != ScopeState::Complete);
        let unconnected = self.known_apps.iter().any(|app| app.connected_as.is_none());
        flags.gaps |= gap || unconnected || self.systems.is_empty();
        flags.interrupted |=
            self.systems.iter().flat_map(|system| &system.scopes).any(|scope| scope.state == ScopeState::Interrupted);
        flags.ambiguous |= self.ambiguous.iter().any(|grant| grant.may_be_leaver);
    }
}

/// The most urgent of all that applies: 6, 5, 4, 3, 1, 0. A gap always shows, whatever `exit_zero` asks for.
pub fn exit_code(flags: &Flags, exit_zero: bool) -> ExitCode {
    let gaps = flags.gaps || flags.ambiguous || flags.interrupted;
    let residual = flags.residual && !exit_zero;
    if flags.store_failed {
        ExitCode::Store
    } else if flags.roster_held || flags.roster_surge {
        ExitCode::Roster
    } else {
        match (gaps, residual) {
            (true, true) => ExitCode::GapsAndResidual,
            (true, false) => ExitCode::Gaps,
            (false, true) => ExitCode::Residual,
            (false, false) => ExitCode::Clean,
        }
    }
}

/// Grants that may be one of several people's.
#[derive(Debug, Clone, Copy)]
pub struct Doubtful<'a> {
    /// Those that are listed, of this run and carried on from an earlier one.
    pub ambiguous: &'a [AmbiguousGrant],
    /// People of this run of whom something may be that is not listed, with the systems.
    pub unlisted: &'a BTreeSet<(PersonIndex, SystemId)>,
    /// Systems in which something may be anybody's.
    pub anybodys: &'a BTreeSet<SystemId>,
}

impl<'a> Doubtful<'a> {
    /// By person, the systems where something may be theirs; and those where it may be anybody's, carried ones in which
    /// nobody wrote down all whose it may be among them.
    fn sorted(
        self,
        people: &'a [Person],
        carried: &BTreeMap<SystemId, Instant>,
    ) -> (HashMap<&'a str, Vec<&'a SystemId>>, Vec<&'a SystemId>) {
        let mut doubts: HashMap<&str, Vec<&SystemId>> = HashMap::new();
        let mut of_everybody: Vec<&SystemId> = self.anybodys.iter().collect();
        for grant in self.ambiguous.iter().filter(|grant| grant.may_be_leaver) {
            for (candidate, _) in &grant.candidates {
                doubts.entry(candidate.as_str()).or_default().push(&grant.system);
            }
            if carried.contains_key(&grant.system) && grant.reason.ends_with(NOT_LISTED) {
                of_everybody.push(&grant.system);
            }
        }
        for (candidate, system) in self.unlisted {
            doubts.entry(people[candidate.0 as usize].id.as_str()).or_default().push(system);
        }
        of_everybody.dedup();
        (doubts, of_everybody)
    }
}

/// Every leaver with what is open where, worst first. People who have not left appear nowhere. `read_at` tells when each
/// system was read that this run did not read itself.
#[expect(clippy::too_many_arguments, reason = "the whole picture, read in one place")]
pub fn leavers(
    people: &[Person],
    findings: &[Finding],
    doubtful: Doubtful<'_>,
    systems: &[SystemFact],
    now: Instant,
    leave: LeavePolicy,
    persons: PersonDisplay,
    about: &About,
    read_at: &BTreeMap<SystemId, Instant>,
) -> Vec<LeaverVerdict> {
    let reach = Reach::new(systems, about);
    let positions: HashMap<&str, usize> =
        systems.iter().enumerate().map(|(position, system)| (system.id.as_str(), position)).collect();
    let mut by_person: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in findings {
        by_person.entry(finding.person_id.as_str()).or_default().push(finding);
    }
    let (doubts, of_everybody) = doubtful.sorted(people, read_at);
    let mut rows: Vec<LeaverVerdict> = people
        .iter()
        .enumerate()
        .filter_map(|(position, person)| match person.standing(now, leave) {
            Standing::Left { end, .. } => Some((position, person, end)),
            Standing::NotStarted
            | Standing::Employed { .. }
            | Standing::Suspended { .. }
            | Standing::NotJudged { .. } => None,
        })
        .map(|(position, person, end)| {
            let mut touched = reach.of(position);
            for (position, system) in systems.iter().enumerate() {
                // It was read when this person had not left yet, or nobody knew of it.
                let since = super::carried::judged_since(end, now);
                if read_at.get(&system.id).is_some_and(|read| *read < since) {
                    touched.complete -= reach.complete_of[position].min(touched.complete);
                    touched.whole[position] = false;
                }
            }
            let own = by_person.get(person.id.as_str()).map_or(&[][..], Vec::as_slice);
            let open = |finding: &&&Finding| finding.state.is_open() && finding.due;
            let mut doubts = doubts.get(person.id.as_str()).cloned().unwrap_or_default();
            doubts.extend(&of_everybody);
            LeaverVerdict {
                person_id: person.id.clone(),
                display_name: match persons {
                    PersonDisplay::Name => person.display_name.as_deref().map(String::from),
                    PersonDisplay::Id | PersonDisplay::Pseudonym => None,
                },
                access_end_at: end.at,
                worst: own.iter().filter(open).map(|finding| finding.severity).min(),
                open: own.iter().filter(open).count() as u64,
                cells: cells(own, &doubts, &touched.whole, &positions),
                complete_scopes: touched.complete,
                declared_scopes: touched.declared,
            }
        })
        .collect();
    rows.sort_by(|left, right| {
        let rank = |row: &LeaverVerdict| row.worst.map_or(usize::MAX, Severity::position);
        (rank(left), std::cmp::Reverse(left.open), left.access_end_at, &left.person_id).cmp(&(
            rank(right),
            std::cmp::Reverse(right.open),
            right.access_end_at,
            &right.person_id,
        ))
    });
    rows
}

/// How far was read of what touches one person.
struct Touched {
    complete: u64,
    declared: u64,
    /// By system: whether all of it is complete.
    whole: Vec<bool>,
}

/// Scopes that touch everybody, and follow-ups that touch only those they are about (COV-5).
struct Reach {
    complete: u64,
    /// Complete scopes that touch everybody, by system.
    complete_of: Vec<u64>,
    declared: u64,
    whole: Vec<bool>,
    /// Position of the system and whether the scope is complete, by person.
    own: HashMap<usize, Vec<(usize, bool)>>,
}

impl Reach {
    fn new(systems: &[SystemFact], about: &About) -> Self {
        let complete_of = vec![0; systems.len()];
        let mut reach =
            Self { complete: 0, complete_of, declared: 0, whole: vec![true; systems.len()], own: HashMap::new() };
        for (position, system) in systems.iter().enumerate() {
            for scope in &system.scopes {
                let complete = scope.state == ScopeState::Complete;
                let people = if about.is_empty() { None } else { about.get(&(system.id.clone(), scope.name.clone())) };
                match people {
                    Some(people) if !people.is_empty() => {
                        for person in people {
                            reach.own.entry(person.0 as usize).or_default().push((position, complete));
                        }
                    }
                    // Whom nobody can tell it is about, it may be about anybody.
                    Some(_) | None => {
                        reach.declared += 1;
                        reach.complete += u64::from(complete);
                        reach.complete_of[position] += u64::from(complete);
                        reach.whole[position] &= complete;
                    }
                }
            }
        }
        reach
    }

    fn of(&self, person: usize) -> Touched {
        let mut touched = Touched { complete: self.complete, declared: self.declared, whole: self.whole.clone() };
        for (system, complete) in self.own.get(&person).map_or(&[][..], Vec::as_slice) {
            touched.declared += 1;
            touched.complete += u64::from(*complete);
            touched.whole[*system] &= *complete;
        }
        touched
    }
}

/// `doubts` are systems in which a grant may be theirs or somebody else's: there, none found would say too much, and so
/// would that there is nothing but what waits for its time.
fn cells(
    own: &[&Finding],
    doubts: &[&SystemId],
    whole: &[bool],
    positions: &HashMap<&str, usize>,
) -> Vec<(CellVerdict, u64)> {
    let mut cells: Vec<(CellVerdict, u64)> =
        whole.iter().map(|whole| (if *whole { CellVerdict::NoneFound } else { CellVerdict::NotKnown }, 0)).collect();
    for finding in own {
        let Some(cell) = positions.get(finding.system.as_str()).and_then(|position| cells.get_mut(*position)) else {
            continue;
        };
        if finding.state.is_open() && finding.due {
            *cell = (CellVerdict::Open, cell.1 + 1);
        } else if cell.0 == CellVerdict::Open {
            // Something open outweighs everything else.
        } else if finding.state.is_open() {
            cell.0 = CellVerdict::WithinTime;
        } else if finding.state == FindingState::Suppressed && cell.0 == CellVerdict::NoneFound {
            cell.0 = CellVerdict::Excepted;
        }
    }
    for system in doubts {
        if let Some(cell) = positions.get(system.as_str()).and_then(|position| cells.get_mut(*position))
            && cell.0 != CellVerdict::Open
        {
            cell.0 = CellVerdict::NotKnown;
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_flag_names_the_exit_code() {
        type Set = fn(&mut Flags);
        let table: [(Set, ExitCode); 8] = [
            (|_| {}, ExitCode::Clean),
            (|flags| flags.residual = true, ExitCode::Residual),
            (|flags| flags.gaps = true, ExitCode::Gaps),
            (|flags| flags.ambiguous = true, ExitCode::Gaps),
            (|flags| (flags.gaps, flags.residual) = (true, true), ExitCode::GapsAndResidual),
            (|flags| (flags.gaps, flags.residual, flags.roster_held) = (true, true, true), ExitCode::Roster),
            (|flags| flags.roster_surge = true, ExitCode::Roster),
            (|flags| (flags.roster_held, flags.store_failed) = (true, true), ExitCode::Store),
        ];
        for (set, expected) in table {
            let mut flags = Flags::default();
            set(&mut flags);
            assert_eq!(exit_code(&flags, false), expected, "{flags:?}");
        }
    }

    #[test]
    fn no_switch_hides_a_gap() {
        let flags = Flags { gaps: true, residual: true, ..Flags::default() };
        assert_eq!(exit_code(&flags, true), ExitCode::Gaps);
        assert_eq!(exit_code(&Flags { residual: true, ..Flags::default() }, true), ExitCode::Clean);
    }

    #[test]
    fn nothing_configured_is_not_clean() {
        let mut flags = Flags::default();
        let verdict = Verdict { findings: &[], ambiguous: &[], systems: &[], known_apps: &[], fail_on: Severity::Info };
        verdict.flag(&mut flags);
        assert!(flags.gaps);
    }
}
