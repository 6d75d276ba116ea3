//! Live systems: success, each class of failure, recordings, rights.

use std::sync::Arc;

use holdover_kit::canary::Canaries;
use holdover_kit::fault::{Answer, Damage, FaultServer, On, Planted};
use holdover_kit::stub::aws::{Aws, KEY_ID, leaver_and_twin};
use holdover_kit::stub::github::{GitHubStub, Means, Truth};
use holdover_kit::stub::okta::{OktaApiToken, OktaOrg, OktaStub, OktaUser, ServiceApp};
use holdover_kit::stub::vault::VaultStub;
use serde_json::json;

use super::place::Place;
use crate::live::{days_ago, now};

pub(super) const QUICK: &str = "connection: { internal: true, plain_to_loopback: true, idle_timeout: 20s, total_timeout: 20s, pace: { per_second: 1000, burst: 1000, longest_wait: 1s } }";

/// Fields that services send and that must not be kept.
fn in_answers(seed: u64) -> Canaries {
    ["token", "client_secret", "SecretAccessKey", "password", "private_key", "accessToken", "hashed_token", "secret_id"]
        .iter()
        .fold(Canaries::new(seed), |canaries, name| canaries.in_field(name))
}

/// Maps whose keys are data: what stands in them is read, and kept in recordings, whatever its key.
const MAPS: [&str; 9] = [
    "permissions",
    "organization",
    "repository",
    "other",
    "versions",
    "custom_metadata",
    "metadata",
    "key_info",
    "bound_claims",
];

/// Takes planted fields out of such maps again: no service puts a secret of its own there.
fn emptied(value: &mut serde_json::Value, planted: &Canaries) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| emptied(item, planted)),
        serde_json::Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let is_planted = |value: &serde_json::Value| planted.all().iter().any(|one| value == &one.secret);
                if let Some(map) = field.as_object_mut() {
                    // Mounts by their path, below a key that elsewhere holds an object.
                    let mounts = name == "data" && map.values().all(|value| value.is_object() || is_planted(value));
                    if mounts || MAPS.contains(&name.as_str()) {
                        map.retain(|_, value| !is_planted(value));
                    }
                }
                emptied(field, planted);
            }
        }
        _ => {}
    }
}

/// A service whose every answer carries secrets.
pub(super) fn loaded(server: &FaultServer, place: &mut Place, seed: u64) -> Planted {
    let canaries = in_answers(seed);
    place.also(&canaries);
    let plant = move |_: &holdover_kit::fault::Asked, answer: Answer| {
        let answer = canaries.planted_in(answer);
        let is_json = answer
            .headers
            .get("content-type")
            .is_some_and(|media| media.to_str().is_ok_and(|text| text.contains("json")));
        if is_json { answer.edit(|value| emptied(value, &canaries)) } else { answer }
    };
    server.plant(On::any(), Damage::change(plant)).optional()
}

/// Classes of failure, each with secrets of its own in it.
pub(super) fn failures(place: &mut Place) -> Vec<(&'static str, Damage)> {
    let mut secret = |what: &str| place.plant(&format!("answer of a failure: {what}"));
    let refused = |secret: &str| json!({ "message": secret, "errors": [secret], "errorSummary": secret, "error_description": secret });
    let denied = secret("403");
    let gone = secret("401");
    let broken = secret("500");
    let login = secret("login page");
    let elsewhere = secret("redirect to another host");
    let query = secret("redirect with a query");
    let garbage = secret("no JSON");
    let cut = secret("cut JSON");
    let limit = secret("429");
    let link = secret("next link");
    let header = secret("header that is too odd");
    vec![
        ("everything is denied", Damage::Reply(Answer::json(&refused(&denied)).of(403))),
        (
            "nobody is known",
            Damage::Reply(
                Answer::json(&refused(&gone)).of(401).with("www-authenticate", &format!("Bearer realm=\"{gone}\"")),
            ),
        ),
        ("it is broken", Damage::Reply(Answer::html(format!("<pre>stack trace: password={broken}</pre>")).of(500))),
        ("a login page", Damage::Reply(Answer::html(format!("<form action=\"/?sid={login}\">")))),
        ("a redirect", Damage::redirect(302, &format!("http://127.0.0.1:9/{elsewhere}?token={query}"))),
        ("no JSON", Damage::Reply(Answer::bytes("application/json", format!("{{\"a\": {garbage}")))),
        ("half a JSON", Damage::Reply(Answer::bytes("application/json", format!("[{{\"token\": \"{cut}\"")))),
        ("a limit", Damage::Reply(Answer::json(&refused(&limit)).of(429).with("retry-after", &limit))),
        ("a next link elsewhere", Damage::next_link(&format!("http://user:{link}@127.0.0.1:9/next"))),
        ("an odd header", Damage::header("x-ratelimit-reset", &header)),
        ("a cut body", Damage::CutAtFraction(1, 2)),
        ("a reset", Damage::Reset),
    ]
}

/// A live system, its stub, and a failure at a time.
struct Case<'a> {
    name: &'a str,
    server: &'a FaultServer,
    systems: String,
    /// Part of the environment that holds the credential, for the wrong one.
    variable: Option<&'a str>,
    /// Which half of the failures it meets: each class meets three systems.
    half: usize,
}

/// A share of the failures: all of them take long, and which system meets which makes little difference.
pub(super) fn some_failures(place: &mut Place, part: usize, of: usize) -> Vec<(&'static str, Damage)> {
    failures(place).into_iter().enumerate().filter(|(number, _)| number % of == part % of).map(|(_, one)| one).collect()
}

/// Everything the program does with a live system.
fn everything(place: &mut Place, case: &Case<'_>) {
    place.configure(&case.systems, "metrics: { textfile: out/holdover.prom }\n");
    let run = place.run(&["scan", "--no-progress", "--record", "recordings"]);
    assert!(matches!(run.code, 1 | 3 | 4), "{}: exit {}\n{}", case.name, run.code, run.stderr);
    assert!(
        !run.report()["findings"].as_array().expect("findings").is_empty(),
        "{}: it was read: {:#?}",
        case.name,
        run.gaps()
    );
    let print = run.report()["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    for arguments in [
        &["check-permissions"][..],
        &["check-permissions", "--print-policy"],
        &["doctor"],
        &["config", "show", "--origin"],
        &["config", "check"],
        &["explain", &print],
        &["report", "--format", "json"],
        &["systems", "list"],
        &["scan", "--dry-run", "--no-progress", "--log-format", "json"],
    ] {
        place.run(arguments);
    }
    for (what, damage) in some_failures(place, case.half, 2) {
        let fault = case.server.plant(On::any(), damage);
        place.run(&["scan", "--no-progress", "--log-format", "json"]);
        if matches!(what, "everything is denied" | "no JSON") {
            place.run(&["check-permissions"]);
            place.run(&["doctor"]);
        }
        assert!(fault.fired() > 0, "{}: {what} never fired", case.name);
        fault.withdraw();
    }
    // A credential that is wrong is a secret, too.
    if let Some(name) = case.variable {
        place.variable(name);
        place.run(&["scan", "--no-progress"]);
        place.run(&["check-permissions"]);
    }
    place.expect_silence(&[
        "standard error of",
        "standard output of",
        "recordings/",
        "state/state.db, by rows",
        "state/ledger.ndjson",
        "out/report.json",
        "out/report.html",
        "out/report.md",
        "out/findings.csv",
        "out/holdover.prom",
    ]);
}

#[test]
fn m6_okta_by_an_api_token() {
    let mut place = Place::new(1);
    let token = place.variable("TOKEN");
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    for (id, name) in [("00uana", "ana"), ("00ubea", "bea"), ("00uscan", "scanner")] {
        org.users.push(OktaUser::new(id, &format!("{name}@acme.example")));
    }
    let time = |days: i64| format!("{}T09:00:00.000Z", days_ago(days));
    org.api_tokens.push(OktaApiToken {
        id: String::from("00T1"),
        name: String::from("token of ana"),
        user: String::from("00uana"),
        created: time(400),
        last_updated: time(400),
        expires_at: time(-20),
    });
    let server = FaultServer::start(Arc::new(OktaStub::new(org).with_api_token(&token, "00uscan").with_pages_of(2)));
    loaded(&server, &mut place, 11);
    let systems = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n    {QUICK}\n    okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    everything(&mut place, &Case { name: "okta", server: &server, systems, variable: Some("TOKEN"), half: 0 });
}

/// The usual organisation, signed in to by a key; the key itself comes from a command.
#[test]
fn m6_okta_by_the_key_of_a_service_app_that_a_command_hands_out() {
    let mut place = Place::new(6);
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    place.key_file("okta.pem", &pair.serialize_pem());
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    org.users.push(OktaUser::new("00uana", "ana@acme.example"));
    let app = ServiceApp {
        client_id: String::from("0oaholdover"),
        keys: [(String::from("key-1"), pair.public_key_pem())].into(),
        scopes: scan_okta::ALLOW.rights().into_iter().map(|right| String::from(right.name)).collect(),
        demands_dpop: false,
    };
    let text = place.plant("what access tokens begin with");
    let server = FaultServer::start(Arc::new(OktaStub::new(org).with_service_app(app).with_access_tokens(&text)));
    let key = place.path().join("okta.pem").display().to_string();
    let systems = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n    {QUICK}\n    okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ service_app: {{ client_id: 0oaholdover, key_id: key-1, private_key: {{ command: [/bin/cat, \"{key}\"] }} }} }} }}\n",
        server.origin()
    );
    everything(&mut place, &Case { name: "okta app", server: &server, systems, variable: None, half: 1 });
    // Assertions that it signed itself, and the tokens it got for them.
    for logged in server.log() {
        let form = logged.asked.form_field("client_assertion");
        for (what, secret) in
            [("a signed assertion", form.as_deref()), ("an access token", logged.asked.header("authorization"))]
        {
            let long = secret.filter(|secret| secret.len() >= 40);
            place.canaries.extend(long.map(|secret| super::search::Canary::new(what, secret)));
        }
    }
    place.expect_silence(&[]);
}

#[test]
fn m6_github_by_a_token_in_a_file() {
    let mut place = Place::new(2);
    let token = place.secret_file("github.token");
    let server = FaultServer::start(Arc::new(GitHubStub::new(Truth::usual(), Means::Classic(Vec::new()), &token)));
    loaded(&server, &mut place, 12);
    place.people = place.people.iter().map(|row| row.replace("ana@", "leaver@").replace("bea@", "twin@")).collect();
    let systems = format!(
        "  - id: code\n    connector: github\n    {QUICK}\n    github: {{ organisation: acme, base: \"{}\", edition: cloud, sign_in: {{ token: {{ file: github.token }} }} }}\n",
        server.origin()
    );
    everything(&mut place, &Case { name: "github", server: &server, systems, variable: None, half: 1 });
}

#[test]
fn m6_github_by_the_key_of_an_app() {
    let mut place = Place::new(3);
    let token = place.plant("token of the installation");
    place.key_file("app.pem", &holdover_kit::stub::tracker::app_key());
    let server = FaultServer::start(Arc::new(GitHubStub::new(Truth::usual(), Means::App, &token)));
    place.people = place.people.iter().map(|row| row.replace("ana@", "leaver@").replace("bea@", "twin@")).collect();
    let systems = format!(
        "  - id: code\n    connector: github\n    {QUICK}\n    github: {{ organisation: acme, base: \"{}\", edition: cloud, sign_in: {{ app: {{ issuer: Iv23example, private_key: {{ file: app.pem }} }} }} }}\n",
        server.origin()
    );
    // (The secrets in its answers are those of the test above: a token in every object would be taken for the real one.)
    everything(&mut place, &Case { name: "github app", server: &server, systems, variable: None, half: 0 });
    for logged in server.log() {
        // What it signs itself is a secret for ten minutes: it stands in headers alone.
        if let Some(claims) = logged.asked.token().filter(|token| token.split('.').count() == 3) {
            place.canaries.push(super::search::Canary::new("claims of the App", claims));
        }
    }
    place.expect_silence(&[]);
}

#[test]
fn m6_vault_by_an_approle() {
    let mut place = Place::new(4);
    let secret_id = place.variable("SECRET_ID");
    let stub = Arc::new(VaultStub::usual(now()));
    stub.sign_in("approle", &json!({ "role_id": "holdover", "secret_id": secret_id }), &["root"]);
    stub.secret("", "kv", "app/database", now(), &place.plant("value of a secret in the vault"));
    let server = FaultServer::start(Arc::clone(&stub));
    loaded(&server, &mut place, 14);
    place.people = place.people.iter().map(|row| row.replace("ana@", "alice@").replace("bea@", "bob@")).collect();
    let systems = format!(
        "  - id: vault\n    connector: vault\n    tier: tier0\n    login_is: email_local_part\n    {QUICK}\n    vault:\n      address: \"{}\"\n      cluster_id: d45f33c8-9ca5-61da-750e-7a7a088210f5\n      sign_in: {{ approle: {{ role_id: holdover, secret_id: {{ env: SECRET_ID }} }} }}\n      token_accessors: true\n",
        server.origin()
    );
    everything(&mut place, &Case { name: "vault", server: &server, systems, variable: Some("SECRET_ID"), half: 0 });
    // Client tokens that it was given by the sign-ins.
    for logged in server.log() {
        if let Some(token) = logged.asked.header("x-vault-token").filter(|token| token.len() >= 16) {
            place.canaries.push(super::search::Canary::new("token of the sign-in", token));
        }
    }
    place.expect_silence(&[]);
}

#[test]
fn m6_aws_by_a_key_in_the_configuration_and_in_the_environment() {
    let mut place = Place::new(5);
    let server = FaultServer::start(Arc::new(Aws::new(leaver_and_twin(now()))));
    loaded(&server, &mut place, 15);
    place.variable("SECRET_KEY");
    place.people = place.people.iter().map(|row| row.replace("ana@", "leaver@").replace("bea@", "twin@")).collect();
    let systems = format!(
        "  - id: cloud\n    connector: aws\n    account: \"111122223333\"\n    {QUICK}\n    live:\n      endpoint: \"{}\"\n      sign_in: {{ key: {{ access_key_id: {KEY_ID}, secret_access_key: {{ env: SECRET_KEY }} }} }}\n",
        server.origin()
    );
    everything(&mut place, &Case { name: "aws", server: &server, systems: systems.clone(), variable: None, half: 1 });
    place.variable("AWS_SESSION_TOKEN");
    place.variable_with("AWS_ACCESS_KEY_ID", &format!("{KEY_ID:A<20}"));
    let from_environment = systems.replace(
        &format!("{{ key: {{ access_key_id: {KEY_ID}, secret_access_key: {{ env: SECRET_KEY }} }} }}"),
        "environment",
    );
    assert_ne!(from_environment, systems);
    place.configure(&from_environment, "");
    // The id of a key is no secret: it is taken off the list again.
    place.canaries.retain(|canary| canary.place != "variable AWS_ACCESS_KEY_ID");
    place.run(&["scan", "--no-progress"]);
    place.run(&["doctor"]);
    place.expect_silence(&["standard error of"]);
}
