//! HashiCorp Vault and OpenBao.

use std::sync::Arc;

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::vault::VaultStub;
use serde_json::json;

use super::{Live, found, now};

/// The secret id of the role the scanner signs in with: a canary, too.
const SECRET_ID: &str = "s-canary-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1Ae";

/// The usual cluster, in which `alice` left and `bob` stays; an AppRole with all rights signs in.
fn cluster() -> (Arc<VaultStub>, FaultServer) {
    let stub = Arc::new(VaultStub::usual(now()));
    stub.sign_in("approle", &json!({ "role_id": "holdover", "secret_id": SECRET_ID }), &["root"]);
    let server = FaultServer::start(Arc::clone(&stub));
    (stub, server)
}

fn company(server: &FaultServer) -> Live {
    let system = format!(
        "  - id: vault\n    connector: vault\n    tier: tier0\n    login_is: email_local_part\n\
         \x20   connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 1000, burst: 1000 }} }}\n\
         \x20   vault:\n      address: \"{}\"\n      cluster_id: d45f33c8-9ca5-61da-750e-7a7a088210f5\n\
         \x20     sign_in: {{ approle: {{ role_id: holdover, secret_id: {{ env: TOKEN }} }} }}\n\
         \x20     token_accessors: true\n",
        server.origin()
    );
    let mut live = Live::new(system, SECRET_ID);
    live.people = live.people.iter().map(|row| row.replace("ana@", "alice@").replace("bea@", "bob@")).collect();
    live
}

#[test]
fn what_a_leaver_holds_is_found_the_token_is_given_back_and_no_value_was_asked_for() {
    let (stub, server) = cluster();
    let company = company(&server);
    let run = company.scan();
    let found = found(&run.report());
    for kind in ["account", "api_token"] {
        assert!(
            found.iter().any(|line| line.starts_with(&format!("p-1 {kind} "))),
            "{kind} in {found:#?}\n{:#?}",
            run.gaps()
        );
    }
    assert!(found.iter().all(|line| line.starts_with("p-1 ")), "nobody who works here: {found:#?}");
    assert!(run.gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", run.gaps());
    let (signed_in, revoked) = stub.sign_ins();
    assert!(
        signed_in > 0 && u64::try_from(revoked).ok() == Some(signed_in),
        "{signed_in} sign-ins, {revoked} given back"
    );
    assert_eq!(stub.values_read(), 0);
    server.finish();
}

#[test]
fn the_doctor_and_the_check_of_rights_give_their_tokens_back_too() {
    let (stub, server) = cluster();
    let company = company(&server);
    company.write();
    company.run(&["check-permissions"]);
    company.run(&["doctor"]);
    let (signed_in, revoked) = stub.sign_ins();
    assert!(
        signed_in > 0 && u64::try_from(revoked).ok() == Some(signed_in),
        "{signed_in} sign-ins, {revoked} given back"
    );
    server.finish();
}
