//! Against a third party's AWS: its shapes, its signatures, its policies, its accounts.

use scan_aws::live::Organisation;
use scan_contract::{AccessKind, Cause, Fact, Privilege, Status};

use crate::kit::*;

const ACCOUNT: &str = "123456789012";

fn scanner_key() -> Key {
    let seed = seed();
    let scanner = &seed["credentials"]["scanner"];
    Key::new(
        scanner["access_key_id"].as_str().expect("an id"),
        scanner["secret_access_key"].as_str().expect("a secret"),
    )
}

#[test]
fn a_seeded_account_is_read_and_a_person_of_interest_has_ids_dates_and_fingerprints() {
    let Some(address) = server("HOLDOVER_MOTO_SEEDED") else { return };
    let key = scanner_key();
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    settings.key_pair_regions = vec![String::from("us-east-1"), String::from("eu-west-1")];
    let scanner = scanner(settings, &key.secret);
    let seen = block_on(read(&scanner, about(&["ann.berg", "bea.lind", "nobody"])));
    assert_eq!(seen.ended, Some(Ok(())));
    seen.each_scope_ends();
    seen.no_grant_twice();
    // Coverage first. The emulator has no row of the root user, and no service-specific credentials at all.
    for kind in [
        "iam.users",
        "iam.groups",
        "iam.policies",
        "iam.role-trusts",
        "iam.roles",
        "ec2.key-pairs",
        "iam.access-key-ids",
        "iam.ssh-public-keys",
    ] {
        assert_eq!(seen.gaps_of(kind), Vec::<&scan_contract::Gap>::new(), "{kind}");
    }
    for kind in ["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"] {
        let gaps = seen.gaps_of(kind);
        assert!(
            gaps.iter().all(|gap| matches!(&gap.cause, Cause::NotSeen { what } if what.contains("<root_account>"))),
            "{gaps:?}"
        );
    }
    let gaps = seen.gaps_of("iam.service-specific-credentials");
    assert_eq!(gaps.len(), 1, "what is not implemented is a gap");
    assert!(!seen.is_sealed(&format!("{ACCOUNT}/iam.service-specific-credentials")));

    let ann = seen.get("AIDAANNBERG000000000");
    assert_eq!((ann.kind, ann.privilege), (AccessKind::Account, Privilege::Admin));
    assert_eq!(ann.holders[0].email.as_deref(), Some("ann.berg@acme.example"));
    let live = seen.get("AKIAANNBERG000000001");
    assert_eq!((live.status, live.scope.as_str()), (Status::Enabled, "123456789012/iam.access-key-ids/ann.berg"));
    assert!(matches!(&live.last_used_at, Fact::Known(at) if at.at.to_rfc3339() == "2026-04-20T02:10:00+00:00"));
    assert_eq!(
        live.formerly.as_ref().map(scan_contract::GrantId::as_str),
        Some("arn:aws:iam::123456789012:user/ann.berg/access-key-1")
    );
    assert_eq!(seen.get("AKIAANNBERG000000002").status, Status::Disabled);
    assert!(seen.get("APKAANNBERG000000001").public_key.is_some());
    let certificate = seen.get("CERTANNBERG0000000000000000000001");
    assert!(
        matches!(&certificate.expires_at, Fact::Known(at) if at.at.to_rfc3339().starts_with("2036-11-24")),
        "{certificate:?}"
    );
    assert!(seen.find("arn:aws:iam::123456789012:mfa/ann.berg").is_some(), "a virtual device by its serial number");
    // Only who matters was asked.
    assert!(seen.find("AKIAGHOST00000000001").is_none());
    assert!(seen.find("arn:aws:iam::123456789012:user/ghost/access-key-1").is_some(), "the report shows the slot");
}

#[test]
fn every_account_of_an_organisation_is_read_and_one_that_is_closed_is_not() {
    let Some(address) = server("HOLDOVER_MOTO_SEEDED") else { return };
    let key = scanner_key();
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    settings.organisation = Some(Organisation::new("HoldoverAudit"));
    let scanner = scanner(settings, &key.secret);
    let seen = block_on(read(&scanner, about(&["ann.berg"])));
    assert_eq!(seen.ended, Some(Ok(())));
    seen.each_scope_ends();
    seen.no_grant_twice();
    assert!(seen.is_sealed("123456789012/organizations.accounts"), "{:?}", seen.gaps);
    for account in [ACCOUNT, "222222222222", "333333333333"] {
        assert!(seen.is_sealed(&format!("{account}/iam.users")), "{account}: {:?}", seen.gaps);
    }
    assert!(!seen.declared.iter().any(|scope| scope.starts_with("444444444444")), "a suspended account");
    assert!(seen.notices.iter().any(|text| text.contains("suspended")), "{:?}", seen.notices);
    assert_eq!(seen.get("AKIAANNBERGWORKLOAD1").scope.as_str(), "222222222222/iam.access-key-ids/ann.berg");
    assert!(seen.find("AKIAANNBERG000000001").is_some(), "the same login in another account is another user");
}

/// As the emulator writes a form anew before it checks the signature.
static KEPT: percent_encoding::AsciiSet =
    percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A signed call of IAM with the administrator's key, for what the scanner itself may not send.
fn administer(address: &str, form: &[(&str, &str)]) -> String {
    use std::io::{Read as _, Write as _};
    let seed = seed();
    let key = &seed["credentials"]["administrator"];
    let credentials = aws_credential_types::Credentials::new(
        key["access_key_id"].as_str().expect("an id"),
        key["secret_access_key"].as_str().expect("a secret"),
        None,
        None,
        "test",
    );
    let identity = aws_smithy_runtime_api::client::identity::Identity::from(credentials);
    let body: Vec<String> = [("Version", "2010-05-08")]
        .iter()
        .chain(form)
        .map(|(name, value)| format!("{name}={}", percent_encoding::utf8_percent_encode(value, &KEPT)))
        .collect();
    let body = body.join("&");
    let params = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("iam")
        .time(std::time::SystemTime::now())
        .settings(aws_sigv4::http_request::SigningSettings::default())
        .build()
        .expect("parameters")
        .into();
    let media = "application/x-www-form-urlencoded";
    let signable = aws_sigv4::http_request::SignableRequest::new(
        "POST",
        format!("{address}/"),
        [("content-type", media)].into_iter(),
        aws_sigv4::http_request::SignableBody::Bytes(body.as_bytes()),
    )
    .expect("a request");
    let (instructions, _) = aws_sigv4::http_request::sign(signable, &params).expect("a signature").into_parts();
    let host = address.trim_start_matches("http://");
    let mut request = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {media}\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in instructions.headers() {
        request.extend([name, ": ", value, "\r\n"]);
    }
    let mut stream = std::net::TcpStream::connect(host).expect("the server");
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{form:?}: {answer}");
    answer
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(inner, _)| inner)
}

/// What has a gap when an action is refused, and what only ever has one here.
#[test]
fn our_own_policy_is_enough_and_each_action_taken_from_it_is_exactly_its_gap() {
    use scan_contract::Scanner;
    let Some(address) = server("HOLDOVER_MOTO_AUTH") else { return };
    let name = format!("matrix-{}", std::process::id());
    administer(&address, &[("Action", "CreateUser"), ("UserName", &name)]);
    let made = administer(&address, &[("Action", "CreateAccessKey"), ("UserName", &name)]);
    let key = Key::new(between(&made, "<AccessKeyId>", "<"), between(&made, "<SecretAccessKey>", "<"));
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    let policy = scanner(settings.clone(), &key.secret).policy().expect("a policy");
    // Without spaces, which a form can write in two ways.
    let policy = serde_json::from_str::<serde_json::Value>(&policy).expect("JSON").to_string();
    let actions: Vec<String> =
        serde_json::from_str::<serde_json::Value>(&policy).expect("JSON")["Statement"][0]["Action"]
            .as_array()
            .expect("actions")
            .iter()
            .map(|action| action.as_str().expect("text").to_owned())
            .collect();
    let read_with = |policy: &str| {
        administer(
            &address,
            &[("Action", "PutUserPolicy"), ("UserName", &name), ("PolicyName", "p"), ("PolicyDocument", policy)],
        );
        let seen = block_on(read(&scanner(settings.clone(), &key.secret), about(&["ann.berg", "carl.odd"])));
        assert_eq!(seen.ended, Some(Ok(())));
        seen.each_scope_ends();
        seen
    };
    let refusals = |seen: &Seen| -> Vec<String> {
        let mut actions: Vec<String> = seen
            .gaps
            .iter()
            .filter_map(|gap| match &gap.cause {
                Cause::Denied { permission } => Some(permission.clone()),
                _ => None,
            })
            .collect();
        actions.sort();
        actions.dedup();
        actions
    };
    let whole = read_with(&policy);
    assert_eq!(refusals(&whole), Vec::<String>::new());
    assert!(whole.find("APKAANNBERG000000001").is_some() && whole.find("AKIAANNBERG000000001").is_some());
    // Not implemented there, or only needed where dates do not fit; every other action must show when it is missing.
    let not_asked = ["iam:ListServiceSpecificCredentials", "iam:GetAccessKeyLastUsed", "iam:ListMFADevices"];
    for action in actions.iter().filter(|action| !not_asked.contains(&action.as_str())) {
        let without = policy.replace(&format!("\"{action}\""), "\"iam:GetPolicy\"");
        assert_ne!(without, policy);
        assert_eq!(refusals(&read_with(&without)), std::slice::from_ref(action));
    }
    administer(&address, &[("Action", "DeleteUserPolicy"), ("UserName", &name), ("PolicyName", "p")]);
    let wrong = Key::new(&key.id, "wrong-secret");
    let mut settings = settings.clone();
    settings.sign_in = crate::kit::settings(ACCOUNT, &address, &wrong).sign_in;
    assert!(matches!(block_on(scanner(settings, &wrong.secret).identify()), Err(Cause::Unauthenticated { .. })));
}

#[test]
fn people_of_identity_center_have_their_groups_and_permission_sets() {
    let Some(address) = server("HOLDOVER_MOTO_SEEDED") else { return };
    let key = scanner_key();
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    settings.identity_center = Some(scan_aws::live::IdentityCenter { region: String::from("us-east-1"), owner: None });
    let seen = block_on(read(&scanner(settings, &key.secret), |scope| scope.kind == "sso.account-assignments"));
    for kind in ["identitystore.users", "sso.account-assignments"] {
        assert!(seen.gaps_of(kind).is_empty(), "{:?}", seen.gaps_of(kind));
    }
    let bindings: Vec<_> = seen
        .records
        .iter()
        .filter(|access| {
            access.scope.as_str().contains("sso.account-assignments") && access.kind == AccessKind::RoleBinding
        })
        .collect();
    let of = |login: &str| -> Vec<(Privilege, Option<String>)> {
        let mut of: Vec<_> = bindings
            .iter()
            .filter(|access| access.holders[0].login.as_deref() == Some(login))
            .map(|access| (access.privilege, access.target.clone()))
            .collect();
        of.sort();
        of
    };
    let account = |id: &str| Some(format!("account {id}"));
    assert_eq!(
        of("ann.berg"),
        [(Privilege::Admin, account("222222222222")), (Privilege::Read, account("222222222222"))]
    );
    assert_eq!(of("bea.lind"), [(Privilege::Read, account("222222222222"))], "through the group alone");
    assert_eq!(of("erik.dahl"), [(Privilege::Read, account(ACCOUNT))]);
}
