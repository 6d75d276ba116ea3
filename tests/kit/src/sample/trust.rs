//! Secrets, databases, certificates.

use scan_contract::{AccessKind, Fact, Moment, Privilege, Relation, Status, Subtype};

use super::cast;
use super::make::{Identifiers as _, at, exact, grant, who};
use super::people::Roll;
use super::signon::{EXPORTED, gone};
use crate::random::Random;
use crate::world::{Fault, Form, Packing, System};

/// Shared secrets with their readers, and leases.
pub(super) fn vault(roll: &Roll) -> System {
    let secret = |id: &str, readers: &[&str]| {
        let made = grant("secrets", AccessKind::SharedSecret, id)
            .show(id)
            .target(&format!("kv/{id}"))
            .can(Privilege::Write)
            .created(exact("2022-02-02T08:00:00Z"));
        readers.iter().fold(made, |made, reader| {
            made.holder(who(Relation::Reader).number(roll.number(reader)).last("2026-06-01T08:00:00Z"))
                .of(reader, Relation::Reader)
        })
    };
    let lease = |id: &str, person: &str| {
        grant("leases", AccessKind::ApiToken, id)
            .subtype(Subtype::VaultToken)
            .can(Privilege::Read)
            .created(exact("2026-07-30T08:00:00Z"))
            .holder(who(Relation::Holder).email(roll.email(person)))
            .of(person, Relation::Holder)
    };
    let grants = vec![
        // Read in July, not replaced since the end: within the agreed three days of tier 1 and 2.
        secret("payments-gateway", &[cast::READER, cast::SESSION]).rotated(exact("2026-01-10T08:00:00Z")).done(),
        secret("warehouse", &[cast::SHARED_OWNER, cast::CO_OWNER]).rotated(exact("2026-08-02T08:00:00Z")).done(),
        // The end was weeks ago.
        secret("smtp-relay", &["p-0052", cast::MANAGER]).rotated(Fact::None).done(),
        secret("root-pki", &[cast::ADMIN]).can(Privilege::Admin).rotated(exact("2025-01-10T08:00:00Z")).done(),
        lease("lease-a", cast::SHARED_OWNER)
            .expires(exact("2026-08-29T08:00:00Z"))
            .used(exact("2026-07-31T08:00:00Z"))
            .done(),
        lease("lease-b", cast::KEY_MAKER)
            .expires(exact("2026-08-01T08:00:00Z"))
            .used(exact("2026-07-31T08:00:00Z"))
            .done(),
        lease("lease-c", cast::CO_OWNER)
            .expires(exact("2026-08-29T08:00:00Z"))
            .used(exact("2026-08-03T01:00:00Z"))
            .done(),
    ];
    System {
        id: String::from("vault-export"),
        tier: 0,
        owner_team: String::from("security"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("leases"), AccessKind::ApiToken, String::from("lease-c"))),
        scopes: ["leases", "secrets"].map(String::from).to_vec(),
        form: Form::Native(Packing::Zstandard),
        grants,
        faults: Vec::new(),
    }
}

/// Database users, from an export of the week before: before most people left.
pub(super) fn database(roll: &Roll) -> System {
    let user = |id: &str, person: &str| {
        grant("users", AccessKind::Account, id)
            .can(Privilege::Write)
            .created(exact("2021-02-02T08:00:00Z"))
            .used(exact("2026-07-20T08:00:00Z"))
            .holder(who(Relation::Holder).email(roll.email(person)))
            .of(person, Relation::Holder)
    };
    let grants = vec![
        user("db-1", cast::SOLE_OWNER).done(),
        user("db-2", cast::CO_OWNER).done(),
        user("db-3", "p-0052").used(exact("2026-06-18T08:00:00Z")).status(Status::Disabled).done(),
        grant("users", AccessKind::Account, "db-svc")
            .show("reporting")
            .can(Privilege::Read)
            .created(exact("2021-02-02T08:00:00Z"))
            .holder(who(Relation::Holder).login("reporting"))
            .done(),
    ];
    System {
        id: String::from("db-export"),
        tier: 1,
        owner_team: String::from("data"),
        as_of: at("2026-07-26T02:00:00Z"),
        max_age_hours: 48,
        login_is: None,
        known_object: None,
        scopes: vec![String::from("users")],
        form: Form::Native(Packing::Plain),
        grants,
        faults: vec![Fault::Stale],
    }
}

/// Certificates of the VPN: each works until it ends, whatever becomes of the account.
pub(super) fn vpn(roll: &Roll, random: &Random) -> System {
    let mut random = random.fork("vpn");
    let certificate = |id: &str, person: &str| {
        grant("certificates", AccessKind::Certificate, id)
            .can(Privilege::Read)
            .created(exact("2025-10-01T08:00:00Z"))
            .holder(who(Relation::Holder).email(roll.email(person)).number(roll.number(person)))
            .of(person, Relation::Holder)
    };
    let mut grants = Vec::new();
    for person in roll.people.iter().filter(|person| !gone(person)).step_by(6).chain([roll.get(cast::LEAD)]) {
        let id = format!("cert-{}", person.id);
        let used = at(EXPORTED) - chrono::TimeDelta::minutes(i64::try_from(random.below(9_000)).unwrap_or(0));
        grants.push(
            certificate(&id, &person.id)
                .expires(exact("2027-10-01T08:00:00Z"))
                .used(Fact::Known(Moment::exact(used)))
                .done(),
        );
    }
    grants.extend([
        certificate("cert-old-1", cast::HOLD)
            .expires(exact("2027-10-01T08:00:00Z"))
            .used(exact("2026-07-31T08:00:00Z"))
            .done(),
        certificate("cert-old-2", "c-0003")
            .expires(exact("2026-12-01T08:00:00Z"))
            .used(exact("2026-07-17T18:30:00Z"))
            .done(),
        certificate("cert-old-3", "p-0050")
            .expires(exact("2026-06-01T08:00:00Z"))
            .used(exact("2026-02-20T08:00:00Z"))
            .done(),
        certificate("cert-old-4", "p-0051")
            .status(Status::Revoked)
            .expires(exact("2026-12-01T08:00:00Z"))
            .used(exact("2025-11-20T08:00:00Z"))
            .done(),
    ]);
    System {
        id: String::from("vpn"),
        tier: 1,
        owner_team: String::from("network"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("certificates"), AccessKind::Certificate, format!("cert-{}", cast::LEAD))),
        scopes: vec![String::from("certificates")],
        form: Form::Native(Packing::Plain),
        grants,
        faults: Vec::new(),
    }
}
