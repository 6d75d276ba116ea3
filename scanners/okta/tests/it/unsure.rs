//! What cannot be told is not taken for nothing: neither live nor in a replay.

use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::okta::{OktaEvent, OktaUser, okta_error};
use scan_contract::{AccessKind, AccessRef, Cause, Look, Scanner};
use scan_okta::Okta;
use scan_transport::Door;
use serde_json::json;

use crate::bench::{Bench, clock, follow, read_lists};
use crate::world::{self, LEA, TOM, days_ago};

async fn look(okta: &Okta, scope: &str, kind: AccessKind, id: &str) -> Look {
    okta.look(&AccessRef { scope: scope.into(), kind, grant_id: id.into() }).await.expect("a look")
}

#[tokio::test]
async fn a_path_that_okta_does_not_know_says_nothing_about_the_object() {
    for (code, gone) in [("E0000007", true), ("E0000008", false)] {
        let bench = Bench::with_token(world::stub(world::with_lea()));
        let okta = bench.okta();
        let lists = read_lists(&okta).await;
        bench.server.plant(On::get("/api/v1/api-tokens/*"), Damage::Reply(okta_error(404, code)));
        let found = look(&okta, "api-tokens", AccessKind::ApiToken, "00Tlea").await;
        assert_eq!(matches!(found, Look::Gone), gone, "{code}: {found:?}");
        assert_eq!(matches!(found, Look::CannotTell(Cause::NotSupported { .. })), !gone, "{code}: {found:?}");
        // The same of a follow-up: only a user who is gone leaves it empty.
        bench.server.plant(On::get("/api/v1/users/*/factors"), Damage::Reply(okta_error(404, code)));
        bench.server.plant(On::get(&format!("/api/v1/users/{LEA}")), Damage::Reply(okta_error(404, code)));
        let told = follow(&okta, &lists, LEA).await;
        assert_eq!(told.is_whole(&format!("factors/{LEA}")), gone, "{code}: {:?}", told.gaps);
        bench.server.finish();
    }
}

#[tokio::test]
async fn a_second_look_at_the_list_of_applications_that_cannot_be_read_does_not_let_one_vanish() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    bench.server.plant(On::get("/api/v1/apps/0oacrm00000000000001/users"), Damage::Reply(okta_error(404, "E0000007")));
    let damaged = bench.server.plant(
        On::get("/api/v1/apps").when(|asked| asked.query("filter").is_some()),
        Damage::change(|_, answer| answer.edit(|page| page[0]["id"] = json!(7))),
    );
    let told = read_lists(&bench.okta()).await;
    damaged.expect_fired();
    assert!(!told.is_whole("app-assignments"), "{:?}", told.gaps);
}

#[tokio::test]
async fn a_user_without_credentials_in_the_reply_may_have_a_password() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    assert!(read_lists(&okta).await.is_whole("passwords"), "Tom has credentials and no password");
    assert_eq!(look(&okta, "passwords", AccessKind::Password, &format!("{TOM}/password")).await, Look::Gone);
    let hide = |user: &mut serde_json::Value| {
        if let Some(fields) = user.as_object_mut().filter(|fields| fields["id"] == LEA) {
            fields.remove("credentials");
        }
    };
    let list =
        Damage::change(move |_, answer| answer.edit(|page| page.as_array_mut().into_iter().flatten().for_each(hide)));
    bench.server.plant(On::get("/api/v1/users"), list);
    bench.server.plant(On::get("/api/v1/users/*"), Damage::change(move |_, answer| answer.edit(hide)));
    let told = read_lists(&okta).await;
    assert!(told.is_whole("users"));
    assert!(!told.is_whole("passwords"));
    assert_eq!(told.gaps_of("passwords")[0].part.as_deref(), Some(LEA));
    assert_eq!(look(&okta, "passwords", AccessKind::Password, &format!("{LEA}/password")).await, Look::Present);
}

#[tokio::test]
async fn without_knowing_who_the_scanner_is_nobody_can_tell_whether_the_list_has_them() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let fault = bench.server.plant(On::get("/api/v1/users/me"), Damage::Reply(okta_error(500, "E0000009")));
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::Unreachable { .. }]), "{:?}", told.gaps);
    assert_eq!(told.gaps_of("users")[0].part.as_deref(), Some("the scanner's own user"));
}

#[tokio::test]
async fn a_role_that_cannot_be_read_is_told_since_it_could_be_a_limited_one() {
    let told = |notices: &[String]| notices.iter().any(|notice| notice.contains("which administrator role"));
    let bench = Bench::with_token(world::stub(world::with_lea()));
    assert!(!told(&read_lists(&bench.okta()).await.notices));
    bench.server.plant(On::get("/api/v1/users/me/roles"), Damage::Reply(okta_error(403, "E0000006")));
    assert!(told(&read_lists(&bench.okta()).await.notices));
}

#[tokio::test]
async fn the_end_of_somebody_elses_sessions_ends_no_other() {
    let mut org = world::with_lea();
    let mut cleared = OktaEvent::new(&days_ago(2), "user.session.clear", world::SCANNER);
    cleared.target = Some(String::from(TOM));
    org.events.push(cleared);
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let scope = format!("system-log/{LEA}");
    assert!(follow(&okta, &lists, LEA).await.is_whole(&scope));
    // A filter that is not obeyed.
    let asks = |asked: &holdover_kit::fault::Asked| {
        asked.query("filter").is_some_and(|filter| filter.contains("user.session.clear"))
    };
    let other = json!([{ "published": days_ago(2), "eventType": "user.session.clear", "outcome": { "result": "SUCCESS" },
        "actor": { "id": world::SCANNER }, "target": [{ "id": TOM }] }]);
    let fault = bench.server.plant(
        On::get("/api/v1/logs").when(asks),
        Damage::change(move |_, answer| answer.edit(|page| *page = other.clone())),
    );
    let told = follow(&okta, &lists, LEA).await;
    fault.expect_fired();
    assert!(!told.sealed.contains(scope.as_str()));
    assert!(matches!(told.causes_of(&scope).as_slice(), [Cause::Malformed { .. }]), "{:?}", told.gaps);
}

#[tokio::test]
async fn a_replay_knows_why_it_was_refused_who_is_gone_and_the_number_that_is_configured() {
    let mut org = world::with_lea();
    org.servers = None;
    let mut nia = OktaUser::new("00unia", "nia@acme.example");
    nia.custom.push((String::from("hrId"), json!(417)));
    org.users.push(nia);
    let mut bench = Bench::with_token(world::stub(org));
    bench.settings.employee_number_attributes = vec![String::from("hrId")];
    let folder = tempfile::tempdir().expect("a folder");
    let door = Door::open(bench.settings.door(), bench.settings.allow(), clock()).expect("a door");
    let door = door.recording(folder.path()).expect("a recording");
    let live = bench.okta_through(bench.settings.clone(), door.clone());
    let lists = read_lists(&live).await;
    assert!(lists.is_whole("refresh-tokens"), "no authorization servers: {:?}", lists.gaps);
    assert_eq!(lists.one(AccessKind::Account, "00unia").holders[0].employee_id.as_deref(), Some("417"));
    bench.stub.change(|org| org.users.retain(|user| user.id != LEA));
    let gone = follow(&live, &lists, LEA).await;
    assert_eq!((gone.sealed.len(), gone.records.len()), (5, 0), "{:?}", gone.gaps);
    door.finish_recording().expect("the end line");

    let door = Door::replaying(bench.settings.door(), bench.settings.allow(), folder.path()).expect("a recording");
    let replay = bench.okta_through(bench.settings.clone(), door);
    let (again, live_lists) = (read_lists(&replay).await.sorted(), lists.clone().sorted());
    assert_eq!(again.records, live_lists.records);
    assert_eq!(again.gaps, live_lists.gaps);
    let again = follow(&replay, &lists, LEA).await.sorted();
    assert_eq!((again.sealed, again.gaps), (gone.sealed, gone.gaps));
}
