//! Business systems: customers, pay, and what people wrote down.

use scan_contract::{AccessKind, Fact, Moment, Privilege, Relation, Status};

use super::cast;
use super::make::{Identifiers as _, Make, at, days, exact, grant, on, who};
use super::people::Roll;
use super::signon::{EXPORTED, last_use, tidied};
use crate::random::Random;
use crate::world::{Fault, Form, Packing, Person, System, Table, TableColumn};

fn local(person: &Person) -> &str {
    person.email.split('@').next().unwrap_or("")
}

fn crm_account(person: &Person) -> Make {
    let id = format!("u-{}", person.id);
    grant("accounts", AccessKind::Account, &id)
        .show(&person.name)
        .can(Privilege::Read)
        .created(Fact::Known(Moment::exact(days(person.stints[0].starts(), -3))))
        .holder(
            who(Relation::Holder)
                .provider(&id)
                .login(local(person))
                .email(&person.email)
                .number(&person.stints[0].record),
        )
        .of(&person.id, Relation::Holder)
}

/// Customers, with accounts, tokens and seats.
pub(super) fn crm(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("crm");
    let mut grants = Vec::new();
    let sales = |person: &&Person| {
        person.department == "Sales"
            || matches!(
                person.id.as_str(),
                cast::UNDECIDED | cast::GARDEN | cast::FORMULA | cast::ESCAPES | cast::LAST_NIGHT
            )
    };
    let mut seats = Vec::new();
    for person in roll.people.iter().filter(sales) {
        let (status, used) = match person.id.as_str() {
            // Known by the day: the end lies in that day.
            cast::UNDECIDED => (Some(Status::Enabled), on("2026-07-31")),
            cast::FORMULA | cast::ESCAPES => (Some(Status::Enabled), exact("2026-07-31T09:00:00Z")),
            cast::GARDEN => (Some(Status::Enabled), exact("2026-06-29T09:00:00Z")),
            cast::LAST_NIGHT => (Some(Status::Disabled), exact("2026-08-02T19:00:00Z")),
            _ => (tidied(person, &mut random, 45), last_use(person, &mut random)),
        };
        if let Some(status) = status {
            grants.push(crm_account(person).status(status).used(used).done());
            seats.push(
                grant("licenses", AccessKind::License, &format!("seat-{}", person.id))
                    .show("CRM seat")
                    .can(Privilege::None)
                    .parent(&format!("u-{}", person.id))
                    .seat(62.5)
                    .holder(who(Relation::Holder).provider(&format!("u-{}", person.id)))
                    .of(&person.id, Relation::Holder)
                    .done(),
            );
        }
    }
    grants.extend(crm_odd());
    grants.extend(crm_tokens());
    grants.extend(seats);
    System {
        id: String::from("crm"),
        tier: 1,
        owner_team: String::from("sales-tools"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: Some("email_local_part"),
        known_object: Some((String::from("api-tokens"), AccessKind::ApiToken, String::from("tok-integration"))),
        scopes: ["accounts", "api-tokens", "licenses"].map(String::from).to_vec(),
        form: Form::Native(Packing::Gzip),
        grants,
        faults: Vec::new(),
    }
}

fn crm_tokens() -> Vec<crate::world::Grant> {
    let token = |id: &str, person: &str| {
        grant("api-tokens", AccessKind::ApiToken, id)
            .parent(&format!("u-{person}"))
            .can(Privilege::Write)
            .created(exact("2025-09-09T09:00:00Z"))
            .holder(who(Relation::Holder).provider(&format!("u-{person}")))
            .of(person, Relation::Holder)
    };
    vec![
        // Works by itself although the account is switched off.
        token("tok-dmitri", cast::LAST_NIGHT).used(exact("2026-08-02T21:59:00Z")).done(),
        token("tok-miguel", cast::GARDEN)
            .used(exact("2026-07-14T08:00:00Z"))
            .extra("secret", "CANARY-crm-91aa0e")
            .done(),
        token("tok-canary", cast::CANARY).holder(who(Relation::Holder).email("sentinel@meridian.example")).done(),
        grant("api-tokens", AccessKind::ApiToken, "tok-integration")
            .show("billing integration")
            .can(Privilege::Write)
            .created(exact("2021-01-01T09:00:00Z"))
            .used(exact("2026-08-03T03:00:00Z"))
            .holder(who(Relation::Owner).email("juergen.platform@meridian.example"))
            .of(cast::CO_OWNER, Relation::Owner)
            .done(),
    ]
}

const fn column(field: &'static str, header: &'static str) -> TableColumn {
    TableColumn { field, header }
}

/// Pay: a table with German dates, a manifest, and one word that nobody mapped.
pub(super) fn payroll(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("payroll");
    let mut grants = Vec::new();
    for person in roll.people.iter().filter(|person| person.department == "Finance" || person.id == cast::HOLD) {
        let status = if person.id == cast::HOLD { Some(Status::Enabled) } else { tidied(person, &mut random, 50) };
        let Some(status) = status else { continue };
        // Minutes are all the table has.
        let Fact::Known(used) = last_use(person, &mut random) else { continue };
        let minute = used.at - chrono::TimeDelta::seconds(used.at.timestamp().rem_euclid(60));
        grants.push(
            grant("accounts", AccessKind::Account, &format!("PU{}", &person.id[2..]))
                .show(local(person))
                .status(status)
                .can(Privilege::Read)
                .created(Fact::Known(Moment::exact(person.stints[0].starts())))
                .used(Fact::Known(Moment::within(minute, 60)))
                .holder(
                    who(Relation::Holder).login(local(person)).email(&person.email).number(&person.stints[0].record),
                )
                .of(&person.id, Relation::Holder)
                .extra("internal", "CANARY-payroll-note")
                .done(),
        );
    }
    grants.push(
        grant("accounts", AccessKind::Account, "PU-odd")
            .show("legacy import")
            .status_word("Zombie")
            .can(Privilege::Read)
            .created(exact("2018-01-01T08:00:00Z"))
            .used(exact("2026-07-01T08:00:00Z"))
            .holder(who(Relation::Holder).login("priya.release").email("priya.release@meridian.example"))
            .of(cast::LAPSED, Relation::Holder)
            .done(),
    );
    System {
        id: String::from("payroll-app"),
        tier: 1,
        owner_team: String::from("finance-tools"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: None,
        scopes: vec![String::from("accounts")],
        form: Form::Table(payroll_table()),
        grants,
        faults: Vec::new(),
    }
}

/// The wiki: a table whose manifest proves nothing.
pub(super) fn wiki(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("wiki");
    let mut grants = Vec::new();
    for person in roll.people.iter().step_by(5) {
        let Some(status) = tidied(person, &mut random, 60) else { continue };
        grants.push(
            grant("accounts", AccessKind::Account, &format!("w-{}", person.id))
                .show(&person.name)
                .status(status)
                .can(Privilege::Write)
                .created(Fact::Known(Moment::exact(person.stints[0].starts())))
                .used(last_use(person, &mut random))
                .holder(who(Relation::Holder).email(&person.email).number(&person.stints[0].record))
                .of(&person.id, Relation::Holder)
                .done(),
        );
    }
    let old_name = |id: &str, email: &str| {
        grant("accounts", AccessKind::Account, id)
            .show("zoldname")
            .can(Privilege::Write)
            .created(exact("2020-02-02T08:00:00Z"))
            .used(exact("2026-07-30T08:00:00Z"))
            .holder(who(Relation::Holder).email(email))
            .of(cast::NEW_NAME, Relation::Holder)
    };
    grants.extend([
        // An address of a domain that was given up is an earlier address of hers.
        old_name("w-4710", "z.oldname@meridian-old.example").done(),
        // Nothing but a review says whose this is.
        old_name("w-4711", "zo@bought.example").done(),
    ]);
    System {
        id: String::from("wiki"),
        tier: 3,
        owner_team: String::from("it-services"),
        as_of: at(EXPORTED),
        max_age_hours: 48,
        login_is: None,
        known_object: None,
        scopes: vec![String::from("accounts")],
        form: Form::Table(wiki_table()),
        grants,
        faults: vec![Fault::NotProven],
    }
}

/// How that table is mapped.
fn payroll_table() -> Table {
    Table {
        scope: String::from("accounts"),
        kind: AccessKind::Account,
        columns: vec![
            column("grant_id", "User ID"),
            column("grant_display", "Anzeige"),
            column("login", "Username"),
            column("email", "E-mail"),
            column("employee_id", "Staff no"),
            column("status", "State"),
            column("privilege", "Role"),
            column("created_at", "Created"),
            column("last_used_at", "Last login"),
            column("internal", "Internal note"),
        ],
        status_words: vec![("enabled", "Active"), ("disabled", "Suspended"), ("pending", "Invited")],
        privilege_words: vec![("admin", "Administrator"), ("read", "User")],
        time_format: Some("%d.%m.%Y %H:%M"),
        zone: Some(chrono_tz::Tz::Europe__Berlin),
        delimiter: ';',
    }
}

/// How that table is mapped.
fn wiki_table() -> Table {
    Table {
        scope: String::from("accounts"),
        kind: AccessKind::Account,
        columns: vec![
            column("grant_id", "id"),
            column("grant_display", "name"),
            column("email", "mail"),
            column("employee_id", "number"),
            column("status", "status"),
            column("privilege", "role"),
            column("created_at", "created"),
            column("last_used_at", "seen"),
        ],
        status_words: vec![("enabled", "active"), ("disabled", "inactive")],
        privilege_words: vec![("write", "author")],
        time_format: None,
        zone: None,
        delimiter: ',',
    }
}

/// An address with two owners, and accounts of which little is known.
fn crm_odd() -> Vec<crate::world::Grant> {
    let smith = |id: &str, created: Fact<Moment>| {
        grant("accounts", AccessKind::Account, id)
            .show("J. Smith")
            .can(Privilege::Write)
            .created(created)
            .used(Fact::None)
            .holder(who(Relation::Holder).provider(id).email("j.smith@meridian.example"))
    };
    vec![
        // The address has had two owners. The time tells of the first two, and of the third it does not.
        smith("u-smith-2021", exact("2021-05-05T05:00:00Z")).of(cast::OLD_SMITH, Relation::Holder).done(),
        smith("u-smith-2025", exact("2025-04-04T05:00:00Z")).of(cast::NEW_SMITH, Relation::Holder).done(),
        smith("u-smith-undated", Fact::not_given()).one_of(&[cast::OLD_SMITH, cast::NEW_SMITH]).done(),
        // Known by a login alone, which is weak.
        grant("accounts", AccessKind::Account, "u-login-only")
            .show("maria.ivanova.ops")
            .can(Privilege::Read)
            .created(exact("2022-05-05T05:00:00Z"))
            .holder(who(Relation::Holder).provider("u-login-only").login("maria.ivanova.ops"))
            .one_of(&[cast::SESSION])
            .done(),
        grant("accounts", AccessKind::Account, "u-shared-desk")
            .show("front desk")
            .can(Privilege::Read)
            .created(exact("2020-05-05T05:00:00Z"))
            .holder(who(Relation::Holder).provider("u-shared-desk").email("front-desk@partner.example"))
            .done(),
    ]
}
