//! Against a third party's AWS: its shapes, its signatures, its policies, its accounts.

use scan_aws::live::Organisation;
use scan_contract::{AccessKind, Cause, Fact, Privilege, Status};

use crate::kit::*;

const ACCOUNT: &str = "123456789012";

fn scanner_key() -> Key {
    let seed = seed();
    let scanner = &seed["credentials"]["scanner"];
    Key::new(
        scanner["access_key_id"].as_str().expect("an id"),
        scanner["secret_access_key"].as_str().expect("a secret"),
    )
}

#[test]
fn a_seeded_account_is_read_and_a_person_of_interest_has_ids_dates_and_fingerprints() {
    let Some(address) = server("HOLDOVER_MOTO_SEEDED") else { return };
    let key = scanner_key();
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    settings.key_pair_regions = vec![String::from("us-east-1"), String::from("eu-west-1")];
    let scanner = scanner(settings, &key.secret);
    let seen = block_on(read(&scanner, about(&["ann.berg", "bea.lind", "nobody"])));
    assert_eq!(seen.ended, Some(Ok(())));
    seen.each_scope_ends();
    seen.no_grant_twice();
    // Coverage first. The emulator has no row of the root user, and no service-specific credentials at all.
    for kind in ["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles", "ec2.key-pairs", "iam.access-key-ids", "iam.ssh-public-keys"] {
        assert_eq!(seen.gaps_of(kind), Vec::<&scan_contract::Gap>::new(), "{kind}");
    }
    for kind in ["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"] {
        let gaps = seen.gaps_of(kind);
        assert!(gaps.iter().all(|gap| matches!(&gap.cause, Cause::NotSeen { what } if what.contains("<root_account>"))), "{gaps:?}");
    }
    let gaps = seen.gaps_of("iam.service-specific-credentials");
    assert_eq!(gaps.len(), 1, "what is not implemented is a gap");
    assert!(!seen.is_sealed(&format!("{ACCOUNT}/iam.service-specific-credentials")));

    let ann = seen.get("AIDAANNBERG000000000");
    assert_eq!((ann.kind, ann.privilege), (AccessKind::Account, Privilege::Admin));
    assert_eq!(ann.holders[0].email.as_deref(), Some("ann.berg@acme.example"));
    let live = seen.get("AKIAANNBERG000000001");
    assert_eq!((live.status, live.scope.as_str()), (Status::Enabled, "123456789012/iam.access-key-ids/ann.berg"));
    assert!(matches!(&live.last_used_at, Fact::Known(at) if at.at.to_rfc3339() == "2026-04-20T02:10:00+00:00"));
    assert_eq!(live.formerly.as_ref().map(scan_contract::GrantId::as_str), Some("arn:aws:iam::123456789012:user/ann.berg/access-key-1"));
    assert_eq!(seen.get("AKIAANNBERG000000002").status, Status::Disabled);
    assert!(seen.get("APKAANNBERG000000001").public_key.is_some());
    let certificate = seen.get("CERTANNBERG0000000000000000000001");
    assert!(matches!(&certificate.expires_at, Fact::Known(at) if at.at.to_rfc3339().starts_with("2036-11-24")), "{certificate:?}");
    assert!(seen.find("arn:aws:iam::123456789012:mfa/ann.berg").is_some(), "a virtual device by its serial number");
    // Only who matters was asked.
    assert!(seen.find("AKIAGHOST00000000001").is_none());
    assert!(seen.find("arn:aws:iam::123456789012:user/ghost/access-key-1").is_some(), "the report shows the slot");
}

#[test]
fn every_account_of_an_organisation_is_read_and_one_that_is_closed_is_not() {
    let Some(address) = server("HOLDOVER_MOTO_SEEDED") else { return };
    let key = scanner_key();
    let mut settings = settings(ACCOUNT, &address, &key);
    settings.report_max_age = ANY_AGE;
    settings.organisation = Some(Organisation::new("HoldoverAudit"));
    let scanner = scanner(settings, &key.secret);
    let seen = block_on(read(&scanner, about(&["ann.berg"])));
    assert_eq!(seen.ended, Some(Ok(())));
    seen.each_scope_ends();
    seen.no_grant_twice();
    assert!(seen.is_sealed("123456789012/organizations.accounts"), "{:?}", seen.gaps);
    for account in [ACCOUNT, "222222222222", "333333333333"] {
        assert!(seen.is_sealed(&format!("{account}/iam.users")), "{account}: {:?}", seen.gaps);
    }
    assert!(!seen.declared.iter().any(|scope| scope.starts_with("444444444444")), "a suspended account");
    assert!(seen.notices.iter().any(|text| text.contains("suspended")), "{:?}", seen.notices);
    assert_eq!(seen.get("AKIAANNBERGWORKLOAD1").scope.as_str(), "222222222222/iam.access-key-ids/ann.berg");
    assert!(seen.find("AKIAANNBERG000000001").is_some(), "the same login in another account is another user");
}
