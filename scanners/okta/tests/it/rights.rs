//! What the credential may do, beside what it needs.

use holdover_kit::stub::okta::{OktaGrant, OktaRole};
use scan_contract::{RightState, Scanner};

use crate::bench::Bench;
use crate::world;

#[tokio::test]
async fn a_credential_with_just_enough_has_every_right_and_nothing_beyond() {
    for bench in [Bench::with_app(world::stub(world::with_lea())), Bench::with_token(world::stub(world::with_lea()))] {
        let rights = bench.okta().check_rights().await.expect("rights").expect("a credential");
        assert_eq!(rights.needed.len(), 8);
        for right in &rights.needed {
            assert_eq!(right.state, RightState::Have, "{}", right.name);
            assert!(!right.serves.is_empty(), "{}", right.name);
        }
        assert_eq!(rights.excess, Vec::<String>::new());
        assert_eq!(rights.excess_not_told, "");
    }
}

#[tokio::test]
async fn each_missing_right_is_named_and_the_others_stay() {
    for right in scan_okta::ALLOW.rights() {
        for by_role in [false, true] {
            let bench = Bench::with_app(world::stub(world::with_lea()));
            if by_role {
                bench.stub.take_right(right.name);
            } else {
                bench.stub.revoke_scope(right.name);
            }
            let rights = bench.okta().check_rights().await.expect("rights").expect("a credential");
            for known in &rights.needed {
                let missing = matches!(known.state, RightState::Missing { .. });
                assert_eq!(
                    missing,
                    known.name == right.name,
                    "{} without {}: {:?}",
                    known.name,
                    right.name,
                    known.state
                );
            }
        }
    }
}

#[tokio::test]
async fn rights_beyond_need_are_named() {
    let mut org = world::with_lea();
    for assignee in [world::CLIENT, world::SCANNER] {
        org.roles.push(OktaRole::standard("ra9super", "SUPER_ADMIN", assignee));
    }
    for scope in ["okta.users.manage", "okta.users.read", "okta.groups.read"] {
        org.grants.push(OktaGrant {
            id: format!("oag{scope}"),
            status: String::from("ACTIVE"),
            client: String::from(world::CLIENT),
            scope: String::from(scope),
            user: None,
            created_by: String::from(world::LEA),
            created: String::from("2026-01-01T00:00:00.000Z"),
        });
    }
    let by_app = Bench::with_app(world::stub(org.clone()));
    let rights = by_app.okta().check_rights().await.expect("rights").expect("a credential");
    assert_eq!(rights.excess, ["okta.groups.read", "okta.users.manage", "role SUPER_ADMIN"]);
    let by_token = Bench::with_token(world::stub(org));
    let rights = by_token.okta().check_rights().await.expect("rights").expect("a credential");
    assert_eq!(rights.excess, ["role SUPER_ADMIN"]);
}

#[tokio::test]
async fn a_credential_that_is_not_accepted_has_no_rights_to_tell() {
    let mut bench = Bench::with_token(world::stub(world::bare()));
    bench.secrets.insert(String::from("token"), String::from("another"));
    let rights = bench.okta().check_rights().await.expect("rights").expect("a credential");
    assert!(rights.needed.iter().all(|right| matches!(right.state, RightState::CannotTell(_))));
    bench.secrets.clear();
    assert!(bench.okta().check_rights().await.is_err());
}
