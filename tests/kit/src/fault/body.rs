//! A body that goes out in pieces, with waits and sudden ends between them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// How long what was written has to get onto the wire before the connection ends.
const FLUSH: Duration = Duration::from_millis(5);

/// One step of a body.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Data(Bytes),
    /// These bytes over and over, so many in all.
    Repeat(Bytes, u64),
    Wait(Duration),
    /// The connection closes in good order.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more ever comes.
    Stall,
}

/// The body ended on purpose.
#[derive(Debug, thiserror::Error)]
#[error("ended by the script")]
pub(super) struct Ended;

/// The body.
#[derive(Debug)]
pub(super) struct Pieces {
    steps: VecDeque<Piece>,
    exact: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    reset: Arc<AtomicBool>,
}

impl Pieces {
    /// The whole body at once.
    pub(super) fn whole(body: Bytes) -> Self {
        let exact = Some(body.len() as u64);
        Self { steps: VecDeque::from([Piece::Data(body)]), exact, sleep: None, reset: Arc::default() }
    }

    /// Piece by piece; `reset` is the flag of the connection.
    pub(super) fn scripted(pieces: Vec<Piece>, reset: Arc<AtomicBool>) -> Self {
        let mut steps = VecDeque::new();
        for piece in pieces {
            if matches!(piece, Piece::Close | Piece::Reset) {
                steps.push_back(Piece::Wait(FLUSH));
            }
            steps.push_back(piece);
        }
        Self { steps, exact: None, sleep: None, reset }
    }

    fn repeat(&mut self, block: Bytes, left: u64) -> Bytes {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        let part = block.slice(..now);
        let rest = left - now as u64;
        if rest > 0 && now > 0 {
            self.steps.push_front(Piece::Repeat(block, rest));
        }
        part
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.sleep = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Data(data)) if data.is_empty() => {}
                Some(Piece::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Piece::Repeat(block, left)) => {
                    let data = self.repeat(block, left);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Piece::Wait(time)) => self.sleep = Some(Box::pin(tokio::time::sleep(time))),
                Some(Piece::Close) => return Poll::Ready(Some(Err(Ended))),
                Some(Piece::Reset) => {
                    self.reset.store(true, Ordering::SeqCst);
                    return Poll::Ready(Some(Err(Ended)));
                }
                Some(Piece::Stall) => {
                    self.steps.push_front(Piece::Stall);
                    return Poll::Pending;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.sleep.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map(SizeHint::with_exact).unwrap_or_default()
    }
}
