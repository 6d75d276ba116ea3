//! For each kind of access: one planted, its twin that differs in one fact and stays silent, and one that cannot tell.

use scan_contract::{Cause, Fact, Privilege, Status};

use crate::kit::*;

const ANA: &str = "arn:aws:iam::111122223333:user/people/ana.silva";
const ANA_ID: &str = "AIDA2EXAMPLEANASILVA1";

/// The documents with other words in some cells of Ana's row.
fn with_cells(cells: &[(&str, &str)]) -> Seen {
    let mut papers = papers("acme", ACME);
    let text = String::from_utf8(papers.report.clone().expect("report")).expect("text");
    let header: Vec<&str> = text.lines().next().expect("header").split(',').collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let row = lines.iter_mut().find(|line| line.starts_with("ana.silva,")).expect("Ana's row");
    let mut values: Vec<&str> = row.split(',').collect();
    for (column, value) in cells {
        let at = header.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"));
        assert_ne!(values[at], *value, "{column} must differ");
        values[at] = value;
    }
    *row = values.join(",");
    papers.report = Some(lines.join("\n").into_bytes());
    papers.read()
}

fn with_details(from: &str, to: &str) -> Seen {
    let mut papers = papers("acme", ACME);
    swap(&mut papers.details, from, to);
    papers.read()
}

fn plain() -> Seen {
    papers("acme", ACME).read()
}

fn unknown_word(seen: &Seen, kind: &str) -> bool {
    seen.has_gap(kind, |cause| matches!(cause, Cause::UnknownWord { .. }))
}

#[test]
fn password() {
    let id = format!("{ANA}/password");
    assert_eq!(plain().get(&id).status, Status::Enabled);
    let none =
        with_cells(&[("password_enabled", "false"), ("password_last_used", "N/A"), ("password_last_changed", "N/A")]);
    assert!(none.find(&id).is_none() && none.is_whole("iam.passwords"));
    let odd = with_cells(&[("password_enabled", "maybe")]);
    assert_eq!(odd.get(&id).status, Status::Unknown);
    assert!(unknown_word(&odd, "iam.passwords") && odd.is_whole("iam.access-keys"));
}

#[test]
fn last_use_of_a_password() {
    let id = format!("{ANA}/password");
    let used = |cells: &[(&str, &str)]| with_cells(cells).get(&id).last_used_at.clone();
    assert!(matches!(plain().get(&id).last_used_at, Fact::Known(at) if at.precision_seconds == 300));
    assert_eq!(used(&[("password_last_used", "no_information")]), Fact::None);
    let old = used(&[("password_last_used", "no_information"), ("user_creation_time", "2012-01-01T00:00:00+00:00")]);
    assert!(old.is_hidden(), "it may have been used before AWS kept record");
    for word in ["N/A", "not_supported"] {
        assert!(used(&[("password_last_used", word)]).is_hidden(), "{word} is no never");
    }
    let odd = with_cells(&[("password_last_used", "yesterday")]);
    assert!(odd.get(&id).last_used_at.is_hidden());
    assert!(odd.has_gap(
        "iam.passwords",
        |cause| matches!(cause, Cause::Malformed { what } if what.contains("password_last_used"))
    ));
    let zoneless = with_cells(&[("password_last_used", "2026-07-31T16:20:00")]);
    assert!(zoneless.get(&id).last_used_at.is_hidden(), "a time without zone is no time");
}

#[test]
fn access_key() {
    let id = format!("{ANA}/access-key-1");
    assert_eq!(plain().get(&id).status, Status::Enabled);
    assert_eq!(with_cells(&[("access_key_1_active", "false")]).get(&id).status, Status::Disabled, "kept, lower");
    let none = with_cells(&[("access_key_1_active", "false"), ("access_key_1_last_rotated", "N/A")]);
    assert!(none.find(&id).is_none() && none.is_whole("iam.access-keys"));
    let odd = with_cells(&[("access_key_1_active", "")]);
    assert_eq!(odd.get(&id).status, Status::Unknown);
    assert!(unknown_word(&odd, "iam.access-keys"));
}

#[test]
fn last_use_of_an_access_key() {
    let id = format!("{ANA}/access-key-1");
    let used = |cells: &[(&str, &str)]| with_cells(cells).get(&id).last_used_at.clone();
    assert_eq!(used(&[("access_key_1_last_used_date", "N/A")]), Fact::None);
    let old = [("access_key_1_last_used_date", "N/A"), ("access_key_1_last_rotated", "2014-06-01T00:00:00+00:00")];
    assert!(used(&old).is_hidden(), "made before AWS kept record");
    assert!(used(&[("access_key_1_last_used_date", "no_information")]).is_hidden());
}

#[test]
fn certificate() {
    let id = format!("{ANA}/signing-certificate-1");
    assert_eq!(plain().get(&id).status, Status::Enabled);
    assert_eq!(with_cells(&[("cert_1_active", "false")]).get(&id).status, Status::Disabled);
    let none = with_cells(&[("cert_1_active", "false"), ("cert_1_last_rotated", "N/A")]);
    assert!(none.find(&id).is_none() && none.is_whole("iam.certificates"));
    let odd = with_cells(&[("cert_1_active", "revoked")]);
    assert_eq!(odd.get(&id).status, Status::Unknown);
    assert!(unknown_word(&odd, "iam.certificates"));
}

#[test]
fn mfa_device() {
    let id = format!("{ANA}/mfa");
    assert_eq!(plain().get(&id).status, Status::Enabled);
    let none = with_cells(&[("mfa_active", "false")]);
    assert!(none.find(&id).is_none() && none.is_whole("iam.mfa-devices"));
    let odd = with_cells(&[("mfa_active", "2")]);
    assert_eq!(odd.get(&id).status, Status::Unknown);
    assert!(unknown_word(&odd, "iam.mfa-devices"));
}

#[test]
fn account() {
    assert_eq!(plain().get(ANA_ID).status, Status::Enabled);
    let mut without = papers("acme", ACME);
    swap(&mut without.details, "AIDA2EXAMPLEDEEPARK04", "AIDA2EXAMPLEDEEPARK40");
    assert!(without.read().find("AIDA2EXAMPLEDEEPARK04").is_none());
    let odd = with_details("\"CreateDate\": \"2021-02-01T09:12:44+00:00\"", "\"CreateDate\": \"some day\"");
    assert!(odd.get(ANA_ID).created_at.is_hidden());
    assert!(
        odd.has_gap("iam.users", |cause| matches!(cause, Cause::Malformed { what } if what.contains("CreateDate")))
    );
}

#[test]
fn group_membership() {
    let id = format!("{ANA_ID}/AGPA2EXAMPLEDEVELOP01");
    assert_eq!(plain().get(&id).parent.as_ref().map(scan_contract::GrantId::as_str), Some(ANA_ID));
    let none = with_details("\"GroupList\": [\n                \"developers\"\n            ]", "\"GroupList\": []");
    assert!(none.find(&id).is_none() && none.is_whole("iam.groups"));
    let odd = with_details("\"GroupDetailList\"", "\"Groups\"");
    assert_eq!(odd.get(&format!("{ANA_ID}/group/developers")).privilege, Privilege::Unknown);
    assert!(!odd.is_whole("iam.groups"));
}

#[test]
fn policy() {
    let id = "AIDA2EXAMPLEBUILDNOT3/arn:aws:iam::111122223333:policy/deploy";
    assert_eq!(plain().get(id).privilege, Privilege::Admin);
    let milder = with_details("\"iam:PassRole\"", "\"iam:GetRole\"");
    assert_eq!(milder.get(id).privilege, Privilege::Write);
    let odd = with_details("\"Policies\"", "\"Rules\"");
    assert_eq!(odd.get(id).privilege, Privilege::Unknown, "the document was not given");
    assert!(odd.notices.iter().any(|notice| notice.contains("Policies")));
}

#[test]
fn role_trust() {
    let id = "AROA2EXAMPLEAUDITORS3/sts:rolesessionname=bo.chen@acme.example";
    assert_eq!(plain().get(id).status, Status::Enabled);
    let all = with_details("\"sts:RoleSessionName\": \"bo.chen@acme.example\"", "\"sts:RoleSessionName\": \"*\"");
    assert!(all.find(id).is_none() && all.is_whole("iam.role-trusts"));
    let odd = with_details("\"sts:RoleSessionName\": \"bo.chen@acme.example\"", "\"sts:RoleSessionName\": {\"a\": 1}");
    assert!(odd.gaps_of("iam.role-trusts").iter().any(|gap| gap.part.as_deref() == Some("audit")));
}

#[test]
fn user_of_another_account_in_a_trust_is_known_by_its_arn_and_not_by_a_name_of_ours() {
    let foreign = "arn:aws:iam::999988887777:user/bo.chen";
    let seen = with_details("AIDA2EXAMPLEDELETED09", foreign);
    let trust = seen.get(&format!("AROA2EXAMPLERELEASES2/{foreign}"));
    assert_eq!(trust.holders[0].login, None);
    assert_eq!(trust.holders[0].external.as_ref().map(|external| external.id.as_str()), Some(foreign));
    assert!(seen.is_whole("iam.role-trusts"));
}

#[test]
fn session() {
    let id = format!("{ANA_ID}/AROA2EXAMPLERELEASES2");
    assert!(plain().get(&id).live_until.is_some());
    let unused = with_details(
        "\"RoleLastUsed\": {\n                \"LastUsedDate\": \"2026-07-31T20:05:00+00:00\",\n                \"Region\": \"eu-west-1\"\n            }",
        "\"RoleLastUsed\": {}",
    );
    assert!(unused.find(&id).is_none() && unused.is_whole("iam.roles"));
    let odd = with_details("\"2026-07-31T20:05:00+00:00\"", "1785528300");
    assert!(odd.has_gap("iam.roles", |cause| matches!(cause, Cause::Malformed { what } if what.contains("releases"))));
}

#[test]
fn somebody_named_twice_by_one_role_has_one_set_of_sessions() {
    let twice = with_details(
        "\"SAML:aud\": \"https://signin.aws.amazon.com/saml\"",
        "\"aws:username\": \"ana.silva\", \"aws:userid\": \"AIDA2EXAMPLEANASILVA1\"",
    );
    let sessions = twice.of_kind(scan_contract::AccessKind::Session);
    let ana = sessions
        .iter()
        .filter(|session| session.parent.is_some() && session.client.as_deref() == Some("AROA2EXAMPLEAUDITORS3"));
    assert_eq!(ana.count(), 1);
    assert!(twice.find("AROA2EXAMPLEAUDITORS3/aws:username=ana.silva").is_some());
    assert!(twice.find("AROA2EXAMPLEAUDITORS3/aws:userid=AIDA2EXAMPLEANASILVA1").is_some());
}

#[test]
fn ownership() {
    let owned = |seen: &Seen| seen.of_kind(scan_contract::AccessKind::Ownership).len();
    assert_eq!(owned(&plain()), 1);
    assert_eq!(owned(&with_details("\"Key\": \"owner\"", "\"Key\": \"cost-centre\"")), 0);
    let name = with_details(
        "\"Key\": \"owner\",\n                    \"Value\": \"ana.silva@acme.example\"",
        "\"Key\": \"Owner\",\n                    \"Value\": \"ana\"",
    );
    let holder = &name.of_kind(scan_contract::AccessKind::Ownership)[0].holders[0];
    assert_eq!((holder.login.as_deref(), holder.email.as_deref()), (Some("ana"), None));
}

#[test]
fn a_user_with_a_plain_deny_of_everything_reaches_nothing_and_one_with_a_condition_still_does() {
    let deny = |condition: &str| {
        let statement = format!(r#"{{"Effect":"Deny","Action":"*","Resource":"*"{condition}}}"#);
        let policy = format!(
            r#""UserPolicyList": [{{"PolicyName":"stop","PolicyDocument":{{"Statement":{statement}}}}}, {{"PolicyName": "notify""#
        );
        let mut papers = papers("acme", ACME);
        let text = String::from_utf8(papers.details.clone().expect("details")).expect("text");
        let at = text.find("\"PolicyName\": \"notify\"").expect("notify");
        let start = text[..at].rfind("\"UserPolicyList\"").expect("its list");
        papers.details = Some(
            format!("{}{policy}{}", &text[..start], &text[at + "\"PolicyName\": \"notify\"".len()..]).into_bytes(),
        );
        papers.read().get("AIDA2EXAMPLEBUILDNOT3").privilege
    };
    assert_eq!(deny(""), Privilege::None);
    assert_eq!(deny(r#","Condition":{"Bool":{"aws:ViaAWSService":"false"}}"#), Privilege::Admin);
}

#[test]
fn a_chain_of_roles_reaches_as_far_as_its_last_one_and_a_circle_ends() {
    let releases_may_assume = |role: &str, audit_has: &str| {
        let mut papers = papers("acme", ACME);
        swap(&mut papers.details, "\"s3:PutObject\"", "\"sts:AssumeRole\"");
        swap(&mut papers.details, "arn:aws:s3:::acme-releases/*", role);
        if audit_has != "SecurityAudit" {
            swap(
                &mut papers.details,
                "arn:aws:iam::aws:policy/SecurityAudit",
                &format!("arn:aws:iam::aws:policy/{audit_has}"),
            );
        }
        papers.read().get(ANA_ID).clone()
    };
    let audit = "arn:aws:iam::111122223333:role/audit";
    let far = releases_may_assume(audit, "AdministratorAccess");
    assert_eq!(far.privilege, Privilege::Admin);
    assert!(far.privilege_reason.as_deref().is_some_and(|reason| reason.contains("role/releases")), "{far:?}");
    assert_eq!(
        releases_may_assume(audit, "SecurityAudit").privilege,
        Privilege::Write,
        "her own password can be changed"
    );
    assert_eq!(
        releases_may_assume("arn:aws:iam::111122223333:role/releases", "SecurityAudit").privilege,
        Privilege::Write
    );
    let elsewhere = releases_may_assume("arn:aws:iam::999988887777:role/audit", "SecurityAudit");
    assert_eq!(elsewhere.privilege, Privilege::Unknown, "a role of another account is not in the document");
}

#[test]
fn keys_made_in_the_same_second_cannot_be_told_apart() {
    let mut papers = papers("acme", ACME);
    papers.keys = Some(fixture("acme", "access-keys.json"));
    swap(&mut papers.keys, "2025-01-10T10:00:00+00:00", "2023-01-10T10:00:05+00:00");
    swap(&mut papers.report, "true,2025-01-10T10:00:00+00:00", "true,2023-01-10T10:00:05+00:00");
    let seen = papers.read();
    for id in ["AKIA2EXAMPLEBUILD0001", "AKIA2EXAMPLEBUILD0002"] {
        assert!(seen.get(id).last_used_at.is_hidden(), "{id}");
        assert!(scan_aws::slot_of(seen.get(id)).is_none(), "{id}");
    }
    assert!(seen.is_whole("iam.access-keys"), "{:?}", seen.gaps_of("iam.access-keys"));
    assert_eq!(seen.of_kind(scan_contract::AccessKind::AccessKey).len(), 4);
}
