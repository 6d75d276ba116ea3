//! A small organisation. Everybody has a twin who differs in one fact.

use holdover_kit::stub::okta::{
    OktaApiToken, OktaApp, OktaAssignment, OktaDevice, OktaEvent, OktaFactor, OktaGrant, OktaGroup, OktaOrg,
    OktaRefreshToken, OktaRole, OktaStub, OktaUser,
};

pub(crate) const ORG: &str = "00o5rb5mt2H3d1TJd0h7";
/// The service user of the scanner.
pub(crate) const SCANNER: &str = "00uscanner0000000001";
/// The service app of the scanner.
pub(crate) const CLIENT: &str = "0oascanner0000000001";
/// Somebody with one live thing of each kind.
pub(crate) const LEA: &str = "00ulea00000000000001";
/// Her twin: each of the same things, differing in one fact.
pub(crate) const TOM: &str = "00utom00000000000001";

/// An instant so many days ago, as Okta writes it.
pub(crate) fn days_ago(days: i64) -> String {
    // One present for the whole test program, so that two calls agree.
    static PRESENT: std::sync::LazyLock<scan_contract::fact::Instant> =
        std::sync::LazyLock::new(|| (crate::bench::clock())());
    let at = *PRESENT - chrono::TimeDelta::days(days);
    at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn text(text: &str) -> String {
    String::from(text)
}

/// An organisation with the scanner's own user and app.
pub(crate) fn bare() -> OktaOrg {
    let mut org = OktaOrg::empty(ORG, "acme");
    org.users.push(OktaUser::new(SCANNER, "scanner@acme.example"));
    org.apps.push(OktaApp::new(CLIENT, "Scanner", "OPENID_CONNECT"));
    for assignee in [SCANNER, CLIENT] {
        org.roles.push(OktaRole::standard("ra0readonly", "READ_ONLY_ADMIN", assignee));
    }
    org.policies.push((
        text("00p1"),
        text("ACTIVE"),
        vec![(text("ACTIVE"), text("ALLOW"), Some(720)), (text("INACTIVE"), text("ALLOW"), Some(0))],
    ));
    org
}

/// Lea with one of everything, and Tom.
pub(crate) fn with_lea() -> OktaOrg {
    let mut org = bare();
    let mut lea = OktaUser::new(LEA, "lea@acme.example");
    lea.employee_number = Some(text("00417"));
    lea.last_login = Some(days_ago(2));
    org.users.push(lea);
    let mut tom = OktaUser::new(TOM, "tom@acme.example").in_state("DEPROVISIONED", &days_ago(1));
    tom.has_password = false;
    org.users.push(tom);
    org.groups.push(group("00geveryone", "Everyone", "BUILT_IN", &[]));
    org.groups.push(group("00gadmins", "Help desk", "OKTA_GROUP", &[LEA, TOM]));
    org.groups.push(group("00gstaff", "Staff", "OKTA_GROUP", &[LEA]));
    org.apps.push(OktaApp::new("0oacrm00000000000001", "CRM", "SAML_2_0"));
    org.apps.push(OktaApp::new("0oamobile00000000001", "Mobile", "OPENID_CONNECT"));
    org.apps
        .push(OktaApp { name: text("okta_enduser"), ..OktaApp::new("0oadash0000000000001", "Dashboard", "SAML_2_0") });
    for user in [LEA, TOM] {
        let mut assignment = OktaAssignment::new("0oacrm00000000000001", user);
        if user == TOM {
            assignment.status = text("DEPROVISIONED");
        }
        org.assignments.push(assignment);
        org.assignments.push(OktaAssignment::new("0oadash0000000000001", user));
        let (status, ends) = if user == LEA { ("ACTIVE", days_ago(-20)) } else { ("REVOKED", days_ago(-20)) };
        org.refresh_tokens.push(OktaRefreshToken {
            id: format!("oar{user}"),
            status: text(status),
            client: text("0oamobile00000000001"),
            user: text(user),
            server: None,
            created: days_ago(10),
            expires_at: Some(ends),
        });
        org.grants.push(OktaGrant {
            id: format!("oag{user}"),
            status: text(status),
            client: text("0oamobile00000000001"),
            scope: text("offline_access"),
            user: Some(text(user)),
            created_by: text(user),
            created: days_ago(10),
        });
        org.factors.push(OktaFactor {
            id: format!("opf{user}"),
            user: text(user),
            kind: text("push"),
            status: text(if user == LEA { "ACTIVE" } else { "EXPIRED" }),
            created: days_ago(400),
        });
        org.devices.push(OktaDevice {
            id: format!("guo{user}"),
            user: text(user),
            status: text(if user == LEA { "ACTIVE" } else { "DEACTIVATED" }),
            name: text("laptop"),
            created: days_ago(300),
        });
        org.events.push(OktaEvent::new(&days_ago(5), "user.session.start", user));
        org.events.push(OktaEvent::new(&days_ago(3), "user.authentication.sso", user));
    }
    org.roles.push(OktaRole::standard("ra1super", "SUPER_ADMIN", LEA));
    org.roles.push(OktaRole { status: text("INACTIVE"), ..OktaRole::standard("ra2super", "SUPER_ADMIN", TOM) });
    org.roles.push(OktaRole::standard("gra3helpdesk", "HELP_DESK_ADMIN", "00gadmins"));
    org.api_tokens.push(OktaApiToken {
        id: text("00Tlea"),
        name: text("nightly export"),
        user: text(LEA),
        created: days_ago(200),
        last_updated: days_ago(4),
        expires_at: days_ago(4 - 30),
    });
    org.grants.push(OktaGrant {
        id: text("oagorg"),
        status: text("ACTIVE"),
        client: text("0oamobile00000000001"),
        scope: text("okta.users.manage"),
        user: None,
        created_by: text(LEA),
        created: days_ago(100),
    });
    org
}

pub(crate) fn group(id: &str, name: &str, kind: &str, members: &[&str]) -> OktaGroup {
    OktaGroup {
        id: text(id),
        name: text(name),
        kind: text(kind),
        members: members.iter().map(|member| text(member)).collect(),
    }
}

/// A stub for an organisation.
pub(crate) fn stub(org: OktaOrg) -> OktaStub {
    OktaStub::new(org)
}
