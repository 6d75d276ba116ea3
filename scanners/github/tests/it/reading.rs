//! Coverage first, records second: what is there is read, and whose it is.

use holdover_kit::stub::github::{APP_RIGHTS, CONTRACTOR, LEAVER, Means, OWNER, TWIN, Truth, key_line};
use scan_contract::{Access, AccessKind, Fact, Pass, Privilege, Relation, Scope, Status, Subtype};
use scan_github::Edition;

use crate::kit::{Reading, Scene, walk};

/// Scopes that an App of the usual organisation cannot have, each with its reason.
const NOT_FOR_APPS: [&str; 2] = ["enterprise-licenses", "enterprise-roles"];

async fn usual() -> (Scene, Reading) {
    let scene = Scene::new(Truth::usual(), Means::App);
    let reading = scene.read().await;
    (scene, reading)
}

fn holder(access: &Access, relation: Relation) -> Vec<&str> {
    let mut found: Vec<&str> = access
        .holders
        .iter()
        .filter(|holder| holder.relation == relation)
        .filter_map(|holder| holder.provider_id.as_deref().or(holder.login.as_deref()).or(holder.email.as_deref()))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_an_app_may_see_is_read_to_its_end() {
    let (scene, reading) = usual().await;
    assert_eq!(reading.incomplete(), NOT_FOR_APPS, "{:?}", reading.gaps());
    let kinds: std::collections::BTreeSet<AccessKind> = reading.records().map(|access| access.kind).collect();
    let expected = [
        AccessKind::Account,
        AccessKind::Session,
        AccessKind::OauthGrant,
        AccessKind::ApiToken,
        AccessKind::SshKey,
        AccessKind::Certificate,
        AccessKind::RoleBinding,
        AccessKind::GroupMembership,
        AccessKind::Ownership,
        AccessKind::SharedSecret,
        AccessKind::Automation,
        AccessKind::License,
    ];
    assert_eq!(kinds, expected.into_iter().collect());
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_names_the_leaver_and_never_their_twin() {
    let (_scene, reading) = usual().await;
    let leaver = LEAVER.to_string();
    let cases: &[(&str, AccessKind, &str, Relation)] = &[
        ("members", AccessKind::Account, "101", Relation::Holder),
        ("teams", AccessKind::GroupMembership, "team/201/101", Relation::Holder),
        ("organization-roles", AccessKind::RoleBinding, "organization-role/301/101", Relation::Holder),
        ("external-identities", AccessKind::Account, "external-identity/g-101", Relation::Holder),
        ("invitations", AccessKind::Account, "invitation/1", Relation::Creator),
        ("failed-invitations", AccessKind::Account, "invitation/4", Relation::Creator),
        ("credential-authorizations", AccessKind::ApiToken, "sso/11", Relation::Holder),
        ("credential-authorizations", AccessKind::SshKey, "sso/12", Relation::Holder),
        ("credential-authorizations", AccessKind::OauthGrant, "sso/14", Relation::Holder),
        ("personal-access-tokens", AccessKind::ApiToken, "token-grant/21", Relation::Holder),
        ("personal-access-token-requests", AccessKind::ApiToken, "token-request/23", Relation::Holder),
        ("copilot-seats", AccessKind::License, "copilot/101", Relation::Holder),
        ("repository-collaborators", AccessKind::RoleBinding, "1001/101", Relation::Holder),
        ("deploy-keys", AccessKind::SshKey, "deploy-key/31", Relation::Creator),
        ("environments", AccessKind::RoleBinding, "1001/environment/41/101", Relation::Approver),
        ("codeowners", AccessKind::Ownership, "1001/codeowners/@leaver", Relation::Approver),
        ("scheduled-workflows", AccessKind::Automation, "1001/workflow/.github/workflows/nightly.yml", Relation::RunAs),
        ("repository-invitations", AccessKind::Account, "repository-invitation/71", Relation::Creator),
        // Whose work these are only the audit log says.
        ("webhooks", AccessKind::Automation, "webhook/52", Relation::Creator),
        ("installations", AccessKind::OauthGrant, "installation/81", Relation::Creator),
        ("actions-secrets", AccessKind::SharedSecret, "actions-secret/ORG_TOKEN", Relation::Creator),
        ("repository-secrets", AccessKind::SharedSecret, "1001/actions-secret/API", Relation::Creator),
    ];
    for (scope, kind, id, relation) in cases {
        let access = reading.record(scope, *kind, id);
        assert_eq!(holder(access, *relation), [leaver.as_str()], "{scope} {id}");
    }
    let twin = TWIN.to_string();
    for (scope, kind, id) in [
        ("members", AccessKind::Account, "102"),
        ("teams", AccessKind::GroupMembership, "team/201/102"),
        ("organization-roles", AccessKind::RoleBinding, "organization-role/301/102"),
        ("credential-authorizations", AccessKind::OauthGrant, "sso/13"),
        ("personal-access-tokens", AccessKind::ApiToken, "token-grant/22"),
        ("copilot-seats", AccessKind::License, "copilot/102"),
        ("repository-collaborators", AccessKind::RoleBinding, "1001/102"),
    ] {
        assert_eq!(holder(reading.record(scope, kind, id), Relation::Holder), [twin.as_str()], "{scope} {id}");
    }
    // The same things without a maker in the log lead to nobody.
    for (scope, kind, id) in [
        ("webhooks", AccessKind::Automation, "webhook/53"),
        ("installations", AccessKind::OauthGrant, "installation/82"),
        ("repository-webhooks", AccessKind::Automation, "webhook/51"),
        ("runners", AccessKind::Automation, "runner/62"),
        ("repository-runners", AccessKind::Automation, "1001/runner/61"),
        ("dependabot-secrets", AccessKind::SharedSecret, "dependabot-secret/ORG_FEED"),
        ("environment-secrets", AccessKind::SharedSecret, "1001/prod/eu west/actions-secret/DEPLOY_KEY"),
    ] {
        assert!(reading.record(scope, kind, id).holders.is_empty(), "{scope} {id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_maintainers_and_outsiders_are_told_apart() {
    let (_scene, reading) = usual().await;
    let owner = reading.record("members", AccessKind::Account, &OWNER.to_string());
    assert_eq!((owner.privilege, owner.subtype), (Privilege::Admin, Some(Subtype::OrganisationOwner)));
    let member = reading.record("members", AccessKind::Account, "102");
    assert_eq!((member.privilege, member.subtype), (Privilege::Read, None), "the base permission is read");
    let outsider = reading.record("outside-collaborators", AccessKind::Account, &CONTRACTOR.to_string());
    assert_eq!(outsider.subtype, Some(Subtype::ExternalCollaborator));
    assert_eq!(
        reading.record("repository-collaborators", AccessKind::RoleBinding, "1001/103").subtype,
        outsider.subtype
    );
    assert_eq!(reading.record("teams", AccessKind::GroupMembership, "team/201/101").privilege, Privilege::Admin);
    assert_eq!(reading.record("teams", AccessKind::GroupMembership, "team/202/102").privilege, Privilege::None);
    // An administrator ends the archiving; nobody else can change anything until then.
    let archived = reading.record("repository-collaborators", AccessKind::RoleBinding, "1002/101");
    assert_eq!(archived.privilege, Privilege::Admin, "{:?}", archived.privilege_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_the_platform_has_its_own() {
    let (_scene, reading) = usual().await;
    let status = |scope: &str, kind: AccessKind, id: &str| reading.record(scope, kind, id).status;
    assert_eq!(status("invitations", AccessKind::Account, "invitation/1"), Status::Pending);
    assert_eq!(status("failed-invitations", AccessKind::Account, "invitation/4"), Status::Expired);
    assert_eq!(status("personal-access-tokens", AccessKind::ApiToken, "token-grant/22"), Status::Expired);
    assert_eq!(status("personal-access-token-requests", AccessKind::ApiToken, "token-request/23"), Status::Pending);
    assert_eq!(status("installations", AccessKind::OauthGrant, "installation/82"), Status::Disabled);
    assert_eq!(status("webhooks", AccessKind::Automation, "webhook/53"), Status::Disabled);
    assert_eq!(status("deploy-keys", AccessKind::SshKey, "deploy-key/31"), Status::Enabled);
    assert_eq!(status("deploy-keys", AccessKind::SshKey, "deploy-key/32"), Status::Disabled);
    assert_eq!(
        status("repository-runners", AccessKind::Automation, "1001/runner/61"),
        Status::Enabled,
        "offline is no switch"
    );
    let off = "1001/workflow/.github/workflows/off.yaml";
    assert_eq!(status("scheduled-workflows", AccessKind::Automation, off), Status::Disabled);
    assert_eq!(status("repository-invitations", AccessKind::Account, "repository-invitation/72"), Status::Expired);
    assert_eq!(status("gpg-keys/104", AccessKind::Certificate, "104/gpg/1040"), Status::Revoked);
    let unclaimed = "external-identity/g-new.hire@acme.example";
    assert_eq!(status("external-identities", AccessKind::Account, unclaimed), Status::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_carry_what_the_platform_really_says() {
    let (_scene, reading) = usual().await;
    let token = reading.record("credential-authorizations", AccessKind::ApiToken, "sso/11");
    assert_eq!(token.last_used_at.known().map(|moment| moment.precision_seconds), Some(86_400), "day by day");
    let never = reading.record("credential-authorizations", AccessKind::OauthGrant, "sso/13");
    assert_eq!(never.last_used_at, Fact::None, "null is never");
    let member = reading.record("members", AccessKind::Account, "101");
    assert!(member.last_used_at.is_hidden() && member.created_at.is_hidden(), "not told is not never");
    let secret = reading.record("repository-secrets", AccessKind::SharedSecret, "1001/actions-secret/API");
    assert!(secret.rotated_at.known().is_some());
    let activity = reading.record("audit-log/101", AccessKind::Session, "101/activity/git");
    assert_eq!(activity.last_used_at.known().map(|moment| moment.precision_seconds), Some(0), "an event is exact");
    assert_eq!(activity.status, Status::Expired, "proof of use is no way in");
    assert!(reading.scope("audit-log/102").records.is_empty(), "the twin did nothing");
    reading.assert_complete("audit-log/102");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_the_fingerprint_of_its_blob_wherever_it_is_listed() {
    let (_scene, reading) = usual().await;
    let line = key_line(2);
    let expected =
        ssh_key::PublicKey::from_openssh(&line).expect("a key").fingerprint(ssh_key::HashAlg::Sha256).to_string();
    let key = reading.record("ssh-keys", AccessKind::SshKey, &format!("101/{expected}"));
    assert_eq!(key.public_key.as_ref().map(ToString::to_string), Some(expected));
    assert_eq!(key.parent.as_ref().map(ToString::to_string), Some(LEAVER.to_string()));
    assert!(reading.scope("ssh-keys/103").records.len() == 1, "an outsider's keys come one person at a time");
    assert!(!reading.offered.contains("ssh-keys/101"), "a member's keys came in bulk");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_claims_is_weaker_than_what_the_organisation_verified() {
    let (_scene, reading) = usual().await;
    let verified = &reading.record("members", AccessKind::Account, "101").holders[0];
    assert_eq!((verified.email.as_deref(), &verified.verified), (Some("leaver@acme.example"), &None));
    let claimed = &reading.record("members", AccessKind::Account, "104").holders[0];
    assert_eq!(claimed.email.as_deref(), Some("hidden@private.example"));
    assert!(!claimed.vouches_for(scan_contract::IdentifierKind::Email), "{claimed:?}");
    let identity = &reading.record("external-identities", AccessKind::Account, "external-identity/g-101").holders[0];
    assert_eq!(identity.external.as_ref().map(|external| external.id.as_str()), Some("leaver@acme.example"));
    assert_eq!(identity.provider_id.as_deref(), Some("101"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readings_of_one_world_are_equal() {
    let (scene, first) = usual().await;
    let second = scene.read().await;
    let records = |reading: &Reading| {
        let mut all: Vec<String> = reading.records().map(|access| format!("{access:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(records(&first), records(&second));
    assert_eq!(first.offered, second.offered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_is_read_by_its_name_alone_and_somebody_who_is_gone_leaves_it_empty() {
    let scene = Scene::new(Truth::usual(), Means::App);
    scene.stub.truth().people.iter_mut().for_each(|person| person.deleted = person.id == LEAVER);
    let mut reading = Reading::default();
    let pass =
        Pass::new("remembered", vec![Scope::new("gpg-keys/101", "gpg-keys"), Scope::new("gpg-keys/102", "gpg-keys")]);
    walk(&scene.scanner, pass, &mut reading, &mut Vec::new()).await;
    reading.assert_complete("gpg-keys/101");
    assert!(reading.scope("gpg-keys/101").records.is_empty());
    reading.assert_complete("gpg-keys/102");
    assert_eq!(reading.scope("gpg-keys/102").records.len(), 2, "a GPG key and a signing key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_token_sees_the_enterprise_and_codespaces_and_no_fine_grained_tokens() {
    let scopes = ["repo", "admin:org", "admin:org_hook", "read:enterprise", "manage_billing:copilot"];
    let scene = Scene::new(Truth::usual(), Means::Classic(scopes.map(String::from).to_vec()));
    let reading = scene.read().await;
    assert_eq!(
        reading.incomplete(),
        ["personal-access-token-requests", "personal-access-tokens"],
        "{:?}",
        reading.gaps()
    );
    assert!(reading.gaps().iter().all(|gap| gap.contains("of a GitHub App")), "{:?}", reading.gaps());
    let license = reading.record("enterprise-licenses", AccessKind::License, "license/leaver");
    assert_eq!(license.holders[0].email.as_deref(), Some("leaver@acme.example"));
    assert_eq!(scene.server.count_of("GET /orgs/{org}/personal-access-tokens"), 0, "it is not even asked");
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_addresses_reach_nothing() {
    let (_scene, reading) = usual().await;
    let text = format!("{reading:?}");
    assert!(!text.contains("hush"), "the token in a webhook's address");
    assert!(!text.contains("71c3fc11"), "the end of a token");
    let hook = reading.record("webhooks", AccessKind::Automation, "webhook/52");
    assert_eq!(hook.target.as_deref(), Some("organization acme to hooks.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beyond_the_requests_allowed_is_a_gap_with_its_number() {
    let scene = Scene::with(Truth::usual(), Means::App, Edition::Cloud, |settings| settings.repository_requests = 6);
    let reading = scene.read().await;
    let beyond: Vec<&str> = reading.incomplete().into_iter().filter(|name| !NOT_FOR_APPS.contains(name)).collect();
    assert_eq!(beyond, ["repository-invitations", "repository-runners", "repository-secrets", "repository-webhooks"]);
    assert!(
        reading.gaps().iter().any(|gap| gap.contains("2 of 3 repositories were not asked")),
        "{:?}",
        reading.gaps()
    );
    assert_eq!(scene.server.count_of("GET /repos/{owner}/{repo}/hooks"), 1);
    assert!(APP_RIGHTS.len() >= 20);
}
