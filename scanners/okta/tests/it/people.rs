//! Users: every state, every way to be known.

use holdover_kit::stub::okta::OktaUser;
use scan_contract::{AccessKind, Cause, Fact, IdentifierKind, Status};

use crate::bench::{Bench, read_lists};
use crate::world;

const STATES: &[(&str, Status)] = &[
    ("STAGED", Status::Pending),
    ("PROVISIONED", Status::Pending),
    ("ACTIVE", Status::Enabled),
    ("RECOVERY", Status::Enabled),
    ("PASSWORD_EXPIRED", Status::Enabled),
    ("LOCKED_OUT", Status::Enabled),
    ("SUSPENDED", Status::Disabled),
    ("DEPROVISIONED", Status::Disabled),
];

#[tokio::test]
async fn users_in_every_state_are_read_and_only_two_states_contain_somebody() {
    let mut org = world::bare();
    for (position, (state, _)) in STATES.iter().enumerate() {
        let user = OktaUser::new(&format!("00u{position}"), &format!("u{position}@acme.example"));
        org.users.push(user.in_state(state, "2026-01-01T00:00:00.000Z"));
    }
    let bench = Bench::with_token(world::stub(org).with_pages_of(3));
    let told = read_lists(&bench.okta()).await;
    assert!(told.is_whole("users"), "{:?}", told.gaps_of("users"));
    assert_eq!(told.of("users").len(), STATES.len() + 1);
    for (position, (state, status)) in STATES.iter().enumerate() {
        let account = told.one(AccessKind::Account, &format!("00u{position}"));
        assert_eq!(account.status, *status, "{state}");
        assert_eq!(account.status_text.as_deref(), Some(*state));
    }
}

#[tokio::test]
async fn a_state_nobody_knows_may_be_active_and_its_scope_is_not_whole() {
    let mut org = world::bare();
    org.users.push(OktaUser::new("00uodd", "odd@acme.example").in_state("FROZEN", "2026-01-01T00:00:00.000Z"));
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    assert_eq!(told.one(AccessKind::Account, "00uodd").status, Status::Unknown);
    assert!(told.sealed.contains("users"));
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::UnknownWord { word, .. }] if word == "FROZEN"));
}

#[tokio::test]
async fn a_user_is_known_by_number_login_and_verified_address() {
    let mut org = world::bare();
    let mut lea = OktaUser::new("00ulea", "lea@acme.example");
    lea.second_email = Some(String::from("lea@home.example"));
    lea.custom.push((String::from("hrId"), serde_json::json!(417)));
    org.users.push(lea.clone());
    let mut claims = OktaUser::new("00uclaims", "claims@acme.example");
    claims.email = String::from("somebody.else@acme.example");
    claims.email_status = Some(String::from("UNVERIFIED"));
    org.users.push(claims);
    let mut only_second = OktaUser::new("00usecond", "second");
    only_second.email = String::new();
    only_second.second_email = Some(String::from("second@home.example"));
    org.users.push(only_second);
    let mut older = OktaUser::new("00uolder", "older@acme.example");
    older.email_status = None;
    org.users.push(older);
    let mut bench = Bench::with_token(world::stub(org));
    bench.settings.employee_number_attributes = vec![String::from("hrId"), String::from("employeeNumber")];
    let told = read_lists(&bench.okta()).await;
    let holder = |id: &str| told.one(AccessKind::Account, id).holders[0].clone();
    let lea = holder("00ulea");
    assert_eq!(lea.provider_id.as_deref(), Some("00ulea"));
    assert_eq!(lea.employee_id.as_deref(), Some("417"), "a number is a text of digits");
    assert_eq!(lea.login.as_deref(), Some("lea@acme.example"));
    assert_eq!(lea.email.as_deref(), Some("lea@acme.example"));
    assert!(lea.vouches_for(IdentifierKind::Email));
    let claims = holder("00uclaims");
    assert_eq!(claims.email.as_deref(), Some("somebody.else@acme.example"));
    assert!(!claims.vouches_for(IdentifierKind::Email), "an address that waits for its confirmation is a claim");
    assert!(claims.vouches_for(IdentifierKind::Login));
    let second = holder("00usecond");
    assert_eq!(second.email.as_deref(), Some("second@home.example"));
    assert!(!second.vouches_for(IdentifierKind::Email), "the second address is a claim");
    assert!(holder("00uolder").vouches_for(IdentifierKind::Email));
}

#[tokio::test]
async fn a_password_is_told_where_it_is_checked() {
    let mut org = world::bare();
    for (id, provider, own) in [
        ("00uown", "OKTA", true),
        ("00unone", "OKTA", false),
        ("00uad", "ACTIVE_DIRECTORY", false),
        ("00usaml", "FEDERATION", true),
        ("00uimport", "IMPORT", true),
    ] {
        let mut user = OktaUser::new(id, &format!("{id}@acme.example"));
        user.provider = String::from(provider);
        user.has_password = own;
        org.users.push(user);
    }
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    let with_password: Vec<_> =
        told.of("passwords").into_iter().map(|password| password.parent.clone().expect("a parent")).collect();
    let with_password: Vec<&str> = with_password.iter().map(scan_contract::GrantId::as_str).collect();
    assert_eq!(with_password, [world::SCANNER, "00uown", "00uad", "00uimport"]);
    let elsewhere = told.one(AccessKind::Password, "00uad/password");
    assert_eq!(elsewhere.managed_by.as_deref(), Some("active_directory:ACTIVE_DIRECTORY"));
    assert!(told.one(AccessKind::Password, "00uown/password").rotated_at.known().is_some());
}

#[tokio::test]
async fn never_signed_in_and_not_said_are_two_things() {
    let mut org = world::bare();
    org.users.push(OktaUser::new("00unever", "never@acme.example"));
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    assert_eq!(told.one(AccessKind::Account, "00unever").last_used_at, Fact::None);
}

#[tokio::test]
async fn every_user_is_offered_with_follow_ups_and_the_classic_engine_has_no_devices() {
    for (pipeline, kinds) in [("idx", 5), ("v1", 4)] {
        let mut org = world::with_lea();
        org.pipeline = String::from(pipeline);
        let users = org.users.len();
        let bench = Bench::with_token(world::stub(org));
        let okta = bench.okta();
        let told = read_lists(&okta).await;
        assert_eq!(told.offered.len(), users * kinds, "{pipeline}");
        let follow = crate::bench::follow(&okta, &told, world::LEA).await;
        assert_eq!(follow.gaps, [], "{pipeline}");
    }
}

#[tokio::test]
async fn a_role_that_hides_users_makes_the_list_unproven() {
    let mut org = world::bare();
    for role in &mut org.roles {
        role.kind = String::from("HELP_DESK_ADMIN");
    }
    for bench in [Bench::with_token(world::stub(org.clone())), Bench::with_app(world::stub(org))] {
        let told = read_lists(&bench.okta()).await;
        assert!(told.sealed.contains("users"));
        assert!(
            matches!(told.causes_of("users").as_slice(), [Cause::NotProven { what }] if what.contains("HELP_DESK_ADMIN"))
        );
    }
}

#[tokio::test]
async fn a_user_who_vanishes_before_the_follow_up_is_an_empty_scope_and_a_list_that_is_not_there_is_a_gap() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    bench.stub.change(|org| org.users.retain(|user| user.id != world::LEA));
    let told = crate::bench::follow(&okta, &lists, world::LEA).await;
    assert_eq!((told.records.len(), told.gaps.len(), told.sealed.len()), (0, 0, 5));
    let missing = holdover_kit::fault::Damage::Reply(holdover_kit::stub::okta::okta_error(404, "E0000007"));
    let fault = bench.server.plant(holdover_kit::fault::On::get("/api/v1/users/*/factors"), missing);
    let told = crate::bench::follow(&okta, &lists, world::TOM).await;
    assert!(fault.fired() > 0);
    let scope = format!("factors/{}", world::TOM);
    assert!(!told.sealed.contains(scope.as_str()));
    assert!(matches!(told.causes_of(&scope).as_slice(), [Cause::NotSupported { .. }]));
}

#[tokio::test]
async fn a_list_without_the_scanners_own_user_or_app_is_not_whole() {
    use holdover_kit::fault::{Damage, On};
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let fault = bench.server.plant(
        On::get("/api/v1/users"),
        Damage::change(|_, answer| {
            answer.edit(|page| {
                if let Some(users) = page.as_array_mut() {
                    users.retain(|user| user["id"] != world::SCANNER);
                }
            })
        }),
    );
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    assert!(!told.sealed.contains("users") && !told.sealed.contains("passwords"));
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::NotSeen { .. }]));
    assert_eq!(told.ids(AccessKind::Account).len(), 2, "what was seen is kept");

    let bench = Bench::with_app(world::stub(world::with_lea()));
    bench.stub.change(|org| org.apps.retain(|app| app.id != world::CLIENT));
    let told = read_lists(&bench.okta()).await;
    for scope in ["apps", "app-assignments", "refresh-tokens", "app-grants"] {
        assert!(!told.sealed.contains(scope), "{scope}");
        assert!(matches!(told.causes_of(scope).as_slice(), [Cause::NotSeen { .. }]), "{scope}");
    }
    assert!(told.is_whole("users"));
}

#[tokio::test]
async fn an_empty_list_of_users_is_no_list() {
    use holdover_kit::fault::{Damage, On};
    let bench = Bench::with_app(world::stub(world::with_lea()));
    let fault = bench.server.plant(On::get("/api/v1/users"), Damage::emptied(""));
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    assert!(!told.sealed.contains("users") && !told.sealed.contains("passwords"));
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::NotSeen { .. }]));
}
