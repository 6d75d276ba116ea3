//! A bound on open connections that slow ones cannot use up: when it is reached, the oldest connection that has no
//! request being answered makes room for the new one.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One open connection.
#[derive(Debug, Default)]
struct Line {
    /// It has to make room.
    ended: AtomicBool,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// Wakes its reader.
    waker: Mutex<Option<Waker>>,
}

impl Line {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }
}

/// Counts open connections.
#[derive(Debug)]
pub(super) struct Guard {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    lines: BTreeMap<u64, Arc<Line>>,
}

impl Guard {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in. `None` where every open one is being answered.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Ticket> {
        let mut open = self.open();
        if open.lines.len() >= self.most {
            let idle = open.lines.iter().find(|(_, line)| line.busy.load(Ordering::SeqCst) == 0);
            let id = idle.map(|(id, _)| *id)?;
            if let Some(line) = open.lines.remove(&id) {
                line.end();
            }
        }
        let id = open.next;
        open.next += 1;
        let line = Arc::new(Line::default());
        open.lines.insert(id, Arc::clone(&line));
        Some(Ticket { guard: Arc::clone(self), id, line })
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.open().lines.len()
    }
}

/// The right to be connected.
#[derive(Debug)]
pub(super) struct Ticket {
    guard: Arc<Guard>,
    id: u64,
    line: Arc<Line>,
}

impl Ticket {
    /// Marks this connection as being answered, where it happens.
    pub(super) fn mark(&self) -> Mark {
        Mark { line: Arc::clone(&self.line) }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.guard.open().lines.remove(&self.id);
    }
}

/// Marks a connection as being answered.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    line: Arc<Line>,
}

impl Mark {
    /// Until the result is dropped, the connection makes no room for others.
    pub(super) fn busy(&self) -> Busy {
        self.line.busy.fetch_add(1, Ordering::SeqCst);
        Busy { line: Arc::clone(&self.line) }
    }
}

/// A request is being answered.
#[derive(Debug)]
pub(super) struct Busy {
    line: Arc<Line>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.line.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A stream that ends when its connection has to make room.
#[derive(Debug)]
pub(super) struct Watched<I> {
    inner: I,
    ticket: Ticket,
}

impl<I> Watched<I> {
    pub(super) fn new(inner: I, ticket: Ticket) -> Self {
        Self { inner, ticket }
    }

    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        // First the waker, then the look: the end may come between the two.
        *self.ticket.line.waker() = Some(context.waker().clone());
        if self.ticket.line.ended.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "made room for another connection"));
        }
        Ok(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn the_oldest_idle_connection_makes_room_and_one_that_is_being_answered_does_not() {
        let guard = Arc::new(Guard::new(2));
        let first = guard.admit().unwrap();
        let answered = first.mark().busy();
        let (_far, near) = tokio::io::duplex(16);
        let mut second = Watched::new(near, guard.admit().unwrap());
        let reading = tokio::task::LocalSet::new();
        let read = reading.run_until(async {
            let waiting = tokio::task::spawn_local(async move { second.read_u8().await });
            tokio::task::yield_now().await;
            let third = guard.admit().unwrap();
            let ended = waiting.await.unwrap();
            drop(third);
            ended
        });
        let ended = read.await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::ConnectionAborted);
        assert!(!first.line.ended.load(Ordering::SeqCst));
        drop(answered);
        drop(first);
        assert_eq!(guard.count(), 0);
    }

    #[test]
    fn where_every_connection_is_being_answered_a_new_one_is_turned_away() {
        let guard = Arc::new(Guard::new(1));
        let first = guard.admit().unwrap();
        let answered = first.mark().busy();
        assert!(guard.admit().is_none());
        drop(answered);
        assert!(guard.admit().is_some());
    }
}
