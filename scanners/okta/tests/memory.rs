//! A hundred thousand users and as many assignments in little memory. Memory is that of the whole process, the service
//! included, so that this is a program of its own; run it with `-- --ignored`.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use holdover_kit::fault::{Answer, Asked, Stub};
use holdover_kit::stub::okta::{OktaApp, OktaOrg, OktaStub, OktaUser};
use holdover_kit::suite::{
    Bench, Expiry, List, Mishap, Route, Service, Setting, Truth, hundred_thousand_objects_within,
};
use scan_contract::{Cause, Scanner, SystemId};
use scan_okta::{ALLOW, Address, Okta, Organisation, Settings, SignIn, Ways};
use scan_transport::{Connection, Door, PaceSettings, Secret, SecretRef, Secrets};

const ORG: &str = "00o5rb5mt2H3d1TJd0h7";
const OWN: &str = "00uscanner0000000001";
const OBJECTS: usize = 100_000;

/// An organisation whose users and assignments are made as they are asked for.
struct Large {
    rest: OktaStub,
}

fn user(at: usize) -> String {
    format!(
        "{{\"id\":\"00u{at:017}\",\"status\":\"ACTIVE\",\"created\":\"2024-01-02T03:04:05.000Z\",\"activated\":null,\
         \"statusChanged\":\"2024-01-02T03:04:05.000Z\",\"lastLogin\":\"2026-01-02T03:04:05.000Z\",\
         \"passwordChanged\":\"2025-01-02T03:04:05.000Z\",\"type\":{{\"id\":\"oty1\"}},\"profile\":{{\"firstName\":\"Given\",\
         \"lastName\":\"Family{at}\",\"login\":\"user{at}@acme.example\",\"email\":\"user{at}@acme.example\",\
         \"employeeNumber\":\"{at:06}\",\"department\":\"A department with a long name\",\"mobilePhone\":null}},\
         \"credentials\":{{\"password\":{{}},\"provider\":{{\"type\":\"OKTA\",\"name\":\"OKTA\"}}}},\"_links\":{{}}}}"
    )
}

fn assignment(at: usize) -> String {
    format!(
        "{{\"id\":\"00u{at:017}\",\"externalId\":\"ext{at}\",\"created\":\"2024-01-02T03:04:05.000Z\",\"scope\":\"GROUP\",\
         \"status\":\"PROVISIONED\",\"syncState\":\"SYNCHRONIZED\",\"credentials\":{{\"userName\":\"user{at}@acme.example\"}},\
         \"profile\":{{\"email\":\"user{at}@acme.example\"}},\"_links\":{{}}}}"
    )
}

fn page(asked: &Asked, most: usize, one: impl Fn(usize) -> String) -> Answer {
    let from = asked.number_of("after", 0);
    let to = (from + asked.number_of("limit", most).min(most)).min(OBJECTS);
    let mut body = String::from("[");
    for at in from..to {
        if at > from {
            body.push(',');
        }
        body.push_str(&one(at));
    }
    body.push(']');
    let answer = Answer::json_text(body);
    if to == OBJECTS {
        return answer;
    }
    let mut query = String::new();
    for (name, value) in asked.query.iter().filter(|(name, _)| name != "after") {
        write!(query, "{name}={}&", value.replace(' ', "%20")).expect("a text");
    }
    answer.with("link", &format!("<{}{}?{query}after={to}>; rel=\"next\"", asked.origin, asked.path))
}

impl Stub for Large {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["GET", "api", "v1", "users"] => page(asked, 200, |at| {
                // The scanner's own user is one of them.
                if at == 0 { user(0).replacen("00u00000000000000000", OWN, 1) } else { user(at) }
            }),
            ["GET", "api", "v1", "apps", "0oacrm", "users"] => page(asked, 500, assignment),
            _ => self.rest.answer(asked),
        }
    }
}

struct Fixed(BTreeMap<String, String>);

impl Secrets for Fixed {
    fn fetch(&self, _: &SecretRef) -> Result<Secret, Cause> {
        Ok(Secret::from(self.0["token"].as_str()))
    }
}

struct LargeBench;

impl Bench for LargeBench {
    fn serve(&self, setting: &Setting) -> Service {
        let mut org = OktaOrg::empty(ORG, "acme");
        org.users.push(OktaUser::new(OWN, "scanner@acme.example"));
        org.apps.push(OktaApp::new("0oacrm", "CRM", "SAML_2_0"));
        org.policies.push((String::from("00p1"), String::from("ACTIVE"), Vec::new()));
        org.roles.push(holdover_kit::stub::okta::OktaRole::standard("ra0", "READ_ONLY_ADMIN", OWN));
        let rest = OktaStub::new(org).with_api_token(&setting.secret, OWN);
        Service::new(setting.build(Arc::new(Large { rest })).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let address = Address::parse(service.server.origin()).expect("an address");
        let sign_in = SignIn::ApiToken { token: SecretRef::Environment(String::from("token")) };
        let mut settings = Settings::new(SystemId::new("okta"), address, Organisation::parse(ORG), sign_in);
        let pace = PaceSettings { per_second: 1e6, burst: 1_000_000, share: 1.0, ..PaceSettings::default() };
        settings.connection =
            Connection { internal: true, plain_to_loopback: true, pace: Some(pace), ..Connection::default() };
        #[expect(clippy::disallowed_methods, reason = "a test has no other clock")]
        let door = Door::open(settings.door(), &ALLOW, Arc::new(chrono::Utc::now))?;
        let secrets = Arc::new(Fixed(BTreeMap::from([(String::from("token"), setting.secret.clone())])));
        Ok(Box::new(Okta::new(settings, Ways { door, secrets })?))
    }

    fn routes(&self) -> Vec<Route> {
        Vec::new()
    }

    fn lists(&self) -> Vec<List> {
        Vec::new()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        Vec::new()
    }

    fn truth(&self) -> Vec<Truth> {
        Vec::new()
    }

    fn expiry(&self) -> Expiry {
        Expiry { refusal: Answer::status(401), sign_in: &[] }
    }
}

#[test]
#[ignore = "a measurement of the whole process"]
fn a_hundred_thousand_users_and_assignments_fit_into_256_mib() {
    let took = hundred_thousand_objects_within(&LargeBench, 256 * 1024 * 1024).expect("not excused");
    println!("{took:?}");
    assert!(took.records >= 3 * OBJECTS as u64, "users, passwords, assignments");
    assert!(took.requests < 500 + 200 + 30, "{} requests", took.requests);
}
