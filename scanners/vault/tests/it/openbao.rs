//! By hand, against a real server that was filled by `tests/seed-openbao.sh`: `HOLDOVER_VAULT` is its address,
//! `HOLDOVER_VAULT_TOKEN` a token, `HOLDOVER_VAULT_CLUSTER` its cluster id. Without them nothing is asked. With
//! `HOLDOVER_VAULT_ROLE_ID` and `HOLDOVER_VAULT_SECRET_ID` it signs in by AppRole and gives the token back.

use std::sync::Arc;

use scan_contract::{AccessKind, Scanner, Status};
use scan_transport::Door;
use scan_vault::{ALLOW, Cluster, SignIn, Vault, Ways};

use crate::drive::{Kept, now, read, secret, settings};

#[expect(clippy::disallowed_methods, reason = "a test beside a server that somebody started")]
fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_answers_as_the_stub_does() {
    let (Some(address), Some(token), Some(cluster)) =
        (given("HOLDOVER_VAULT"), given("HOLDOVER_VAULT_TOKEN"), given("HOLDOVER_VAULT_CLUSTER"))
    else {
        return;
    };
    let mut settings = settings(&address);
    settings.cluster = Cluster::Id(cluster);
    settings.sign_in = match (given("HOLDOVER_VAULT_ROLE_ID"), given("HOLDOVER_VAULT_SECRET_ID")) {
        (Some(role_id), Some(secret_id)) => {
            SignIn::AppRole { mount: String::from("approle"), role_id, secret_id: secret(&secret_id) }
        }
        _ => SignIn::Token(secret(&token)),
    };
    let door = Door::open(settings.door().expect("an address"), &ALLOW, Arc::new(now)).expect("a door");
    let vault = Vault::new(settings, Ways { door, secrets: Arc::new(Kept) }).expect("a scanner");
    let identity = vault.identify().await.expect("identity");
    assert_eq!(identity.declared, identity.found);
    let rights = vault.check_rights().await.expect("rights").expect("a credential");
    eprintln!("{rights:#?}");
    let said = read(&vault).await;
    eprintln!("{}", vault.policy().expect("a policy"));
    for notice in &said.notices {
        eprintln!("notice: {notice}");
    }
    for gap in said.gaps() {
        eprintln!("gap: {gap}");
    }
    for access in said.records() {
        let holders: Vec<_> =
            access.holders.iter().map(|h| (h.login.as_deref(), h.email.as_deref(), h.employee_id.as_deref())).collect();
        eprintln!("{} {} {} {} {holders:?}", access.scope, access.kind, access.grant_id, access.status);
    }
    eprintln!("{:?}", vault.effort());
    assert_eq!(said.failures, []);
    vault.close().await.expect("the token is given back");
    let of_alice = |kind: AccessKind| {
        said.records().into_iter().any(|access| {
            access.kind == kind
                && access.status == Status::Enabled
                && access.holders.iter().any(|holder| {
                    [&holder.login, &holder.email].into_iter().flatten().any(|name| name.starts_with("alice"))
                })
        })
    };
    for kind in [
        AccessKind::Account,
        AccessKind::Password,
        AccessKind::Session,
        AccessKind::ApiToken,
        AccessKind::GroupMembership,
        AccessKind::RoleBinding,
        AccessKind::ServiceKey,
        AccessKind::Certificate,
        AccessKind::SharedSecret,
        AccessKind::Ownership,
    ] {
        assert!(of_alice(kind), "no live {kind} of alice");
    }
}
