//! Every right taken in turn: exactly the scopes that need it have a gap, by the right's name, and no list is empty.

use std::collections::BTreeSet;

use scan_contract::{Cause, Scanner};
use scan_okta::ALLOW;

use crate::bench::{Bench, Told, follow, read_lists};
use crate::world::{self, LEA};

/// Scope kinds that have a gap with this right in its name, and kinds that have any other gap.
fn gaps(told: &Told, right: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut named = BTreeSet::new();
    let mut other = Vec::new();
    for gap in &told.gaps {
        let scope = gap.scope.as_ref().expect("a scope").as_str();
        let kind = String::from(scope.split('/').next().unwrap_or(scope));
        match &gap.cause {
            Cause::Denied { permission } if permission.contains(right) => drop(named.insert(kind)),
            cause => other.push(format!("{scope}: {cause}")),
        }
    }
    (named, other)
}

/// Scopes whose records need this right. Reading a right's own absence costs what is only said beside a record nothing.
fn expected(right: &str) -> BTreeSet<String> {
    let manifest = scan_okta::manifest().expect("a manifest");
    let kinds = manifest.scopes.into_iter().map(|scope| scope.kind);
    let needing = kinds.filter(|kind| scan_okta::rights_of(kind).contains(&right));
    needing
        // The list of users only asks which role the scanner has; without an answer it says nothing.
        .filter(|kind| !(kind == "users" && right == "okta.roles.read"))
        // Sessions are told without the longest life, and the scope of the policies has the gap.
        .filter(|kind| !(kind == "system-log" && right == "okta.policies.read"))
        .collect()
}

async fn everything(bench: &Bench, told_before: &Told) -> Told {
    let okta = bench.okta();
    let mut told = read_lists(&okta).await;
    let mut more = follow(&okta, told_before, LEA).await;
    told.gaps.append(&mut more.gaps);
    told.records.append(&mut more.records);
    told.sealed.extend(more.sealed);
    told
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_a_gap_by_name_where_it_is_needed_and_nowhere_else() {
    let bench = Bench::with_app(world::stub(world::with_lea()));
    let before = read_lists(&bench.okta()).await;
    for right in ALLOW.rights() {
        let bench = Bench::with_app(world::stub(world::with_lea()));
        bench.stub.revoke_scope(right.name);
        let told = everything(&bench, &before).await;
        let (named, other) = gaps(&told, right.name);
        assert_eq!(named, expected(right.name), "{}", right.name);
        assert!(other.is_empty(), "{}: {other:?}", right.name);
    }
}

#[tokio::test]
async fn a_role_that_lacks_a_right_is_a_gap_by_name_where_it_is_needed_and_nowhere_else() {
    let before = read_lists(&Bench::with_token(world::stub(world::with_lea())).okta()).await;
    for right in ALLOW.rights() {
        let bench = Bench::with_token(world::stub(world::with_lea()));
        bench.stub.take_right(right.name);
        let told = everything(&bench, &before).await;
        let (named, other) = gaps(&told, right.name);
        assert_eq!(named, expected(right.name), "{}", right.name);
        assert!(other.is_empty(), "{}: {other:?}", right.name);
    }
}

#[tokio::test]
async fn every_request_denied_in_turn_leaves_a_gap_and_only_where_it_belongs() {
    use holdover_kit::fault::{Damage, On};
    use holdover_kit::stub::okta::okta_error;
    let org = || {
        let mut org = world::with_lea();
        org.servers = Some(vec![(String::from("ausdefault"), String::from("default"))]);
        org.refresh_tokens[0].server = Some(String::from("ausdefault"));
        org.custom_roles.push((String::from("cr0"), vec![String::from("okta.users.read")]));
        org.roles.push(holdover_kit::stub::okta::OktaRole {
            custom: Some((String::from("cr0"), String::from("iam0"))),
            ..holdover_kit::stub::okta::OktaRole::standard("irb1", "CUSTOM", LEA)
        });
        org
    };
    let before = read_lists(&Bench::with_token(world::stub(org())).okta()).await;
    for operation in ALLOW.operations.iter().filter(|operation| !operation.rights.is_empty()) {
        let bench = Bench::with_token(world::stub(org()));
        let fault =
            bench.server.plant(On::operation(operation.name), Damage::Reply(okta_error(403, "E0000006"))).optional();
        let told = everything(&bench, &before).await;
        // Second looks and questions about the scanner itself are not part of a read.
        if fault.fired() == 0 {
            continue;
        }
        let (named, other) = gaps(&told, operation.rights[0]);
        assert!(other.is_empty(), "{}: {other:?}", operation.name);
        let silent = matches!(operation.name, "GET /oauth2/v1/clients/{clientId}/roles");
        assert_eq!(named.is_empty(), silent, "{}: {named:?}", operation.name);
        for kind in &named {
            assert!(scan_okta::rights_of(kind).contains(&operation.rights[0]), "{}: {kind}", operation.name);
        }
    }
}

#[tokio::test]
async fn a_feature_that_was_not_bought_is_no_denial_and_no_empty_list() {
    let mut org = world::with_lea();
    org.servers = None;
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    assert!(told.is_whole("refresh-tokens"), "without the feature there are no servers: {:?}", told.gaps);
    assert!(told.notices.iter().any(|notice| notice.contains("authorization servers")));
    // An organisation that says it has Identity Engine, and refuses devices all the same.
    let fault = bench.server.plant(
        holdover_kit::fault::On::get("/api/v1/users/*/devices"),
        holdover_kit::fault::Damage::Reply(holdover_kit::stub::okta::okta_error(401, "E0000015")),
    );
    let okta = bench.okta();
    for _ in 0..3 {
        let devices = follow(&okta, &told, LEA).await;
        let scope = format!("devices/{LEA}");
        assert!(matches!(devices.causes_of(&scope).as_slice(), [Cause::NotOnPlan { .. }]));
        assert!(!devices.sealed.contains(scope.as_str()));
    }
    assert_eq!(fault.fired(), 2, "asked once, with one repeat after the renewal that 401 asks for");
    okta.close().await.expect("nothing to give back");
}
