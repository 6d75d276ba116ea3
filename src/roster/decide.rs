//! Which roster is in force once the gates have spoken, and which one is remembered.

use scan_contract::Instant;

use super::archive::ArchiveError;
use super::gates::{Force, Gate};
use super::in_force::Roster;
use super::load::{ACCEPTED_AS_BASELINE, ACCEPTED_BY_GATES, ACCEPTED_BY_OPERATOR, Before, Judged, LoadInput, Loaded};
use super::model::{RosterDigest, RosterState};
use super::past::Past;
use super::people::{People, Restored};
use super::remember;
use super::sources::Reading;
use super::tell;
use crate::problem::Problem;
use crate::report::RosterFacts;
use crate::store::AcceptedRoster;

/// The newest roster is in force.
pub(super) fn in_force(input: &LoadInput<'_>, mut reading: Reading, judged: Judged, released: bool) -> Loaded {
    let surge = !released && judged.gates.iter().any(|gate| gate.force == Force::Surges);
    let baseline = !released && no_operator_yet(input);
    // While an operator's word is missing, nothing of this roster counts as known.
    let accept = if surge {
        Ok(None)
    } else {
        note_known(&mut reading.people, input.now);
        accept(input, &reading, &judged, released, baseline)
    };
    let mut notices = tell::notices(&reading, &judged.compared, surge, baseline);
    let accept = match accept {
        Ok(accept) => accept,
        Err(error) => {
            let says = format!("the accepted roster could not be packed: {error}");
            notices.push(tell::warning("roster-not-remembered", says));
            None
        }
    };
    let digest = digest_of(&reading);
    let accepted_at = match (&accept, input.previous) {
        (Some(accepted), _) => Some(accepted.accepted_at),
        (None, Some(previous)) if previous.digest == digest.0 => Some(previous.accepted_at),
        (None, _) => None,
    };
    let conflicts = tell::conflicts(&reading.people.conflicts, &judged.compared.conflicts);
    notices.extend(tell::conflict_notice(&conflicts));
    let facts = RosterFacts {
        state: RosterState::Accepted,
        digest: Some(digest.0.clone()),
        in_force_digest: None,
        accepted_at,
        sources: tell::sources(&reading),
        gates: facts(judged.gates, released),
        conflicts,
        people: reading.people.sorted.len() as u64,
        leavers: tell::leavers(&reading.people, input.now, input.leave_policy),
    };
    let problems = take_problems(&mut reading);
    let roster = Roster::new(reading.people, reading.links, digest, input.settings.batches.clone());
    Loaded {
        roster: Some(roster),
        facts,
        state: RosterState::Accepted,
        surge,
        baseline,
        accept,
        missing: judged.compared.missing,
        problems,
        notices,
    }
}

/// The newest roster is held; the accepted one stays in force, if there is one.
pub(super) fn held(
    input: &LoadInput<'_>,
    mut reading: Reading,
    before: &Before,
    judged: Judged,
    released: bool,
) -> Loaded {
    let mut gates = judged.gates;
    let old = match (before, input.previous) {
        (Before::Known(past), Some(accepted)) => match old_roster(input, past) {
            Ok(old) => Some((old, accepted)),
            Err(error) => {
                gates.push(Gate::whole("ROS-14", Force::Holds, format!("{error}; no roster is in force")));
                None
            }
        },
        _ => None,
    };
    let state = if old.is_some() { RosterState::Held } else { RosterState::None };
    let mut notices = vec![tell::held_notice(&gates, released, old.as_ref().map(|(_, accepted)| accepted.accepted_at))];
    let mut facts = RosterFacts {
        state,
        digest: reading.digest.as_ref().map(|digest| digest.0.clone()),
        in_force_digest: None,
        accepted_at: None,
        sources: tell::sources(&reading),
        gates: facts(gates, released),
        conflicts: tell::conflicts(&reading.people.conflicts, &judged.compared.conflicts),
        people: 0,
        leavers: 0,
    };
    notices.extend(tell::conflict_notice(&facts.conflicts));
    let problems = take_problems(&mut reading);
    let baseline = old.is_some() && no_operator_yet(input);
    let roster = old.map(|(old, accepted)| {
        facts.in_force_digest = Some(accepted.digest.clone());
        facts.accepted_at = Some(accepted.accepted_at);
        facts.people = old.people.sorted.len() as u64;
        facts.leavers = tell::leavers(&old.people, input.now, input.leave_policy);
        let digest = RosterDigest(accepted.digest.clone());
        Roster::new(old.people, old.links, digest, input.settings.batches.clone())
    });
    let missing = judged.compared.missing;
    Loaded { roster, facts, state, surge: false, baseline, accept: None, missing, problems, notices }
}

/// Whether every roster so far was taken without an operator's word (ROS-14).
fn no_operator_yet(input: &LoadInput<'_>) -> bool {
    input.previous.is_none_or(|accepted| {
        accepted.accepted_by == ACCEPTED_AS_BASELINE && (input.released)(&accepted.digest).is_none()
    })
}

fn digest_of(reading: &Reading) -> RosterDigest {
    // Only a roster whose every file was read to its end can be in force.
    reading.digest.clone().unwrap_or_else(|| RosterDigest(String::new()))
}

fn facts(gates: Vec<Gate>, released: bool) -> Vec<crate::report::GateFact> {
    gates.into_iter().map(|gate| gate.into_fact(released)).collect()
}

fn take_problems(reading: &mut Reading) -> Vec<Problem> {
    let files = reading.sources.iter_mut().chain(&mut reading.others);
    files.flat_map(|file| std::mem::take(&mut file.problems)).collect()
}

/// Ends that stand in no accepted roster yet are known from now on.
fn note_known(people: &mut People, now: Instant) {
    let ends = people.sorted.iter_mut().flat_map(|person| &mut person.stints).filter_map(|stint| stint.end.as_mut());
    for end in ends {
        end.known_at = end.known_at.or(Some(now));
    }
}

/// What is to be remembered; `None` where the accepted roster says the same already.
fn accept(
    input: &LoadInput<'_>,
    reading: &Reading,
    judged: &Judged,
    released: bool,
    baseline: bool,
) -> Result<Option<AcceptedRoster>, ArchiveError> {
    let Some(figures) = &judged.figures else { return Ok(None) };
    let digest = digest_of(reading);
    let accepted_by = match (released, baseline) {
        (true, _) => ACCEPTED_BY_OPERATOR,
        (false, true) => ACCEPTED_AS_BASELINE,
        (false, false) => ACCEPTED_BY_GATES,
    };
    let swing = &judged.compared.swing;
    let same = input.previous.is_some_and(|previous| {
        previous.digest == digest.0
            && (previous.accepted_by == accepted_by || accepted_by == ACCEPTED_BY_GATES)
            && swing.newly_ended + swing.announced + swing.taken_back + swing.presumed + judged.compared.vanished == 0
    });
    if same {
        return Ok(None);
    }
    let archive = remember::pack(input.settings, reading, &judged.compared, input.now, input.leave_policy)?;
    let figures = figures.to_text().map_err(|error| ArchiveError::Damaged(error.to_string()))?;
    Ok(Some(AcceptedRoster {
        digest: digest.0,
        accepted_at: input.now,
        accepted_by: accepted_by.to_owned(),
        archive,
        figures,
    }))
}

/// The accepted roster as it was, with everybody its files do not tell.
fn old_roster(input: &LoadInput<'_>, past: &Past) -> Result<Reading, ArchiveError> {
    let mut old = past.read(input.now, input.end_basis, None);
    if let Some(gate) = old.files().flat_map(|file| &file.gates).find(|gate| gate.force == Force::Refuses) {
        return Err(ArchiveError::Damaged(gate.says.clone()));
    }
    let people = &mut old.people;
    past.for_each(&mut |known| {
        let Some(index) = people.index(&known.id) else { return };
        let stints = &mut people.sorted[index.0 as usize].stints;
        for end in stints.iter_mut().filter_map(|stint| stint.end.as_mut()) {
            let before = known.stints.iter().find(|(_, at, _)| *at == Some(end.at));
            end.known_at = before.and_then(|(_, _, known_at)| *known_at);
        }
    })?;
    let mut restored = Vec::new();
    past.for_each_tombstone(&mut |tombstone| {
        restored.push(Restored {
            replaces: people.index(tombstone.person.id.as_str()),
            note: tombstone.note(),
            person: tombstone.person,
            claims: tombstone.claims,
        });
    })?;
    people.restore(restored);
    Ok(old)
}
