//! A second look in the same run (FND-2): what a live system listed is asked for once more, by name, where its scanner
//! offers that. What both looks show is confirmed at once; without it the next run confirms.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{AccessKind, AccessRef, Cause, Look, Scanner, SystemId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::drive::{self, Reading, Shared};
use super::judgement::Judgement;
use crate::findings::{Class, FindingState, Fingerprint};
use crate::store::{Store, StoreError};

/// Looks at one system in one run: beyond, the next run confirms.
const LOOKS: usize = 1_000;
/// Looks at one system at the same time; its pace holds besides.
const AT_ONCE: usize = 8;
/// Time for one look.
const LONGEST: Duration = Duration::from_mins(1);

/// One grant to look at again.
struct Wanted {
    print: Fingerprint,
    scanner: Arc<dyn Scanner>,
    permits: Arc<Semaphore>,
    access: AccessRef,
}

/// Looks again at what would otherwise wait for the next run, and writes down what came of it.
pub async fn look(
    judgement: &mut Judgement,
    readings: &[Reading],
    store: &dyn Store,
    shared: &Shared,
) -> Result<(), StoreError> {
    let wanted = choose(judgement, readings, store)?;
    let mut tasks = JoinSet::new();
    for one in wanted {
        tasks.spawn(async move {
            // The semaphore is never closed; a closed one would only mean that nothing limits us.
            let permit = one.permits.acquire_owned().await;
            let looked = tokio::time::timeout(LONGEST, one.scanner.look(&one.access)).await;
            drop(permit);
            let looked = looked.unwrap_or_else(|_| {
                Err(Cause::LimitHit { limit: format!("{} s for a second look", LONGEST.as_secs()) })
            });
            (one.print, looked)
        });
    }
    let ending = drive::early_end(shared);
    tokio::pin!(ending);
    loop {
        let ended = tokio::select! {
            biased;
            // What was not looked at again is confirmed by the next run.
            _ = &mut ending => break,
            ended = tasks.join_next() => ended,
        };
        match ended {
            None => break,
            Some(Ok((print, looked))) => judgement.looked_again(&print, &looked),
            // A scanner that panics here loses its second look and nothing else.
            Some(Err(error)) => tracing::error!(event = "second-look-failed", %error),
        }
    }
    Ok(())
}

/// Findings of live systems that one look alone supports so far.
fn choose(judgement: &Judgement, readings: &[Reading], store: &dyn Store) -> Result<Vec<Wanted>, StoreError> {
    let live: HashMap<&SystemId, (&Arc<dyn Scanner>, Arc<Semaphore>)> = readings
        .iter()
        .filter(|reading| reading.manifest.live)
        .filter_map(|reading| Some((&reading.config.id, reading.scanner.as_ref()?)))
        .map(|(id, scanner)| (id, (scanner, Arc::new(Semaphore::new(AT_ONCE)))))
        .collect();
    let mut counts: HashMap<&SystemId, usize> = HashMap::new();
    let mut wanted = Vec::new();
    for (print, raised) in &judgement.raised {
        let finding = &raised.finding;
        let Some((scanner, permits)) = live.get(&finding.system) else { continue };
        // Sessions of one client are one finding: there is no one grant to ask for. What is no residual access waits for
        // nothing.
        let residual = finding.class == Class::Residual;
        if !residual || !raised.confirms || raised.suppressed || finding.access_kind == AccessKind::Session {
            continue;
        }
        let known = store.recall(print)?;
        let stands =
            known.is_some_and(|memory| !matches!(memory.finding.state, FindingState::Observed | FindingState::Closed));
        let count = counts.entry(&finding.system).or_default();
        if stands || *count >= LOOKS {
            continue;
        }
        *count += 1;
        wanted.push(Wanted {
            print: *print,
            scanner: Arc::clone(scanner),
            permits: Arc::clone(permits),
            access: AccessRef {
                scope: finding.scope.clone(),
                kind: finding.access_kind,
                grant_id: finding.grant_id.clone(),
            },
        });
    }
    Ok(wanted)
}

impl Judgement {
    fn looked_again(&mut self, print: &Fingerprint, looked: &Result<Look, Cause>) {
        let Some(raised) = self.raised.get_mut(print) else { return };
        match looked {
            Ok(Look::Present) => raised.seen_twice = true,
            Ok(Look::Disabled) => {
                raised.finding.notes.push(String::from("A second look in this run shows it disabled."));
            }
            Ok(Look::Gone) => {
                raised.finding.notes.push(String::from("A second look in this run shows that it is gone."));
            }
            Ok(Look::CannotTell(cause)) | Err(cause) => {
                tracing::info!(event = "second-look", system = %raised.finding.system, %cause);
            }
            Ok(Look::NotOffered) => {}
        }
    }
}
