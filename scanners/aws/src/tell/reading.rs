//! What was read, scope by scope, before it goes to the engine.

use std::collections::{BTreeMap, HashSet};

use scan_contract::{Access, AsOf, Cause, EndProof, Gap, ProofKind, ScopeName};

use crate::scopes::{ALL, name};
use crate::settings::AccountId;

/// Gaps listed one by one in a scope; a document that is nothing but damage would otherwise drown every report.
const GAPS_LISTED: usize = 1_000;

/// One scope.
#[derive(Debug)]
pub(crate) struct ScopeReading {
    pub(crate) name: ScopeName,
    /// Set where a document for it was read.
    pub(crate) as_of: Option<AsOf>,
    pub(crate) records: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) proof: Option<EndProof>,
    known_gaps: HashSet<Gap>,
    unlisted_gaps: u64,
}

/// Takes records while they are told, so that they need not all be kept. `false`: nobody takes any more.
pub(crate) type Sink = Box<dyn FnMut(Vec<Access>) -> bool + Send>;

/// Records handed to the sink at once.
const SHEET: usize = 500;

/// All scopes of the account.
pub(crate) struct Reading {
    pub(crate) scopes: BTreeMap<&'static str, ScopeReading>,
    pub(crate) notices: Vec<String>,
    sink: Option<Sink>,
    /// Whether the sink has closed.
    pub(crate) stopped: bool,
}

impl Reading {
    /// A reading that keeps everything until its end.
    pub(crate) fn new(account: &AccountId) -> Self {
        Self::of(account, ALL.iter().map(|(kind, _)| *kind), None)
    }

    /// A reading of these scopes that hands its records on while they are told.
    pub(crate) fn streamed(account: &AccountId, kinds: &[&'static str], sink: Sink) -> Self {
        Self::of(account, kinds.iter().copied(), Some(sink))
    }

    fn of(account: &AccountId, kinds: impl Iterator<Item = &'static str>, sink: Option<Sink>) -> Self {
        let empty = |kind: &str| ScopeReading {
            name: name(account, kind),
            as_of: None,
            records: Vec::new(),
            gaps: Vec::new(),
            proof: None,
            known_gaps: HashSet::new(),
            unlisted_gaps: 0,
        };
        Self { scopes: kinds.map(|kind| (kind, empty(kind))).collect(), notices: Vec::new(), sink, stopped: false }
    }

    fn at(&mut self, kind: &str) -> Option<&mut ScopeReading> {
        self.scopes.get_mut(kind)
    }

    /// Name of the scope, for its records.
    pub(crate) fn name(&self, kind: &'static str) -> ScopeName {
        self.scopes.get(kind).map_or_else(|| ScopeName::from(kind), |scope| scope.name.clone())
    }

    pub(crate) fn open(&mut self, kind: &'static str, as_of: AsOf) {
        if let Some(scope) = self.at(kind) {
            scope.as_of = Some(as_of);
        }
    }

    pub(crate) fn is_open(&self, kind: &'static str) -> bool {
        self.scopes.get(kind).is_some_and(|scope| scope.as_of.is_some())
    }

    /// Takes a scope back that turned out not to be in its document.
    pub(crate) fn close(&mut self, kind: &'static str, cause: Cause) {
        if let Some(scope) = self.at(kind) {
            scope.as_of = None;
            scope.records.clear();
        }
        self.gap(kind, None, cause);
    }

    pub(crate) fn record(&mut self, kind: &'static str, access: Access) {
        let Some(scope) = self.scopes.get_mut(kind) else { return };
        scope.records.push(access);
        if let Some(sink) = &mut self.sink
            && scope.records.len() >= SHEET
        {
            self.stopped |= !sink(std::mem::take(&mut scope.records));
        }
    }

    pub(crate) fn gap(&mut self, kind: &str, part: Option<String>, cause: Cause) {
        if let Some(scope) = self.at(kind) {
            let gap = Gap { scope: Some(scope.name.clone()), part, cause };
            if scope.known_gaps.contains(&gap) {
                return;
            }
            if scope.gaps.len() < GAPS_LISTED {
                scope.known_gaps.insert(gap.clone());
                scope.gaps.push(gap);
            } else {
                scope.unlisted_gaps += 1;
            }
        }
    }

    pub(crate) fn gap_in(&mut self, kinds: impl IntoIterator<Item = &'static str>, cause: &Cause) {
        for kind in kinds {
            self.gap(kind, None, cause.clone());
        }
    }

    pub(crate) fn notice(&mut self, text: impl Into<String>) {
        self.notices.push(text.into());
    }

    /// Seals every open scope among `kinds`.
    pub(crate) fn seal(&mut self, kinds: impl IntoIterator<Item = &'static str>, proof: ProofKind, sha256: &str) {
        self.seal_by(kinds, proof, Some(sha256));
    }

    /// Seals every open scope among `kinds`; a live source has no digest.
    pub(crate) fn seal_by(
        &mut self,
        kinds: impl IntoIterator<Item = &'static str>,
        proof: ProofKind,
        sha256: Option<&str>,
    ) {
        for kind in kinds {
            if let Some(scope) = self.at(kind)
                && scope.as_of.is_some()
            {
                scope.proof = Some(EndProof { kind: proof, announced: None, sha256: sha256.map(str::to_owned) });
            }
        }
    }

    /// Says how many distinct grants a sealed scope must have.
    pub(crate) fn announce(&mut self, kind: &str, total: u64) {
        if let Some(proof) = self.at(kind).and_then(|scope| scope.proof.as_mut()) {
            proof.announced = Some(total);
        }
    }

    /// Ends the reading: says how many gaps are not listed, and puts records into an order that does not depend on the
    /// documents' own.
    pub(crate) fn finish(&mut self) {
        // Whoever takes the records waits until nobody holds the sink any more.
        self.sink = None;
        for scope in self.scopes.values_mut() {
            if scope.unlisted_gaps > 0 {
                let limit = format!("{GAPS_LISTED} gaps are listed, {} further ones are not", scope.unlisted_gaps);
                scope.gaps.push(Gap::scope(&scope.name, Cause::LimitHit { limit }));
            }
            scope.records.sort_by(|left, right| (left.kind, &left.grant_id).cmp(&(right.kind, &right.grant_id)));
        }
    }
}
