//! Against servers that we did not write: an emulator of Okta, and a mock that holds each request against the vendor's own
//! description. Their ports come from the environment, which `tests/servers` sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use scan_contract::{AccessKind, AccessRef, Cause, Look, Scanner, Status, SystemId};
use scan_okta::{ALLOW, Address, Okta, Organisation, Settings, SignIn, Ways};
use scan_transport::{Door, SecretRef};

use crate::bench::{Fixed, Told, clock, connection, follow, read_lists};

/// The address in an environment variable. Without it the test is passed over, unless servers are required.
fn server(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
    let (address, required) = (std::env::var(variable), std::env::var("HOLDOVER_SERVERS"));
    match address {
        Ok(address) => Some(address),
        Err(std::env::VarError::NotPresent) if required.as_deref() != Ok("required") => {
            println!("not run: {variable} is not set");
            None
        }
        Err(error) => panic!("{variable}: {error}, and servers are required"),
    }
}

fn okta(address: &str) -> Okta {
    let address = Address::parse(address).expect("an address");
    let sign_in = SignIn::ApiToken { token: SecretRef::Environment(String::from("token")) };
    let mut settings = Settings::new(SystemId::new("okta"), address, Organisation::parse("acme"), sign_in);
    settings.connection = connection();
    let door = Door::open(settings.door(), &ALLOW, clock()).expect("a door");
    let secrets = Arc::new(Fixed(BTreeMap::from([(String::from("token"), String::from("any"))])));
    Okta::new(settings, Ways { door, secrets }).expect("a scanner")
}

/// The emulator knows users, groups, applications; it has no search, no system log, no roles, no tokens. What it lacks must
/// be said, never taken for an empty list.
#[tokio::test]
async fn what_the_emulator_lacks_is_a_gap_and_what_it_has_is_read() {
    let Some(address) = server("HOLDOVER_EMULATE_OKTA") else { return };
    let okta = okta(&address);
    assert!(matches!(okta.identify().await, Err(Cause::NotSupported { .. })), "it does not say who it is");
    let told = read_lists(&okta).await;
    // It answers a search that it does not know with an empty list and 200.
    assert!(told.causes_of("users").iter().any(|cause| matches!(cause, Cause::NotSeen { .. })), "{:?}", told.gaps);
    assert!(!told.sealed.contains("users"));
    assert!(told.is_whole("apps"), "{:?}", told.gaps_of("apps"));
    let crm = told.one(AccessKind::RoleBinding, "0oa1crm00000000000c1/00u1annberg00000000a1");
    assert_eq!((crm.status, crm.target.as_deref()), (Status::Unknown, Some("CRM")), "it gives no status");
    for scope in ["admin-roles", "api-tokens", "session-policies"] {
        assert!(!told.sealed.contains(scope) && !told.gaps_of(scope).is_empty(), "{scope}");
    }
    let told = follow(&okta, &offered("00u1annberg00000000a1"), "00u1annberg00000000a1").await;
    let group = told.one(AccessKind::GroupMembership, "00u1annberg00000000a1/00g2platform0000000p2");
    assert_eq!(group.target.as_deref(), Some("platform"));
    for kind in ["factors", "devices", "user-grants", "system-log"] {
        let scope = format!("{kind}/00u1annberg00000000a1");
        assert!(!told.sealed.contains(scope.as_str()), "{scope}");
    }
    let look = async |id: &str| {
        let access = AccessRef { scope: "users".into(), kind: AccessKind::Account, grant_id: id.into() };
        okta.look(&access).await.expect("a look")
    };
    assert_eq!(look("00u1annberg00000000a1").await, Look::Present);
    assert_eq!(look("00u3carlodd00000000c3").await, Look::Disabled, "deprovisioned");
    assert_eq!(look("00u4dorapike0000000d4").await, Look::Disabled, "suspended");
    assert_eq!(look("00unobody").await, Look::Gone);
}

fn offered(user: &str) -> Told {
    let scopes = ["factors", "devices", "group-memberships", "user-grants", "system-log"].map(|kind| {
        let mut scope = scan_contract::Scope::new(format!("{kind}/{user}"), kind);
        let mut holder = scan_contract::Holder::new(scan_contract::Relation::Holder);
        holder.provider_id = Some(String::from(user));
        scope.bound_to = Some(Box::new(holder));
        scope
    });
    Told { offered: scopes.into(), ..Told::default() }
}

/// The mock answers 422 to a request that the vendor's description does not allow, and examples to all others.
#[tokio::test]
async fn the_vendors_own_description_allows_every_request() {
    let Some(address) = server("HOLDOVER_PRISM_OKTA") else { return };
    let okta = okta(&address);
    let mut told = read_lists(&okta).await;
    assert_eq!(told.ids(AccessKind::Account).len(), 1, "its one example: {:?}", told.gaps);
    let more = follow(&okta, &offered("00u1annberg00000000a1"), "00u1annberg00000000a1").await;
    told.gaps.extend(more.gaps);
    told.records.extend(more.records);
    for kind in [AccessKind::RoleBinding, AccessKind::Session, AccessKind::MfaDevice, AccessKind::OauthGrant] {
        assert!(!told.ids(kind).is_empty(), "an example of {kind}: {:?}", told.gaps);
    }
    // Written before there were lists of administrators, API tokens and devices.
    let unknown_then = ["admin-roles", "api-tokens", "devices"];
    for gap in &told.gaps {
        let scope = gap.scope.as_ref().expect("a scope").as_str();
        let says = gap.cause.to_string();
        assert!(!says.contains("422") && !says.contains("400"), "{scope}: {says}");
        let known = unknown_then.iter().any(|kind| scope.starts_with(kind));
        assert!(known || !says.contains("404"), "{scope}: {says}");
    }
}
