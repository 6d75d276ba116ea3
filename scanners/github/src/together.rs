//! Several requests at once, results in the order they were asked for.

use std::future::Future;
use std::sync::Arc;

use scan_contract::Cause;
use tokio::task::JoinSet;

use crate::hub::Hub;

/// Runs `job` for every item, at most as many at once as the pace allows in flight.
pub(crate) async fn each<I, O, F, W>(hub: &Arc<Hub>, items: Vec<I>, job: F) -> Result<Vec<O>, Cause>
where
    I: Send + 'static,
    O: Send + 'static,
    F: Fn(Arc<Hub>, I) -> W,
    W: Future<Output = O> + Send + 'static,
{
    let limit = hub.settings.connection.pace.map_or(8, |pace| pace.in_flight).clamp(1, 32);
    let mut results: Vec<Option<O>> = Vec::with_capacity(items.len());
    let mut running = JoinSet::new();
    for (position, item) in items.into_iter().enumerate() {
        while running.len() >= limit {
            keep(&mut results, running.join_next().await)?;
        }
        results.push(None);
        let work = job(Arc::clone(hub), item);
        running.spawn(async move { (position, work.await) });
    }
    while !running.is_empty() {
        keep(&mut results, running.join_next().await)?;
    }
    let lost = || Cause::Bug { what: String::from("github: a request's answer was lost") };
    results.into_iter().map(|result| result.ok_or_else(lost)).collect()
}

fn keep<O>(results: &mut [Option<O>], ended: Option<Result<(usize, O), tokio::task::JoinError>>) -> Result<(), Cause> {
    match ended {
        Some(Ok((position, result))) => {
            results[position] = Some(result);
            Ok(())
        }
        Some(Err(error)) if error.is_panic() => {
            Err(Cause::Bug { what: String::from("github: reading a part panicked") })
        }
        Some(Err(_)) | None => Err(Cause::Stopped),
    }
}
