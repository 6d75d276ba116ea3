//! GitHub.

use std::sync::Arc;

use holdover_kit::fault::{Damage, FaultServer, On};
use holdover_kit::stub::github::{GitHubStub, Means, Truth};

use serde_json::json;

use super::{Live, found};

const TOKEN: &str = "ghp_canaryXq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5";

fn company(server: &FaultServer) -> Live {
    let system = format!(
        "  - id: code\n    connector: github\n\
         \x20   connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n\
         \x20   github: {{ organisation: acme, base: \"{}\", edition: cloud, sign_in: {{ token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    let mut live = Live::new(system, TOKEN);
    // The stub's usual organisation: `leaver` left, `twin` stays.
    live.people = live.people.iter().map(|row| row.replace("ana@", "leaver@").replace("bea@", "twin@")).collect();
    live
}

#[test]
fn what_a_leaver_holds_is_found_and_the_twin_is_silent() {
    let stub = Arc::new(GitHubStub::new(Truth::usual(), Means::Classic(Vec::new()), TOKEN));
    let server = FaultServer::start(Arc::clone(&stub));
    let company = company(&server);
    let run = company.scan();
    let report = run.report();
    let found = found(&report);
    assert!(found.iter().any(|line| line == "p-1 account 101"), "{found:#?}\n{}\n{:#?}", run.stderr, run.gaps());
    for kind in ["ssh_key", "role_binding", "automation"] {
        assert!(found.iter().any(|line| line.starts_with(&format!("p-1 {kind} "))), "{kind} in {found:#?}");
    }
    assert!(found.iter().all(|line| line.starts_with("p-1 ")), "nobody who works here: {found:#?}");
    assert!(run.gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", run.gaps());
    // A token of a person cannot list the fine-grained tokens of others, and that is said.
    assert!(run.gaps().iter().any(|gap| gap.contains("of a GitHub App")), "{:#?}", run.gaps());
    server.finish();
}

#[test]
fn a_leaver_is_found_by_any_address_that_the_service_vouches_for() {
    let identities = |server: &FaultServer| {
        let on = On::post("/graphql").body("\"operationName\":\"ExternalIdentities\"");
        server.plant(
            on,
            Damage::change(|_, answer| {
                answer.edit(|value| {
                    let provider = &mut value["data"]["organization"]["samlIdentityProvider"];
                    provider["externalIdentities"]["nodes"][1]["samlIdentity"] = json!({
                        "nameId": "leaver@acme.tenant.example", "username": null,
                        "emails": [{"value": "leaver@acme.example"}],
                    });
                })
            }),
        )
    };
    // The roster knows the second address of a member: told by the organisation's verified domains, or by the identity
    // provider alone.
    for by_provider in [false, true] {
        let mut truth = Truth::usual();
        truth.saml = by_provider;
        truth.people[1].verified_emails.insert(0, String::from("old@acme.example"));
        if by_provider {
            truth.people[1].verified_emails.truncate(1);
        }
        let stub = Arc::new(GitHubStub::new(truth, Means::Classic(Vec::new()), TOKEN));
        let server = FaultServer::start(Arc::clone(&stub));
        let planted = by_provider.then(|| identities(&server));
        let company = company(&server);
        let run = company.scan();
        assert!(planted.is_none_or(|planted| planted.fired() > 0));
        let found = found(&run.report());
        assert!(found.iter().any(|line| line == "p-1 account 101"), "{by_provider}: {found:#?}\n{:#?}", run.gaps());
        assert!(found.iter().all(|line| line.starts_with("p-1 ")), "nobody who works here: {found:#?}");
        server.finish();
    }
}
