//! Servers that others wrote, started by `tests/servers`: GitHub's own description of its REST interface (Prism), which
//! checks requests, and an emulator (emulate). Neither has GraphQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdover_kit::stub::github::{Means, Truth};
use http::{HeaderValue, header};
use scan_contract::{AccessKind, Cause, Scanner};
use scan_github::{Edition, Settings};
use scan_transport::{Door, Request};

use crate::kit::{Reading, Scene, scanner, settings, token, walk};

/// The address of a server; `None` skips the test, unless servers are required.
#[expect(clippy::disallowed_methods, reason = "the script that starts servers tells where they are")]
fn server(variable: &str) -> Option<String> {
    if let Ok(address) = std::env::var(variable) {
        Some(String::from(address.trim_end_matches('/')))
    } else {
        let required = std::env::var("HOLDOVER_SERVERS").is_ok_and(|word| word == "required");
        assert!(!required, "{variable} is not set, and the servers are required");
        eprintln!("skipped: {variable} is not set");
        None
    }
}

fn plain(address: &str) -> Settings {
    let mut settings = settings(address, Edition::Cloud, token());
    settings.organisation.id = None;
    settings.enterprise = None;
    settings
}

/// Requests of a whole reading by an App and by a person, one of each operation and shape of query.
async fn requests() -> BTreeMap<String, (String, String)> {
    let app = Scene::new(Truth::usual(), Means::App);
    app.read().await;
    let person = Scene::new(Truth::usual(), Means::Classic(vec![String::from("repo"), String::from("admin:org")]));
    person.read().await;
    let mut found = BTreeMap::new();
    for one in app.server.log().into_iter().chain(person.server.log()) {
        let asked = one.asked;
        if asked.method == "GET" {
            let names: Vec<&str> = asked.query.iter().map(|(name, _)| name.as_str()).collect();
            found.insert(format!("{} ?{}", asked.operation, names.join("&")), (asked.path, asked.raw_query));
        }
    }
    found
}

/// What the description's own examples get wrong by its own schema: Prism answers 500 instead of sending them.
const BROKEN_EXAMPLES: [&str; 3] = [
    "GET /enterprises/{enterprise}/consumed-licenses",
    "GET /orgs/{org}/codespaces/secrets",
    "GET /orgs/{org}/copilot/billing/seats",
];

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a test beside real sockets has the real time")]
async fn githubs_own_description_accepts_every_rest_request() {
    let Some(address) = server("HOLDOVER_PRISM_GITHUB") else { return };
    let settings = plain(&address);
    let door = Door::open(settings.door(), settings.allow(), Arc::new(chrono::Utc::now)).expect("a door");
    let requests = requests().await;
    assert!(requests.len() >= 30, "{:?}", requests.keys());
    let mut wrong = Vec::new();
    for (name, (path, query)) in &requests {
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{address}{path}{mark}{query}").parse().expect("an address");
        let request = Request::get(url)
            .with(header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"))
            .with(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let reply = door.send(request).await.expect("an answer");
        let violations = reply.header("sl-violations").unwrap_or_default();
        let known = BROKEN_EXAMPLES.iter().any(|broken| name.starts_with(broken));
        let fine = reply.status.is_success() || (known && reply.status.as_u16() == 500);
        let request_violations = violations.contains("\"request\"");
        if !fine || request_violations {
            wrong.push(format!("{name}: {} {violations}", reply.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_foreign_next_links_of_the_description_are_never_followed() {
    let Some(address) = server("HOLDOVER_PRISM_GITHUB") else { return };
    let (scanner, _) = scanner(plain(&address));
    let mut reading = Reading::default();
    for pass in scanner.declare().await.expect("scopes") {
        if pass.name == "outside collaborators" {
            walk(&scanner, pass, &mut reading, &mut Vec::new()).await;
        }
    }
    let scope = reading.scope("outside-collaborators");
    assert!(!scope.records.is_empty(), "its example is a person");
    let refused = |cause: &Cause| matches!(cause, Cause::Malformed { what } if what.contains("origin"));
    assert!(scope.gaps.iter().any(|gap| refused(&gap.cause)), "{:?}", scope.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_of_github_is_read_as_far_as_it_goes_and_no_further() {
    let Some(address) = server("HOLDOVER_EMULATE_GITHUB") else { return };
    let (scanner, _) = scanner(plain(&address));
    let identity = scanner.identify().await.expect("an identity");
    assert_eq!(identity.declared, identity.found);
    let reading = crate::kit::read(&scanner).await;
    // What it has is read to its end.
    reading.assert_complete("webhooks");
    reading.assert_complete("actions-secrets");
    // What it has not is never taken for an empty list.
    for scope in
        ["members", "teams", "repositories", "outside-collaborators", "installations", "credential-authorizations"]
    {
        assert!(!reading.scope(scope).is_complete(), "{scope}");
        assert!(!reading.scope(scope).gaps.is_empty(), "{scope}");
    }
    assert!(reading.records().all(|access| access.kind != AccessKind::Account));
}
