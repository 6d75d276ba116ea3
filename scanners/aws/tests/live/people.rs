//! A leaver with one live thing of each kind, and a twin who differs in one fact each.

use holdover_kit::fault::On;
use holdover_kit::fault::{Answer, Damage};
use holdover_kit::stub::aws::{self, Key, User, leaver_and_twin};
use scan_contract::{AccessKind, Cause, Fact, GrantId, Pass, Privilege, Scanner, Scope, Status};

use crate::kit::*;
use crate::world::*;

#[test]
fn a_leaver_is_found_in_every_kind_and_the_twin_is_switched_off_or_silent() {
    let world = World::new(leaver_and_twin(now())).with_everything();
    let seen = world.read_all();
    assert_eq!(seen.gaps, Vec::new());
    for scope in seen.declared.iter().chain(seen.offered.keys()) {
        assert!(seen.is_sealed(scope), "{scope}");
    }
    let status = |id: &str| seen.get(id).status;
    for (leaver, twin) in [
        ("AKIALEAVER00000000", "AKIATWIN00000000"),
        ("APKALEAVER", "APKATWIN"),
        ("CERTLEAVER", "CERTTWIN"),
        ("ACCALEAVER", "ACCATWIN"),
    ] {
        assert_eq!((status(leaver), status(twin)), (Status::Enabled, Status::Disabled), "{leaver}");
    }
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    assert_eq!(seen.get(&format!("{}/password", arn("leaver"))).kind, AccessKind::Password);
    assert!(seen.find(&format!("{}/password", arn("twin"))).is_none());
    assert!(seen.find(&format!("arn:aws:iam::{ACCOUNT}:mfa/leaver")).is_some());
    assert!(seen.find("AIDALEAVER/AGPABUILDERS").is_some() && seen.find("AIDATWIN/AGPABUILDERS").is_none());
    assert_eq!(seen.get("AIDALEAVER").privilege, Privilege::Write);
    assert_eq!(seen.get("AIDATWIN").privilege, Privilege::None);
    // The trust of a role, and until when its sessions can live: last use, what the role allows, and the delay of a use.
    assert!(seen.find("AROARELEASES/AIDALEAVER").is_some());
    let session = seen.get("AIDALEAVER/AROARELEASES");
    let used = world.aws.truth().accounts[ACCOUNT].roles["releases"].used.expect("used");
    assert_eq!(session.live_until, Some(used + chrono::TimeDelta::seconds(7200) + chrono::TimeDelta::hours(4)));
    assert!(seen.find("AIDATWIN/AROARELEASES").is_none());
    // A fingerprint other systems have too, and a key pair nobody owns.
    let print = scan_aws_fingerprint(&aws::ssh_key("leaver"));
    assert_eq!(seen.get("APKALEAVER").public_key.as_ref().map(|print| print.as_str().to_owned()), Some(print));
    assert!(seen.get("key-0leaver").holders[0].ssh_fingerprint.is_some());
    world.server.finish();
}

fn scan_aws_fingerprint(key: &str) -> String {
    ssh_key::PublicKey::from_openssh(key).map_or_else(
        |_| {
            use sha2::Digest;
            let blob = key.split(' ').nth(1).expect("a blob");
            let bytes = data_encoding::BASE64.decode(blob.as_bytes()).expect("base64");
            format!("SHA256:{}", data_encoding::BASE64_NOPAD.encode(&sha2::Sha256::digest(bytes)))
        },
        |key| key.fingerprint(ssh_key::HashAlg::Sha256).to_string(),
    )
}

#[test]
fn a_later_event_raises_the_last_use_of_a_key_and_no_event_says_nothing() {
    let world = World::new(leaver_and_twin(now())).with_everything();
    let seen = world.read_all();
    let at = world.aws.truth().accounts[ACCOUNT].users["leaver"].events[0].at;
    let key = seen.get("AKIALEAVER00000000");
    assert!(matches!(&key.last_used_at, Fact::Known(moment) if moment.at == at && moment.precision_seconds == 1));
    assert!(key.evidence.iter().any(|line| line.contains("CloudTrail: ListBuckets")), "{:?}", key.evidence);
    assert_eq!(
        seen.get("AKIATWIN00000000").last_used_at,
        Fact::None,
        "the report says never; the history says nothing"
    );
    world.server.finish();
}

#[test]
fn an_identity_center_user_has_groups_and_permission_sets_and_one_switched_off_has_sessions_to_their_end() {
    for shows_groups in [false, true] {
        let mut truth = leaver_and_twin(now());
        truth.center.users_show_groups = shows_groups;
        let world = World::new(truth).with_everything();
        let seen = world.read_all();
        assert_eq!(seen.gaps, Vec::new());
        let set = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef";
        let direct = seen.get(&format!("u-leaver/{ACCOUNT}/{set}/ps-admin"));
        assert_eq!((direct.kind, direct.privilege), (AccessKind::RoleBinding, Privilege::Admin));
        let through = seen.get(&format!("u-leaver/g-ops/{ACCOUNT}/{set}/ps-read"));
        assert_eq!(through.privilege, Privilege::Read);
        assert_eq!(seen.get("u-leaver/g-ops").kind, AccessKind::GroupMembership);
        assert_eq!(seen.get("u-off").status, Status::Disabled);
        // Switched off two hours ago; sessions of one hour are over, and the other set is not theirs.
        let sessions: Vec<_> = seen
            .of_kind(AccessKind::Session)
            .into_iter()
            .filter(|session| session.grant_id.as_str().starts_with("u-"))
            .collect();
        assert!(sessions.is_empty(), "{sessions:?}");
        world.server.finish();
    }
    let mut truth = leaver_and_twin(now());
    let admin = truth.center.assignments[0].2.clone();
    truth.center.assignments.push((String::from("u-off"), String::from(ACCOUNT), admin));
    let updated = truth.center.users["u-off"].updated;
    let world = World::new(truth).with_everything();
    let seen = world.read_all();
    let session =
        seen.of_kind(AccessKind::Session).into_iter().find(|session| session.grant_id.as_str().starts_with("u-off/"));
    assert_eq!(session.and_then(|session| session.live_until), Some(updated + chrono::TimeDelta::hours(8)));
}

/// A defect once: the delay with which a use shows was counted for the status and not for the end that is told, so that
/// a session which may live was told as over.
#[test]
fn a_session_of_a_role_may_live_until_a_use_that_does_not_show_yet_can_have_ended() {
    for (ago, status) in [(3, Status::Unknown), (5, Status::Unknown), (7, Status::Expired)] {
        let mut truth = leaver_and_twin(now());
        let role = truth.accounts.get_mut(ACCOUNT).and_then(|account| account.roles.get_mut("releases"));
        let role = role.expect("the role");
        assert_eq!(role.longest, 7200);
        role.used = Some(now() - chrono::TimeDelta::hours(ago));
        let world = World::new(truth);
        let seen = world.read(|_| false);
        let session = seen.get("AIDALEAVER/AROARELEASES");
        assert_eq!(session.status, status, "{ago} h ago");
        let may_live = session.live_until.is_some_and(|until| until > now());
        assert_eq!(may_live, status == Status::Unknown, "{ago} h ago: the end that is told says the same");
        world.server.finish();
    }
}

/// A defect once: the ends of such sessions were added up, and the scope ended with a panic.
#[test]
fn a_session_that_would_end_later_than_any_calendar_never_ends() {
    let mut truth = leaver_and_twin(now());
    let admin = truth.center.assignments[0].2.clone();
    truth.center.sets.get_mut(&admin).expect("the set").1 = String::from("PT99999999999H");
    truth.center.assignments.push((String::from("u-off"), String::from(ACCOUNT), admin));
    let events = &mut truth
        .accounts
        .get_mut(ACCOUNT)
        .and_then(|account| account.users.get_mut("leaver"))
        .expect("a user")
        .events;
    let mut late = events[0].clone();
    late.key = String::from("ASIALATE000000000000");
    late.at = chrono::DateTime::<chrono::Utc>::MAX_UTC - chrono::TimeDelta::hours(1);
    events.push(late);
    let world = World::new(truth).with_everything();
    let seen = world.read_all();
    assert_eq!(seen.gaps, Vec::new());
    let sessions = seen.of_kind(AccessKind::Session);
    for wanted in ["u-off/", "ASIALATE000000000000"] {
        let found = sessions.iter().find(|session| session.grant_id.as_str().contains(wanted));
        let session = found.unwrap_or_else(|| panic!("{wanted}: {sessions:?}"));
        assert_eq!(session.status, Status::Unknown, "{wanted}");
        let until = session.live_until.map(|until| until.to_rfc3339());
        assert_eq!(until.as_deref(), Some("9999-12-31T23:59:59+00:00"), "{wanted}: the calendar's last second");
    }
    world.server.finish();
}

#[test]
fn an_instance_of_another_account_is_not_ours_and_none_at_all_is_said() {
    let mut truth = leaver_and_twin(now());
    truth.center.owner = String::from("999988887777");
    let world = World::new(truth).with_everything();
    let seen = world.read_all();
    assert!(seen.gaps_of("identitystore.users").iter().any(|gap| matches!(gap.cause, Cause::NotSeen { .. })));
    assert!(seen.find("u-leaver").is_none());
    world.aws.truth().center.owner.clear();
    let seen = world.read_all();
    assert!(seen.gaps_of("identitystore.users").iter().any(|gap| matches!(gap.cause, Cause::NotOnPlan { .. })));
}

#[test]
fn a_deleted_user_is_an_empty_scope_read_to_its_end_and_one_that_was_never_listed_is_read_by_name_alone() {
    let world = World::new(leaver_and_twin(now()));
    let scanner = world.scanner();
    let mut seen = Seen::default();
    let scopes = |user: &str| {
        ["iam.access-key-ids", "iam.ssh-public-keys", "iam.signing-certificates", "iam.mfa-device-serials"]
            .map(|kind| Scope::new(format!("{ACCOUNT}/{kind}/{user}"), kind))
            .to_vec()
    };
    block_on(seen.pass(&scanner, &Pass::new("again", [scopes("gone"), scopes("leaver")].concat())));
    assert_eq!((seen.ended.clone(), seen.gaps.clone()), (Some(Ok(())), Vec::new()));
    seen.each_scope_ends();
    assert!(seen.records.iter().all(|access| access.scope.as_str().ends_with("/leaver")));
    assert_eq!(seen.get("AKIALEAVER00000000").holders[0].login.as_deref(), Some("leaver"));
    assert!(seen.get("APKALEAVER").public_key.is_some() && seen.find("CERTLEAVER").is_some());
    world.server.finish();
}

#[test]
fn keys_whose_dates_fit_no_slot_still_stand_once_with_their_own_last_use() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let made = now() - chrono::TimeDelta::days(100);
    let mut user = User::new("rotated", "AIDAROTATED", made);
    for (id, status, used) in
        [("AKIAFIRST", "Inactive", None), ("AKIASECOND", "Active", Some(made + chrono::TimeDelta::days(9)))]
    {
        // A key that was switched off and on again has another date in the report.
        user.keys.push(Key {
            id: String::from(id),
            status: String::from(status),
            created: made,
            rotated: made + chrono::TimeDelta::days(5),
            used,
        });
    }
    account.add(user);
    let world = World::new(truth);
    let seen = world.read(about(&["rotated"]));
    assert_eq!(seen.gaps, Vec::new());
    let former = |id: &str| seen.get(id).formerly.as_ref().map(|id| id.as_str().to_owned());
    let slot = |slot: u8| Some(format!("arn:aws:iam::{ACCOUNT}:user/rotated/access-key-{slot}"));
    assert_eq!((former("AKIAFIRST"), former("AKIASECOND")), (slot(1), slot(2)));
    assert_eq!(seen.get("AKIAFIRST").last_used_at, Fact::None);
    assert!(
        matches!(&seen.get("AKIASECOND").last_used_at, Fact::Known(at) if at.at == made + chrono::TimeDelta::days(9))
    );
    assert_eq!(world.server.count_of("iam:GetAccessKeyLastUsed"), 2);
}

#[test]
fn names_with_letters_of_every_sort_are_asked_for_as_they_are() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let names =
        ["a+b=c,d.e@f-g_h", "..", "-dash", "100%", "slash/../x", "new\u{a0}line", "<b>&amp;", "' OR 1=1", "zoë"];
    for (index, name) in names.iter().enumerate() {
        let mut user = User::new(name, &format!("AIDAODD{index}"), now());
        user.not_in_report = true;
        user.keys.push(Key {
            id: format!("AKIAODD{index}"),
            status: String::from("Active"),
            created: now(),
            rotated: now(),
            used: None,
        });
        account.add(user);
    }
    let world = World::new(truth);
    let seen = world.read_all();
    assert_eq!(seen.gaps, Vec::new());
    for (index, name) in names.iter().enumerate() {
        let key = seen.get(&format!("AKIAODD{index}"));
        assert_eq!(key.holders[0].login.as_deref(), Some(*name));
        assert_eq!(key.parent.as_ref().map(GrantId::as_str), Some(format!("AIDAODD{index}").as_str()));
    }
    world.server.finish();
}

#[test]
fn a_status_word_that_is_new_is_a_gap_and_may_be_active() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    account.users.get_mut("leaver").expect("a user").keys[0].status = String::from("Frozen");
    truth.center.users.get_mut("u-off").expect("a user").status = Some(String::from("PAUSED"));
    let world = World::new(truth).with_everything();
    let seen = world.read_all();
    assert_eq!(seen.get("AKIALEAVER00000000").status, Status::Unknown);
    assert_eq!(seen.get("u-off").status, Status::Unknown);
    for kind in ["iam.access-key-ids", "identitystore.users"] {
        assert!(seen.gaps_of(kind).iter().any(|gap| matches!(&gap.cause, Cause::UnknownWord { .. })), "{kind}");
    }
}

#[test]
fn services_are_asked_one_by_one_where_all_at_once_is_refused() {
    let mut truth = leaver_and_twin(now());
    truth.all_services = false;
    let world = World::new(truth);
    let seen = world.read(|_| false);
    assert_eq!(seen.gaps, Vec::new());
    assert_eq!(seen.get("ACCALEAVER").kind, AccessKind::ApiToken);
    assert_eq!(world.server.count_of("iam:ListServiceSpecificCredentials"), 5);
}

#[test]
fn no_secret_is_in_anything_that_is_handed_over() {
    let world = World::new(leaver_and_twin(now())).with_everything();
    let seen = world.read_all();
    let text = format!("{seen:?}");
    assert!(text.contains("AKIALEAVER"), "the search works");
    assert!(!text.contains("canary"), "a secret was handed over");
    let html = Answer::html("<h1>canary-in-a-body</h1>").of(500);
    let planted = world.server.plant(On::operation("iam:ListRoles"), Damage::Reply(html));
    let text = format!("{:?}", world.read(|_| false));
    assert!(planted.fired() > 0 && !text.contains("canary"));
    assert!(!format!("{:?}", block_on(world.scanner().identify())).contains("canary"));
}
