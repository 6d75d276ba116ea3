//! An Okta organisation, read by the real scanner through the real door: the kit's stub answers from the truth, and the
//! wire between them decides what arrives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use holdover::clock::Clock;
use holdover_kit::canary::Canaries;
use holdover_kit::fault::{Answer, Asked, Stub as _};
use holdover_kit::stub::okta::{
    OktaApiToken, OktaApp, OktaAssignment, OktaGrant, OktaOrg, OktaRole, OktaStub, OktaUser,
};
use scan_contract::{Cause, Instant};
use scan_okta::{Address, Okta, Organisation, Settings, SignIn, Ways};
use scan_transport::wire::{Arriving, Broken, Wire};
use scan_transport::{Door, Secret, SecretRef, Secrets};

use crate::fault::{Fault, Met};
use crate::lines::{Line, Said};
use crate::truth::{Place, Truth, login_id, person_id};

/// Id of the organisation.
const ORG: &str = "00o5rb5mt2H3d1TJd0h7";
/// The user whose token the scanner has. Last in every list, so that a list that ends too early shows.
const OWN: &str = "00uzscanner000000001";
/// Elements of a page.
const PAGE: usize = 6;

/// Time of one run: stands still but for what is waited on the wire.
#[derive(Debug)]
pub(crate) struct RunTime {
    began: Instant,
    passed: AtomicU64,
}

impl RunTime {
    pub(crate) fn new(began: Instant) -> Arc<Self> {
        Arc::new(Self { began, passed: AtomicU64::new(0) })
    }

    fn passed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }
}

impl Clock for RunTime {
    fn now(&self) -> Instant {
        self.began + chrono::TimeDelta::from_std(self.passed()).expect("short")
    }

    fn monotonic(&self) -> Duration {
        self.passed()
    }
}

/// The wire of one run.
pub(crate) struct SimWire {
    stub: OktaStub,
    line: Line,
    time: Arc<RunTime>,
    canaries: Canaries,
    attempts: Mutex<HashMap<String, u32>>,
    /// Whether a request went where none may go.
    pub(crate) strayed: AtomicBool,
}

fn asked(request: &http::Request<Bytes>) -> Asked {
    let url = url::Url::parse(&request.uri().to_string()).expect("an address that was sent");
    let raw: Vec<String> = url.path().split('/').skip(1).map(String::from).collect();
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Asked {
        method: String::from(request.method().as_str()),
        path: String::from(url.path()),
        segments: raw.iter().map(|segment| decode(segment)).collect(),
        raw_segments: raw,
        raw_query: String::from(url.query().unwrap_or("")),
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        headers: request.headers().clone(),
        body: request.body().clone(),
        http2: true,
        number: 0,
        of_operation: 0,
        operation: String::new(),
        origin: String::from("https://acme.okta.com"),
    }
}

#[async_trait]
impl Wire for SimWire {
    async fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Arriving>, Broken> {
        let mut asked = asked(&request);
        if request.uri().host() != Some("acme.okta.com") {
            self.strayed.store(true, Ordering::SeqCst);
            return Err(Broken::Refused);
        }
        let attempt = {
            let mut attempts = self.attempts.lock().expect("a lock");
            let count = attempts.entry(asked.address()).or_insert(0);
            *count += 1;
            *count
        };
        let now = self.time.now();
        let said = self.line.before(&mut asked, attempt, now);
        let (answer, cut) = match said {
            Said::Nothing(broken) => return Err(broken),
            Said::Instead(answer) => (answer, None),
            Said::AsItIs => (self.line.after(&asked, attempt, now, self.stub.answer(&asked)), None),
            Said::CutShort => {
                let answer = self.stub.answer(&asked);
                let half = answer.body.len() / 2;
                (answer, Some(half))
            }
        };
        let answer = self.canaries.planted_in(answer);
        let date = self.line.date(now).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = if answer.headers.contains_key("date") { answer } else { answer.with("date", &date) };
        let mut response = http::Response::new(match cut {
            Some(at) => Arriving::cut(&answer.body, at),
            None => Arriving::whole(answer.body.clone()),
        });
        *response.status_mut() = http::StatusCode::from_u16(answer.status).expect("a status");
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    fn passed(&self) -> Duration {
        self.time.passed()
    }

    async fn rest(&self, time: Duration) {
        self.time.passed.fetch_add(u64::try_from(time.as_millis()).expect("short"), Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

struct Token(String);

impl Secrets for Token {
    fn fetch(&self, _: &SecretRef) -> Result<Secret, Cause> {
        Ok(Secret::from(self.0.as_str()))
    }
}

fn text(text: &str) -> String {
    String::from(text)
}

/// The organisation as the truth has it.
fn organisation(truth: &Truth, faults: &[Fault], met: &Met) -> OktaOrg {
    let mut org = OktaOrg::empty(ORG, "acme");
    if faults.contains(&Fault::OktaWrongTenant) {
        met.fired(Fault::OktaWrongTenant);
        org.id = text("00o5rb5mt2H3d1TJd0h8");
    }
    for app in 0..3 {
        org.apps.push(OktaApp::new(&format!("0oacrm0000000000000{app}"), &format!("CRM {app}"), "SAML_2_0"));
    }
    for (id, grant) in truth.grants.iter().filter(|(_, grant)| truth.exists(grant)) {
        let user = login_id(grant.person);
        match grant.place {
            Place::Login => {
                let renamed = truth.people[grant.person].renamed;
                let login = format!("{}.{renamed}@acme.example", person_id(grant.person));
                let mut user = OktaUser::new(id, &login);
                user.email = format!("{}@acme.example", person_id(grant.person));
                user.name = (text(crate::written::name_of(truth, grant.person)), text("X"));
                user.employee_number = Some(person_id(grant.person));
                (user.has_password, user.provider) = (false, text("FEDERATION"));
                if !grant.enabled {
                    user.status = text("SUSPENDED");
                }
                org.users.push(user);
            }
            Place::Seat => {
                let app = id.split('/').next().expect("an app");
                let mut seat = OktaAssignment::new(app, &user);
                if !grant.enabled {
                    seat.status = text("INACTIVE");
                }
                org.assignments.push(seat);
            }
            Place::ApiToken if grant.enabled => org.api_tokens.push(OktaApiToken {
                id: id.clone(),
                name: text("a token"),
                user,
                created: text("2026-01-02T03:04:05.000Z"),
                last_updated: text("2026-07-20T03:04:05.000Z"),
                // Thirty days after the last use, which lies before anybody left.
                expires_at: text("2026-08-19T03:04:05.000Z"),
            }),
            Place::Consent => org.grants.push(OktaGrant {
                id: id.clone(),
                status: text(if grant.enabled { "ACTIVE" } else { "REVOKED" }),
                client: text("0oacrm00000000000000"),
                scope: text("offline_access"),
                user: Some(user.clone()),
                created_by: user,
                created: text("2026-01-02T03:04:05.000Z"),
            }),
            Place::ApiToken | Place::Account | Place::Token | Place::User | Place::Key => {}
        }
    }
    if let (true, Some(user)) = (faults.contains(&Fault::OktaUnknownStatus), org.users.first_mut()) {
        met.fired(Fault::OktaUnknownStatus);
        user.status = text("PARKED");
    }
    org.users.push(OktaUser::new(OWN, "scanner@acme.example"));
    org.roles.push(OktaRole::standard("ra0readonly", "READ_ONLY_ADMIN", OWN));
    org.policies.push((text("00p1"), text("ACTIVE"), vec![(text("ACTIVE"), text("ALLOW"), Some(720))]));
    org
}

/// What the scanner of a run is made of.
pub(crate) struct Asking<'a> {
    pub(crate) truth: &'a Truth,
    pub(crate) faults: &'a [Fault],
    pub(crate) met: &'a Arc<Met>,
    pub(crate) time: &'a Arc<RunTime>,
    pub(crate) canaries: &'a Canaries,
    pub(crate) token: &'a str,
    /// Decides which list a fault meets.
    pub(crate) turn: u64,
}

/// How the organisation is configured.
pub(crate) fn settings() -> Settings {
    let address = Address::parse("https://acme.okta.com").expect("an address");
    let token = SignIn::ApiToken { token: SecretRef::Environment(text("OKTA")) };
    Settings::new("okta".into(), address, Organisation::parse(ORG), token)
}

impl Asking<'_> {
    /// The real scanner, and the wire it stands on.
    pub(crate) fn scanner(&self) -> (Okta, Arc<SimWire>) {
        let stub = OktaStub::new(organisation(self.truth, self.faults, self.met))
            .with_api_token(self.token, OWN)
            .with_pages_of(PAGE);
        if self.faults.contains(&Fault::OktaRightLost) {
            let rights = ["okta.users.read", "okta.apps.read", "okta.apiTokens.read", "okta.logs.read"];
            stub.take_right(rights[usize::try_from(self.turn % 4).expect("small")]);
            self.met.fired(Fault::OktaRightLost);
        }
        let wire = Arc::new(SimWire {
            stub,
            line: Line::new(self.faults, self.turn, Arc::clone(self.met)),
            time: Arc::clone(self.time),
            canaries: self.canaries.clone(),
            attempts: Mutex::default(),
            strayed: AtomicBool::new(false),
        });
        let settings = settings();
        let time = Arc::clone(self.time);
        let door = Door::over(
            settings.door(),
            settings.allow(),
            Arc::new(move || time.now()),
            Arc::<SimWire>::clone(&wire) as Arc<dyn Wire>,
        );
        let ways = Ways { door: door.expect("a door"), secrets: Arc::new(Token(String::from(self.token))) };
        (Okta::new(settings, ways).expect("a scanner"), wire)
    }
}

/// The answer with its body replaced by an empty list.
pub(crate) fn emptied(answer: Answer) -> Answer {
    answer.edit(|value| *value = serde_json::json!([]))
}
