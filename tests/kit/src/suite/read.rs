//! Reads a scanner to its end without the engine, and believes nothing it was not told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{
    Access, AccessKind, Cause, EndProof, Gap, GrantId, Identity, Item, Pass, ProofKind, Scanner, Scope, ScopeState,
    channel,
};
use tokio::task::JoinSet;

/// Scopes in one pass of follow-ups.
const FOLLOW_UPS_A_PASS: usize = 100;
/// No reading of a stub takes longer.
const LONGEST: Duration = Duration::from_mins(2);

/// Which follow-up scopes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// None.
    Nobody,
    /// All that are offered.
    Everybody,
}

/// What is kept of what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    Records,
    /// Numbers only, and no follow-ups: for large worlds.
    Counts,
}

/// One scope as it was read.
#[derive(Debug, Clone, Default)]
pub struct ScopeReading {
    /// The manifest's kind.
    pub kind: String,
    /// Whether it is a follow-up.
    pub follow_up: bool,
    /// Whether reading began.
    pub opened: bool,
    /// Its records by kind and id, those that came last where an id came twice.
    pub records: BTreeMap<(AccessKind, GrantId), Access>,
    /// Records that came, repeated ones included.
    pub count: u64,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// The proof of its end.
    pub proof: Option<EndProof>,
}

impl ScopeReading {
    /// What the engine would make of it, without its comparisons with earlier runs.
    pub fn state(&self) -> ScopeState {
        if let Some(gap) = self.gaps.iter().find(|gap| gap.part.is_none()) {
            return if self.count > 0 && gap.cause.state() != ScopeState::Denied {
                ScopeState::Partial
            } else {
                gap.cause.state()
            };
        }
        let proven = self.proof.as_ref().is_some_and(|proof| proof.kind != ProofKind::EndOfFile);
        let enough = self.proof.as_ref().and_then(|proof| proof.announced).is_none_or(|total| self.count >= total);
        if self.opened && proven && enough && self.gaps.is_empty() { ScopeState::Complete } else { ScopeState::Partial }
    }

    /// Whether it is complete.
    pub fn is_complete(&self) -> bool {
        self.state() == ScopeState::Complete
    }

    /// Whether it says that it is never read in this configuration, and nothing was.
    pub fn is_told_unread(&self) -> bool {
        let never =
            |cause: &Cause| matches!(cause, Cause::Needs { .. } | Cause::NotOnPlan { .. } | Cause::NotSupported { .. });
        self.count == 0 && !self.gaps.is_empty() && self.gaps.iter().all(|gap| never(&gap.cause))
    }

    /// Its gaps in words.
    pub fn shown_gaps(&self) -> String {
        let shown = |gap: &Gap| match &gap.part {
            Some(part) => format!("{part}: {}", gap.cause),
            None => gap.cause.to_string(),
        };
        if self.gaps.is_empty() {
            return format!("no gap named, opened {}, proof {:?}", self.opened, self.proof);
        }
        self.gaps.iter().map(shown).collect::<Vec<_>>().join("; ")
    }
}

/// Everything a scanner said.
#[derive(Debug, Default)]
pub struct Reading {
    /// Who the other side says it is.
    pub identity: Option<Result<Identity, Cause>>,
    /// The scopes by name.
    pub scopes: BTreeMap<String, ScopeReading>,
    /// What was said that is no gap.
    pub notices: Vec<String>,
    /// Names of the follow-ups that were offered.
    pub offered: BTreeSet<String>,
    /// What breaks the contract between scanner and engine, whatever the service did.
    pub breaches: Vec<String>,
    /// Why scopes could not be declared.
    pub undeclared: Option<Cause>,
    /// What giving the credential back said.
    pub closed: Option<Cause>,
    /// Where the service was; two readings are compared as if it had been at one place.
    pub origin: String,
    seen: BTreeMap<(AccessKind, GrantId), String>,
}

impl Reading {
    /// A scanner that could not be made.
    pub fn without(cause: Cause) -> Self {
        Self { undeclared: Some(cause), ..Self::default() }
    }

    /// The same, read from this server.
    #[must_use]
    pub fn at(mut self, server: &crate::fault::FaultServer) -> Self {
        self.origin = String::from(server.origin());
        self
    }

    /// A record in words, without the place of the service.
    pub(super) fn shown(&self, access: &Access) -> String {
        let text = format!("{access:#?}");
        if self.origin.is_empty() { text } else { text.replace(&self.origin, "ORIGIN") }
    }

    /// Whether every scope is complete, but for those that say they are never read; and there is one.
    pub fn is_whole(&self) -> bool {
        self.scopes.values().any(ScopeReading::is_complete)
            && self.scopes.values().all(|scope| scope.is_complete() || scope.is_told_unread())
    }

    /// Whether every scope is as far as it can get, which `whole` shows.
    pub fn is_as_far_as(&self, whole: &Self) -> bool {
        self.undeclared.is_none() && self.scopes.iter().all(|(name, scope)| !is_spoilt(whole, name, scope))
    }

    /// The scopes of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a ScopeReading)> {
        self.scopes.iter().filter(move |(_, scope)| scope.kind == kind)
    }

    /// Records of one kind in all scopes of one kind.
    pub fn records<'a>(&'a self, scope_kind: &'a str, kind: AccessKind) -> impl Iterator<Item = &'a Access> {
        let scopes = self.of_kind(scope_kind).flat_map(|(_, scope)| scope.records.values());
        scopes.filter(move |access| access.kind == kind)
    }

    /// Every gap there is.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.scopes.values().flat_map(|scope| &scope.gaps)
    }

    /// All of it as text, for a search.
    pub fn text(&self) -> String {
        let causes: Vec<String> = self.gaps().map(|gap| gap.cause.to_string()).collect();
        format!("{self:#?}\n{}", causes.join("\n"))
    }

    /// Scopes that are not complete, with their gaps.
    pub fn shown_gaps(&self) -> String {
        let open = self.scopes.iter().filter(|(_, scope)| !scope.is_complete());
        open.map(|(name, scope)| ["\n    ", name, ": ", &scope.shown_gaps()].concat()).collect()
    }

    fn breach(&mut self, what: String) {
        if self.breaches.len() < 50 {
            self.breaches.push(what);
        }
    }

    fn declare(&mut self, scope: &Scope) {
        let fresh =
            ScopeReading { kind: scope.kind.clone(), follow_up: scope.bound_to.is_some(), ..ScopeReading::default() };
        if self.scopes.insert(String::from(scope.name.as_str()), fresh).is_some() {
            self.breach(format!("scope {} is declared twice", scope.name));
        }
    }
}

/// Whether a scope got less far than in a whole reading.
pub(super) fn is_spoilt(whole: &Reading, name: &str, scope: &ScopeReading) -> bool {
    let never = whole.scopes.get(name).is_some_and(ScopeReading::is_told_unread) && scope.is_told_unread();
    !scope.is_complete() && !never
}

/// One walk under way.
struct Walk<'a> {
    reading: &'a mut Reading,
    keep: Keep,
    /// Scopes of this pass, and whether each was sealed.
    pass: BTreeMap<String, bool>,
    offered: Vec<Scope>,
}

impl Walk<'_> {
    fn take(&mut self, item: Item) {
        match item {
            Item::Open { scope, .. } => self.with(scope.as_str(), |scope| scope.opened = true),
            Item::Sheet { sheet, .. } => {
                for index in 0..sheet.len() {
                    match (self.keep, sheet.decode(index)) {
                        (Keep::Counts, _) => self.with(sheet.head(index).scope.as_str(), |scope| scope.count += 1),
                        (Keep::Records, Ok(access)) => self.record(access),
                        (Keep::Records, Err(cause)) => {
                            self.reading.breach(format!("a record does not decode: {cause}"));
                        }
                    }
                }
            }
            Item::Scopes(found) => self.found(found),
            Item::Gap(gap) => match &gap.scope {
                Some(scope) => self.with(&String::from(scope.as_str()), |scope| scope.gaps.push(gap)),
                None => {
                    for name in self.pass.keys() {
                        if let Some(scope) = self.reading.scopes.get_mut(name) {
                            scope.gaps.push(gap.clone());
                        }
                    }
                }
            },
            Item::Notice(text) => self.reading.notices.push(text),
            Item::Seal { scope, proof } => {
                let name = String::from(scope.as_str());
                if self.pass.insert(name.clone(), true) == Some(true) {
                    self.reading.breach(format!("scope {name} is sealed twice in one walk"));
                }
                self.with(&name, |scope| scope.proof = Some(proof));
            }
        }
    }

    fn found(&mut self, found: Vec<Scope>) {
        for scope in found {
            if scope.bound_to.is_some() {
                if self.keep == Keep::Records && self.reading.offered.insert(String::from(scope.name.as_str())) {
                    self.offered.push(scope);
                }
            } else {
                self.pass.insert(String::from(scope.name.as_str()), false);
                self.reading.declare(&scope);
            }
        }
    }

    fn with(&mut self, name: &str, change: impl FnOnce(&mut ScopeReading)) {
        if !self.pass.contains_key(name) {
            self.reading.breach(format!("scope {name} is spoken of in a walk that does not serve it"));
        }
        match self.reading.scopes.get_mut(name) {
            Some(scope) => change(scope),
            None => self.reading.breach(format!("scope {name} was never declared")),
        }
    }

    fn record(&mut self, access: Access) {
        let scope = String::from(access.scope.as_str());
        let key = (access.kind, access.grant_id.clone());
        let sealed = self.pass.get(&scope) == Some(&true);
        if sealed {
            self.reading.breach(format!("{:?} comes after the seal of {scope}", access.grant_id));
        }
        let elsewhere = self.reading.seen.insert(key.clone(), scope.clone()).filter(|first| *first != scope);
        if let Some(first) = elsewhere {
            self.reading.breach(format!("{} {} comes in two scopes: {first} and {scope}", key.0, key.1));
        }
        let mut early = false;
        self.with(&scope, |reading| {
            early = !reading.opened;
            reading.count += 1;
            reading.records.insert(key, access);
        });
        if early {
            self.reading.breach(format!("a record comes before {scope} is opened"));
        }
    }

    /// Whatever ends without a seal has a gap, as in the engine.
    fn end(self, failure: Option<&Cause>) -> Vec<Scope> {
        for (name, sealed) in self.pass {
            let Some(scope) = self.reading.scopes.get_mut(&name).filter(|_| !sealed) else { continue };
            let as_a_whole = scope.gaps.iter().any(|gap| gap.part.is_none());
            match failure {
                Some(cause) => scope.gaps.push(Gap { scope: None, part: None, cause: cause.clone() }),
                None if as_a_whole => {}
                None => self.reading.breach(format!("scope {name} ends without a seal and without a gap")),
            }
        }
        self.offered
    }
}

async fn walk(scanner: &Arc<dyn Scanner>, pass: Pass, keep: Keep, reading: &mut Reading) -> Vec<Scope> {
    let (outlet, mut items) = channel(4);
    let names = pass.scopes.iter().map(|scope| (String::from(scope.name.as_str()), false)).collect();
    if pass.scopes.is_empty() {
        reading.breach(format!("pass {} serves no scope", pass.name));
    }
    let mut walk = Walk { reading, keep, pass: names, offered: Vec::new() };
    let (mut task, inside, shown) = (JoinSet::new(), Arc::clone(scanner), pass.name.clone());
    task.spawn(async move { inside.read(&pass, outlet).await });
    while let Some(item) = items.recv().await {
        walk.take(item);
    }
    let failure = match task.join_next().await {
        Some(Ok(Ok(_))) => None,
        Some(Ok(Err(cause))) => Some(cause),
        Some(Err(error)) => {
            walk.reading.breach(format!("reading {shown} panics: {error}"));
            Some(Cause::Bug { what: String::from("panic") })
        }
        None => Some(Cause::Bug { what: String::from("no task") }),
    };
    if let Some(Cause::Bug { what }) = &failure {
        walk.reading.breach(format!("a defect is reported in {shown}: {what}"));
    }
    walk.end(failure.as_ref())
}

/// Asks who it is, declares, reads every walk, then the follow-ups that were offered, then closes.
pub async fn read_everything(scanner: &Arc<dyn Scanner>, follow: Follow) -> Reading {
    read_keeping(scanner, follow, Keep::Records).await
}

/// The same, and says what is kept.
pub async fn read_keeping(scanner: &Arc<dyn Scanner>, follow: Follow, keep: Keep) -> Reading {
    let mut reading = Reading::default();
    if tokio::time::timeout(LONGEST, read_into(scanner, follow, keep, &mut reading)).await.is_err() {
        reading.breach(format!("hangs: not over after {LONGEST:?}"));
    }
    reading
}

async fn read_into(scanner: &Arc<dyn Scanner>, follow: Follow, keep: Keep, reading: &mut Reading) {
    let passes = match scanner.declare().await {
        Ok(passes) => passes,
        Err(cause) => {
            reading.undeclared = Some(cause);
            return;
        }
    };
    for scope in passes.iter().flat_map(|pass| &pass.scopes) {
        reading.declare(scope);
    }
    let identity = scanner.identify().await;
    let wrong = match &identity {
        Ok(identity) if identity.declared == identity.found => None,
        Ok(identity) => Some(Cause::WrongSystem { declared: identity.declared.clone(), found: identity.found.clone() }),
        Err(cause) => Some(cause.clone()),
    };
    reading.identity = Some(identity);
    if let Some(cause) = wrong {
        // As in the engine: nothing is read of a system that is not the declared one.
        for scope in reading.scopes.values_mut() {
            scope.gaps.push(Gap { scope: None, part: None, cause: cause.clone() });
        }
        return close(scanner, reading).await;
    }
    let mut offered = Vec::new();
    for pass in passes {
        offered.extend(walk(scanner, pass, keep, reading).await);
    }
    while follow == Follow::Everybody && !offered.is_empty() {
        let rest = offered.split_off(offered.len().min(FOLLOW_UPS_A_PASS));
        let pass = Pass::new("follow-ups", std::mem::replace(&mut offered, rest));
        for scope in &pass.scopes {
            reading.declare(scope);
        }
        offered.extend(walk(scanner, pass, keep, reading).await);
    }
    close(scanner, reading).await;
}

async fn close(scanner: &Arc<dyn Scanner>, reading: &mut Reading) {
    reading.closed = scanner.close().await.err();
}
