//! The single sign-on: everybody has an account; sessions and second factors hang from it.

use scan_contract::{AccessKind, Fact, Moment, Privilege, Relation, Status};

use super::cast;
use super::make::{Identifiers as _, Make, at, days, exact, grant, who};
use super::people::Roll;
use crate::random::Random;
use crate::world::{Fault, Form, Packing, Person, Standing, System};

/// Every export was made in the morning of the day that is judged.
pub(super) const EXPORTED: &str = "2026-08-03T03:30:00Z";
/// The instant that is judged.
pub(super) const NOW: &str = "2026-08-03T06:00:00Z";

/// Id of somebody's account at the single sign-on.
pub(super) fn okta_id(person: &str) -> String {
    format!("00u{}mrd", person.replace('-', ""))
}

/// Whether somebody has gone for good.
pub(super) fn gone(person: &Person) -> bool {
    matches!(person.standing(at(NOW)), Standing::Left(_))
}

/// What became of the account of somebody without a part: removed, switched off, or as it was.
pub(super) fn tidied(person: &Person, random: &mut Random, removed: u64) -> Option<Status> {
    if !gone(person) {
        return Some(Status::Enabled);
    }
    if random.chance(removed) { None } else { Some(Status::Disabled) }
}

/// A plausible last use: of those who left before their end, of others in the last days.
pub(super) fn last_use(person: &Person, random: &mut Random) -> Fact<Moment> {
    let minutes = i64::try_from(random.below(60 * 24 * 9)).unwrap_or(0);
    let from = match person.standing(at(NOW)) {
        Standing::Left(end) => end.earliest,
        Standing::Employed | Standing::Rehired(..) | Standing::NotStarted => at(EXPORTED),
    };
    Fact::Known(Moment::exact(from - chrono::TimeDelta::minutes(minutes + 30)))
}

fn account(roll: &Roll, id: &str) -> Make {
    let person = roll.get(id);
    grant("accounts", AccessKind::Account, &okta_id(id))
        .show(&person.email)
        .can(Privilege::Read)
        .created(Fact::Known(Moment::exact(days(person.stints[0].starts(), -7))))
        .holder(
            who(Relation::Holder)
                .provider(&okta_id(id))
                .number(roll.number(id))
                .login(&person.email)
                .email(&person.email)
                .name(&person.name),
        )
        .of(id, Relation::Holder)
}

fn session(id: &str, session: &str, client: &str) -> Make {
    grant("sessions", AccessKind::Session, session)
        .parent(&okta_id(id))
        .client(client)
        .can(Privilege::Read)
        .holder(who(Relation::Holder).provider(&okta_id(id)))
        .of(id, Relation::Holder)
}

fn factor(id: &str, device: &str) -> Make {
    grant("mfa", AccessKind::MfaDevice, device)
        .parent(&okta_id(id))
        .can(Privilege::None)
        .holder(who(Relation::Holder).provider(&okta_id(id)))
        .of(id, Relation::Holder)
}

/// Accounts whose story is told, not drawn: status and last use.
fn told(id: &str) -> Option<(Option<Status>, Fact<Moment>)> {
    Some(match id {
        cast::OLD_SMITH => (None, Fact::None),
        // The graph leads from her code account to this one.
        cast::GRAPH
        | cast::ADMIN
        | cast::SESSION
        | cast::KEY_MAKER
        | cast::SOLE_OWNER
        | cast::READER
        | cast::EXCEPTED
        | cast::LAPSED => (Some(Status::Disabled), exact("2026-07-31T15:00:00Z")),
        cast::DECEASED => (Some(Status::Disabled), exact("2026-05-08T14:10:00Z")),
        cast::HOLD => (Some(Status::Enabled), exact("2026-07-31T16:00:00Z")),
        cast::LAST_NIGHT => (Some(Status::Enabled), exact("2026-08-02T21:10:00Z")),
        cast::GARDEN => (Some(Status::Enabled), exact("2026-06-30T15:30:00Z")),
        cast::NO_ZONE => (Some(Status::Enabled), exact("2026-07-30T20:00:00Z")),
        cast::CANARY => (Some(Status::Enabled), Fact::None),
        // Forgotten, and used on the Sunday after.
        "p-0060" => (Some(Status::Enabled), exact("2026-08-02T09:41:00Z")),
        _ => return None,
    })
}

/// The export.
pub(super) fn okta(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("okta");
    let mut grants = Vec::new();
    for person in &roll.people {
        let (status, used) = match told(&person.id) {
            Some(told) => told,
            None => (tidied(person, &mut random, 35), last_use(person, &mut random)),
        };
        let Some(status) = status else { continue };
        let admin = matches!(person.id.as_str(), cast::LEAD | cast::SECOND | cast::ADMIN);
        let mut made = account(roll, &person.id).status(status).used(used);
        if admin {
            made = made.can(Privilege::Admin);
        }
        if person.id == cast::ON_LEAVE {
            made = made.extra("recovery_secret", "CANARY-okta-7f31c9d2");
        }
        grants.push(made.done());
    }
    sessions(&mut grants);
    let listed: Vec<String> = grants.iter().map(|grant| grant.access.grant_id.as_str().to_owned()).collect();
    for person in roll.people.iter().step_by(9).filter(|person| listed.contains(&okta_id(&person.id))) {
        grants.push(factor(&person.id, &format!("mfa-{}", person.id)).status(Status::Enabled).done());
    }
    System {
        id: String::from("okta-export"),
        tier: 0,
        owner_team: String::from("identity"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("accounts"), AccessKind::Account, okta_id(cast::LEAD))),
        scopes: vec![
            String::from("accounts"),
            String::from("mfa"),
            String::from("network-zones"),
            String::from("sessions"),
        ],
        form: Form::Native(Packing::Plain),
        grants,
        faults: vec![Fault::Excluded {
            scope: String::from("network-zones"),
            reason: String::from("moves to another product in September"),
            until: at("2026-09-30T00:00:00Z").date_naive(),
        }],
    }
}

fn sessions(grants: &mut Vec<crate::world::Grant>) {
    let began = |made: Make| made.created(exact("2026-07-31T07:00:00Z"));
    grants.extend([
        // The account is off since Friday; the command line stays signed in, and was used on Saturday.
        began(session(cast::SESSION, "s-maria-cli", "cli")).used(exact("2026-08-01T11:20:00Z")).done(),
        // Two of one browser are one finding.
        began(session(cast::GRAPH, "s-ana-1", "browser")).used(exact("2026-07-31T14:00:00Z")).done(),
        began(session(cast::GRAPH, "s-ana-2", "browser")).used(exact("2026-07-31T14:30:00Z")).done(),
        // Cut off by the system after the end: cannot be alive.
        session(cast::SOLE_OWNER, "s-sakura", "browser").cutoff("2026-07-31T16:00:00Z").done(),
        // Cannot be listed, and may live until Tuesday.
        session(cast::READER, "s-ibrahim", "mobile").live_until("2026-08-04T09:00:00Z").done(),
        // Could live until Sunday at the latest.
        session(cast::KEY_MAKER, "s-minjun", "mobile").live_until("2026-08-02T09:00:00Z").done(),
        // Still employed for an hour.
        began(session(cast::LAST_HOUR, "s-david", "browser")).used(exact("2026-08-03T03:00:00Z")).done(),
        began(session(cast::CO_OWNER, "s-juergen", "browser")).used(exact("2026-08-03T03:10:00Z")).done(),
    ]);
}
