//! Runs readings for the points, several at a time.

use std::collections::VecDeque;
use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scan_contract::{Cause, Scanner};

use super::bench::{Bench, Point, Service, Setting, Spoils};
use super::compare::{differences, silent_losses};
use super::read::{Follow, Reading, is_spoilt, read_everything};
use crate::fault::{FaultServer, Logged};

/// Readings at a time. They mostly wait.
const AT_ONCE: usize = 8;

static EXCUSED: AtomicUsize = AtomicUsize::new(0);

/// How many excuses were taken so far in this process.
pub fn excuses_taken() -> usize {
    EXCUSED.load(Ordering::SeqCst)
}

/// Whether the bench opts out of this part of a point. Says so where tests are watched, and counts it.
pub(super) fn excused(bench: &dyn Bench, point: Point, part: &str) -> bool {
    let Some(excuse) = bench.excuses().into_iter().find(|excuse| excuse.point == point && excuse.part == part) else {
        return false;
    };
    EXCUSED.fetch_add(1, Ordering::SeqCst);
    let line = format!("contract suite: not run: {point:?} {part}: {}\n", excuse.reason);
    // Where standard error is gone there is nobody to tell.
    std::io::stderr().write_all(line.as_bytes()).is_ok() || !excuse.reason.is_empty()
}

/// Ends a point.
pub(super) fn judge(point: Point, failures: &[String]) {
    let shown: Vec<&str> = failures.iter().take(30).map(String::as_str).collect();
    assert!(failures.is_empty(), "{point:?}: {} failures:\n  {}", failures.len(), shown.join("\n  "));
}

/// Runs something on a runtime of its own, on this thread alone, so that a subscriber of this thread hears all of it.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| cannot(&error)).block_on(future)
}

#[expect(clippy::panic, reason = "without a runtime there is no test")]
fn cannot(error: &std::io::Error) -> ! {
    panic!("no runtime: {error}")
}

/// Does all cases, several at a time, and gathers what went wrong. Each failure is told with its case.
pub(super) fn sweep<C: Send>(cases: Vec<(String, C)>, each: impl Fn(C) -> Vec<String> + Sync) -> Vec<String> {
    let (todo, failures) = (Mutex::new(VecDeque::from(cases)), Mutex::new(Vec::new()));
    let next = || todo.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, case)) = next() {
                    let found = each(case).into_iter().map(|failure| format!("{name}: {failure}"));
                    failures.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// At most `most` numbers from 1 to `last`, first and last among them.
pub(super) fn spread(last: usize, most: usize) -> Vec<u64> {
    let most = most.max(2);
    let mut all: Vec<u64> = if last <= most {
        (1..=last as u64).collect()
    } else {
        (0..most).map(|at| 1 + (at * (last - 1) / (most - 1)) as u64).collect()
    };
    all.dedup();
    all
}

/// The scanner, or why there is none.
pub(super) fn scanner_of(bench: &dyn Bench, service: &Service, setting: &Setting) -> Result<Arc<dyn Scanner>, Cause> {
    bench.scanner(service, setting).map(Arc::from)
}

/// Reads everything once. Gives the reading, the requests, and what is wrong whatever the point: breaches of the
/// contract, unlisted requests, faults that never fired.
pub(super) fn read_once(
    bench: &dyn Bench,
    setting: &Setting,
    prepare: impl FnOnce(&FaultServer),
) -> (Reading, Vec<Logged>, Vec<String>) {
    let service = bench.serve(setting);
    prepare(&service.server);
    let reading = run(async {
        match scanner_of(bench, &service, setting) {
            Ok(scanner) => read_everything(&scanner, Follow::Everybody).await,
            Err(cause) => Reading::without(cause),
        }
    })
    .at(&service.server);
    let mut failures = reading.breaches.clone();
    failures.extend(service.server.complaints());
    let log = service.server.log();
    service.server.stop();
    (reading, log, failures)
}

/// A whole reading of a stage, which every other reading of it is held against.
pub(super) fn whole(bench: &dyn Bench, setting: &Setting) -> (Reading, Vec<Logged>, Vec<String>) {
    let (reading, log, mut failures) = read_once(bench, setting, |_| {});
    if !reading.is_whole() {
        let cause = reading.undeclared.as_ref().map(ToString::to_string).unwrap_or_default();
        failures.push(format!("{:?} is not read whole: {cause}{}", setting.stage, reading.shown_gaps()));
    }
    (reading, log, failures)
}

/// Holds a reading under a fault against what the fault may spoil.
pub(super) fn spoilt_as_told(whole: &Reading, reading: &Reading, spoils: &Spoils, says: &str) -> Vec<String> {
    let mut failures = silent_losses(whole, reading);
    let told = |text: &str| says.is_empty() || text.contains(says);
    match spoils {
        Spoils::Nothing(_) => failures.extend(differences(whole, reading)),
        Spoils::Everything => {
            let as_a_whole = reading.undeclared.as_ref().is_some_and(|cause| told(&cause.to_string()));
            for (name, scope) in reading.scopes.iter().filter(|(name, scope)| !is_spoilt(whole, name, scope)) {
                if scope.is_told_unread() {
                    continue;
                }
                failures.push(format!("{name} ({}) is called complete", scope.kind));
            }
            if !as_a_whole && !reading.gaps().any(|gap| told(&gap.cause.to_string())) {
                failures.push(format!("no gap says {says:?}:{}", reading.shown_gaps()));
            }
        }
        Spoils::Kinds(kinds) => {
            for (name, scope) in reading.scopes.iter().filter(|(name, scope)| is_spoilt(whole, name, scope)) {
                if !kinds.contains(&scope.kind.as_str()) {
                    failures.push(format!("{name} ({}) is spoilt as well: {}", scope.kind, scope.shown_gaps()));
                }
            }
            for kind in *kinds {
                let mut gaps = reading.of_kind(kind).flat_map(|(_, scope)| &scope.gaps);
                if !gaps.any(|gap| told(&gap.cause.to_string())) {
                    failures.push(format!("no gap of {kind} says {says:?}:{}", reading.shown_gaps()));
                }
            }
        }
    }
    failures
}
