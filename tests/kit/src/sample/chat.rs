//! Mail, and a service that was bought years ago.

use scan_contract::{AccessKind, Privilege, Relation, Status};

use super::cast;
use super::make::{Identifiers as _, at, exact, grant, who};
use super::people::Roll;
use super::signon::{EXPORTED, last_use, tidied};
use crate::random::Random;
use crate::world::{Fault, Form, Packing, System};

/// Mailboxes, who may open those of others, and seats. The producer was refused the list of sessions.
pub(super) fn mail(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("mail");
    let mut grants = Vec::new();
    for person in roll.people.iter().step_by(4) {
        let Some(status) = tidied(person, &mut random, 40) else { continue };
        grants.push(
            grant("mailboxes", AccessKind::Account, &format!("mbx-{}", person.id))
                .show(&person.email)
                .status(status)
                .can(Privilege::Read)
                .created(exact("2020-01-01T08:00:00Z"))
                .used(last_use(person, &mut random))
                .holder(who(Relation::Holder).email(&person.email).number(&person.stints[0].record))
                .of(&person.id, Relation::Holder)
                .done(),
        );
    }
    let may_open = |id: &str, person: &str, whose: &str| {
        grant("delegations", AccessKind::Delegation, id)
            .can(Privilege::Read)
            .created(exact("2024-04-04T08:00:00Z"))
            .target(&format!("mailbox {whose}"))
            .holder(who(Relation::Holder).email(roll.email(person)))
            .of(person, Relation::Holder)
    };
    let seat = |id: &str, person: &str| {
        grant("licenses", AccessKind::License, id)
            .can(Privilege::None)
            .seat(11.9)
            .holder(who(Relation::Holder).email(roll.email(person)))
            .of(person, Relation::Holder)
    };
    grants.extend([
        may_open("del-1", cast::DECEASED, "accounts-payable@meridian.example").done(),
        may_open("del-2", cast::SHARED_OWNER, "press@meridian.example").done(),
        may_open("del-3", cast::CO_OWNER, "platform@meridian.example").done(),
        may_open("del-4", "p-0052", "board@meridian.example").can(Privilege::Admin).status(Status::Disabled).done(),
        seat("lic-1", cast::DECEASED).done(),
        seat("lic-2", "p-0050").done(),
        seat("lic-3", "p-0053").done(),
        seat("lic-4", cast::MANAGER).done(),
    ]);
    System {
        id: String::from("mail"),
        tier: 1,
        owner_team: String::from("it-services"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("delegations"), AccessKind::Delegation, String::from("del-3"))),
        scopes: ["delegations", "licenses", "mailboxes", "sessions"].map(String::from).to_vec(),
        form: Form::Native(Packing::Plain),
        grants,
        faults: vec![Fault::Refused {
            scope: String::from("sessions"),
            needs: String::from("needs mail.sessions:read"),
        }],
    }
}

/// The export broke off in the middle.
pub(super) fn saas_old(roll: &Roll) -> System {
    let account = |id: &str, person: &str| {
        grant("accounts", AccessKind::Account, id)
            .show(roll.email(person))
            .can(Privilege::Write)
            .created(exact("2019-09-09T08:00:00Z"))
            .used(exact("2026-06-30T08:00:00Z"))
            .holder(who(Relation::Holder).email(roll.email(person)))
            .of(person, Relation::Holder)
            .done()
    };
    let mut grants =
        vec![account("so-1", cast::MANAGER), account("so-2", cast::NEW_NAME), account("so-3", cast::CO_OWNER)];
    let seen = grants.len();
    // What was behind the break: nobody sees it, so nothing may be said of it, and nothing may be called clean.
    grants.extend([account("so-4", cast::SOLE_OWNER), account("so-5", cast::LEAD)]);
    System {
        id: String::from("saas-old"),
        tier: 2,
        owner_team: String::from("it-services"),
        as_of: at(EXPORTED),
        max_age_hours: 48,
        login_is: None,
        known_object: None,
        scopes: vec![String::from("accounts")],
        form: Form::Native(Packing::Plain),
        grants,
        faults: vec![Fault::CutAfter(seen)],
    }
}
