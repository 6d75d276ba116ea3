//! Several reads at once, bounded.

use std::future::Future;

use scan_contract::Cause;
use tokio::task::JoinSet;

/// Runs `read` for each item, at most `at_once` together. The first error ends it and drops what is still running: an
/// error here is one of the run (it was told to stop), since what concerns one item is a gap of that item.
pub(crate) async fn side_by_side<T, R, F>(items: Vec<T>, at_once: usize, read: impl Fn(T) -> F) -> Result<Vec<R>, Cause>
where
    F: Future<Output = Result<R, Cause>> + Send + 'static,
    R: Send + 'static,
{
    let mut items = items.into_iter();
    let mut running = JoinSet::new();
    let mut results = Vec::new();
    loop {
        while running.len() < at_once.max(1) {
            let Some(item) = items.next() else { break };
            running.spawn(read(item));
        }
        match running.join_next().await {
            None => return Ok(results),
            Some(Ok(result)) => results.push(result?),
            Some(Err(error)) if error.is_panic() => {
                return Err(Cause::Bug { what: String::from("the okta scanner panicked") });
            }
            Some(Err(_)) => return Err(Cause::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_run_together_than_allowed_and_all_run() {
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let results = side_by_side((0..50).collect(), 4, |item| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<i32, Cause>(item)
            }
        })
        .await
        .expect("all of them");
        assert_eq!(results.len(), 50);
        assert!(most.load(Ordering::SeqCst) <= 4);
    }

    #[tokio::test]
    async fn a_panic_is_a_defect_and_not_a_result() {
        let ended = side_by_side((0..3).collect(), 2, |item| async move {
            assert_ne!(item, 1, "planted");
            Ok::<i32, Cause>(item)
        })
        .await;
        assert!(matches!(ended, Err(Cause::Bug { .. })));
    }
}
