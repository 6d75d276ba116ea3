//! A leaver with one live thing of each kind, a colleague who differs in one fact, and what nobody can tell.

use chrono::TimeDelta;
use holdover_kit::stub::vault::{ALICE, BOB, CAROL};
use scan_contract::{Access, AccessKind, Fact, Privilege, Relation, Scope, Status};

use crate::drive::{Said, Scene, now, read_follow_ups, read_pass};

fn names(access: &Access) -> Vec<String> {
    let mut names: Vec<String> = access
        .holders
        .iter()
        .flat_map(|holder| [holder.login.clone(), holder.email.clone(), holder.employee_id.clone()])
        .flatten()
        .collect();
    names.sort();
    names.dedup();
    names
}

fn of_alice(said: &Said, kind: AccessKind) -> Vec<&Access> {
    let is_alice = |access: &&Access| names(access).iter().any(|name| name.starts_with("alice") || name == "00417");
    said.records().into_iter().filter(|access| access.kind == kind).filter(is_alice).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_to_its_end_and_the_leaver_has_one_live_thing_of_each_kind() {
    let scene = Scene::usual();
    let said = scene.read().await;
    assert_eq!(said.failures, []);
    assert_eq!(said.incomplete(), std::collections::BTreeSet::new(), "{:?}", said.gaps());
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
        let found = of_alice(&said, kind);
        assert!(found.iter().any(|access| access.status == Status::Enabled), "no live {kind} of alice");
    }
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_is_told_in_depth_with_its_reach_and_a_disabled_one_is_disabled() {
    let said = Scene::usual().read().await;
    let alice = said.scope(&format!("root/identity.entity/{ALICE}")).one(AccessKind::Account, ALICE);
    assert_eq!((alice.status, alice.privilege), (Status::Enabled, Privilege::Admin));
    assert!(alice.privilege_reason.as_deref().is_some_and(|why| why.contains("policy ops")), "{alice:?}");
    assert_eq!(names(alice), ["00417", "alice", "alice@acme.example"]);
    assert!(
        alice.evidence[0].contains("ops (group ops)")
            && alice.evidence[0].contains("app-read (sign-in at auth/userpass)"),
        "{:?}",
        alice.evidence
    );
    let carol = said.scope(&format!("root/identity.entity/{CAROL}")).one(AccessKind::Account, CAROL);
    assert_eq!(carol.status, Status::Disabled);
    // What hangs from an entity says so, that it may be dormant with it.
    let alias = said.scope("root/identity.aliases").one(AccessKind::Account, &format!("alias-{CAROL}-userpass"));
    assert_eq!(alias.parent.as_ref().map(scan_contract::GrantId::as_str), Some(CAROL));
    let password = said.scope("root/userpass.users").one(AccessKind::Password, "auth/userpass/carol");
    assert_eq!(password.parent.as_ref().map(scan_contract::GrantId::as_str), Some(CAROL));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_a_policy_opens_are_told_with_their_rotation_and_no_others() {
    let scene = Scene::usual();
    let said = scene.read().await;
    let readable = said.scope(&format!("root/kv.readable-secrets/{ALICE}"));
    let ids: Vec<&str> = readable.records.keys().map(|(_, id)| id.split('@').next().unwrap_or("")).collect();
    assert_eq!(
        ids,
        [
            "database/static-creds/reporting",
            "kv/app/db",
            "kv/app/deep/er/key",
            "kv/app/fading",
            "kv/app/fresh",
            "kv/app/gone",
            "kv/app/halfgone",
            "kv/home/alice/note",
            "kv/ops/one/root",
        ]
    );
    for access in readable.records.values() {
        assert!(access.holders.iter().all(|holder| holder.relation == Relation::Reader), "{access:?}");
        assert!(access.rotated_at.known().is_some(), "{access:?}");
    }
    let one = |path: &str| readable.one(AccessKind::SharedSecret, &format!("{path}@{ALICE}"));
    assert!(one("kv/app/db").rotated_at.known().is_some_and(|at| now() - at.at > TimeDelta::days(199)));
    assert!(one("kv/app/fresh").rotated_at.known().is_some_and(|at| now() - at.at < TimeDelta::days(1)));
    assert_eq!(one("kv/app/gone").status, Status::Disabled);
    // To be deleted later is not deleted, and a destroyed version takes no other one with it.
    let fading = one("kv/app/fading");
    assert_eq!(fading.status, Status::Enabled);
    assert!(fading.evidence.iter().any(|says| says.contains("then the server deletes it")), "{:?}", fading.evidence);
    let half = one("kv/app/halfgone");
    assert_eq!(half.status, Status::Enabled);
    assert!(half.rotated_at.known().is_some_and(|at| now() - at.at > TimeDelta::days(199)), "{half:?}");
    assert!(
        one("kv/home/alice/note").privilege_reason.as_deref().is_some_and(|why| why.contains("personal (the entity)"))
    );
    // The twin differs in one fact each: no personal policy, no group.
    let bobs = said.scope(&format!("root/kv.readable-secrets/{BOB}"));
    assert!(bobs.is_complete());
    let bobs_secrets =
        ["kv/app/db", "kv/app/deep/er/key", "kv/app/fading", "kv/app/fresh", "kv/app/gone", "kv/app/halfgone"];
    let ids: Vec<&str> = bobs.records.keys().map(|(_, id)| id.split('@').next().unwrap_or("")).collect();
    assert_eq!(ids, bobs_secrets);
    // Folders nobody may read are not walked by a follow-up alone, and no folder is asked for twice.
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_lead_to_entities_first_and_claims_are_claims() {
    let said = Scene::usual().read().await;
    let tokens = said.scope("root/auth.token-accessors");
    let by = |text: &str| {
        let found: Vec<&Access> = tokens
            .records
            .values()
            .filter(|access| access.grant_display.as_deref().is_some_and(|shown| shown.contains(text)))
            .collect();
        assert_eq!(found.len(), 1, "{text}: {:?}", tokens.records);
        found[0]
    };
    let session = by("auth/userpass/login/alice");
    assert_eq!(
        (session.kind, session.parent.as_ref().map(scan_contract::GrantId::as_str)),
        (AccessKind::Session, Some(ALICE))
    );
    assert_eq!(session.client.as_deref(), Some("auth/userpass"));
    let orphan = by("create-orphan");
    assert_eq!((orphan.kind, &orphan.expires_at), (AccessKind::ApiToken, &Fact::None));
    assert_eq!(orphan.holders[0].verified.as_deref(), Some([].as_slice()), "whoever makes a token names it");
    assert!(orphan.evidence.iter().any(|says| says.contains("orphan")));
    let periodic = tokens.records.values().find(|access| access.evidence.iter().any(|says| says.contains("periodic")));
    assert_eq!(periodic.map(|access| access.kind), Some(AccessKind::ApiToken));
    let nobody = tokens.records.values().filter(|access| access.holders.is_empty()).count();
    assert_eq!(nobody, 1, "a token without entity and name leads to nobody");
    // No accessor is handed over: it is a handle for revocation.
    assert!(!format!("{tokens:?}").contains("accessorAlice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn machine_credentials_lead_to_their_recorded_owner_or_to_nobody() {
    let said = Scene::usual().read().await;
    let ids = said.scope("root/approle.secret-ids");
    let owned = |email: &str| -> Vec<&Access> {
        ids.records
            .values()
            .filter(|access| access.holders.iter().any(|holder| holder.email.as_deref() == Some(email)))
            .collect()
    };
    let alices = owned("alice@acme.example");
    assert_eq!(alices.iter().map(|access| access.status).collect::<Vec<_>>().len(), 2);
    assert!(alices.iter().any(|access| access.status == Status::Enabled && access.expires_at == Fact::None));
    assert!(alices.iter().any(|access| access.status == Status::Expired));
    assert!(alices.iter().all(|access| access.holders.iter().all(|holder| holder.relation == Relation::Owner)));
    assert_eq!(owned("bob@acme.example").len(), 1);
    assert_eq!(ids.records.values().filter(|access| access.holders.is_empty()).count(), 1);
    assert!(!format!("{ids:?}").contains("secret-id-alice"), "the accessor was handed over");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_name_people_or_are_counted_and_ended_ones_are_not_asked_for() {
    let scene = Scene::usual();
    let said = scene.read().await;
    let issued = said.scope("root/pki.certificates");
    assert_eq!(issued.one(AccessKind::Certificate, "pki/cert/01:aa").status, Status::Enabled);
    assert_eq!(issued.one(AccessKind::Certificate, "pki/cert/02:bb").status, Status::Revoked);
    assert_eq!(issued.records.len(), 2);
    assert!(said.notices.iter().any(|says| says.contains("1 certificates name hosts only")), "{:?}", said.notices);
    assert!(said.notices.iter().any(|says| says.contains("not kept") && says.contains("quiet")), "{:?}", said.notices);
    let asked: Vec<String> = scene.server.log().iter().map(|logged| logged.asked.path.clone()).collect();
    assert!(
        !asked.iter().any(|path| path.ends_with("04%3Add") || path.ends_with("04:dd")),
        "a certificate that is over"
    );
    let letting_in = said.scope("root/cert.certificates").one(AccessKind::Certificate, "auth/cert/certs/alice");
    assert_eq!(names(letting_in), ["alice"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_openbao_s_cheaper_lists_the_same_is_found() {
    let scene = Scene::usual();
    let openbao = scene.read().await;
    let other = Scene::usual();
    other.stub.state().openbao = false;
    let vault = other.read().await;
    assert_eq!(vault.failures, []);
    let shown = |said: &Said| -> Vec<(String, Status)> {
        said.records().iter().map(|access| (format!("{} {}", access.kind, access.grant_id), access.status)).collect()
    };
    let ended = |entry: &(String, Status)| entry.0.contains("04:dd");
    let (with, without) = (shown(&openbao), shown(&vault));
    assert_eq!(with, without.into_iter().filter(|entry| !ended(entry)).collect::<Vec<_>>());
    assert!(vault.incomplete().is_empty(), "{:?}", vault.gaps());
    scene.server.finish();
    other.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_read_of_an_unchanged_cluster_says_the_same() {
    let scene = Scene::usual();
    let first = scene.read().await;
    let (again, _) = crate::drive::scanner(crate::drive::settings(scene.server.origin()));
    let second = crate::drive::read(&again).await;
    assert_eq!(first.records(), second.records());
    assert_eq!(first.gaps(), second.gaps());
    assert_eq!(first.offered.keys().collect::<Vec<_>>(), second.offered.keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_of_an_earlier_run_is_read_by_its_name_alone() {
    let scene = Scene::usual();
    let mut said = Said::default();
    let entity = |id: &str| Scope::new(format!("root/identity.entity/{id}"), "identity.entity");
    let readable = |id: &str| Scope::new(format!("root/kv.readable-secrets/{id}"), "kv.readable-secrets");
    let login = Scope::new("root/sys.login-leases/auth%2Fuserpass%2Flogin%2Falice%2F", "sys.login-leases");
    let scopes = vec![entity(ALICE), entity("gone"), readable(ALICE), readable("gone"), login];
    read_follow_ups(&scene.scanner, scopes, &mut said).await;
    assert_eq!(said.failures, []);
    assert!(said.scope(&format!("root/identity.entity/{ALICE}")).is_complete());
    // Gone: nothing is left of the entity itself.
    let gone = said.scope("root/identity.entity/gone");
    assert!(gone.is_complete() && gone.records.is_empty());
    assert_eq!(said.scope(&format!("root/kv.readable-secrets/{ALICE}")).records.len(), 9);
    // What it could read is another matter: that it is not known any more closes nothing.
    let lost = said.scope("root/kv.readable-secrets/gone");
    assert!(!lost.is_complete() && !lost.sealed, "{lost:?}");
    let leases = said.scope("root/sys.login-leases/auth%2Fuserpass%2Flogin%2Falice%2F");
    assert!(leases.is_complete());
    assert_eq!(leases.records.len(), 1);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_sign_ins_are_followed_up_by_user() {
    let scene = Scene::with(holdover_kit::stub::vault::VaultStub::usual(now()), |settings| {
        settings.token_accessors = scan_vault::Switch::Off;
    });
    let said = scene.read().await;
    assert_eq!(
        said.incomplete().into_iter().collect::<Vec<_>>(),
        ["root/auth.token-accessors", "team-a/auth.token-accessors"]
    );
    let bob = said.scope("root/sys.login-leases/auth%2Fuserpass%2Flogin%2Fbob%2F");
    let session = bob.records.values().next().expect("a sign-in");
    assert_eq!((session.kind, names(session)), (AccessKind::Session, vec![String::from("bob")]));
    assert_eq!(session.parent.as_ref().map(scan_contract::GrantId::as_str), Some(BOB));
    assert!(
        said.notices.iter().any(|says| says.contains("1 leases are of tokens whose path names nobody")),
        "{:?}",
        said.notices
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_in_employment_costs_no_call_of_their_own() {
    let scene = Scene::usual();
    let mut said = Said::default();
    let passes = scan_contract::Scanner::declare(&scene.scanner).await.expect("scopes");
    for pass in &passes {
        for scope in &pass.scopes {
            said.scopes.insert(scope.name.as_str().to_owned(), crate::drive::Read::default());
        }
        read_pass(&scene.scanner, pass, &mut said).await;
    }
    assert_eq!(scene.server.count_of("identity/entity/id/{id}"), 0);
    assert_eq!(scene.server.count_of("auth/{mount}/users/{name}"), 0);
    assert_eq!(said.offered.values().filter(|scope| scope.kind == "identity.entity").count(), 3);
}
