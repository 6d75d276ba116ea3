//! One scene: an organisation, a server before it, the scanner, and everything it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use holdover_kit::fault::{Asked, FaultServer, path_fits};
use holdover_kit::stub::github::{GitHubStub, Means, Truth};
use scan_contract::{Access, AccessKind, Cause, Gap, Item, Pass, Scanner, Scope, channel};
use scan_github::{ALLOW, ALLOW_SERVER, Edition, GitHub, Organisation, Settings, SignIn, Ways};
use scan_transport::{Door, PaceSettings, Secret, SecretRef, Secrets};

/// The token of a person.
pub(crate) const TOKEN: &str = "ghp_s3cretOfTheScanner0000000000";

/// A private key, made once.
pub(crate) fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("an RSA key").serialize_pem())
}

/// Secrets in memory.
pub(crate) struct Kept;

impl Secrets for Kept {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        match reference {
            SecretRef::Environment(name) if name == "TOKEN" => Ok(Secret::from(String::from(TOKEN))),
            SecretRef::Environment(name) if name == "KEY" => Ok(Secret::from(String::from(private_key()))),
            _ => {
                Err(Cause::Unreachable { step: String::from("fetch a secret"), detail: String::from("no such secret") })
            }
        }
    }
}

/// How we sign in, in tests.
pub(crate) fn app() -> SignIn {
    let private_key = SecretRef::Environment(String::from("KEY"));
    SignIn::App { issuer: String::from("Iv1.abc"), private_key, installation_id: None }
}

pub(crate) fn token() -> SignIn {
    SignIn::Token(SecretRef::Environment(String::from("TOKEN")))
}

/// Pace for tests: fast, and with waits that end.
pub(crate) fn quick() -> PaceSettings {
    PaceSettings {
        per_second: 5_000.0,
        burst: 5_000,
        in_flight: 8,
        share: 1.0,
        retry_share: 1.0,
        attempts: 3,
        longest_wait: Duration::from_secs(2),
    }
}

/// A scene.
pub(crate) struct Scene {
    pub stub: Arc<GitHubStub>,
    pub server: FaultServer,
    pub scanner: GitHub,
}

/// Settings for a server at this origin.
pub(crate) fn settings(origin: &str, edition: Edition, sign_in: SignIn) -> Settings {
    let organisation = Organisation { login: String::from("acme"), id: Some(4711) };
    let mut settings = Settings::new("gh".into(), organisation, origin.parse().expect("an origin"), sign_in);
    settings.edition = edition;
    settings.connection.internal = true;
    settings.connection.plain_to_loopback = true;
    settings.connection.pace = Some(quick());
    settings.budget_share = 1.0;
    settings.enterprise = Some(String::from("acme-inc"));
    settings
}

/// The name of the row a request belongs to: the list under test is the list that ships.
pub(crate) fn named(asked: &Asked) -> Option<String> {
    let rows = ALLOW.operations.iter().chain(ALLOW_SERVER.operations);
    rows.into_iter()
        .find(|row| row.method == asked.method && path_fits(row.path, &asked.segments))
        .map(|row| String::from(row.name))
}

impl Scene {
    pub(crate) fn new(truth: Truth, means: Means) -> Self {
        Self::with(truth, means, Edition::Cloud, |_| {})
    }

    pub(crate) fn with(truth: Truth, means: Means, edition: Edition, change: impl FnOnce(&mut Settings)) -> Self {
        let stub = GitHubStub::new(truth, means.clone(), TOKEN);
        let stub = Arc::new(if edition == Edition::Server { stub.server() } else { stub });
        let server = FaultServer::build(Arc::clone(&stub)).operations(named).start();
        let sign_in = if means == Means::App { app() } else { token() };
        let mut settings = settings(server.origin(), edition, sign_in);
        change(&mut settings);
        let (scanner, _) = scanner(settings);
        Self { stub, server, scanner }
    }

    pub(crate) async fn read(&self) -> Reading {
        read(&self.scanner).await
    }
}

#[expect(clippy::disallowed_methods, reason = "a test beside real sockets has the real time")]
pub(crate) fn scanner(settings: Settings) -> (GitHub, Door) {
    let door = Door::open(settings.door(), settings.allow(), Arc::new(chrono::Utc::now)).expect("a door");
    let ways = Ways { door: door.clone(), secrets: Arc::new(Kept) };
    (GitHub::new(settings, ways).expect("a scanner"), door)
}

/// One scope as it was read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Read {
    pub kind: String,
    pub opened: bool,
    pub records: BTreeMap<(AccessKind, String), Access>,
    pub gaps: Vec<Gap>,
    pub sealed: Option<Option<u64>>,
}

impl Read {
    /// Complete by the contract's own words: sealed, as many as announced, and no gap.
    pub(crate) fn is_complete(&self) -> bool {
        let enough = self.sealed.flatten().is_none_or(|announced| announced == self.records.len() as u64);
        self.opened && self.sealed.is_some() && enough && self.gaps.is_empty()
    }
}

/// Everything a scanner said.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub scopes: BTreeMap<String, Read>,
    pub offered: BTreeSet<String>,
    pub notices: Vec<String>,
    pub failures: Vec<(String, Cause)>,
}

impl Reading {
    pub(crate) fn scope(&self, name: &str) -> &Read {
        self.scopes.get(name).unwrap_or_else(|| panic!("no scope {name}: {:?}", self.scopes.keys()))
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self, name: &str) {
        let scope = self.scope(name);
        assert!(
            scope.is_complete(),
            "{name}: {:?}, sealed {:?}, {} records",
            scope.gaps,
            scope.sealed,
            scope.records.len()
        );
    }

    /// Names of scopes that are not complete.
    pub(crate) fn incomplete(&self) -> Vec<&str> {
        self.scopes.iter().filter(|(_, scope)| !scope.is_complete()).map(|(name, _)| name.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn record(&self, scope: &str, kind: AccessKind, id: &str) -> &Access {
        let found = self.scope(scope).records.get(&(kind, String::from(id)));
        found.unwrap_or_else(|| panic!("{scope} has no {kind} {id}: {:?}", self.scope(scope).records.keys()))
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Access> {
        self.scopes.values().flat_map(|scope| scope.records.values())
    }

    /// Every gap as `scope/part: cause`.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let shown = |gap: &Gap| {
            let scope = gap.scope.as_ref().map_or("everything", |scope| scope.as_str());
            format!("{scope}/{}: {}", gap.part.as_deref().unwrap_or("-"), gap.cause)
        };
        self.scopes.values().flat_map(|scope| scope.gaps.iter().map(shown)).collect()
    }
}

/// Reads everything the scanner declares, then every follow-up it offers, in one pass.
pub(crate) async fn read(scanner: &GitHub) -> Reading {
    let mut reading = Reading::default();
    let mut offered: Vec<Scope> = Vec::new();
    for pass in scanner.declare().await.expect("scopes") {
        walk(scanner, pass, &mut reading, &mut offered).await;
    }
    if !offered.is_empty() {
        offered.sort_by(|one, other| one.name.cmp(&other.name));
        walk(scanner, Pass::new("follow-ups", std::mem::take(&mut offered)), &mut reading, &mut Vec::new()).await;
    }
    reading
}

pub(crate) async fn walk(scanner: &GitHub, pass: Pass, reading: &mut Reading, offered: &mut Vec<Scope>) {
    for scope in &pass.scopes {
        let fresh = Read { kind: scope.kind.clone(), ..Read::default() };
        assert!(reading.scopes.insert(scope.name.to_string(), fresh).is_none(), "{} twice", scope.name);
    }
    let (outlet, mut receiver) = channel(4);
    let hear = async {
        while let Some(item) = receiver.recv().await {
            match item {
                Item::Open { scope, .. } => reading.scopes.get_mut(scope.as_str()).expect("declared").opened = true,
                Item::Sheet { sheet, .. } => {
                    for position in 0..sheet.len() {
                        let access = sheet.decode(position).expect("a record");
                        let scope = reading.scopes.get_mut(access.scope.as_str()).expect("declared");
                        assert!(scope.sealed.is_none(), "{}: a record after the seal", access.scope);
                        scope.records.insert((access.kind, access.grant_id.to_string()), access);
                    }
                }
                Item::Scopes(found) => {
                    reading.offered.extend(found.iter().map(|scope| scope.name.to_string()));
                    offered.extend(found);
                }
                Item::Gap(gap) => {
                    let scope = gap.scope.as_ref().expect("a gap of one scope").as_str();
                    reading.scopes.get_mut(scope).expect("declared").gaps.push(gap);
                }
                Item::Notice(text) => reading.notices.push(text),
                Item::Seal { scope, proof } => {
                    let scope = reading.scopes.get_mut(scope.as_str()).expect("declared");
                    assert!(scope.sealed.replace(proof.announced).is_none(), "sealed twice");
                }
            }
        }
    };
    let (result, ()) = tokio::join!(scanner.read(&pass, outlet), hear);
    if let Err(cause) = result {
        for scope in &pass.scopes {
            let read = reading.scopes.get_mut(scope.name.as_str()).expect("declared");
            if read.sealed.is_none() {
                read.gaps.push(Gap::scope(&scope.name, cause.clone()));
            }
        }
        reading.failures.push((pass.name, cause));
    }
}
