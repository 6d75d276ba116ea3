//! Two cloud accounts: one with all documents, one with a document missing.

use std::collections::BTreeMap;

use scan_contract::Privilege;

use super::cast;
use super::make::at;
use super::people::Roll;
use super::signon::{EXPORTED, gone};
use crate::random::Random;
use crate::world::{AwsAccount, AwsKey, AwsRole, AwsUser, Form, System};

fn letters(random: &mut Random, length: usize) -> String {
    random.token(length).to_uppercase()
}

fn user(roll: &Roll, random: &mut Random, person: &str) -> AwsUser {
    let email = roll.email(person).to_owned();
    AwsUser {
        name: email.split('@').next().unwrap_or("user").to_owned(),
        id: format!("AIDA{}", letters(random, 17)),
        path: String::from("/people/"),
        created: at("2021-02-01T09:12:44Z"),
        person: Some(person.to_owned()),
        email_tag: Some(email),
        owners: Vec::new(),
        groups: Vec::new(),
        policies: Vec::new(),
        password: None,
        mfa: false,
        keys: Vec::new(),
    }
}

fn key(random: &mut Random, active: bool, created: &str, last_used: Option<&str>) -> AwsKey {
    AwsKey { id: format!("AKIA{}", letters(random, 16)), active, created: at(created), last_used: last_used.map(at) }
}

/// The account everything runs in.
pub(super) fn prod(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("aws-prod");
    let mut users = Vec::new();
    let mut admin = user(roll, &mut random, cast::ADMIN);
    admin.policies = vec![(String::from("AdministratorAccess"), Privilege::Admin)];
    admin.password = Some((Some(at("2026-07-31T16:20:00Z")), at("2026-03-01T09:00:00Z")));
    admin.mfa = true;
    // Used five hours after he had to go.
    admin.keys = vec![
        key(&mut random, true, "2024-03-01T10:00:00Z", Some("2026-07-31T22:15:00Z")),
        key(&mut random, false, "2021-02-01T10:00:00Z", Some("2022-07-01T10:00:00Z")),
    ];
    users.push(admin);
    let mut reader = user(roll, &mut random, cast::READER);
    reader.groups = vec![String::from("readers")];
    // The quarter of an hour in which the end lies: nobody can tell.
    reader.keys = vec![key(&mut random, true, "2025-03-01T10:00:00Z", Some("2026-07-31T21:50:00Z"))];
    users.push(reader);
    let mut owner = user(roll, &mut random, cast::SOLE_OWNER);
    owner.groups = vec![String::from("readers")];
    users.push(owner);
    for person in roll.people.iter().filter(|person| person.department == "Operations" && !gone(person)).take(14) {
        let mut one = user(roll, &mut random, &person.id);
        one.groups = vec![String::from("readers")];
        if random.chance(40) {
            one.keys = vec![key(&mut random, true, "2025-06-01T10:00:00Z", Some("2026-08-02T10:00:00Z"))];
        }
        users.push(one);
    }
    let mut service = user(roll, &mut random, cast::SOLE_OWNER);
    service.name = String::from("svc-export");
    service.path = String::from("/service/");
    service.person = None;
    service.email_tag = None;
    service.owners = vec![(String::from(cast::SOLE_OWNER), roll.email(cast::SOLE_OWNER).to_owned())];
    service.keys = vec![key(&mut random, true, "2025-01-10T10:00:00Z", Some("2026-08-03T01:00:00Z"))];
    users.push(service);
    let releases = AwsRole {
        name: String::from("releases"),
        id: format!("AROA{}", letters(&mut random, 17)),
        trusts: vec![users[2].name.clone()],
        last_used: Some(at("2026-07-30T08:00:00Z")),
    };
    let readers = (format!("AGPA{}", letters(&mut random, 17)), String::from("ReadOnlyAccess"));
    system(
        "aws-prod",
        AwsAccount {
            account: String::from("111122223333"),
            users,
            groups: BTreeMap::from([(String::from("readers"), readers)]),
            roles: vec![releases],
            has_report: true,
            has_key_lists: true,
        },
    )
}

/// An account from before: nobody asked for the credential report.
pub(super) fn legacy(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("aws-legacy");
    let mut left = user(roll, &mut random, "p-0051");
    left.policies = vec![(String::from("ReadOnlyAccess"), Privilege::Read)];
    // Behind the missing document: whether it is still in force is not known.
    left.keys = vec![key(&mut random, true, "2022-01-01T10:00:00Z", None)];
    let stays = user(roll, &mut random, cast::CO_OWNER);
    system(
        "aws-legacy",
        AwsAccount {
            account: String::from("444455556666"),
            users: vec![left, stays],
            groups: BTreeMap::new(),
            roles: Vec::new(),
            has_report: false,
            has_key_lists: false,
        },
    )
}

fn system(id: &str, account: AwsAccount) -> System {
    System {
        id: id.to_owned(),
        tier: 0,
        owner_team: String::from("cloud"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: None,
        scopes: Vec::new(),
        form: Form::Aws(account),
        grants: Vec::new(),
        faults: Vec::new(),
    }
}
