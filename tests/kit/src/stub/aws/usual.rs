//! Worlds that several tests start from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::truth::{
    Account, At, Center, CenterUser, Certificate, Event, Group, Key, KeyPair, Listed, Mfa, Password, Role,
    ServiceCredential, SshKey, Truth, User,
};

/// Key id of the scanner's own user.
pub const KEY_ID: &str = "AKIASCANNER000000000";
/// Its secret. Nothing checks it here; no output may hold it.
pub const SECRET: &str = "canary-scanner-secret-key";

/// A public key, different for each seed.
pub fn ssh_key(seed: &str) -> String {
    let mut blob = Vec::new();
    for part in [b"ssh-rsa".as_slice(), &[1, 0, 1], &Sha256::digest(seed.as_bytes())] {
        blob.extend_from_slice(&u32::try_from(part.len()).expect("short").to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!("ssh-rsa {} {seed}", BASE64.encode(&blob))
}

/// A certificate of a test authority that ends in 2036.
const PEM: &str = include_str!("certificate.pem");

fn truth(account: Account) -> Truth {
    let id = account.id.clone();
    Truth {
        principals: BTreeMap::from([(String::from(KEY_ID), (id.clone(), format!("arn:aws:iam::{id}:user/scanner")))]),
        accounts: BTreeMap::from([(id, account)]),
        listed: Vec::new(),
        center: Center::default(),
        ended: BTreeSet::new(),
        denied: BTreeSet::new(),
        deny_words: String::new(),
        closed_to_us: BTreeSet::new(),
        page: 1000,
        empty_pages: false,
        report_pending: 0,
        all_services: true,
    }
}

fn scanner(now: At) -> User {
    let mut user = User::new("scanner", "AIDASCANNER0000000000", now - TimeDelta::days(400));
    let made = now - TimeDelta::days(400);
    let key =
        Key { id: String::from(KEY_ID), status: String::from("Active"), created: made, rotated: made, used: Some(now) };
    user.keys.push(key);
    user
}

/// `leaver` has one live thing of each kind; `twin` is the same with each thing switched off, gone or not theirs;
/// `ghost` has a key and no address.
pub fn leaver_and_twin(now: At) -> Truth {
    let made = now - TimeDelta::days(200);
    let mut account = Account::new("111122223333", now - TimeDelta::hours(1));
    account.add(scanner(now));
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    account
        .groups
        .insert(String::from("builders"), Group { id: String::from("AGPABUILDERS"), policy: String::from(policy) });
    for (name, live) in [("leaver", true), ("twin", false)] {
        account.add(person(&account, name, live, made, now, policy));
    }
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
        account.user_arn("leaver")
    );
    let role =
        Role { id: String::from("AROARELEASES"), trust, longest: 7200, used: Some(now - TimeDelta::minutes(30)) };
    account.roles.insert(String::from("releases"), role);
    let mut ghost = User::new("ghost", "AIDAGHOST0000000000000", made);
    ghost.keys.push(key("AKIAGHOST0000000000", true, made));
    account.add(ghost);
    let pair =
        KeyPair { id: String::from("key-0leaver"), name: String::from("leaver-laptop"), public_key: ssh_key("laptop") };
    account.key_pairs.insert(String::from("eu-west-1"), vec![pair]);
    let mut truth = truth(account);
    truth.listed = vec![listed("111122223333", "ACTIVE")];
    truth.center = center(now);
    truth
}

fn listed(id: &str, state: &str) -> Listed {
    Listed { id: String::from(id), state: Some(String::from(state)), status: None }
}

fn key(id: &str, live: bool, made: At) -> Key {
    let status = String::from(if live { "Active" } else { "Inactive" });
    Key { id: String::from(id), status, created: made, rotated: made, used: None }
}

fn person(account: &Account, name: &str, live: bool, made: At, now: At, policy: &str) -> User {
    let upper = name.to_uppercase();
    let mut user = User::new(name, &format!("AIDA{upper}"), made);
    user.tags.push((String::from("email"), format!("{name}@acme.example")));
    let word = String::from(if live { "Active" } else { "Inactive" });
    if live {
        user.groups.push(String::from("builders"));
        user.policies.push((String::from("own"), String::from(policy)));
        user.password = Some(Password { changed: made, used: Some(now - TimeDelta::days(3)) });
        let serial = format!("arn:aws:iam::{}:mfa/{name}", account.id);
        user.mfa.push(Mfa { serial, is_virtual: true, enabled: made });
        let at = now - TimeDelta::hours(5);
        let key = format!("AKIA{upper}00000000");
        user.events.push(Event {
            region: String::from("us-east-1"),
            key,
            name: String::from("ListBuckets"),
            at,
            refused: None,
        });
    }
    user.keys.push(key(&format!("AKIA{upper}00000000"), live, made));
    user.ssh_keys.push(SshKey {
        id: format!("APKA{upper}"),
        body: ssh_key(name),
        status: word.clone(),
        uploaded: made,
    });
    user.certificates.push(Certificate {
        id: format!("CERT{upper}"),
        body: String::from(PEM),
        status: word.clone(),
        uploaded: made,
    });
    let service = String::from("bedrock.amazonaws.com");
    user.services.push(ServiceCredential {
        id: format!("ACCA{upper}"),
        service,
        status: word,
        created: made,
        expires: None,
    });
    user
}

fn center(now: At) -> Center {
    let user = |name: &str, status: &str| CenterUser {
        name: String::from(name),
        email: format!("{name}@acme.example"),
        status: Some(String::from(status)),
        updated: now - TimeDelta::hours(2),
    };
    let admin = String::from("arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-admin");
    let read = String::from("arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-read");
    let policy = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    Center {
        owner: String::from("111122223333"),
        users: BTreeMap::from([
            (String::from("u-leaver"), user("leaver", "ENABLED")),
            (String::from("u-off"), user("off", "DISABLED")),
        ]),
        groups: BTreeMap::from([(
            String::from("g-ops"),
            BTreeSet::from([String::from("u-leaver"), String::from("u-off")]),
        )]),
        sets: BTreeMap::from([
            (admin.clone(), (String::from("Admin"), String::from("PT8H"), vec![policy("AdministratorAccess")])),
            (read.clone(), (String::from("Read"), String::from("PT1H"), vec![policy("ReadOnlyAccess")])),
        ]),
        assignments: vec![
            (String::from("u-leaver"), String::from("111122223333"), admin),
            (String::from("g-ops"), String::from("111122223333"), read),
        ],
        users_show_groups: false,
    }
}

/// An account with so many users: of ten, six have a key and one has two, three have an SSH key, one a certificate, four
/// a password with a virtual second factor, one a hardware one, one a service-specific credential.
pub fn crowd(users: usize, now: At) -> Truth {
    let made = now - TimeDelta::days(300);
    let mut account = Account::new("111122223333", now - TimeDelta::hours(1));
    account.add(scanner(now));
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","ec2:Describe*","logs:PutLogEvents"],"Resource":"*"}]}"#;
    account
        .groups
        .insert(String::from("builders"), Group { id: String::from("AGPABUILDERS"), policy: String::from(policy) });
    for index in 0..users {
        let name = format!("user{index:05}");
        let mut user = User::new(&name, &format!("AIDA{index:017}"), made);
        user.tags.push((String::from("email"), format!("{name}@acme.example")));
        user.groups.push(String::from("builders"));
        user.policies.push((String::from("own"), String::from(policy)));
        let of_ten = index % 10;
        if of_ten < 6 {
            user.keys.push(key(&format!("AKIA{index:08}00000000"), true, made + TimeDelta::hours(1)));
        }
        if of_ten == 0 {
            user.keys.push(key(&format!("AKIA{index:08}00000001"), false, made + TimeDelta::hours(2)));
        }
        if matches!(of_ten, 1..4) {
            let id = format!("APKA{index:016}");
            user.ssh_keys.push(SshKey { id, body: ssh_key(&name), status: String::from("Active"), uploaded: made });
        }
        if of_ten == 4 {
            let id = format!("CERT{index:016}");
            user.certificates.push(Certificate {
                id,
                body: String::from(PEM),
                status: String::from("Active"),
                uploaded: made,
            });
        }
        if matches!(of_ten, 2..6) {
            user.password = Some(Password { changed: made, used: None });
            let serial = format!("arn:aws:iam::111122223333:mfa/{name}");
            user.mfa.push(Mfa { serial, is_virtual: true, enabled: made });
        }
        if of_ten == 6 {
            user.password = Some(Password { changed: made, used: None });
            user.mfa.push(Mfa { serial: format!("GAHT{index:08}"), is_virtual: false, enabled: made });
        }
        if of_ten == 7 {
            let service = String::from("codecommit.amazonaws.com");
            let id = format!("ACCA{index:016}");
            user.services.push(ServiceCredential {
                id,
                service,
                status: String::from("Active"),
                created: made,
                expires: None,
            });
        }
        account.add(user);
    }
    truth(account)
}
