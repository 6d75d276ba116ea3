//! A scanner before a stub, and what it told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdover_kit::fault::{Asked, Build, FaultServer};
use holdover_kit::stub::okta::{OktaStub, ServiceApp};
use scan_contract::{Access, AccessKind, Cause, Gap, Item, Outlet, Pass, Scanner, Scope, ScopeName, SystemId, channel};
use scan_okta::{ALLOW, Address, Okta, Organisation, Settings, SignIn, Ways};
use scan_transport::{Connection, Door, PaceSettings, Request, Secret, SecretRef, Secrets};

use crate::keys::Pair;
use crate::world;

/// The API token of the scanner in these tests.
pub(crate) const TOKEN: &str = "00-api-token-s3cr3t";

/// Secrets by name.
pub(crate) struct Fixed(pub(crate) BTreeMap<String, String>);

impl Secrets for Fixed {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        let SecretRef::Environment(name) = reference else {
            return Err(Cause::Bug { what: String::from("a test names secrets") });
        };
        match self.0.get(name) {
            Some(secret) => Ok(Secret::from(secret.as_str())),
            None => Err(Cause::Unreachable { step: format!("read {name}"), detail: String::from("not set") }),
        }
    }
}

/// A stub with its server, and a scanner that asks it.
pub(crate) struct Bench {
    pub(crate) stub: Arc<OktaStub>,
    pub(crate) server: FaultServer,
    pub(crate) settings: Settings,
    pub(crate) secrets: BTreeMap<String, String>,
}

/// The name of a request by the list that ships; `None` fails the test.
pub(crate) fn operation(asked: &Asked) -> Option<String> {
    let url = asked.address().parse().ok()?;
    let method = asked.method.parse().ok()?;
    let request = Request { method, url, headers: asked.headers.clone(), body: asked.body.clone() };
    ALLOW.find_request(&request).ok().map(|operation| String::from(operation.name))
}

impl Bench {
    /// An API token as the way in.
    pub(crate) fn with_token(stub: OktaStub) -> Self {
        let stub = stub.with_api_token(TOKEN, world::SCANNER);
        let sign_in = SignIn::ApiToken { token: SecretRef::Environment(String::from("token")) };
        Self::new(stub, sign_in, |build| build, [(String::from("token"), String::from(TOKEN))].into())
    }

    /// A service app with every scope as the way in.
    pub(crate) fn with_app(stub: OktaStub) -> Self {
        let pair = Pair::elliptic();
        let app = service_app(&pair);
        let sign_in = SignIn::ServiceApp {
            client_id: app.client_id.clone(),
            key_id: Some(pair.id.clone()),
            key: SecretRef::Environment(String::from("key")),
        };
        let stub = stub.with_service_app(app);
        Self::new(stub, sign_in, |build| build, [(String::from("key"), pair.private_pem)].into())
    }

    pub(crate) fn new(
        stub: OktaStub,
        sign_in: SignIn,
        build: impl FnOnce(Build) -> Build,
        secrets: BTreeMap<String, String>,
    ) -> Self {
        let stub = Arc::new(stub);
        let server = build(FaultServer::build(Arc::clone(&stub)).operations(operation)).start();
        let address = Address::parse(server.origin()).expect("the server's address");
        let organisation = Organisation::parse(&stub.truth().id);
        let mut settings = Settings::new(SystemId::new("okta"), address, organisation, sign_in);
        settings.connection = connection();
        Self { stub, server, settings, secrets }
    }

    /// A scanner with these settings.
    pub(crate) fn okta(&self) -> Okta {
        self.okta_with(self.settings.clone())
    }

    pub(crate) fn okta_with(&self, settings: Settings) -> Okta {
        let door = Door::open(settings.door(), &ALLOW, clock()).expect("a door");
        self.okta_through(settings, door)
    }

    pub(crate) fn okta_through(&self, settings: Settings, door: Door) -> Okta {
        let secrets = Arc::new(Fixed(self.secrets.clone()));
        Okta::new(settings, Ways { door, secrets }).expect("a scanner")
    }
}

/// A clock that tells the time.
pub(crate) fn clock() -> scan_transport::door::Now {
    #[expect(clippy::disallowed_methods, reason = "a test has no other clock")]
    Arc::new(chrono::Utc::now)
}

/// To a server on loopback, in plain text, without shyness.
pub(crate) fn connection() -> Connection {
    let pace = PaceSettings {
        per_second: 100_000.0,
        burst: 100_000,
        in_flight: 4,
        share: 1.0,
        retry_share: 1.0,
        attempts: 3,
        ..PaceSettings::default()
    };
    Connection { internal: true, plain_to_loopback: true, pace: Some(pace), ..Connection::default() }
}

/// A service app with this key and every scope that is needed.
pub(crate) fn service_app(pair: &Pair) -> ServiceApp {
    ServiceApp {
        client_id: String::from(world::CLIENT),
        keys: [(pair.id.clone(), pair.public_pem.clone())].into(),
        scopes: ALLOW.rights().into_iter().map(|right| String::from(right.name)).collect(),
        demands_dpop: false,
    }
}

/// Everything a scanner told.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) records: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) opened: BTreeSet<ScopeName>,
    pub(crate) sealed: BTreeSet<ScopeName>,
    pub(crate) offered: Vec<Scope>,
    pub(crate) notices: Vec<String>,
    pub(crate) error: Option<Cause>,
}

impl Told {
    /// Sealed, and nothing is missing.
    pub(crate) fn is_whole(&self, scope: &str) -> bool {
        self.sealed.contains(scope) && self.gaps_of(scope).is_empty()
    }

    /// Gaps that concern a scope.
    pub(crate) fn gaps_of(&self, scope: &str) -> Vec<&Gap> {
        self.gaps.iter().filter(|gap| gap.scope.as_ref().is_none_or(|name| name.as_str() == scope)).collect()
    }

    /// The causes of a scope's gaps.
    pub(crate) fn causes_of(&self, scope: &str) -> Vec<&Cause> {
        self.gaps_of(scope).into_iter().map(|gap| &gap.cause).collect()
    }

    /// Records of one scope.
    pub(crate) fn of(&self, scope: &str) -> Vec<&Access> {
        self.records.iter().filter(|record| record.scope.as_str() == scope).collect()
    }

    /// The one record of a kind with this id.
    pub(crate) fn one(&self, kind: AccessKind, id: &str) -> &Access {
        let mut found = self.records.iter().filter(|record| record.kind == kind && record.grant_id.as_str() == id);
        let first = found.next().unwrap_or_else(|| panic!("no {kind} {id}"));
        assert!(found.next().is_none(), "{kind} {id} is there twice");
        first
    }

    /// Ids of records of a kind.
    pub(crate) fn ids(&self, kind: AccessKind) -> BTreeSet<&str> {
        self.records.iter().filter(|record| record.kind == kind).map(|record| record.grant_id.as_str()).collect()
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Open { scope, as_of } => {
                assert!(as_of.is_some(), "{scope} does not say when it was read");
                self.opened.insert(scope);
            }
            Item::Sheet { sheet, .. } => {
                assert!(!sheet.is_empty(), "an empty page");
                self.records.extend((0..sheet.len()).map(|index| sheet.decode(index).expect("a record")));
            }
            Item::Scopes(found) => self.offered.extend(found),
            Item::Gap(gap) => self.gaps.push(gap),
            Item::Notice(text) => self.notices.push(text),
            Item::Seal { scope, .. } => {
                assert!(self.opened.contains(&scope), "{scope} was sealed and never opened");
                assert!(self.sealed.insert(scope), "sealed twice");
            }
        }
    }

    /// The same in one order, for comparing two reads.
    pub(crate) fn sorted(mut self) -> Self {
        let key = |record: &Access| (record.scope.clone(), record.kind, record.grant_id.clone());
        self.records.sort_by_key(key);
        self.gaps.sort_by_key(|gap| format!("{gap:?}"));
        self.offered.sort_by_key(|scope| scope.name.clone());
        self
    }
}

/// Reads one pass.
pub(crate) async fn read(okta: &Okta, pass: &Pass) -> Told {
    let (outlet, mut receiver): (Outlet, _) = channel(4);
    let mut told = Told::default();
    let collect = async {
        while let Some(item) = receiver.recv().await {
            told.take(item);
        }
    };
    let (ended, ()) = tokio::join!(okta.read(pass, outlet), collect);
    told.error = ended.err();
    told
}

/// Reads every declared pass.
pub(crate) async fn read_lists(okta: &Okta) -> Told {
    let mut all = Told::default();
    for pass in okta.declare().await.expect("passes") {
        let told = read(okta, &pass).await;
        assert_eq!(told.error, None, "pass {}", pass.name);
        all.records.extend(told.records);
        all.gaps.extend(told.gaps);
        all.opened.extend(told.opened);
        all.sealed.extend(told.sealed);
        all.offered.extend(told.offered);
        all.notices.extend(told.notices);
    }
    all
}

/// Reads the follow-ups of one user, by their names alone.
pub(crate) async fn follow(okta: &Okta, told: &Told, user: &str) -> Told {
    let scopes: Vec<Scope> = told
        .offered
        .iter()
        .filter(|scope| {
            let holder = scope.bound_to.as_ref().expect("a follow-up is bound");
            holder.provider_id.as_deref() == Some(user)
        })
        .map(|scope| Scope::new(scope.name.clone(), scope.kind.clone()))
        .collect();
    assert!(!scopes.is_empty(), "nothing was offered for {user}");
    let told = read(okta, &Pass::new("follow-ups", scopes)).await;
    assert_eq!(told.error, None);
    told
}
