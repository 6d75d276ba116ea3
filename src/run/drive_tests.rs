//! Scanners that misbehave, beside one that does not.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scan_contract::{
    Access, AccessKind, AsOf, AsOfSource, Cursor, EndProof, Gap, Identity, Instant, Outlet, ProofKind, ScopeState,
    Status,
};

use super::*;
use crate::clock::FixedClock;
use crate::config::{Connector, Depth, LoginMeaning};
use crate::identity::index::Builder;
use crate::identity::{Domains, Keys};
use crate::inventory::{DropGuard, MemoryScratch};
use crate::roster::RoleTier;
use crate::run::coverage::Expectation;
use crate::run::interest::Interest;
use crate::run::plan::{ConfiguredSystem, plan};
use crate::run::progress::Silent;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    Panics,
    Hangs,
    ForgetsToSeal,
    Errs,
    WrongTenant,
    DeclaresNothing,
    FloodsAfterStop,
    PanicsWhenAskedWhoItIs,
    HangsWhenAskedWhoItIs,
    PanicsDeclaring,
    HangsDeclaring,
}

struct Fake {
    manner: Manner,
    manifest: Manifest,
    fired: Arc<AtomicUsize>,
}

const SCOPE: &str = "accounts";

#[async_trait]
impl Scanner for Fake {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        self.fired.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::PanicsWhenAskedWhoItIs => panic!("planted"),
            Manner::HangsWhenAskedWhoItIs => std::future::pending::<()>().await,
            _ => {}
        }
        let found = if self.manner == Manner::WrongTenant { "other" } else { "own" };
        Ok(Identity { declared: String::from("own"), found: String::from(found) })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        match self.manner {
            Manner::DeclaresNothing => return Ok(Vec::new()),
            Manner::PanicsDeclaring => panic!("planted"),
            Manner::HangsDeclaring => std::future::pending::<()>().await,
            _ => {}
        }
        Ok(vec![Pass::new("listing", vec![Scope::new(SCOPE, "test")])])
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let scope = &pass.scopes[0].name;
        outlet.open(scope, Some(AsOf { at: now(), source: AsOfSource::Stated })).await?;
        let record = Access::new(scope.clone(), AccessKind::Account, "u-1".into(), Status::Enabled);
        outlet.page(vec![record], Cursor(String::from("1"))).await?;
        self.fired.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::Panics => panic!("planted"),
            Manner::Hangs => std::future::pending::<()>().await,
            Manner::Errs => return Err(Cause::Denied { permission: String::from("list accounts") }),
            Manner::ForgetsToSeal => return Ok(outlet.finish()),
            Manner::FloodsAfterStop => loop {
                outlet.gap(Gap::part(scope, "x", Cause::Stopped)).await?;
                tokio::task::yield_now().await;
            },
            _ => {}
        }
        outlet.seal(scope, EndProof { kind: ProofKind::EndLine, announced: Some(1), sha256: None }).await?;
        Ok(outlet.finish())
    }
}

fn now() -> Instant {
    "2026-08-02T00:00:00Z".parse().expect("a valid instant")
}

fn configured(id: &str, manner: Manner, fired: &Arc<AtomicUsize>) -> ConfiguredSystem {
    let manifest = Manifest {
        connector: String::from("import"),
        title: String::from("fake"),
        provider: String::from("fake"),
        live: false,
        dies_with_account: Vec::new(),
        scopes: Vec::new(),
        impossible: Vec::new(),
    };
    let config = SystemConfig {
        id: id.into(),
        connector: Connector::Import(scan_import::Settings::new(id.into())),
        tier: RoleTier::Tier1,
        owner_team: None,
        max_age: None,
        settle_time: Duration::ZERO,
        login_is: LoginMeaning::Nothing,
        dies_with_account: None,
        known_object: None,
        exclude: Vec::new(),
        depth: Depth::PeopleOfInterest,
        replay: None,
        deny_overprivileged: false,
        line: 1,
        written: None,
    };
    ConfiguredSystem { config, scanner: Arc::new(Fake { manner, manifest, fired: Arc::clone(fired) }) }
}

fn shared(deadline: Duration) -> (Shared, watch::Sender<bool>) {
    let (sender, stop) = watch::channel(false);
    let index = Builder::new(Keys::new([1; 16]), Domains::default()).build();
    let interest = Interest::new(&[], now(), crate::roster::LeavePolicy::KeepAccess);
    let lookup = Arc::new(Lookup { index, interest, linked_systems: HashSet::new() });
    let shared = Shared {
        lookup,
        scratch: Arc::new(MemoryScratch),
        progress: Arc::new(Silent),
        clock: Arc::new(FixedClock(now())),
        stop,
        deadline,
        ends_at: tokio::time::Instant::now() + deadline,
    };
    (shared, sender)
}

/// State and first cause of every system's one scope, beside a good system that is read at the same time.
async fn read(manner: Manner, deadline: Duration, stopped: bool) -> (ScopeState, Cause) {
    let fired = Arc::new(AtomicUsize::new(0));
    let (shared, sender) = shared(deadline);
    sender.send_replace(stopped);
    let mut plans = Vec::new();
    for system in [configured("bad", manner, &fired), configured("good", Manner::Good, &fired)] {
        plans.push((plan(system, now(), &shared).await, Watch::default()));
    }
    let readings = read_all(plans, 2, &shared).await.expect("memory does not fail");
    let mut states = readings.into_iter().map(|reading| {
        let record = reading.intake.scopes.into_values().next().expect("one scope");
        let fact = record.settle(&expectation()).expect("memory");
        (fact.state, fact.gaps.into_iter().next().map_or(Cause::Stopped, |gap| gap.cause))
    });
    let bad = states.next().expect("the bad one");
    let good = states.next().expect("the good one");
    if !stopped {
        assert_eq!(good.0, ScopeState::Complete, "the neighbour of {manner:?} lost its result");
        assert!(fired.load(Ordering::SeqCst) >= 1, "nothing was read");
    }
    bad
}

fn expectation() -> Expectation<'static> {
    Expectation {
        now: now(),
        read_until: now(),
        max_age: None,
        known_object: None,
        baseline: None,
        drop_guard: DropGuard { share: 0.2, count: 5 },
        missing_sentinels: &[],
    }
}

const LONG: Duration = Duration::from_mins(1);
/// A deadline that comes, and by which a slow machine has read the neighbour.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_panic_fails_its_own_scope_and_says_that_it_is_a_defect() {
    let (state, cause) = read(Manner::Panics, LONG, false).await;
    assert_eq!(state, ScopeState::Failed);
    assert!(matches!(cause, Cause::Bug { .. }), "{cause:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_hang_ends_at_the_deadline_as_partial() {
    let (state, cause) = read(Manner::Hangs, SOON, false).await;
    assert_eq!(state, ScopeState::Partial, "one record was read before it hung");
    assert!(matches!(cause, Cause::LimitHit { .. }), "{cause:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_panic_before_anything_is_read_stays_with_its_system() {
    for manner in [Manner::PanicsWhenAskedWhoItIs, Manner::PanicsDeclaring] {
        let (state, cause) = read(manner, LONG, false).await;
        assert_eq!(state, ScopeState::Failed, "{manner:?}");
        assert!(matches!(cause, Cause::Bug { .. }), "{manner:?}: {cause:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_hang_before_anything_is_read_ends_at_the_deadline() {
    let (state, cause) = read(Manner::HangsWhenAskedWhoItIs, SOON, false).await;
    assert_ne!(state, ScopeState::Complete);
    assert!(matches!(cause, Cause::LimitHit { .. }), "{cause:?}");
}

/// The scopes of all systems are declared before any is read, one system after the other, each within the one deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_system_that_hangs_while_it_declares_its_scopes_does_not_fail_the_run() {
    let fired = Arc::new(AtomicUsize::new(0));
    let (shared, _sender) = shared(SOON);
    let planned = plan(configured("bad", Manner::HangsDeclaring, &fired), now(), &shared).await;
    let readings = read_all(vec![(planned, Watch::default())], 2, &shared).await.expect("memory does not fail");
    let record = readings.into_iter().next().expect("one").intake.scopes.into_values().next().expect("one scope");
    let fact = record.settle(&expectation()).expect("memory");
    assert_ne!(fact.state, ScopeState::Complete);
    assert!(fact.gaps.iter().any(|gap| matches!(gap.cause, Cause::LimitHit { .. })), "{:?}", fact.gaps);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_a_flood_ends_at_the_deadline() {
    let (state, _) = read(Manner::FloodsAfterStop, SOON, false).await;
    assert_ne!(state, ScopeState::Complete);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_seal_is_a_failure_not_a_success() {
    let (state, cause) = read(Manner::ForgetsToSeal, LONG, false).await;
    assert_eq!(state, ScopeState::Failed);
    assert!(matches!(cause, Cause::Bug { .. }), "{cause:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_a_page_is_partial_and_keeps_the_page() {
    let (state, cause) = read(Manner::Errs, LONG, false).await;
    assert_eq!(state, ScopeState::Partial);
    assert!(cause.to_string().contains("list accounts"), "{cause:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_fails_every_scope_and_nothing_is_read() {
    let (state, cause) = read(Manner::WrongTenant, LONG, false).await;
    assert_eq!(state, ScopeState::Failed);
    assert!(matches!(cause, Cause::WrongSystem { .. }), "{cause:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_declares_nothing_is_not_an_empty_system() {
    let (state, _) = read(Manner::DeclaresNothing, LONG, false).await;
    assert_eq!(state, ScopeState::Failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_everything_is_interrupted() {
    let (state, cause) = read(Manner::Good, LONG, true).await;
    assert_eq!(state, ScopeState::Interrupted);
    assert_eq!(cause, Cause::Stopped);
}
