//! One scene: a cluster, a server before it, the scanner, and everything it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use holdover_kit::fault::{Asked, FaultServer};
use holdover_kit::stub::vault::VaultStub;
use scan_contract::{Access, AccessKind, Cause, Gap, Item, Pass, Scanner, Scope, channel};
use scan_transport::{Door, PaceSettings, Request, Secret, SecretRef, Secrets};
use scan_vault::{ALLOW, Cluster, Settings, SignIn, Switch, Vault, Ways};

/// Secrets in memory.
pub(crate) struct Kept;

impl Secrets for Kept {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        match reference {
            SecretRef::Environment(text) => Ok(Secret::from(text.clone())),
            _ => {
                Err(Cause::Unreachable { step: String::from("fetch a secret"), detail: String::from("no such secret") })
            }
        }
    }
}

/// A secret that is written in the test.
pub(crate) fn secret(text: &str) -> SecretRef {
    SecretRef::Environment(text.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a test beside real sockets has the real time")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Fast, and with waits that end.
pub(crate) fn quick() -> PaceSettings {
    PaceSettings {
        per_second: 20_000.0,
        burst: 20_000,
        in_flight: 8,
        share: 1.0,
        retry_share: 1.0,
        attempts: 2,
        longest_wait: Duration::from_secs(2),
    }
}

/// The row a request belongs to: the list under test is the list that ships.
pub(crate) fn named(asked: &Asked) -> Option<String> {
    let mut request = Request::get(asked.address().parse().ok()?);
    request.method = asked.method.parse().ok()?;
    request.body = asked.body.clone();
    ALLOW.find_request(&request).ok().map(|row| String::from(row.name))
}

/// Settings for a server at this origin, with everything on.
pub(crate) fn settings(origin: &str) -> Settings {
    let cluster = Cluster::Id(String::from("d45f33c8-9ca5-61da-750e-7a7a088210f5"));
    let token = SignIn::Token(secret("root"));
    let mut settings = Settings::new("vault", origin.parse().expect("an origin"), cluster, token);
    settings.connection.internal = true;
    settings.connection.plain_to_loopback = true;
    settings.connection.pace = Some(quick());
    settings.token_accessors = Switch::On;
    settings.leases = Switch::On;
    settings.secret_owners = Switch::On;
    settings.namespaces = scan_vault::Namespaces::Discover;
    settings
}

/// A scanner and its door.
pub(crate) fn scanner(settings: Settings) -> (Vault, Door) {
    let door = Door::open(settings.door().expect("an address"), &ALLOW, Arc::new(now)).expect("a door");
    let ways = Ways { door: door.clone(), secrets: Arc::new(Kept) };
    (Vault::new(settings, ways).expect("a scanner"), door)
}

/// A scene.
pub(crate) struct Scene {
    pub(crate) stub: Arc<VaultStub>,
    pub(crate) server: FaultServer,
    pub(crate) scanner: Vault,
}

impl Scene {
    pub(crate) fn usual() -> Self {
        Self::with(VaultStub::usual(now()), |_| {})
    }

    pub(crate) fn with(stub: VaultStub, change: impl FnOnce(&mut Settings)) -> Self {
        let stub = Arc::new(stub);
        let server = FaultServer::build(Arc::clone(&stub)).operations(named).start();
        let mut settings = settings(server.origin());
        change(&mut settings);
        let (scanner, _) = scanner(settings);
        Self { stub, server, scanner }
    }

    pub(crate) async fn read(&self) -> Said {
        let said = read(&self.scanner).await;
        assert_eq!(self.stub.values_read(), 0, "a value of a secret was asked for");
        said
    }
}

/// One scope as it was read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Read {
    pub(crate) kind: String,
    pub(crate) opened: bool,
    pub(crate) records: BTreeMap<(AccessKind, String), Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) announced: Option<u64>,
    pub(crate) sealed: bool,
}

impl Read {
    /// Complete by the contract's own words: sealed, as many as announced, and no gap.
    pub(crate) fn is_complete(&self) -> bool {
        self.opened && self.sealed && self.gaps.is_empty() && self.announced == Some(self.records.len() as u64)
    }

    pub(crate) fn one(&self, kind: AccessKind, id: &str) -> &Access {
        self.records.get(&(kind, id.to_owned())).unwrap_or_else(|| panic!("no {kind} {id}: {:?}", self.records.keys()))
    }
}

/// Everything a scanner said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) scopes: BTreeMap<String, Read>,
    pub(crate) offered: BTreeMap<String, Scope>,
    pub(crate) notices: Vec<String>,
    pub(crate) failures: Vec<Cause>,
}

impl Said {
    pub(crate) fn scope(&self, name: &str) -> &Read {
        self.scopes.get(name).unwrap_or_else(|| panic!("no scope {name}: {:?}", self.scopes.keys()))
    }

    /// Scopes that are not complete.
    pub(crate) fn incomplete(&self) -> BTreeSet<String> {
        self.scopes.iter().filter(|(_, read)| !read.is_complete()).map(|(name, _)| name.clone()).collect()
    }

    /// Every record, in order.
    pub(crate) fn records(&self) -> Vec<&Access> {
        self.scopes.values().flat_map(|read| read.records.values()).collect()
    }

    pub(crate) fn gaps(&self) -> Vec<String> {
        let shown = |gap: &Gap| {
            let scope = gap.scope.as_ref().map_or("everywhere", |scope| scope.as_str());
            format!("{scope} {}: {}", gap.part.as_deref().unwrap_or("-"), gap.cause)
        };
        self.scopes.values().flat_map(|read| &read.gaps).map(shown).collect()
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Open { scope, .. } => self.at(scope.as_str()).opened = true,
            Item::Sheet { sheet, .. } => {
                for position in 0..sheet.len() {
                    let access = sheet.decode(position).expect("a record");
                    let key = (access.kind, access.grant_id.as_str().to_owned());
                    let known = self.at(access.scope.as_str()).records.insert(key, access);
                    assert!(known.is_none(), "told twice: {known:?}");
                }
            }
            Item::Scopes(found) => {
                for scope in found {
                    if scope.bound_to.is_some() {
                        self.offered.insert(scope.name.as_str().to_owned(), scope);
                    } else {
                        self.declare(&scope);
                    }
                }
            }
            Item::Gap(gap) => {
                let scope = gap.scope.clone().expect("a gap names its scope");
                self.at(scope.as_str()).gaps.push(gap);
            }
            Item::Notice(text) => self.notices.push(text),
            Item::Seal { scope, proof } => {
                let read = self.at(scope.as_str());
                read.sealed = true;
                read.announced = proof.announced;
            }
        }
    }

    fn at(&mut self, name: &str) -> &mut Read {
        self.scopes.get_mut(name).unwrap_or_else(|| panic!("{name} was never declared"))
    }

    fn declare(&mut self, scope: &Scope) {
        let read = Read { kind: scope.kind.clone(), ..Read::default() };
        self.scopes.insert(scope.name.as_str().to_owned(), read);
    }
}

/// Reads one pass into `said`.
pub(crate) async fn read_pass(scanner: &Vault, pass: &Pass, said: &mut Said) {
    let (outlet, mut receiver) = channel(4);
    let reading = scanner.read(pass, outlet);
    tokio::pin!(reading);
    let mut ended = false;
    loop {
        tokio::select! {
            result = &mut reading, if !ended => {
                ended = true;
                if let Err(cause) = result {
                    said.failures.push(cause);
                }
            }
            item = receiver.recv() => match item {
                Some(item) => said.take(item),
                None => break,
            },
        }
    }
    if !ended && let Err(cause) = reading.await {
        said.failures.push(cause);
    }
}

/// Declares, reads everything, and all follow-ups.
pub(crate) async fn read(scanner: &Vault) -> Said {
    let mut said = Said::default();
    let passes = scanner.declare().await.expect("scopes are declared without a word of the server");
    for pass in &passes {
        for scope in &pass.scopes {
            said.declare(scope);
        }
    }
    for pass in &passes {
        read_pass(scanner, pass, &mut said).await;
    }
    let follow_ups: Vec<Scope> = said.offered.values().cloned().collect();
    read_follow_ups(scanner, follow_ups, &mut said).await;
    said
}

/// Reads these follow-ups.
pub(crate) async fn read_follow_ups(scanner: &Vault, scopes: Vec<Scope>, said: &mut Said) {
    for some in scopes.chunks(200) {
        for scope in some {
            said.declare(scope);
        }
        read_pass(scanner, &Pass::new("follow-ups", some.to_vec()), said).await;
    }
}
