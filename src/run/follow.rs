//! Depth follows interest: follow-up scopes that scanners offered while they read their lists are read for those who
//! left or leave soon, for whom several people may stand, and for those who belong to nobody.
//!
//! It happens after all lists of all systems were read: whose an account is may be known only by what another system
//! says. What this cannot see, and the documentation says so: a leaver's key that is registered under a colleague's
//! account.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, GrantId, Pass, Scope, ScopeName, Status, SystemId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::attribute::{Ground, attribute};
use super::drive::{self, Reading, Shared};
use crate::identity::Resolver;
use crate::roster::{Person, PersonIndex};

/// Follow-up scopes a pass.
const SCOPES_A_PASS: usize = 256;
/// Rounds in which follow-ups may offer further ones.
pub const ROUNDS: usize = 3;

/// Whom a follow-up scope is about, by system and scope. Empty: nobody that is known, so it may be anybody.
pub type About = HashMap<(SystemId, ScopeName), Vec<PersonIndex>>;

/// Picks the follow-ups that matter, and adds those in which something is remembered as open. One list a reading, in the
/// order of the readings.
pub fn choose(
    readings: &mut [Reading],
    ground: &Ground<'_>,
    resolver: &Resolver<'_>,
    about: &mut About,
) -> Vec<Vec<Scope>> {
    readings.iter_mut().map(|reading| choose_of(reading, ground, resolver, about)).collect()
}

fn choose_of(reading: &mut Reading, ground: &Ground<'_>, resolver: &Resolver<'_>, about: &mut About) -> Vec<Scope> {
    let mut chosen = Vec::new();
    if reading.scanner.is_none() {
        return chosen;
    }
    let everyone = reading.config.depth == crate::config::Depth::Everyone;
    for scope in std::mem::take(&mut reading.intake.offered) {
        if !reading.manifest.scopes.iter().any(|kind| kind.is_follow_up(scope.name.as_str())) {
            // Without that word nobody would ask again for what is found there.
            let says = format!("defect: the manifest does not call {} a follow-up", scope.kind);
            if !reading.intake.notices.contains(&says) {
                reading.intake.notices.push(says);
            }
        }
        let people = whom(reading, &scope, resolver);
        let remembered = reading.watch.follow_ups.remove(&scope.name);
        let matters = people.is_empty() || people.len() > 1 || people.iter().any(|one| ground.interest.matters(*one));
        if !(matters || everyone || remembered.is_some()) {
            reading.intake.not_of_interest += 1;
            continue;
        }
        let mut people = people;
        people.extend(remembered.into_iter().flatten().filter_map(|id| position(ground.people, id.as_str())));
        about.insert((reading.config.id.clone(), scope.name.clone()), people);
        chosen.push(scope);
    }
    for (name, found_for) in std::mem::take(&mut reading.watch.follow_ups) {
        if reading.intake.scopes.contains_key(&name) {
            continue;
        }
        // Its holder was not offered this time: gone from the list, or a colleague's by now. It is asked all the same.
        let Some(kind) = reading.manifest.scopes.iter().find(|kind| kind.is_follow_up(name.as_str())) else { continue };
        let people = found_for.iter().filter_map(|id| position(ground.people, id.as_str())).collect();
        about.insert((reading.config.id.clone(), name.clone()), people);
        chosen.push(Scope::new(name, kind.kind.clone()));
    }
    chosen
}

/// Everybody a follow-up's holder may be; empty for nobody.
fn whom(reading: &Reading, scope: &Scope, resolver: &Resolver<'_>) -> Vec<PersonIndex> {
    let Some(holder) = &scope.bound_to else { return Vec::new() };
    // The holder as he would stand on a grant; the kind is one that teaches nothing and hangs from nothing.
    let grant = GrantId::from(scope.name.as_str());
    let mut access = Access::new(scope.name.clone(), AccessKind::RoleBinding, grant, Status::Enabled);
    access.holders.push(holder.as_ref().clone());
    let found = attribute(resolver, &reading.config, &access);
    let mut people: BTreeSet<PersonIndex> = found.people.iter().map(|matched| matched.person).collect();
    if let Some(ambiguity) = &found.ambiguity {
        people.extend(ambiguity.candidates.iter().map(|(person, _)| *person));
        // One candidate that is not certain is not plainly a colleague.
        if people.len() == 1 {
            return Vec::new();
        }
    }
    people.into_iter().collect()
}

fn position(people: &[Person], id: &str) -> Option<PersonIndex> {
    let found = people.binary_search_by(|person| person.id.as_str().cmp(id));
    found.map_or(None, |position| u32::try_from(position).map_or(None, |position| Some(PersonIndex(position))))
}

/// Reads the chosen follow-ups of every system, at most `parallel` systems at a time.
pub async fn read(
    readings: Vec<Reading>,
    chosen: Vec<Vec<Scope>>,
    parallel: usize,
    shared: &Shared,
) -> io::Result<Vec<Reading>> {
    let permits = Arc::new(Semaphore::new(parallel.max(1)));
    let mut tasks = JoinSet::new();
    let mut done: Vec<Option<Reading>> = Vec::new();
    let mut lost = Vec::new();
    for (position, (reading, scopes)) in readings.into_iter().zip(chosen).enumerate() {
        lost.push((reading.config.clone(), reading.manifest.clone(), names(&reading)));
        if scopes.is_empty() {
            done.push(Some(reading));
            continue;
        }
        done.push(None);
        let (permits, shared) = (Arc::clone(&permits), shared.clone());
        tasks.spawn(async move {
            let permit = permits.acquire_owned().await;
            let reading = read_one(reading, scopes, &shared).await;
            drop(permit);
            (position, reading)
        });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((position, reading)) => done[position] = Some(reading?),
            // Which one it was shows by its place staying empty.
            Err(error) => tracing::error!(event = "system-task-failed", %error),
        }
    }
    let cause = Cause::Bug { what: String::from("the engine failed while follow-ups of this system were read") };
    Ok(done
        .into_iter()
        .zip(lost)
        .map(|(reading, (config, manifest, scopes))| {
            reading.unwrap_or_else(|| drive::unread(config, manifest, scopes, &cause, shared))
        })
        .collect())
}

fn names(reading: &Reading) -> Vec<Scope> {
    reading.intake.scopes.values().map(|record| record.scope().clone()).collect()
}

async fn read_one(mut reading: Reading, scopes: Vec<Scope>, shared: &Shared) -> io::Result<Reading> {
    let Some(scanner) = reading.scanner.clone() else { return Ok(reading) };
    let started = shared.clock.monotonic();
    for scope in &scopes {
        reading.intake.add_scope(scope.clone());
    }
    let is_read = |scope: &Scope| reading.intake.scopes.get(&scope.name).is_none_or(|record| !record.is_excluded());
    let mut rest: Vec<Scope> = scopes.into_iter().filter(is_read).collect();
    let total = rest.len();
    let mut begun = 0;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(SCOPES_A_PASS));
        let part = std::mem::replace(&mut rest, later);
        let name = format!("follow-ups {} to {} of {total}", begun + 1, begun + part.len());
        begun += part.len();
        let pass = Pass::new(name, part);
        let (intake, whole) =
            drive::read_pass(Arc::clone(&scanner), pass, reading.intake, &reading.config.id, shared).await?;
        reading.intake = intake;
        reading.ran_to_end &= whole;
    }
    reading.seconds += shared.clock.monotonic().saturating_sub(started).as_secs_f64();
    Ok(reading)
}

/// Time in which a credential may be given back.
const SIGN_OUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Gives short-lived credentials back and asks what reading cost. A failure is told, and changes no scope.
pub async fn close(readings: &mut [Reading]) {
    let mut tasks = JoinSet::new();
    for (position, reading) in readings.iter_mut().enumerate() {
        let Some(scanner) = reading.scanner.clone() else { continue };
        reading.credential = scanner.credential();
        tasks.spawn(async move { (position, tokio::time::timeout(SIGN_OUT, scanner.close()).await) });
    }
    while let Some(ended) = tasks.join_next().await {
        let says = match ended {
            Ok((_, Ok(Ok(())))) => continue,
            Ok((position, Ok(Err(cause)))) => (position, format!("the credential could not be given back: {cause}")),
            Ok((position, Err(_))) => {
                (position, format!("the credential could not be given back within {} s", SIGN_OUT.as_secs()))
            }
            Err(error) => {
                tracing::error!(event = "sign-out-failed", %error);
                continue;
            }
        };
        if let Some(reading) = readings.get_mut(says.0) {
            reading.intake.notices.push(says.1);
        }
    }
    for reading in readings {
        reading.effort = reading.scanner.take().and_then(|scanner| scanner.effort());
    }
}
