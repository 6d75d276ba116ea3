//! What is told of a roster: facts, conflicts, notices. Nothing in here may speak of an end that lies ahead.

use std::collections::BTreeSet;

use scan_contract::Instant;

use super::compare::Compared;
use super::gates::Gate;
use super::model::{LeavePolicy, PersonId, Standing};
use super::people::{People, PersonConflict};
use super::sources::Reading;
use crate::hostile;
use crate::report::{Notice, NoticeLevel, RosterSourceFacts};

/// How many conflicts and ids are listed.
const LISTED: usize = 200;
const NAMED: usize = 20;

pub(super) fn warning(id: &str, says: impl Into<String>) -> Notice {
    Notice { id: id.to_owned(), level: NoticeLevel::Warning, says: says.into() }
}

fn note(id: &str, says: impl Into<String>) -> Notice {
    Notice { id: id.to_owned(), level: NoticeLevel::Note, says: says.into() }
}

/// Facts of every configured source.
pub(super) fn sources(reading: &Reading) -> Vec<RosterSourceFacts> {
    reading
        .sources
        .iter()
        .map(|file| RosterSourceFacts {
            id: file.id.clone(),
            as_of: file.as_of,
            as_of_by_file_time: file.by_file_time,
            rows: file.table.rows,
            rejected_rows: file.rejected,
            ambiguous_people: reading
                .people
                .sorted
                .iter()
                .filter(|person| {
                    let first = person.stints.first();
                    person.not_judged.is_some() && first.is_some_and(|stint| *stint.source == file.id)
                })
                .count() as u64,
        })
        .collect()
}

/// People whose access has ended.
pub(super) fn leavers(people: &People, now: Instant, leave: LeavePolicy) -> u64 {
    let left = |standing: Standing<'_>| matches!(standing, Standing::Left { .. });
    people.sorted.iter().filter(|person| left(person.standing(now, leave))).count() as u64
}

/// Conflicts in words. Those about an end that lies ahead are neither worded nor counted.
pub(super) fn conflicts(in_files: &[PersonConflict], with_accepted: &[PersonConflict]) -> Vec<String> {
    let mut all: Vec<String> = in_files
        .iter()
        .chain(with_accepted)
        .filter(|one| !one.conflict.secret)
        .map(|one| format!("{}: {}", hostile::short(one.person.as_str(), 64), hostile::line(&one.conflict.says)))
        .collect();
    all.sort();
    all.dedup();
    if all.len() > LISTED {
        let more = all.len() - LISTED;
        all.truncate(LISTED);
        all.push(format!("{more} more conflicts are not listed"));
    }
    all
}

/// One notice for all conflicts.
pub(super) fn conflict_notice(conflicts: &[String]) -> Option<Notice> {
    let first = conflicts.first()?;
    let says = match conflicts.len() {
        1 => format!("the roster contradicts itself: {first}"),
        many => format!("the roster contradicts itself in {many} places, first: {first}"),
    };
    Some(warning("roster-conflict", says))
}

/// Why the newest roster is held.
pub(super) fn held_notice(gates: &[Gate], released: bool, in_force_since: Option<Instant>) -> Notice {
    let stopping: Vec<&Gate> = gates.iter().filter(|gate| gate.stops(released)).collect();
    let why = stopping
        .first()
        .map(|gate| {
            let source = gate.source.as_deref().map(|source| format!(" ({source})")).unwrap_or_default();
            format!("{}{source}: {}", gate.number, gate.says)
        })
        .unwrap_or_default();
    let more = if stopping.len() > 1 { format!(" and {} more gates", stopping.len() - 1) } else { String::new() };
    let says = match in_force_since {
        Some(at) => format!(
            "the newest roster is held: {why}{more}; the one accepted at {} stays in force",
            at.format("%Y-%m-%dT%H:%M:%SZ")
        ),
        None => format!("the roster is held: {why}{more}; no roster is in force, nobody is judged"),
    };
    warning("roster-held", says)
}

/// What a run has to say about the roster in force.
pub(super) fn notices(reading: &Reading, compared: &Compared, surge: bool, baseline: bool) -> Vec<Notice> {
    let mut notices = Vec::new();
    let digest = reading.digest.as_ref().map(|digest| digest.0.as_str()).unwrap_or_default();
    if baseline {
        let says = format!(
            "this is the first roster; look at its figures, then `holdover roster accept {digest}`. Tickets are held until then"
        );
        notices.push(warning("baseline", says));
    }
    if surge {
        let people = compared.swing.newly_ended;
        let says = format!(
            "{people} people newly left. They are judged; if this is right, `holdover roster accept {digest}` confirms it"
        );
        notices.push(warning("roster-surge", says));
    }
    if compared.vanished > 0 {
        let people = compared.vanished;
        let says = format!("{people} people are on the roster no longer; their last known dates stay in force");
        notices.push(warning("roster-vanished", says));
    }
    if compared.swing.presumed > 0 {
        let people = compared.swing.presumed;
        let says = format!("{people} people are missing from a list of people in employment and presumed to have left");
        notices.push(warning("roster-presumed", says));
    }
    if !compared.returned.is_empty() {
        let ids: Vec<String> = compared.returned.iter().take(NAMED).map(|id| hostile::short(id.as_str(), 64)).collect();
        let more = compared.returned.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let says = format!("back in employment by an explicit status and a newer date: {}{more}", ids.join(", "));
        notices.push(note("roster-returned", says));
    }
    if reading.people.stray_aliases > 0 {
        let people = reading.people.stray_aliases;
        notices.push(note("roster-aliases", format!("aliases of {people} people who are on no source are not used")));
    }
    for file in reading.files().filter(|file| !file.table.ignored.is_empty()) {
        let says = format!("{}: columns that are not mapped are ignored: {}", file.id, file.table.ignored.join(", "));
        notices.push(note("roster-columns", says));
    }
    notices.extend(unknown_managers(&reading.people));
    for link in &reading.links {
        if reading.people.find(link.person_id.as_str()).is_none() {
            let id = hostile::short(link.person_id.as_str(), 64);
            notices.push(warning("roster-links", format!("a reviewed link names {id}, who is on no source")));
        }
    }
    notices
}

/// Managers who are on no source cannot be escalated to.
fn unknown_managers(people: &People) -> Option<Notice> {
    let managers: BTreeSet<&str> = people
        .sorted
        .iter()
        .flat_map(|person| &person.stints)
        .filter_map(|stint| stint.manager.as_ref().map(PersonId::as_str))
        .collect();
    let unknown: Vec<&str> = managers.into_iter().filter(|id| people.find(id).is_none()).collect();
    let first = unknown.first()?;
    let (first, number) = (hostile::short(first, 64), unknown.len());
    Some(note("roster-managers", format!("{number} managers are on no source, first: {first}")))
}
