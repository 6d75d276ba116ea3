//! Hosts, with a key that opens root and belongs to somebody who left.

use super::cast;
use super::make::at;
use super::people::Roll;
use super::signon::EXPORTED;
use crate::random::Random;
use crate::world::{AuthorizedKey, Fleet, Form, Host, HostAccount, KeyPair, Login, System};

/// Secrets in places where no reader takes anything from.
pub(super) const CANARIES: [&str; 2] = ["CANARY-sshd-comment-44c0", "CANARY-env-option-9e1f"];

/// Keys that several systems show.
pub(super) struct Keys {
    pub(super) graph: KeyPair,
    pub(super) co_owner: KeyPair,
    ghost: KeyPair,
}

/// Draws the keys.
pub(super) fn keys(random: &Random) -> Keys {
    let mut random = random.fork("keys");
    Keys { graph: key(&mut random), co_owner: key(&mut random), ghost: key(&mut random) }
}

fn key(random: &mut Random) -> KeyPair {
    let mut point = [0; 32];
    for chunk in point.chunks_mut(8) {
        chunk.copy_from_slice(&random.draw().to_le_bytes());
    }
    KeyPair::new(point)
}

fn account(login: &str, uid: u32, person: Option<&str>) -> HostAccount {
    let (home, shell) = match uid {
        0 => (String::from("/root"), "/bin/bash"),
        1..1000 => (format!("/var/lib/{login}"), "/usr/sbin/nologin"),
        _ => (format!("/home/{login}"), "/bin/bash"),
    };
    HostAccount {
        login: login.to_owned(),
        uid,
        home,
        shell: shell.to_owned(),
        person: person.map(str::to_owned),
        admin: false,
        keys: Vec::new(),
        denied: false,
    }
}

fn authorized(key: &KeyPair, person: Option<&str>, comment: &str) -> AuthorizedKey {
    AuthorizedKey {
        key: key.clone(),
        person: person.map(str::to_owned),
        options: String::new(),
        comment: comment.to_owned(),
    }
}

/// Login of somebody on every host.
fn login(roll: &Roll, person: &str) -> String {
    roll.email(person).split('.').next().unwrap_or("user").to_owned()
}

/// Logins on hosts are aliases in the roster, because a login alone says nothing.
pub(super) const ON_HOSTS: [(&str, &str); 5] = [
    (cast::READER, "ibrahim"),
    (cast::CO_OWNER, "juergen"),
    (cast::SESSION, "maria"),
    (cast::REHIRED, "tom"),
    (cast::LAST_NIGHT, "dmitri"),
];

/// Eight hosts that were collected, and one that was not.
pub(super) fn fleet(roll: &Roll, keys: &Keys, random: &Random) -> System {
    let mut random = random.fork("fleet");
    let hosts = (1..=8).map(|number| host(roll, keys, &mut random, number)).collect();
    System {
        id: String::from("fleet"),
        tier: 0,
        owner_team: String::from("operations"),
        as_of: at(EXPORTED),
        max_age_hours: 26,
        login_is: None,
        known_object: None,
        scopes: Vec::new(),
        form: Form::Ssh(Fleet { hosts, missing: vec![String::from("db-9")] }),
        grants: Vec::new(),
        faults: Vec::new(),
    }
}

fn host(roll: &Roll, keys: &Keys, random: &mut Random, number: u32) -> Host {
    let name = format!("{}-{number}", if number < 6 { "web" } else { "build" });
    let mut root = account("root", 0, None);
    let mut juergen = account(&login(roll, cast::CO_OWNER), 1001, Some(cast::CO_OWNER));
    juergen.admin = true;
    juergen.keys = vec![authorized(&keys.co_owner, Some(cast::CO_OWNER), "juergen@laptop")];
    let mut accounts = vec![account("daemon", 1, None), juergen];
    let mut logins = Vec::new();
    match number {
        3 => {
            // Her account was never here; her key is.
            root.keys = vec![AuthorizedKey {
                options: format!("environment=\"DEPLOY_TOKEN={}\"", CANARIES[1]),
                ..authorized(&keys.graph, Some(cast::GRAPH), "deploy (do not remove)")
            }];
        }
        2 => {
            let mut left = account(&login(roll, cast::READER), 1004, Some(cast::READER));
            left.admin = true;
            left.keys = vec![authorized(&key(random), None, "ibrahim@old-laptop")];
            accounts.push(left);
        }
        5 => {
            let mut closed = account(&login(roll, cast::SESSION), 1005, Some(cast::SESSION));
            closed.denied = true;
            accounts.push(closed);
        }
        6 => {
            let mut back = account(&login(roll, cast::REHIRED), 1006, Some(cast::REHIRED));
            back.keys = vec![authorized(&key(random), None, "tom@desk")];
            accounts.push(back);
        }
        7 => {
            accounts.push(account(&login(roll, cast::LAST_NIGHT), 1007, Some(cast::LAST_NIGHT)));
            logins.push(Login {
                account: login(roll, cast::LAST_NIGHT),
                since: at("2026-08-02T20:15:00Z"),
                seen_at: at(EXPORTED),
                from: String::from("10.20.0.7"),
            });
        }
        8 => root.keys = vec![authorized(&keys.ghost, None, "\u{1b}]0;owned\u{7} <b>unknown</b>")],
        _ => {}
    }
    accounts.insert(0, root);
    let comment = if number == 1 { CANARIES[0].to_owned() } else { String::from("kept by operations") };
    Host { name, accounts, logins, comment }
}
