//! M5: hostile names inside follow-up requests, as the services received them.

use std::sync::Arc;

use holdover_kit::fault::{Asked, FaultServer, Logged};
use holdover_kit::stub::github::{Environment, GitHubStub, Means, Person, Repository, Team, Truth};
use holdover_kit::stub::okta::{OktaApp, OktaAssignment, OktaGroup, OktaOrg, OktaStub, OktaUser};
use holdover_kit::stub::vault::VaultStub;
use scan_transport::{AllowList, Request};
use serde_json::json;

use crate::company::Run;
use crate::live::{Live, days_ago, now};

/// What each name carries, so that it is known wherever it turns up.
const MARK: &str = "q7x";

/// Slashes, dots, percent signs, quotes, filters, a leading dash, line breaks: something else wherever they are not taken
/// as names.
fn names() -> Vec<String> {
    let names: Vec<String> =
        holdover_kit::suite::hostile_names().into_iter().filter(|name| name.contains(MARK)).collect();
    for needed in ["/", "..", "%", "'", "\"", "*)(", "\n", "?", "#", "&", ";"] {
        assert!(names.iter().any(|name| name.contains(needed)), "{needed:?} is one of them");
    }
    assert!(names.iter().any(|name| name.starts_with('-')));
    names
}

/// The name of a request in the scanner's own list. `None` fails the test (PRV-3).
fn named(list: &'static AllowList, asked: &Asked) -> Option<String> {
    let mut request = Request::get(asked.address().parse().ok()?);
    request.method = asked.method.parse().ok()?;
    request.body = asked.body.clone();
    list.find_request(&request).ok().map(|row| String::from(row.name))
}

fn strings(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, into)),
        _ => {}
    }
}

/// Every place of a request in which a name can stand, decoded: segments of the path, values of the query, texts of the
/// body.
fn places(asked: &Asked) -> Vec<String> {
    let mut places: Vec<String> = asked.segments.clone();
    places.extend(asked.query.iter().map(|(_, value)| value.clone()));
    if asked.header("content-type").unwrap_or("").contains("form") {
        places.extend(asked.form().into_iter().map(|(_, value)| value));
    } else if !asked.body.is_empty() {
        strings(&asked.json(), &mut places);
    }
    places
}

/// Each name that was asked about arrived as it was, at each of its places; and gives the names that were asked about.
#[track_caller]
fn arrived_whole(log: &[Logged], names: &[String]) -> Vec<String> {
    let mut asked_about = Vec::new();
    for logged in log {
        assert!(logged.listed, "outside of the list: {} {}", logged.asked.method, logged.asked.path);
        assert!(!logged.asked.headers.contains_key("x-evil"), "a header out of a name");
        // A service whose names are paths takes them with their slashes, decoded once.
        let path = logged.asked.segments.join("/");
        for place in places(&logged.asked).iter().filter(|place| place.contains(MARK)) {
            let is_whole = |name: &&String| {
                let in_filter = name.replace('\\', "\\\\").replace('"', "\\\"");
                place.contains(name.as_str())
                    || (place.contains(" eq \"") && place.contains(&format!("\"{in_filter}\"")))
                    || (name.contains('/') && path.ends_with(name.as_str()))
            };
            let whole = names.iter().find(is_whole);
            let name =
                whole.unwrap_or_else(|| panic!("{} {}: {place:?} is no name", logged.asked.method, logged.asked.path));
            asked_about.push(name.clone());
        }
    }
    asked_about.sort();
    asked_about.dedup();
    asked_about
}

/// Everybody of this row left, and is matched by an address of their own.
fn leavers(live: &mut Live, count: usize) {
    let (ended, updated) = (days_ago(30), days_ago(20));
    for number in 0..count {
        live.people.push(format!(
            "h-{number},employee,ended,h{number},h{number}@acme.example,2020-01-01,{ended},Europe/Berlin,{updated}T00:00:00Z"
        ));
    }
}

/// The scopes are complete, but for those whose names these are, and nothing is a defect.
#[track_caller]
fn is_complete(run: &Run, impossible: &[&str]) {
    assert!(matches!(run.code, 1 | 3 | 4), "exit {}\n{}", run.code, run.stderr);
    let gaps = run.gaps();
    let others: Vec<&String> = gaps.iter().filter(|gap| !impossible.iter().any(|word| gap.contains(word))).collect();
    assert!(others.is_empty(), "{others:#?}");
}

const QUICK: &str =
    "connection: { internal: true, plain_to_loopback: true, pace: { per_second: 1000, burst: 1000, share: 1.0 } }";

#[test]
fn m5_okta_ids_stay_inside_their_place() {
    let names = names();
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    org.users.push(OktaUser::new("00uscan", "scanner@acme.example"));
    for (number, name) in names.iter().enumerate() {
        let mut user = OktaUser::new(name, &format!("h{number}@acme.example"));
        user.name = (name.clone(), name.clone());
        org.users.push(user);
        let mut app = OktaApp::new(name, name, "SAML_2_0");
        app.name.clone_from(name);
        org.apps.push(app);
        org.assignments.push(OktaAssignment::new(name, name));
        org.groups.push(OktaGroup {
            id: format!("00g{number}"),
            name: name.clone(),
            kind: String::from("OKTA_GROUP"),
            members: [name.clone()].into(),
        });
    }
    let token = "00rows-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1AeQ";
    let stub = Arc::new(OktaStub::new(org).with_api_token(token, "00uscan").with_pages_of(200));
    let server = FaultServer::build(stub).operations(|asked| named(&scan_okta::ALLOW, asked)).start();
    let system = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n    {QUICK}\n\
         \x20   okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    let mut live = Live::new(system, token);
    leavers(&mut live, names.len());
    let run = live.scan();
    let asked = arrived_whole(&server.log(), &names);
    assert_eq!(asked, sorted(&names), "each of them was asked about");
    let states = run.states();
    for name in &names {
        assert!(states.contains_key(name.as_str()), "{name:?} is a finding by its very id");
    }
    is_complete(&run, &["SAML", "not part", "not offered", "sign-in of", "needs"]);
    server.finish();
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}

/// Scopes of the classic token.
const SCOPES: [&str; 8] = [
    "repo",
    "admin:org",
    "admin:org_hook",
    "read:user",
    "user:email",
    "read:gpg_key",
    "workflow",
    "manage_billing:copilot",
];

#[test]
fn m5_github_logins_environments_and_repositories_stay_inside_their_place() {
    let names = names();
    let mut truth = Truth::usual();
    for (number, name) in names.iter().enumerate() {
        let id = 6_000 + number as u64;
        truth.people.push(Person {
            id,
            login: name.clone(),
            name: Some(name.clone()),
            role: Some(String::from("MEMBER")),
            verified_emails: vec![format!("h{number}@acme.example")],
            ..Person::default()
        });
        truth.teams.push(Team {
            id,
            slug: name.clone(),
            members: vec![(id, String::from("MEMBER"))],
            ..Team::default()
        });
        truth.repositories.push(Repository {
            id,
            name: name.clone(),
            collaborators: vec![(id, String::from("ADMIN"))],
            environments: vec![Environment { id, name: name.clone(), ..Environment::default() }],
            ..Repository::default()
        });
    }
    let token = "ghp_rowsXq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5aaaa";
    let stub = Arc::new(GitHubStub::new(truth, Means::Classic(SCOPES.map(String::from).to_vec()), token));
    let server = FaultServer::build(stub).operations(|asked| named(&scan_github::ALLOW, asked)).start();
    let system = format!(
        "  - id: code\n    connector: github\n    {QUICK}\n\
         \x20   github: {{ organisation: acme, base: \"{}\", edition: cloud, sign_in: {{ token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    let mut live = Live::new(system, token);
    leavers(&mut live, names.len());
    let run = live.scan();
    let asked = arrived_whole(&server.log(), &names);
    assert_eq!(asked, sorted(&names), "each of them was asked about");
    let states = run.states();
    for (number, name) in names.iter().enumerate() {
        assert!(states.contains_key(&(6_000 + number).to_string()), "{name:?} is a finding by its number");
    }
    is_complete(&run, &["of a GitHub App", "token"]);
    server.finish();
}

#[test]
fn m5_vault_names_stay_inside_their_place() {
    let names = names();
    let stub = Arc::new(VaultStub::usual(now()));
    let secret = "s-rows-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1Ae";
    stub.sign_in("approle", &json!({ "role_id": "holdover", "secret_id": secret }), &["root"]);
    let at = now() - chrono::TimeDelta::days(100);
    for (number, name) in names.iter().enumerate() {
        stub.entity("", &format!("hostile-{number:03}"), name, &[("oidc", &format!("h{number}@acme.example"))], at);
        stub.group(
            &format!("g-hostile-{number:03}"),
            name,
            "internal",
            &[name],
            &[&format!("hostile-{number:03}")],
            &[],
        );
        let in_group =
            move |entity: &mut serde_json::Value| entity["group_ids"] = json!([format!("g-hostile-{number:03}")]);
        stub.change("", &format!("identity/entity/id/hostile-{number:03}"), in_group);
        // A slash in the path of a secret makes a folder: such a name is two names.
        if !name.contains('/') {
            stub.secret("", "kv", &format!("app/{name}"), at, "value-hostile");
        }
    }
    let server = FaultServer::build(Arc::clone(&stub)).operations(|asked| named(&scan_vault::ALLOW, asked)).start();
    let system = format!(
        "  - id: vault\n    connector: vault\n    tier: tier0\n    login_is: email_local_part\n    {QUICK}\n\
         \x20   vault:\n      address: \"{}\"\n      cluster_id: d45f33c8-9ca5-61da-750e-7a7a088210f5\n\
         \x20     sign_in: {{ approle: {{ role_id: holdover, secret_id: {{ env: TOKEN }} }} }}\n\
         \x20     token_accessors: true\n",
        server.origin()
    );
    let mut live = Live::new(system, secret);
    leavers(&mut live, names.len());
    let run = live.scan();
    let asked = arrived_whole(&server.log(), &names);
    // A policy whose name would lead out of its place is not asked about; what its group may do is not known then.
    let (out, within): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| name.split('/').any(|part| part.is_empty() || part == ".."));
    assert_eq!((asked, out.len()), (sorted(&within), 3), "each of the others was");
    for (number, name) in names.iter().enumerate() {
        let privilege = run.finding(&format!("hostile-{number:03}"))["privilege"].clone();
        // No such policy allows nothing; one that cannot be read may allow anything, and is told.
        assert_eq!(privilege, if out.contains(name) { "unknown" } else { "none" }, "{name:?}");
        let mark = &name[name.find(MARK).expect("its mark")..];
        let told =
            run.gaps().iter().any(|gap| gap.contains(&format!("hostile-{number:03} policy")) && gap.contains(mark));
        assert_eq!(told, out.contains(name), "{name:?}: {:#?}", run.gaps());
    }
    assert!(run.gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", run.gaps());
    assert_eq!(stub.values_read(), 0, "and no value of a secret was read");
    server.finish();
}
