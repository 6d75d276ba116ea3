//! One live thing of each kind is found; the twin who differs in one fact is told as what they are.

use holdover_kit::fault::{Asked, Damage, On};
use holdover_kit::stub::okta::{OktaEvent, OktaUser};
use scan_contract::holder::Relation;
use scan_contract::{AccessKind, Fact, Look, Privilege, Status, Subtype};
use serde_json::json;

use crate::bench::{Bench, follow, read_lists};
use crate::world::{self, LEA, TOM, days_ago};

const LISTS: &[&str] = &[
    "users",
    "passwords",
    "apps",
    "app-assignments",
    "refresh-tokens",
    "app-grants",
    "admin-roles",
    "api-tokens",
    "session-policies",
];

#[tokio::test]
async fn everything_is_whole_where_everything_may_be_read() {
    let bench = Bench::with_app(world::stub(world::with_lea()));
    let okta = bench.okta();
    let told = read_lists(&okta).await;
    for scope in LISTS {
        assert!(told.is_whole(scope), "{scope}: {:?}", told.gaps_of(scope));
    }
    assert_eq!(told.gaps, []);
    for user in [LEA, TOM] {
        let told = follow(&okta, &told, user).await;
        assert_eq!(told.gaps, [], "{user}");
        assert_eq!(told.sealed.len(), 5);
    }
    drop(okta);
    bench.server.finish();
}

#[tokio::test]
async fn a_live_thing_of_each_kind_is_found_in_the_lists() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let told = read_lists(&bench.okta()).await;
    let account = told.one(AccessKind::Account, LEA);
    assert_eq!(account.status, Status::Enabled);
    assert_eq!(account.holders[0].employee_id.as_deref(), Some("00417"));
    assert!(account.last_used_at.known().is_some_and(|moment| moment.precision_seconds == 1));
    assert_eq!(told.one(AccessKind::Password, &format!("{LEA}/password")).status, Status::Enabled);
    let crm = told.one(AccessKind::RoleBinding, &format!("0oacrm00000000000001/{LEA}"));
    assert_eq!((crm.status, crm.target.as_deref()), (Status::Enabled, Some("CRM")));
    assert_eq!(crm.parent.as_ref().map(scan_contract::GrantId::as_str), Some(LEA));
    let role = told.one(AccessKind::RoleBinding, &format!("{LEA}/role/ra1super"));
    assert_eq!((role.privilege, role.subtype), (Privilege::Admin, Some(Subtype::OrganisationOwner)));
    let through_group = told.one(AccessKind::RoleBinding, &format!("{LEA}/role/gra3helpdesk"));
    assert!(through_group.evidence.iter().any(|line| line.contains("00gadmins")));
    let token = told.one(AccessKind::ApiToken, "00Tlea");
    assert_eq!((token.status, token.privilege), (Status::Enabled, Privilege::Admin));
    let refresh = told.one(AccessKind::Session, &format!("oar{LEA}"));
    assert_eq!((refresh.status, refresh.client.as_deref()), (Status::Enabled, Some("0oamobile00000000001")));
    let consent = told.one(AccessKind::OauthGrant, "oagorg");
    assert_eq!((consent.privilege, consent.holders[0].relation), (Privilege::Admin, Relation::Creator));
    assert_eq!(consent.subtype, Some(Subtype::Integration));
}

#[tokio::test]
async fn a_live_thing_of_each_kind_is_found_with_its_user() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let told = follow(&okta, &lists, LEA).await;
    assert_eq!(told.one(AccessKind::MfaDevice, &format!("{LEA}/opf{LEA}")).status, Status::Enabled);
    assert_eq!(told.one(AccessKind::MfaDevice, &format!("{LEA}/guf-guo{LEA}-{LEA}")).status, Status::Enabled);
    let help_desk = told.one(AccessKind::GroupMembership, &format!("{LEA}/00gadmins"));
    assert_eq!(help_desk.privilege, Privilege::Admin);
    let staff = told.one(AccessKind::GroupMembership, &format!("{LEA}/00gstaff"));
    assert_eq!(staff.privilege, Privilege::Unknown);
    assert_eq!(told.ids(AccessKind::GroupMembership).len(), 2, "the group of everybody gives nothing");
    assert_eq!(told.one(AccessKind::OauthGrant, &format!("oag{LEA}")).status, Status::Enabled);
    let session = told.one(AccessKind::Session, &format!("{LEA}/okta"));
    assert_eq!(
        session.last_used_at.known().map(|moment| moment.at.to_rfc3339()[..19].to_owned()),
        Some(days_ago(3)[..19].to_owned())
    );
    assert_eq!(session.cutoff_at, None);
    let began = session.created_at.known().expect("a sign-in").at;
    assert_eq!(session.live_until, Some(began + chrono::TimeDelta::seconds(1) + chrono::TimeDelta::hours(12)));
}

#[tokio::test]
async fn the_twin_is_told_as_contained_revoked_expired_or_ended() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    assert_eq!(lists.one(AccessKind::Account, TOM).status, Status::Disabled);
    assert!(!lists.ids(AccessKind::Password).contains(format!("{TOM}/password").as_str()));
    assert_eq!(lists.one(AccessKind::RoleBinding, &format!("0oacrm00000000000001/{TOM}")).status, Status::Revoked);
    assert_eq!(lists.one(AccessKind::RoleBinding, &format!("{TOM}/role/ra2super")).status, Status::Disabled);
    assert_eq!(lists.one(AccessKind::Session, &format!("oar{TOM}")).status, Status::Revoked);
    let told = follow(&okta, &lists, TOM).await;
    assert_eq!(told.one(AccessKind::MfaDevice, &format!("{TOM}/opf{TOM}")).status, Status::Expired);
    assert_eq!(told.one(AccessKind::MfaDevice, &format!("{TOM}/guf-guo{TOM}-{TOM}")).status, Status::Disabled);
    assert_eq!(told.one(AccessKind::OauthGrant, &format!("oag{TOM}")).status, Status::Revoked);
    assert!(told.ids(AccessKind::GroupMembership).is_empty(), "deactivation takes groups away");
    let session = told.one(AccessKind::Session, &format!("{TOM}/okta"));
    let deactivated = session.cutoff_at.expect("deactivation ends sessions").to_rfc3339();
    assert_eq!(deactivated[..19], days_ago(1)[..19]);
}

#[tokio::test]
async fn sessions_cleared_by_an_administrator_are_cut_off_and_a_failed_attempt_is_no_use() {
    let mut org = world::with_lea();
    let mut cleared = OktaEvent::new(&days_ago(2), "user.session.clear", world::SCANNER);
    cleared.target = Some(String::from(LEA));
    org.events.push(cleared);
    let mut failed = OktaEvent::new(&days_ago(1), "user.session.start", LEA);
    failed.result = String::from("FAILURE");
    org.events.push(failed);
    org.events.push(OktaEvent::new(&days_ago(1), "user.account.reset_password", LEA));
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let session = follow(&okta, &lists, LEA).await.one(AccessKind::Session, &format!("{LEA}/okta")).clone();
    assert_eq!(session.cutoff_at.expect("cleared").to_rfc3339()[..19], days_ago(2)[..19]);
    assert_eq!(session.last_used_at.known().expect("an act").at.to_rfc3339()[..19], days_ago(3)[..19]);
}

/// A defect once: whoever knows a login could push the acts of its owner out of the part of the log that is read.
#[tokio::test]
async fn acts_behind_a_hundred_that_anybody_can_cause_are_found_or_the_log_is_not_whole() {
    let mut org = world::with_lea();
    org.events.retain(|event| event.actor != LEA);
    org.events.push(OktaEvent::new(&days_ago(10), "app.oauth2.token.grant", LEA));
    for number in 0..100 {
        let kind = if number % 2 == 0 { "user.account.reset_password" } else { "user.account.unlock_token" };
        org.events.push(OktaEvent::new(&days_ago(1), kind, LEA));
    }
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let (scope, id) = (format!("system-log/{LEA}"), format!("{LEA}/okta"));
    let told = follow(&okta, &lists, LEA).await;
    let session = told.one(AccessKind::Session, &id);
    assert_eq!(session.last_used_at.known().expect("an act").at.to_rfc3339()[..19], days_ago(10)[..19]);
    assert!(told.is_whole(&scope), "{:?}", told.gaps);
    // One that takes the filter for an error, and one that does not obey it.
    let asks = |asked: &Asked| asked.query("filter").is_some_and(|filter| filter.contains(" ne "));
    let noise = json!([{ "published": days_ago(1), "eventType": "user.account.unlock", "actor": { "id": LEA },
        "outcome": { "result": "SUCCESS" } }]);
    for damage in [Damage::status(400), Damage::change(move |_, answer| answer.edit(|page| *page = noise.clone()))] {
        let fault = bench.server.plant(On::get("/api/v1/logs").when(asks), damage);
        let told = follow(&okta, &lists, LEA).await;
        fault.expect_fired();
        fault.withdraw();
        assert!(!told.sealed.contains(scope.as_str()) && !told.causes_of(&scope).is_empty(), "{:?}", told.gaps);
    }
}

#[tokio::test]
async fn what_nobody_can_tell_is_said() {
    let mut org = world::with_lea();
    org.policies[0].2.push((String::from("ACTIVE"), String::from("ALLOW"), Some(0)));
    org.events.retain(|event| event.kind != "user.session.start");
    org.custom_roles.clear();
    org.roles.push(holdover_kit::stub::okta::OktaRole {
        custom: Some((String::from("cr0gone"), String::from("iam0"))),
        ..holdover_kit::stub::okta::OktaRole::standard("irb1", "CUSTOM", LEA)
    });
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let role = lists.one(AccessKind::RoleBinding, &format!("{LEA}/role/irb1"));
    assert_eq!(role.privilege, Privilege::Unknown);
    assert!(!lists.is_whole("admin-roles"), "a custom role that cannot be read is a gap");
    let session = follow(&okta, &lists, LEA).await.one(AccessKind::Session, &format!("{LEA}/okta")).clone();
    assert!(session.created_at.is_hidden());
    assert_eq!(session.live_until, None, "a rule without a longest life");
    assert_eq!(session.status, Status::Unknown);
}

#[tokio::test]
async fn custom_roles_reach_as_far_as_their_permissions() {
    let mut org = world::with_lea();
    for (id, role, permission) in
        [("irb1", "cr0reads", "okta.users.read"), ("irb2", "cr0resets", "okta.users.credentials.resetPassword")]
    {
        org.custom_roles.push((String::from(role), vec![String::from("okta.groups.read"), String::from(permission)]));
        org.roles.push(holdover_kit::stub::okta::OktaRole {
            custom: Some((String::from(role), String::from("iam0"))),
            ..holdover_kit::stub::okta::OktaRole::standard(id, "CUSTOM", LEA)
        });
    }
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    assert_eq!(told.one(AccessKind::RoleBinding, &format!("{LEA}/role/irb1")).privilege, Privilege::Read);
    assert_eq!(told.one(AccessKind::RoleBinding, &format!("{LEA}/role/irb2")).privilege, Privilege::Admin);
}

#[tokio::test]
async fn an_api_token_tells_its_last_use_by_its_end() {
    let mut org = world::with_lea();
    let mut unused = org.api_tokens[0].clone();
    unused.id = String::from("00Tnew");
    unused.created = days_ago(3);
    unused.expires_at = days_ago(3 - 30);
    org.api_tokens.push(unused);
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    let used = told.one(AccessKind::ApiToken, "00Tlea").last_used_at.known().expect("a use").at.to_rfc3339();
    assert_eq!(used[..19], days_ago(4)[..19]);
    assert!(matches!(told.one(AccessKind::ApiToken, "00Tnew").last_used_at, Fact::Hidden(_)));
}

/// A defect once: the window was taken from the end, and the list of tokens ended with a panic.
#[tokio::test]
async fn an_api_token_with_a_window_longer_than_any_calendar_is_told_without_its_use() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let fault = bench.server.plant(
        On::get("/api/v1/api-tokens"),
        Damage::change(|_, answer| answer.edit(|page| page[0]["tokenWindow"] = json!("P99999999999D"))),
    );
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    let token = told.one(AccessKind::ApiToken, "00Tlea");
    assert!(matches!(token.last_used_at, Fact::Hidden(_)) && token.expires_at.known().is_some(), "{token:?}");
    assert!(told.is_whole("api-tokens"), "{:?}", told.gaps_of("api-tokens"));
}

#[tokio::test]
async fn a_token_of_an_authorization_server_is_one_record_though_it_stands_in_two_lists() {
    let mut org = world::with_lea();
    org.servers = Some(vec![(String::from("ausdefault"), String::from("default"))]);
    org.refresh_tokens[0].server = Some(String::from("ausdefault"));
    let id = org.refresh_tokens[0].id.clone();
    let bench = Bench::with_token(world::stub(org));
    let told = read_lists(&bench.okta()).await;
    let same: Vec<_> = told.of("refresh-tokens").into_iter().filter(|token| token.grant_id.as_str() == id).collect();
    assert_eq!(same.len(), 2, "two lists");
    assert_eq!(same[0], same[1]);
    assert!(told.is_whole("refresh-tokens"));
}

#[tokio::test]
async fn the_second_look_asks_the_object_itself() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    let look = async |scope: &str, kind, id: &str| {
        let access = scan_contract::AccessRef { scope: scope.into(), kind, grant_id: id.into() };
        scan_contract::Scanner::look(&okta, &access).await.expect("a look")
    };
    assert_eq!(look("users", AccessKind::Account, LEA).await, Look::Present);
    assert_eq!(look("users", AccessKind::Account, TOM).await, Look::Disabled);
    assert_eq!(look("users", AccessKind::Account, "00unobody").await, Look::Gone);
    assert_eq!(look("api-tokens", AccessKind::ApiToken, "00Tlea").await, Look::Present);
    assert_eq!(look("api-tokens", AccessKind::ApiToken, "00Tgone").await, Look::Gone);
    let crm = format!("0oacrm00000000000001/{TOM}");
    assert_eq!(look("app-assignments", AccessKind::RoleBinding, &crm).await, Look::Gone);
    assert_eq!(look("admin-roles", AccessKind::RoleBinding, &format!("{LEA}/role/ra1super")).await, Look::Present);
    assert_eq!(look("factors/x", AccessKind::MfaDevice, "x").await, Look::NotOffered);
    bench.stub.change(|org| org.users.push(OktaUser::new("00uodd", "odd@acme.example").in_state("FROZEN", "x")));
    assert_eq!(
        look("users", AccessKind::Account, "00uodd").await,
        Look::Present,
        "a word nobody knows may be in force"
    );
    bench.stub.take_right("okta.users.read");
    assert!(matches!(look("users", AccessKind::Account, LEA).await, Look::CannotTell(_)));
}
