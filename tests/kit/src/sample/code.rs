//! Code hosting and build jobs.

use scan_contract::{AccessKind, Fact, Privilege, Relation, Status, Subtype};

use super::cast;
use super::hosts::Keys;
use super::make::{Identifiers as _, Make, at, exact, grant, who};
use super::people::Roll;
use super::signon::{EXPORTED, gone, last_use, okta_id};
use crate::world::{Fault, Form, Packing, Person, System};

/// Login of somebody at the code host: nobody could guess whose it is.
fn handle(person: &Person) -> String {
    let local = person.email.split('@').next().unwrap_or("someone");
    format!("{}-dev", local.replace('.', ""))
}

/// Number of an account there.
fn account_id(person: &str) -> String {
    format!("gh-{}", person.trim_start_matches("p-").trim_start_matches("c-c"))
}

fn account(roll: &Roll, id: &str, known: bool) -> Make {
    let person = roll.get(id);
    let made = grant("accounts", AccessKind::Account, &account_id(id))
        .show(&handle(person))
        .can(Privilege::Write)
        .created(exact("2021-03-01T09:00:00Z"))
        .holder(
            who(Relation::Holder)
                .provider(&account_id(id))
                .login(&handle(person))
                .external(&okta_id(id), "okta-export"),
        );
    if known { made.of(id, Relation::Holder) } else { made }
}

fn hanging(scope: &str, kind: AccessKind, id: &str, person: &str) -> Make {
    grant(scope, kind, id)
        .parent(&account_id(person))
        .can(Privilege::Write)
        .holder(who(Relation::Holder).provider(&account_id(person)))
        .of(person, Relation::Holder)
}

/// The organisation at the code host.
///
/// Its accounts are tied to people through the single sign-on. Where the account there was removed, nothing is left
/// that says whose this one is: it belongs to nobody, and is counted as such.
pub(super) fn github(roll: &Roll, signon: &System, keys: &Keys, random: &crate::random::Random) -> System {
    let mut random = random.fork("github");
    let mut grants = Vec::new();
    for person in roll.people.iter().filter(|person| person.department == "Engineering" && person.id.starts_with("p-0"))
    {
        let status = match person.id.as_str() {
            cast::GRAPH | cast::KEY_MAKER => Status::Enabled,
            cast::EXCEPTED | cast::LAPSED => Status::Disabled,
            // Works with a private account, was only invited, or was gone before: below, or never.
            cast::OUTSIDER | cast::INVITED | cast::OLD_SMITH => continue,
            _ if gone(person) && random.chance(50) => continue,
            _ if gone(person) => Status::Disabled,
            _ => Status::Enabled,
        };
        let used = last_use(person, &mut random);
        let known = signon.grants.iter().any(|grant| grant.access.grant_id.as_str() == okta_id(&person.id));
        let mut made = account(roll, &person.id, known).status(status).used(used);
        if person.id == cast::CO_OWNER {
            made = made.can(Privilege::Admin).subtype(Subtype::OrganisationOwner);
        }
        grants.push(made.done());
    }
    grants.extend(odd_accounts(roll));
    key_grants(keys, &mut grants);
    tokens(roll, &mut grants);
    System {
        id: String::from("github-acme"),
        tier: 1,
        owner_team: String::from("platform"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("accounts"), AccessKind::Account, account_id(cast::CO_OWNER))),
        scopes: ["accounts", "api-tokens", "deploy-keys", "ssh-keys"].map(String::from).to_vec(),
        form: Form::Native(Packing::Plain),
        grants,
        faults: Vec::new(),
    }
}

/// Accounts that the single sign-on does not know.
fn odd_accounts(roll: &Roll) -> Vec<crate::world::Grant> {
    vec![
        // Her private account was never part of the single sign-on.
        grant("accounts", AccessKind::Account, "gh-77001")
            .show("nightowl4711")
            .can(Privilege::Write)
            .subtype(Subtype::ExternalCollaborator)
            .created(exact("2023-09-12T20:11:00Z"))
            .used(exact("2026-07-30T22:05:00Z"))
            .holder(
                who(Relation::Holder).provider("gh-77001").login("nightowl4711").email(super::people::PRIVATE_ADDRESS),
            )
            .of(cast::OUTSIDER, Relation::Holder)
            .done(),
        // An invitation that can still be taken up.
        grant("accounts", AccessKind::Account, "gh-invite-5501")
            .show("invitation 5501")
            .status(Status::Pending)
            .can(Privilege::Read)
            .created(exact("2026-07-28T09:00:00Z"))
            .holder(who(Relation::Holder).email(roll.email(cast::INVITED)))
            .of(cast::INVITED, Relation::Holder)
            .done(),
        // Nobody knows whose this is; its name wants to be a formula, a link and a colour.
        grant("accounts", AccessKind::Account, "gh-66613")
            .show("=cmd|'/C calc'!A0 \u{1b}[31mroot\u{1b}[0m <script>alert(1)</script>\nadmin")
            .can(Privilege::Read)
            .created(exact("2024-02-02T02:02:00Z"))
            .holder(who(Relation::Holder).provider("gh-66613").login("xX_\u{202e}toor_Xx"))
            .extra("totp_seed", "CANARY-github-02be77aa")
            .done(),
        grant("accounts", AccessKind::Account, "gh-bot-1")
            .show("renovate-bot")
            .can(Privilege::Write)
            .created(exact("2020-05-05T08:00:00Z"))
            .holder(who(Relation::Holder).provider("gh-bot-1").login("renovate-bot"))
            .done(),
    ]
}

fn key_grants(keys: &Keys, grants: &mut Vec<crate::world::Grant>) {
    let key = |id: &str, person: &str, fingerprint: &str| {
        let mut made = grant("ssh-keys", AccessKind::SshKey, id)
            .parent(&account_id(person))
            .can(Privilege::Write)
            .created(exact("2023-05-05T08:00:00Z"))
            .holder(who(Relation::Holder).provider(&account_id(person)).key(fingerprint));
        made = made.of(person, Relation::Holder);
        made
    };
    grants.extend([
        // The account was left open, and the same key opens root on a host.
        key("key-501", cast::GRAPH, &keys.graph.fingerprint()).used(exact("2026-07-31T13:00:00Z")).done(),
        key("key-502", cast::CO_OWNER, &keys.co_owner.fingerprint()).used(exact("2026-08-02T13:00:00Z")).done(),
        // Opens one repository; whoever made it may have a copy.
        grant("deploy-keys", AccessKind::SshKey, "dk-31")
            .show("deploy payments")
            .target("repository meridian/payments")
            .subtype(Subtype::DeployKey)
            .can(Privilege::Write)
            .created(exact("2024-11-11T11:00:00Z"))
            .holder(who(Relation::Creator).provider(&account_id(cast::KEY_MAKER)))
            .of(cast::KEY_MAKER, Relation::Creator)
            .done(),
        // Its twin was replaced after the end.
        grant("deploy-keys", AccessKind::SshKey, "dk-32")
            .show("deploy website")
            .target("repository meridian/website")
            .subtype(Subtype::DeployKey)
            .can(Privilege::Write)
            .created(exact("2024-11-11T11:05:00Z"))
            .rotated(exact("2026-08-01T09:00:00Z"))
            .holder(who(Relation::Creator).provider(&account_id(cast::KEY_MAKER)))
            .of(cast::KEY_MAKER, Relation::Creator)
            .done(),
        grant("deploy-keys", AccessKind::SshKey, "dk-33")
            .show("deploy docs")
            .target("repository meridian/docs")
            .subtype(Subtype::DeployKey)
            .can(Privilege::Read)
            .created(exact("2025-01-20T11:05:00Z"))
            .holder(who(Relation::Creator).provider(&account_id(cast::CO_OWNER)))
            .of(cast::CO_OWNER, Relation::Creator)
            .done(),
    ]);
}

fn tokens(roll: &Roll, grants: &mut Vec<crate::world::Grant>) {
    let token = |id: &str, person: &str| hanging("api-tokens", AccessKind::ApiToken, id, person);
    grants.extend([
        token("pat-ana", cast::GRAPH)
            .show("classic token, all repositories")
            .can(Privilege::Admin)
            .created(exact("2022-10-10T10:00:00Z"))
            .used_within("2026-07-31T20:00:00Z", 15)
            .done(),
        token("fgp-ana", cast::GRAPH)
            .show("fine-grained token")
            .target("repository meridian/website: contents read")
            .can(Privilege::Read)
            .created(exact("2026-01-15T10:00:00Z"))
            .used(Fact::None)
            .expires(exact("2026-07-15T10:00:00Z"))
            .done(),
        // Made before she went, in force after she came back.
        token("pat-tom-2023", cast::REHIRED)
            .created(exact("2023-06-06T06:00:00Z"))
            .used(exact("2026-07-20T08:00:00Z"))
            .done(),
        token("pat-tom-2025", cast::REHIRED)
            .created(exact("2025-02-01T06:00:00Z"))
            .used(exact("2026-07-21T08:00:00Z"))
            .done(),
        // Covered by an exception until the release is out.
        token("pat-wei", cast::EXCEPTED)
            .show("migration of the build cache")
            .can(Privilege::Read)
            .created(exact("2026-03-03T06:00:00Z"))
            .used(exact("2026-07-31T18:00:00Z"))
            .done(),
        // Covered by one that has ended.
        token("pat-priya", cast::LAPSED)
            .show("release notes")
            .can(Privilege::Read)
            .created(exact("2026-03-03T06:00:00Z"))
            .used(exact("2026-07-31T12:00:00Z"))
            .done(),
        token("pat-juergen", cast::CO_OWNER)
            .created(exact("2026-01-03T06:00:00Z"))
            .used(exact("2026-08-02T18:00:00Z"))
            .done(),
        // A service's token that somebody who is gone has made.
        grant("api-tokens", AccessKind::ServiceKey, "app-key-7")
            .show("key of the app release-notes")
            .can(Privilege::Write)
            .created(exact("2025-05-01T06:00:00Z"))
            .used(exact("2026-08-03T01:00:00Z"))
            .holder(who(Relation::Creator).provider(&account_id(cast::KEY_MAKER)).email(roll.email(cast::KEY_MAKER)))
            .of(cast::KEY_MAKER, Relation::Creator)
            .done(),
    ]);
}

/// Build jobs and their secrets.
pub(super) fn ci(roll: &Roll) -> System {
    let job = |id: &str, person: &str| {
        grant("jobs", AccessKind::Automation, id)
            .can(Privilege::Write)
            .created(exact("2024-06-01T06:00:00Z"))
            .used(exact("2026-08-03T02:00:00Z"))
            .holder(who(Relation::RunAs).number(roll.number(person)).email(roll.email(person)))
            .of(person, Relation::RunAs)
    };
    let secret = |id: &str, reader: &str| {
        grant("secrets", AccessKind::SharedSecret, id)
            .subtype(Subtype::CiSecret)
            .can(Privilege::Write)
            .created(exact("2023-06-01T06:00:00Z"))
            .holder(who(Relation::Reader).number(roll.number(reader)))
            .of(reader, Relation::Reader)
    };
    let owned = |id: &str, owners: &[&str]| {
        let made =
            grant("projects", AccessKind::Ownership, id).can(Privilege::Admin).created(exact("2022-06-01T06:00:00Z"));
        owners.iter().fold(made, |made, owner| {
            made.holder(who(Relation::Owner).number(roll.number(owner))).of(owner, Relation::Owner)
        })
    };
    let grants = vec![
        job("job-nightly-export", cast::SOLE_OWNER).show("nightly export").done(),
        job("job-payroll", cast::DECEASED).show("payroll report").managed_by("terraform:ci/jobs").done(),
        job("job-website", cast::CO_OWNER).show("website").done(),
        // The secret of a payment job, read before the end, not replaced since.
        secret("secret-payments", cast::READER)
            .show("PAYMENTS_API_KEY")
            .rotated(exact("2025-12-01T08:00:00Z"))
            .extra("value", "CANARY-ci-secret-5d0c11")
            .done(),
        secret("secret-registry", cast::READER).show("REGISTRY_TOKEN").rotated(exact("2026-08-01T08:00:00Z")).done(),
        secret("secret-old", "p-0050").show("LEGACY_TOKEN").rotated(exact("2024-12-01T08:00:00Z")).done(),
        owned("project-data", &[cast::SOLE_OWNER]).show("data platform").done(),
        owned("project-mobile", &[cast::SHARED_OWNER, cast::CO_OWNER]).show("mobile app").done(),
        owned("project-web", &[cast::CO_OWNER]).show("website").done(),
        owned("project-2024", &["p-0051"]).show("campaign 2024").done(),
    ];
    System {
        id: String::from("ci"),
        tier: 1,
        owner_team: String::from("platform"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: Some((String::from("projects"), AccessKind::Ownership, String::from("project-web"))),
        scopes: ["jobs", "projects", "runners", "secrets"].map(String::from).to_vec(),
        form: Form::Native(Packing::Plain),
        grants,
        faults: vec![Fault::NotInFile(String::from("runners"))],
    }
}
