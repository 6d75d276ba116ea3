//! Several questions at once, never more than the pace lets through.

use std::future::Future;

use scan_contract::Cause;
use tokio::task::JoinSet;

/// Questions that are asked side by side; answers come in the order they arrive.
pub(crate) struct Work<I, R, M> {
    items: I,
    make: M,
    limit: usize,
    running: JoinSet<R>,
}

impl<I, R, M, F> Work<I, R, M>
where
    I: Iterator,
    R: Send + 'static,
    M: FnMut(I::Item) -> F,
    F: Future<Output = R> + Send + 'static,
{
    /// At most `limit` of `items` at a time.
    pub(crate) fn new(items: I, limit: usize, make: M) -> Self {
        Self { items, make, limit: limit.max(1), running: JoinSet::new() }
    }

    /// The next answer. `None`: all were given. A question that panicked is told as a defect.
    pub(crate) async fn next(&mut self) -> Option<Result<R, Cause>> {
        while self.running.len() < self.limit {
            let Some(item) = self.items.next() else { break };
            self.running.spawn((self.make)(item));
        }
        let ended = self.running.join_next().await?;
        Some(ended.map_err(|error| {
            if error.is_panic() {
                Cause::Bug { what: String::from("the vault scanner panicked") }
            } else {
                Cause::Stopped
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn never_more_than_the_limit_run_and_all_are_answered() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut work = Work::new(0..50_u32, 3, |item| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                item
            }
        });
        let mut seen = Vec::new();
        while let Some(item) = work.next().await {
            seen.push(item.expect("an answer"));
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_panic_is_told_as_a_defect() {
        let mut work = Work::new(0..1, 1, |_| async { panic!("planted") });
        let ended: Option<Result<(), Cause>> = work.next().await;
        assert!(matches!(ended, Some(Err(Cause::Bug { .. }))));
    }
}
