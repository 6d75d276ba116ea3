//! Cut and killed at every request, then read again: the same result.

use std::sync::Arc;

use scan_contract::{Scanner, channel};
use tokio::task::JoinSet;

use super::bench::{Bench, Point, Setting};
use super::compare::{differences, silent_losses};
use super::drive::{judge, run, scanner_of, spread, sweep, whole};
use super::read::{Follow, Reading, read_everything};
use crate::fault::{Damage, FaultServer, On};

/// What happens at one request.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Half of the body, then the connection closes; the next try gets all of it.
    Body,
    /// A reset in place of an answer; the next try gets one.
    Reset,
    /// From here on nothing but 500.
    Down,
    /// Whoever reads goes away after so many things it was told.
    Killed,
}

/// Each request cut, reset, or the last one before the service goes down; and the reader killed after each thing it was
/// told. Nothing is lost in silence, and the next run reads the whole world.
pub fn cut_at_every_page_then_resume(bench: &dyn Bench) {
    let setting = Setting::usual();
    let (expected, log, mut failures) = whole(bench, &setting);
    let told = expected.scopes.values().map(|scope| 2 + scope.gaps.len()).sum::<usize>() + log.len();
    let mut cases = Vec::new();
    for (cut, last, most) in
        [(Cut::Body, log.len(), 24), (Cut::Reset, log.len(), 12), (Cut::Down, log.len(), 8), (Cut::Killed, told, 12)]
    {
        cases.extend(spread(last, most).into_iter().map(|n| (format!("{cut:?} at {n}"), (cut, n))));
    }
    failures.extend(sweep(cases, |(cut, n)| {
        let service = bench.serve(&setting);
        let scanner = match scanner_of(bench, &service, &setting) {
            Ok(scanner) => scanner,
            Err(cause) => return vec![format!("there is no scanner: {cause}")],
        };
        let mut failures = run(async {
            let mut failures = match cut {
                Cut::Killed => kill_after(&scanner, n).await,
                Cut::Body | Cut::Reset | Cut::Down => faulty(&scanner, &service.server, cut, n, &expected).await,
            };
            // The next run: another scanner, the same service.
            match scanner_of(bench, &service, &setting) {
                Err(cause) => failures.push(format!("there is no scanner the second time: {cause}")),
                Ok(scanner) => {
                    let again = read_everything(&scanner, Follow::Everybody).await.at(&service.server);
                    let lost = differences(&expected, &again).into_iter().map(|what| format!("read again: {what}"));
                    failures.extend(lost);
                    failures.extend(again.breaches);
                }
            }
            failures
        });
        failures.extend(service.server.complaints());
        service.server.stop();
        failures
    }));
    judge(Point::CutAndResume, &failures);
}

async fn faulty(scanner: &Arc<dyn Scanner>, server: &FaultServer, cut: Cut, n: u64, expected: &Reading) -> Vec<String> {
    let (on, damage) = match cut {
        Cut::Body => (On::any().nth(n), Damage::CutAtFraction(1, 2)),
        Cut::Reset => (On::any().nth(n), Damage::Reset),
        Cut::Down | Cut::Killed => (On::any().from(n), Damage::status(500)),
    };
    let fault = server.plant(on, damage);
    let reading = read_everything(scanner, Follow::Everybody).await.at(server);
    fault.withdraw();
    let mut failures = silent_losses(expected, &reading);
    if reading.is_as_far_as(expected) {
        failures.extend(differences(expected, &reading));
    }
    failures.extend(reading.breaches);
    failures
}

/// Reads until `n` things were told, then drops the receiving end, as a run that is stopped does.
async fn kill_after(scanner: &Arc<dyn Scanner>, n: u64) -> Vec<String> {
    let mut left = n;
    let Ok(passes) = scanner.declare().await else { return vec![String::from("declaring fails")] };
    if scanner.identify().await.is_err() {
        return vec![String::from("identifying fails")];
    }
    for pass in passes {
        let (outlet, mut items) = channel(1);
        let (mut task, inside) = (JoinSet::new(), Arc::clone(scanner));
        task.spawn(async move { inside.read(&pass, outlet).await });
        while left > 0 && items.recv().await.is_some() {
            left -= 1;
        }
        if left > 0 {
            continue;
        }
        drop(items);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(30), task.join_next()).await;
        return match ended {
            Err(_) => vec![String::from("nobody listens any more, and it reads on")],
            Ok(Some(Err(error))) => vec![format!("panics when nobody listens any more: {error}")],
            // It may have had nothing left to say.
            Ok(Some(Ok(_)) | None) => Vec::new(),
        };
    }
    Vec::new()
}
